"""An attack on a picture, as users ask for it."""

import json
from typing import Any

import numpy as np
import pytest

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.errors import BadInput, DlexplainError, TargetError, UnknownName
from dlexplain.figures.attacks import magnified
from dlexplain.results.attacks import smallest_told
from dlexplain.services.attack.maps import maps_of
from dlexplain.services.pictures.models import LoadedModel
from tests.attacks.victims import CLASSES, SIDE, Linear


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    names = [f"class {i}" for i in range(CLASSES)]
    return dx.wrap(Linear(), classes=names, input_shape=(3, SIDE, SIDE))


@pytest.fixture
def picture() -> Any:
    return np.random.default_rng(5).integers(90, 160, (SIDE, SIDE, 3), np.uint8)


def test_the_class_changes_within_the_budget_and_the_facts_agree(
    model: LoadedModel, picture: Any
) -> None:
    found = dx.attack(model, picture, "pgd", epsilon=0.3, smallest=True)
    assert found.success
    assert found.before[0].name != found.after[0].name
    assert found.label == found.before[0].name
    assert found.linf <= 0.3 + 1e-6
    assert np.abs(found.change).max() == pytest.approx(found.linf, abs=1e-6)
    assert found.smallest is not None
    low, high = found.smallest
    assert low < high
    assert not dx.attack(model, picture, "pgd", epsilon=low).success
    assert dx.attack(model, picture, "pgd", epsilon=high).success
    assert found.told.startswith(f"PGD turns {found.before[0].name.label} (")
    assert dx.predict(model, found.saved).scores[0].name == found.after[0].name
    assert json.loads(json.dumps(found.to_dict()))["success"] is True


def test_a_least_change_is_its_own_smallest_budget(model: LoadedModel, picture: Any) -> None:
    found = dx.attack(model, picture, "deepfool", epsilon=5.0, smallest=True)
    assert found.smallest == (0.0, pytest.approx(found.l2, rel=1e-5))


def test_what_is_misclassified_already_is_said_and_left(model: LoadedModel, picture: Any) -> None:
    said = dx.predict(model, picture).scores[0].name.index
    other = (said + 1) % CLASSES
    found = dx.attack(model, picture, "pgd", label=other)
    assert found.already
    assert not found.success
    assert found.linf == 0
    assert "there is nothing to attack" in found.told


def test_a_target_is_reached_or_that_is_said(model: LoadedModel, picture: Any) -> None:
    said = dx.predict(model, picture).scores[0].name.index
    goal = (said + 1) % CLASSES
    assert dx.attack(model, picture, "pgd", epsilon=0.9, target=goal).after[0].name.index == goal
    small = dx.attack(model, picture, "fgsm", epsilon=1e-5, target=goal)
    assert "does not turn" in small.told


def test_the_maps_before_and_after(model: LoadedModel, picture: Any) -> None:
    """Of a linear model the gradient is the same everywhere, so the map of the right class is."""
    found = dx.attack(model, picture, "pgd", epsilon=0.3)
    maps = maps_of(model, found, "saliency")
    assert maps.correlation == pytest.approx(1.0)
    assert maps.overlap == pytest.approx(1.0)
    assert maps.instead.target == found.after[0].name
    other = dx.load("digits-cnn")
    with pytest.raises(BadInput, match="the attack is on another model than digits-cnn"):
        maps_of(other, found, "saliency")


def test_what_was_added_is_magnified_within_the_scale(model: LoadedModel, picture: Any) -> None:
    found = dx.attack(model, picture, "fgsm", epsilon=8 / 255)
    pixels, factor = magnified(found)
    assert factor == 20  # 20 x 8/255 = 0.63, 50 x 8/255 is beyond the scale
    expected = 127.5 + 127.5 * 20 * found.change
    assert np.abs(pixels - expected).max() <= 0.5 + 1e-3


@pytest.mark.parametrize(
    ("asked", "error", "said"),
    [
        ({"method": "pdg"}, UnknownName, 'unknown attack "pdg".*did you mean "pgd"'),
        ({"epsilon": 0}, BadInput, "the budget is 0"),
        ({"epsilon": 2.0}, BadInput, "at most 1"),
        ({"norm": "l7"}, BadInput, 'the norm is "l7"; accepted: linf, l2, l0'),
        ({"norm": "l0"}, BadInput, "PGD keeps a budget in L∞ or L2, not in L0"),
        ({"method": "one-pixel", "epsilon": 1.5}, BadInput, "the budget is 1.5 pixels"),
        ({"target": 99}, TargetError, "99"),
        ({"seed": -1}, BadInput, "seed is -1"),
        ({"steps": 0}, BadInput, "steps"),
    ],
)
def test_bad_input_is_one_sentence(
    model: LoadedModel, picture: Any, asked: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        dx.attack(model, picture, **asked)


def test_a_target_that_is_the_label_and_a_model_that_says_nan(
    model: LoadedModel, picture: Any
) -> None:
    said = dx.predict(model, picture).scores[0].name.index
    with pytest.raises(BadInput, match="which is the class that is right"):
        dx.attack(model, picture, target=said)
    with pytest.raises(DlexplainError, match="NaN|nan|finite"):
        broken = dx.wrap(Linear(broken=True), classes=["a", "b", "c"], input_shape=(3, SIDE, SIDE))
        dx.attack(broken, picture)


def test_both_ends_of_the_smallest_budget_are_told_or_that_one_is_missing() -> None:
    assert smallest_told("linf", (3 / 255, 3.5 / 255)) == (
        "3.5/255 in L∞ suffices, 3/255 in L∞ does not"
    )
    assert smallest_told("linf", (0.0, 0.5 / 255)) == (
        "0.5/255 in L∞ suffices; nothing smaller was ruled out, so less may suffice"
    )
    assert "less" not in smallest_told("l0", (0.0, 1.0))
    assert smallest_told("l2", None) == "no budget that was tried suffices"


def test_the_command(tmp_path: Any, capsys: Any) -> None:
    from PIL import Image

    file, out = tmp_path / "one.png", tmp_path / "moved.png"
    pixels = np.zeros((8, 8), np.uint8)
    pixels[1:7, 3:5] = 255
    Image.fromarray(pixels).save(file)
    call = ["attack", str(file), "--model", "digits-cnn", "--epsilon", "64/255", "--png", str(out)]
    assert main([*call, "--smallest"]) == 0
    told = capsys.readouterr().out
    assert "64/255 in L∞" in told
    assert "suffices" in told
    with Image.open(out) as written:
        assert written.size == dx.load("digits-cnn").view(dx.read_picture(str(file))).shape[1::-1]
    assert main(["attack", str(file), "--model", "digits-cnn", "--epsilon", "0"]) == 2
    assert "the budget is 0" in capsys.readouterr().err


def test_pixels_are_counted_and_the_smallest_number_is_whole(
    model: LoadedModel, picture: Any
) -> None:
    found = dx.attack(model, picture, "patch", smallest=True, steps=5, places=1)
    side = model.prepared.input_shape[-1]
    assert found.norm == "l0"
    assert 0 < found.pixels <= found.epsilon < side * side
    assert f"{found.epsilon:.0f} pixel" in found.told
    if found.smallest is not None:
        low, high = found.smallest
        assert low == int(low) and high == int(high) and low < high <= side * side
