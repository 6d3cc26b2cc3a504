"""An attack on an explanation, as users ask for it."""

import json

import pytest

import dlexplain as dx
from dlexplain.errors import BadInput, Cancelled, Incompatible, ParamError, UnknownName
from dlexplain.explainers.progress import Progress
from dlexplain.services.attack.explanation import DRAWS, attack_explanation
from dlexplain.services.pictures.models import LoadedModel


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return dx.load("digits-cnn")


def test_the_class_stays_the_map_moves_and_the_facts_agree(model: LoadedModel) -> None:
    picture = dx.read_sample("coffee")
    found = attack_explanation(model, picture, "saliency", epsilon=16 / 255, steps=20)
    assert found.probabilities[1] > 0.1
    assert 0 <= found.overlap <= 1 and -1 <= found.correlation <= 1
    assert len(found.chance) <= DRAWS
    assert found.attacked < 1
    assert abs(found.moved - found.picture / 255).max() <= 16 / 255 + 1e-6
    assert f"{found.overlap:.0%} stays" in found.told
    assert json.loads(json.dumps(found.to_dict()))["overlap"] == found.overlap
    again = attack_explanation(model, picture, "saliency", epsilon=16 / 255, steps=20)
    assert (again.moved == found.moved).all() and again.chance == found.chance


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"epsilon": 0}, BadInput, "the budget is 0"),
        ({"epsilon": 2}, BadInput, "at most 1"),
        ({"seed": -1}, BadInput, "seed is -1"),
        ({"steps": 0}, ParamError, "steps"),
        ({"method": "grad-kam"}, UnknownName, "grad-cam"),
    ],
)
def test_bad_input_is_one_sentence(
    model: LoadedModel, asked: dict[str, object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        attack_explanation(model, dx.read_sample("coffee"), **asked)  # type: ignore[arg-type]


def test_a_text_classifier_is_refused_and_it_can_be_cancelled(model: LoadedModel) -> None:
    with pytest.raises(Incompatible, match="no picture classifier"):
        attack_explanation(None, dx.read_sample("coffee"))  # type: ignore[arg-type]
    with pytest.raises(Cancelled):
        attack_explanation(
            model, dx.read_sample("coffee"), progress=Progress(cancelled=lambda: True)
        )
