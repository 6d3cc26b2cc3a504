"""A detector or a segmenter of one's own module: as the module is, refused in one sentence."""

from collections.abc import Callable
from typing import Any

import captum.attr as captum
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import dlexplain as dx
from dlexplain.errors import BadInput, DlexplainError
from dlexplain.services.objects.models import LoadedDetector, LoadedSegmenter

SIDE, QUERIES = 32, 4
MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
CLASSES = ("a", "b")


class Detector(nn.Module):
    """One box a quarter of the picture."""

    def __init__(self, form: str = "dict") -> None:
        super().__init__()
        torch.manual_seed(0)
        self.features = nn.Conv2d(3, 8, 3, padding=1)
        self.scores, self.boxes = nn.Linear(8, len(CLASSES) + 1), nn.Linear(8, 4)
        self.form = form

    def forward(self, x: Tensor) -> Any:
        found = F.adaptive_avg_pool2d(self.features(x).relu(), 2).flatten(2).transpose(1, 2)
        logits, boxes = 5 * self.scores(found), self.boxes(found).sigmoid()
        forms: dict[str, Callable[[], Any]] = {
            "dict": lambda: {"logits": logits, "pred_boxes": boxes},
            "tuple": lambda: (boxes, logits),
            "softmax": lambda: {"logits": logits.softmax(-1), "pred_boxes": boxes},
            "corners": lambda: {"logits": logits, "pred_boxes": boxes * 100},
            "fewer": lambda: {"logits": logits[..., :2], "pred_boxes": boxes},
            "apart": lambda: {"logits": logits, "pred_boxes": boxes[:, :2]},
            "nan": lambda: {"logits": logits * torch.nan, "pred_boxes": boxes},
            "merged": lambda: {"logits": logits[:1], "pred_boxes": boxes[:1]},
        }
        return forms[self.form]()


class Segmenter(nn.Module):
    """A map of half of the picture's sides."""

    def __init__(self, form: str = "dict") -> None:
        super().__init__()
        torch.manual_seed(0)
        self.features = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.head = nn.Conv2d(8, len(CLASSES), 1)
        self.form = form

    def forward(self, x: Tensor) -> Any:
        scores = 3 * self.head(self.features(x).relu())
        forms: dict[str, Callable[[], Any]] = {
            "dict": lambda: {"out": scores, "aux": scores},
            "tensor": lambda: scores,
            "softmax": lambda: scores.softmax(1),
            "classifier": lambda: scores.mean((2, 3)),
        }
        return forms[self.form]()


def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)


def given_input() -> Tensor:
    pixels = torch.from_numpy(picture()).permute(2, 0, 1)[None].float() / 255
    return (pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def detector(form: str = "dict", **params: Any) -> LoadedDetector:
    given = {"mean": MEAN, "std": STD, **params}
    return dx.wrap_detector(Detector(form).train(), CLASSES, (3, SIDE, SIDE), **given)


def segmenter(form: str = "dict", **params: Any) -> LoadedSegmenter:
    given = {"mean": MEAN, "std": STD, **params}
    return dx.wrap_segmenter(Segmenter(form).train(), CLASSES, (3, SIDE, SIDE), **given)


@pytest.mark.parametrize(("form", "params"), [("dict", {}), ("tuple", {"logits": 1, "boxes": 0})])
def test_boxes_are_the_modules_own(form: str, params: dict[str, Any]) -> None:
    net = Detector().eval()
    with torch.no_grad():
        own = net(given_input())
    shares = own["logits"][0].softmax(-1)[:, :-1]
    found = dx.predict(detector(form, **params), picture(), threshold=0.0)
    assert len(found.boxes) == QUERIES
    for box in found.boxes:
        assert box.score.probability == pytest.approx(float(shares[box.query].max()), abs=1e-5)
        assert box.score.name.label == CLASSES[int(shares[box.query].argmax())]
        across, down, width, height = (SIDE * own["pred_boxes"][0, box.query]).tolist()
        assert box.left == pytest.approx(max(0, across - width / 2), abs=1e-3)
        assert box.bottom == pytest.approx(min(SIDE, down + height / 2), abs=1e-3)
    ranked = [box.score.probability for box in found.boxes]
    assert ranked == sorted(ranked, reverse=True)
    some = dx.predict(detector(form, **params), picture(), threshold=ranked[1])
    assert [box.number for box in some.boxes] == [1, 2]


def test_a_boxs_integrated_gradients_are_captums() -> None:
    model, net, x = detector(), Detector().eval(), given_input()
    box = dx.predict(model, picture(), threshold=0.0).boxes[0]
    black = (torch.zeros(1, 3, SIDE, SIDE) - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(
        STD
    ).view(3, 1, 1)
    own = captum.IntegratedGradients(lambda x: net(x)["logits"][:, box.query])
    expected = own.attribute(x, black, target=1, n_steps=200).detach()[0].numpy()
    found = dx.explain(
        model, picture(), "integrated-gradients", "b", box=1, baseline="black", steps=200,
        tolerance=0,
    )  # fmt: skip
    np.testing.assert_allclose(found.values, expected, atol=1e-3 * np.abs(expected).max())


def test_a_region_is_what_the_map_says() -> None:
    model, net, x = segmenter(output="out"), Segmenter().eval(), given_input()
    with torch.no_grad():
        logits = F.interpolate(net(x)["out"], (SIDE, SIDE), mode="bilinear")[0]
    found = dx.predict(model, picture())
    np.testing.assert_array_equal(found.classes, logits.argmax(0).numpy())
    region = found.regions[0]
    assert region.share == pytest.approx(
        float((logits.argmax(0) == region.name.index).float().mean())
    )
    why = dx.explain(
        model, picture(), "saliency", region=region.name.label, alone=True, absolute=False
    )
    leaf = x.clone().requires_grad_()
    large = F.interpolate(net(leaf)["out"], (SIDE, SIDE), mode="bilinear")[0]
    score = large[region.name.index][logits.argmax(0) == region.name.index].mean()
    (gradient,) = torch.autograd.grad(score, leaf)
    expected = gradient[0] / torch.tensor(STD).view(3, 1, 1)  # of pixels from 0 to 1
    np.testing.assert_allclose(why.values, expected.numpy(), atol=1e-5)


def test_a_softmax_inside_is_told_and_undone() -> None:
    model, plain = detector("softmax"), detector()
    assert "ends in a softmax" in model.spec.notes[0]
    assert plain.spec.notes == ()
    x = model.to_input(picture())
    found, expected = (m.prepared.logits(x)[..., :-4].softmax(-1) for m in (model, plain))
    torch.testing.assert_close(found, expected)
    model, plain = segmenter("softmax"), segmenter("tensor")
    assert "ends in a softmax" in model.spec.notes[0]
    found, expected = (m.prepared.logits(x).softmax(1) for m in (model, plain))
    torch.testing.assert_close(found, expected)


def test_the_module_stays_as_it_is() -> None:
    net = Detector().train()
    dx.wrap_detector(net, CLASSES, (3, SIDE, SIDE))
    assert net.training
    assert next(net.parameters()).requires_grad


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (lambda: detector("tuple"), 'has the outputs 0, 1, none of which is "logits"'),
        (lambda: detector("tuple", logits=1), 'none of which is "pred_boxes"; .*the boxes: boxes='),
        (lambda: detector("corners"), "gives boxes from .* from 0 to 1, are accepted"),
        (lambda: detector("fewer"), "gives 2 scores a box for 2 classes; 3, the last"),
        (lambda: detector("apart"), r"scores of shape \(2, 4, 3\) and boxes of shape \(2, 2, 4\)"),
        (lambda: detector("nan"), "are not finite"),
        (lambda: detector("merged"), "gives 1 answers for 2 pictures"),
        (lambda: detector(std=0.0), "std is 0.0; numbers above 0"),
        (lambda: detector(mean=(0.1, 0.2)), "one finite number, or one a channel"),
        (lambda: dx.wrap_detector(Detector(), [], (3, SIDE, SIDE)), "classes has 0 labels; 1 or"),
        (lambda: dx.wrap_detector(Detector(), CLASSES, (3, 8, 9)), r"input_shape is \(3, 8, 9\)"),
        (lambda: dx.wrap_detector(Detector(), CLASSES, (1, 8, 8)), "fails on a picture of shape"),
        (lambda: segmenter("dict"), "has the outputs out, aux; say which one has the scores"),
        (lambda: segmenter("classifier"), r"scores of shape \(2, 2\); \(batch, 2, height, width\)"),
        (lambda: dx.wrap_segmenter(Segmenter(), ["a"], (3, 8, 8)), "classes has 1 labels; 2 or"),
    ],
)
def test_what_cannot_be_is_one_sentence(asked: Callable[[], object], told: str) -> None:
    with pytest.raises(DlexplainError, match=told) as error:
        asked()
    assert isinstance(error.value, BadInput)
    assert "\n" not in str(error.value)
