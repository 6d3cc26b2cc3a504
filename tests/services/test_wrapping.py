"""A module of one's own: explained as Captum explains it, and refused in one sentence."""

from collections.abc import Callable
from typing import Any, ClassVar

import captum.attr as captum
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import dlexplain as dx
from dlexplain.errors import BadInput, DlexplainError

SIDE = 32
MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
CLASSES = ("a", "b", "c")


class Net(nn.Module):
    """Reuses its ReLU, which works in place, as many networks do."""

    def __init__(self, form: str = "tensor") -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Linear(16, len(CLASSES))
        self.form = form

    def forward(self, x: Tensor) -> Any:
        x = F.max_pool2d(self.relu(self.norm(self.first(x))), 2)
        x = self.relu(self.second(x))
        scores = self.head(x.mean((2, 3)))
        forms: dict[str, Callable[[], Any]] = {
            "tensor": lambda: scores,
            "tuple": lambda: (scores, x),
            "dict": lambda: {"logits": scores, "features": x},
            "softmax": lambda: scores.softmax(1),
            "text": lambda: "no tensor",
            "nan": lambda: scores * torch.nan,
            "wide": lambda: torch.cat([scores, scores], 1),
        }
        return forms[self.form]()


def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)


def wrapped(form: str = "tensor", **params: Any) -> Any:
    given = {"mean": MEAN, "std": STD, **params}
    return dx.wrap(Net(form).train(), CLASSES, (3, SIDE, SIDE), **given)


def given_input() -> Tensor:
    pixels = torch.from_numpy(picture()).permute(2, 0, 1)[None].float() / 255
    return (pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def cosine(found: np.ndarray, expected: np.ndarray) -> float:
    a, b = found.ravel(), expected.ravel()
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def test_its_classes_are_its_own_in_eval_mode_and_it_stays_as_it_is() -> None:
    net = Net().train()
    model = dx.wrap(net, CLASSES, (3, SIDE, SIDE), mean=MEAN, std=STD)
    assert net.training
    with torch.no_grad():
        expected = net.eval()(given_input()).softmax(1)[0]
    found = {s.name.label: s.probability for s in dx.predict(model, picture()).scores}
    for label, probability in zip(CLASSES, expected.tolist(), strict=True):
        assert found[label] == pytest.approx(probability, abs=1e-5)


def test_integrated_gradients_and_occlusion_are_captums() -> None:
    model, net, x = wrapped(), Net().eval(), given_input()
    net.relu = nn.ReLU()
    black = (torch.zeros(1, 3, SIDE, SIDE) - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(
        STD
    ).view(3, 1, 1)
    expected = captum.IntegratedGradients(net).attribute(x, black, target=1, n_steps=300)
    found = dx.explain(
        model, picture(), "integrated-gradients", 1, baseline="black", steps=300, tolerance=0
    )
    assert cosine(found.values, expected.detach()[0].numpy()) > 0.999
    covered = captum.Occlusion(net).attribute(
        x, (3, 8, 8), strides=(3, 4, 4), baselines=black, target=1
    )
    found = dx.explain(model, picture(), "occlusion", 1, window=8, stride=4, baseline="black")
    assert cosine(found.values.sum(0), covered.detach()[0, 0].numpy()) > 0.999


def test_grad_cam_is_captums() -> None:
    model, net, x = wrapped(), Net().eval(), given_input()
    net.relu = nn.ReLU()
    layer = captum.LayerGradCam(net, net.second)
    grid = layer.attribute(x, target=1, relu_attributions=False)
    expected = F.interpolate(grid, (SIDE, SIDE), mode="bilinear", align_corners=False)
    found = dx.explain(model, picture(), "grad-cam", 1, layer="module.second", positive=False)
    assert cosine(found.heatmap, expected.detach()[0, 0].numpy()) > 0.999


@pytest.mark.parametrize(("form", "params"), [("dict", {}), ("tuple", {"output": 0})])
def test_scores_are_taken_out_of_several_outputs(form: str, params: dict[str, Any]) -> None:
    found = dx.explain(wrapped(form, **params), picture(), "saliency", 1)
    plain = dx.explain(wrapped(), picture(), "saliency", 1)
    np.testing.assert_allclose(found.values, plain.values, atol=1e-6)


def test_a_softmax_inside_is_told_and_undone() -> None:
    model, plain = wrapped("softmax"), wrapped()
    assert "ends in a softmax" in model.spec.notes[0]
    given = [dx.predict(one, picture()).scores for one in (model, plain)]
    for a, b in zip(*given, strict=True):
        assert (a.name, a.probability) == (b.name, pytest.approx(b.probability, abs=1e-5))


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (lambda: wrapped("tuple"), "has the outputs 0, 1; say which one has the scores"),
        (lambda: wrapped("dict", output="boxes"), 'none of which is "boxes"'),
        (lambda: wrapped("text"), "gives a str; a tensor"),
        (lambda: wrapped("nan"), "are not finite"),
        (lambda: wrapped("wide"), r"scores of shape \(2, 6\) for 2 pictures; \(2, 3\)"),
        (lambda: wrapped(std=0.0), "std is 0.0; numbers above 0"),
        (lambda: wrapped(mean=(0.1, 0.2)), "one finite number, or one a channel"),
        (lambda: dx.wrap(Net(), CLASSES, (4, SIDE, SIDE)), r"input_shape is \(4, 32, 32\)"),
        (lambda: dx.wrap(Net(), CLASSES, (1, SIDE, SIDE)), "fails on a picture of shape"),
        (lambda: dx.wrap(Net(), [], (3, SIDE, SIDE)), "classes is empty"),
    ],
)
def test_what_cannot_be_is_one_sentence(asked: Callable[[], object], told: str) -> None:
    with pytest.raises(DlexplainError, match=told) as error:
        asked()
    assert isinstance(error.value, BadInput)
    assert "\n" not in str(error.value)


def test_a_module_of_timm_says_its_preprocessing_itself() -> None:
    class Timm(nn.Module):
        pretrained_cfg: ClassVar = {
            "input_size": (3, 12, 12), "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.25, 0.5),
        }  # fmt: skip

        def forward(self, x: Tensor) -> Tensor:
            return x.mean((2, 3))

    model = dx.wrap(Timm(), ["red", "green", "blue"])
    assert model.spec.input_shape == (3, 12, 12)
    assert model.spec.preprocessing.known
    scores = model.prepared.logits(torch.full((1, 3, 12, 12), 0.6))[0]
    torch.testing.assert_close(scores, torch.tensor([0.5, 0.8, 0.6]))
    other = dx.wrap(Timm(), ["red", "green", "blue"], (3, 8, 8), mean=0.0)
    assert other.spec.input_shape == (3, 8, 8)
    plain = other.prepared.logits(torch.full((1, 3, 8, 8), 0.6))[0]
    torch.testing.assert_close(plain, torch.full((3,), 0.6))
