"""Every method on every architecture that can be trained, at 8 x 8 grey and 32 x 32 colour."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.explainers.base import Explainer, methods_for
from dlexplain.explainers.baselines import make_baseline
from dlexplain.explainers.batching import BatchSizes, Target
from dlexplain.explainers.capture import find_layer, spatial_layers
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.prepare import PreparedModel, prepare
from dlexplain.explainers.progress import Progress
from dlexplain.explainers.superpixels import superpixels
from dlexplain.results import Attribution
from tests.finished import network
from tests.tiny import RANGE
from tests.tiny import explain as explain_tiny

FEW = {
    "grad-cam": {"positive": False},  # a layer can speak against the class everywhere
    "ablation-cam": {"positive": False},
    "integrated-gradients": {"max_steps": 3000, "tolerance": 0.01},
    "smoothgrad": {"samples": 6},
    "vargrad": {"samples": 6},
    "expected-gradients": {"samples": 300, "background": "blurs"},
    "rise": {"samples": 60},
    "sobol": {"designs": 8, "grid": 4},
    "hsic": {"samples": 60},
    "lime": {"samples": 60, "alpha": 0},
    "kernel-shap": {"samples": 120},
    "shap-partition": {"evaluations": 60},
}
CONVOLUTIONS = ("cnn", "resnet9", "airbench", "efficientnet")
NEVER_FOR = {
    "deeplift": ("airbench", "vit"),
    "guided-backprop": ("airbench", "tanh", "sigmoid", "vit-mean"),
    "guided-grad-cam": ("airbench", "tanh", "sigmoid", "vit-mean"),
    **{name: CONVOLUTIONS for name, m in methods_for("picture").items() if "attention" in m.needs},
    "attn-lrp": CONVOLUTIONS,
}
"""Which methods do not suit which models."""
WHY_NOT = "GELU|LayerNorm|ReLUs, and the model has none|no attention|attention, and the model"

METHODS = methods_for("picture")


@dataclass(frozen=True, eq=False)
class Case:
    """A model with a picture; small logits are scaled up, as training does."""

    name: str
    channels: int
    side: int
    params: dict[str, Any]
    book: BatchSizes = field(default_factory=BatchSizes)

    def __str__(self) -> str:
        shown = [str(v) for k, v in self.params.items() if k in ("activation", "pooling")]
        return "-".join([self.name, *shown, str(self.side)])

    def made(self) -> PreparedModel:
        if str(self) not in _made:
            net = network(self.name, self.channels, self.side, **self.params)
            last = [m for m in net.modules() if isinstance(m, nn.Linear)][-1]
            with torch.no_grad():
                spread = net(self.picture()).std()
                last.weight /= spread
            shape = (self.channels, self.side, self.side)
            _made[str(self)] = prepare(net, shape, RANGE)
        return _made[str(self)]

    def picture(self) -> Tensor:
        noise = torch.randn((1, self.channels, 4, 4), generator=torch.Generator().manual_seed(0))
        size = (self.side, self.side)
        smooth = nn.functional.interpolate(noise, size=size, mode="bicubic")
        return 0.9 * smooth / smooth.abs().max()  # no flat places, where maxima would tie

    def best(self) -> int:
        return int(self.made().logits(self.picture()).argmax())

    def explain(self, method: str, **params: Any) -> Attribution:
        explainer, model = METHODS[method], self.made()
        wanted = explainer.request("picture", params, explainer.defaults(model))
        given = PictureInput(model, Target(self.best()), Progress(), self.book, self.picture())
        return Attribution(**vars(explainer.explain(given, wanted)))

    def suits(self, method: str) -> bool:
        return not any(word in str(self) for word in NEVER_FOR.get(method, ()))


VIT = {"width": 24, "heads": 2, "layers": 2, "feed_forward": 32}
_made: dict[str, PreparedModel] = {}
CASES = [
    *[
        Case("cnn", 1, 8, {"width": 4, "dense": 16, "activation": activation, "pooling": pooling})
        for activation in ("relu", "tanh", "sigmoid")
        for pooling in ("max", "average")
    ],
    Case("cnn", 3, 32, {"width": 4, "dense": 16, "activation": "relu", "pooling": "max"}),
    Case("cnn", 3, 32, {"width": 4, "dense": 16, "activation": "tanh", "pooling": "average"}),
    Case("resnet9", 1, 8, {"width": 4}),
    Case("resnet9", 3, 32, {"width": 4}),
    Case("airbench", 1, 17, {"width": 8, "deep": 16}),  # its least
    Case("airbench", 3, 32, {"width": 8, "deep": 16}),
    Case("efficientnet", 3, 32, {"resolution": 64}),
    Case("vit", 1, 8, {**VIT, "patch": 2}),
    Case("vit", 3, 32, {**VIT, "patch": 8, "stem": "patches", "pooling": "mean"}),
]
ALIKE = ("cnn-relu-average-8", "cnn-tanh-max-8", "cnn-sigmoid-average-8")
"""Cases of which every part is in another one."""
every_case = pytest.mark.parametrize(
    "case",
    [pytest.param(c, marks=pytest.mark.slow) if str(c) in ALIKE else c for c in CASES],
    ids=str,
)
GRIDS = {"cnn-8": 4, "cnn-32": 4, "resnet9-8": 4, "resnet9-32": 4, "airbench-17": 4,
         "airbench-32": 3, "efficientnet-32": 4, "vit-8": 4, "vit-32": 4}  # fmt: skip
"""Places along a side of the layer that layer methods take."""


@every_case
@pytest.mark.parametrize("method", list(METHODS))
def test_a_method_explains_the_model_or_says_why_not(case: Case, method: str) -> None:
    explainer: Explainer = METHODS[method]
    assert explainer.is_compatible(case.made()) == case.suits(method)
    if not case.suits(method):
        with pytest.raises(Incompatible, match=WHY_NOT):
            case.explain(method)
        return
    found = case.explain(method, **FEW.get(method, {}))
    assert found.values.shape[1:] == (case.side, case.side)
    assert found.values.shape[0] in (1, case.channels)
    assert np.isfinite(found.values).all()
    assert np.ptp(found.heatmap) > 0 or found.note
    assert found.signed or found.values.min() >= 0
    assert set(found.params) == set(explainer.specs("picture"))
    assert (found.completeness_error is not None) == explainer.complete


COMPLETE = {"deeplift": 1e-3, "kernel-shap": 1e-4, "shap-partition": 1e-4,
            "integrated-gradients": 0.01}  # fmt: skip


@every_case
@pytest.mark.parametrize("method", COMPLETE)
def test_what_promises_completeness_sums_up(case: Case, method: str) -> None:
    if not case.suits(method):
        return
    found = case.explain(method, baseline="black", **FEW.get(method, {}))
    black = torch.full_like(case.picture(), RANGE[0])
    scores = case.made().logits(torch.cat([case.picture(), black]))[:, case.best()].double()
    difference = float(scores[0] - scores[1])
    total = float(found.values.sum(dtype=np.float64))
    assert total == pytest.approx(difference, rel=COMPLETE[method], abs=2e-4)


@every_case
def test_expected_gradients_sum_up_but_for_sampling(case: Case) -> None:
    few = case.explain("expected-gradients", samples=1500, baselines=1, background="colours")
    assert few.completeness_error < 0.5


@every_case
def test_smoothgrad_without_noise_is_saliency(case: Case) -> None:
    plain = case.explain("saliency")
    smooth = case.explain("smoothgrad", samples=3, noise=0)
    np.testing.assert_allclose(smooth.values, plain.values, rtol=1e-4, atol=1e-6)
    still = case.explain("vargrad", samples=3, noise=0)
    assert float(still.values.max()) < 1e-5 * max(1.0, float(plain.values.max()) ** 2)


@every_case
def test_saliency_is_the_gradient_of_the_network(case: Case) -> None:
    x = case.picture().requires_grad_()
    case.made().module(x)[0, case.best()].backward()
    found = case.explain("saliency", absolute=False)
    np.testing.assert_allclose(found.values, x.grad[0].numpy(), rtol=1e-4, atol=1e-6)


@every_case
def test_grad_cam_takes_a_layer_with_a_grid_worth_looking_at(case: Case) -> None:
    found = case.explain("grad-cam", positive=False)
    layers = {layer.name: layer for layer in spatial_layers(case.made())}
    used = layers[str(found.params["layer"])]
    assert used == find_layer(case.made())
    assert used.height == GRIDS[f"{case.name}-{case.side}"]
    assert np.abs(found.values).max() > 0
    named = case.explain("grad-cam", positive=False, layer=used.name)
    np.testing.assert_array_equal(named.values, found.values)
    positive = case.explain("grad-cam").values
    assert positive.min() >= 0
    assert positive.max() >= found.values.max() - 1e-6


@pytest.mark.parametrize(
    ("side", "window", "stride", "regions", "many", "grid", "cells"),
    [(8, 2, 1, 16, 16, 4, 4), (32, 5, 2, 50, 100, 7, 8), (224, 32, 16, 50, 100, 7, 8)],
)
def test_defaults_suit_the_side(
    side: int, window: int, stride: int, regions: int, many: int, grid: int, cells: int
) -> None:
    net = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(1, 2))
    model = prepare(net, (1, side, side), RANGE)
    defaults = {name: method.defaults(model) for name, method in METHODS.items()}
    assert {name: found for name, found in defaults.items() if found} == {
        "occlusion": {"window": window, "stride": stride},
        "superpixel-ablation": {"regions": many},
        "lime": {"regions": regions},
        "kernel-shap": {"regions": regions},
        "shap-sampling": {"regions": regions},
        "shapley-values": {"regions": 10},
        "rise": {"grid": grid},
        "sobol": {"grid": cells},
        "hsic": {"grid": cells},
    }


@pytest.mark.parametrize(
    ("method", "name", "asked", "used"),
    [
        ("occlusion", "window", 32, 8),
        ("superpixel-ablation", "regions", 400, 64),
        ("lime", "regions", 100, 64),
        ("kernel-shap", "regions", 65, 64),
        ("shap-sampling", "regions", 65, 64),
        ("rise", "grid", 64, 8),
        ("sobol", "grid", 32, 8),
        ("hsic", "grid", 9, 8),
    ],
)
def test_what_is_larger_than_the_picture_is_clamped_and_said(
    method: str, name: str, asked: int, used: int
) -> None:
    sampled = ("lime", "kernel-shap", "rise", "hsic")
    case, few = CASES[0], {"samples": 300} if method in sampled else {}
    few |= {"designs": 8} if method == "sobol" else {}
    found = case.explain(method, **{name: asked}, **few)
    assert found.params[name] == used
    assert f"{asked} is more than the picture has; {used} was used." in found.note
    plain = case.explain(method, **{name: used}, **few)
    np.testing.assert_array_equal(found.values, plain.values)
    assert "was used" not in plain.note


def test_small_pictures_are_cut_into_regions_of_several_pixels() -> None:
    labels = superpixels(CASES[0].picture(), 16, RANGE)
    assert labels.shape == (8, 8)
    assert 4 <= int(labels.max()) + 1 <= 24


def test_a_blur_changes_a_small_picture() -> None:
    case = CASES[0]
    cover = make_baseline("blur", case.picture(), RANGE)
    assert float(cover.std()) < 0.6 * float(case.picture().std())


def test_smoothgrad_over_a_method_that_does_not_suit_says_so() -> None:
    tanh = next(case for case in CASES if "tanh" in str(case))
    with pytest.raises(Incompatible, match="the model has none"):
        tanh.explain("smoothgrad", over="guided-backprop", samples=2)


def test_lime_says_when_its_penalty_leaves_nothing() -> None:
    found = CASES[0].explain("lime", samples=40, alpha=10.0)
    assert (found.values == 0).all()
    assert "A sparsity of 10 left no region" in found.note


class MaxOnly(nn.Module):
    """One window of 2 x 2: class 1's score is three times its largest value."""

    def __init__(self, pool: nn.Module) -> None:
        super().__init__()
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        top = 3 * self.pool(x).flatten(1)[:, :1]
        return torch.cat([torch.zeros_like(top), top], dim=1)


@pytest.mark.parametrize("pool", [nn.MaxPool2d(2), nn.AdaptiveMaxPool2d(1)])
@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        # black is -1 everywhere, so its maximum is -1
        ([[0.5, 0.2], [-0.3, 0.1]], [[4.5, 0], [0, 0]]),  # 3 (0.5 + 1) at the picture's maximum
        ([[-1.0, -1.0], [-1.0, -0.6]], [[0, 0], [0, 1.2]]),
        ([[-1.0, -1.0], [-1.0, -1.0]], [[0, 0], [0, 0]]),
    ],
)
def test_deeplift_puts_a_maximum_down_to_its_place(
    pool: nn.Module, picture: list[list[float]], expected: list[list[float]]
) -> None:
    model = prepare(MaxOnly(pool), (1, 2, 2), RANGE)
    found = explain_tiny(model, "deeplift", torch.tensor(picture)[None, None], baseline="black")
    np.testing.assert_allclose(found.values[0], expected, atol=1e-6)
    assert found.completeness_error < 1e-6


def test_deeplift_of_overlapping_windows_and_any_baseline_sums_up() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.ReLU(), nn.MaxPool2d(3, stride=1, padding=1),
        nn.Conv2d(4, 4, 3), nn.Tanh(), nn.AdaptiveMaxPool2d(2), nn.Flatten(), nn.Linear(16, 3),
    )  # fmt: skip
    model = prepare(net, (2, 10, 10), RANGE)
    x = torch.rand((1, 2, 10, 10), generator=torch.Generator().manual_seed(1)) * 2 - 1
    for baseline in ("black", "blur", "mean", "noise"):
        found = explain_tiny(model, "deeplift", x, baseline=baseline)
        assert found.completeness_error < 1e-3
