"""A model with two classes is explained by the difference of their scores; what its values sum to
is what the model says."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import dlexplain as dx
from dlexplain.data.class_list import plain_classes
from dlexplain.errors import TargetError
from dlexplain.explainers.base import METHODS
from dlexplain.networks.base import ModelSpec, PicturePreprocessing
from dlexplain.services.loading import load
from dlexplain.services.pictures.bundle import repeat
from dlexplain.services.pictures.explain import method_infos
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.texts.explain import text_method_infos
from dlexplain.services.texts.models import TextModel
from dlexplain.ui.texts.choice import REVIEWS
from tests.tiny import conv_net, prepared

FIRST = REVIEWS["A mess, and I loved it"]
"""The first sample of the Text page. A text of blanks is positive to MiniLM, and more so."""


@pytest.fixture(scope="module")
def minilm() -> TextModel:
    return load(TextModel, "sst2-minilm")


def margin(model: TextModel, text: str) -> float:
    """The logit of the class that the model says, less the other one's."""
    logits = model.prepared.logits(torch.from_numpy(model.read(text).ids)[None])[0]
    return float(logits.max() - logits.min())


@pytest.mark.parametrize("method", ["integrated-gradients", "shap-partition"])
@pytest.mark.parametrize("title", REVIEWS)
def test_the_words_sum_to_what_the_model_says(minilm: TextModel, method: str, title: str) -> None:
    params = {"evaluations": 40} if method == "shap-partition" else {}
    why = dx.explain(minilm, REVIEWS[title], method, **params)
    best, other = (s.name for s in dx.predict(minilm, REVIEWS[title]).scores)
    assert (why.target, why.contrast) == (best, other)
    assert why.values.sum() == pytest.approx(margin(minilm, REVIEWS[title]), rel=0.06)
    assert why.baseline_score == pytest.approx(0, abs=1e-3)


def test_a_mean_over_baselines_agrees_with_the_verdict_of_the_first_sample(
    minilm: TextModel,
) -> None:
    why = dx.explain(minilm, FIRST, "gradient-shap")
    assert why.class_question == "positive rather than negative"
    assert why.values.sum() > 0


def test_a_target_that_the_model_does_not_say_has_the_opposite_values(minilm: TextModel) -> None:
    said = dx.explain(minilm, FIRST, "leave-one-out")
    asked = dx.explain(minilm, FIRST, "leave-one-out", target="negative")
    assert asked.class_question == "negative rather than positive"
    np.testing.assert_allclose(asked.values, -said.values, atol=1e-5)


def test_one_score_alone_is_explained_on_request(minilm: TextModel) -> None:
    positive, negative = (
        dx.explain(minilm, FIRST, "leave-one-out", target, alone=True)
        for target in ("positive", "negative")
    )
    both = dx.explain(minilm, FIRST, "leave-one-out")
    assert positive.contrast is None
    assert positive.class_question == "positive"
    np.testing.assert_allclose(positive.values - negative.values, both.values, atol=1e-4)


def test_alone_and_a_contrast_exclude_each_other(minilm: TextModel) -> None:
    with pytest.raises(TargetError, match='the contrast is "negative" and alone is set'):
        dx.explain(minilm, FIRST, target="positive", contrast="negative", alone=True)


def test_three_classes_are_explained_by_one_score() -> None:
    model = load(TextModel, "tweets-cnn")
    assert dx.explain(model, "thanks a lot", "leave-one-out").contrast is None
    infos = {info.name: info for info in text_method_infos(model)}
    assert infos["integrated-gradients"].params["baseline"].default == "blank"


def picture_model(classes: int) -> LoadedModel:
    """Untrained, and sure of a class of black pictures already."""
    network = conv_net(nn.ReLU, classes=classes)
    network[-1].bias.data[0] += 30.0
    ready = prepared(network)
    labels = tuple("abcd"[:classes])
    spec = ModelSpec(
        name=f"tiny-{classes}", title="", task="", modality="", module=lambda: network,
        input_shape=ready.input_shape,
        preprocessing=PicturePreprocessing(32, 32, 127.5, 127.5), labels="letters", classes=labels,
        paper="", licence="",
    )  # fmt: skip
    return LoadedModel(spec, ready, plain_classes(labels, "letters"))


@pytest.mark.parametrize("method", ["integrated-gradients", "deeplift", "kernel-shap",
                                    "shap-partition"])  # fmt: skip
def test_a_picture_map_sums_to_what_the_model_says(method: str) -> None:
    model = picture_model(2)
    noise = torch.rand((32, 32, 3), generator=torch.Generator().manual_seed(0))
    picture = (255 * noise).byte().numpy()
    logits = model.prepared.logits(model.to_input(picture))[0]
    why = dx.explain(model, picture, method)
    assert why.params["baseline"] == "undecided"
    assert {why.target.label, why.contrast.label} == {"a", "b"}
    whole = float(logits.max() - logits.min())
    assert why.baseline_score + why.values.sum() == pytest.approx(whole, rel=0.06)
    assert why.values.sum() > 0
    assert why.way.endswith(f"to +{whole:.2f} logits") or why.completeness_error > 1e-3
    assert f"--target {why.target.index} --contrast {why.contrast.index}" in repeat(why)


def test_the_command_that_repeats_one_score_says_so() -> None:
    model = picture_model(2)
    picture = np.zeros((32, 32, 3), np.uint8)
    assert " --alone " in repeat(dx.explain(model, picture, "saliency", "b", alone=True))


def test_the_page_offers_what_is_used() -> None:
    defaults = {info.name: info.params for info in method_infos(picture_model(2))}
    assert defaults["integrated-gradients"]["baseline"].default == "undecided"
    assert defaults["occlusion"]["baseline"].default == "black"  # its values promise no sum
    defaults = {info.name: info.params for info in method_infos(picture_model(3))}
    assert defaults["integrated-gradients"]["baseline"].default == "black"


class Brightness(nn.Module):
    """Logits 0 and the picture's mean value less a tenth."""

    def forward(self, x: Tensor) -> Tensor:
        bright = x.mean((1, 2, 3)) - 0.1
        return torch.stack([torch.zeros_like(bright), bright], dim=1)


def test_the_undecided_baseline_is_where_both_classes_score_alike() -> None:
    from dlexplain.explainers.batching import Target
    from tests.tiny import explain

    x = torch.full((1, 3, 32, 32), 0.5)
    found = explain(prepared(Brightness()), "integrated-gradients", x, Target(1, 0),
                    baseline="undecided", tolerance=0)  # fmt: skip
    # From a grey of 0.1, between black (-1) and white (1), to 0.5.
    assert found.baseline_score == pytest.approx(0, abs=1e-5)
    np.testing.assert_allclose(found.values, 0.4 / (3 * 32 * 32), rtol=1e-3)
    assert METHODS["integrated-gradients"].complete
