"""Many pictures at once: the values of each are those that it gets by itself."""

import numpy as np
import pytest
import torch
from torch import nn

from dlexplain.errors import Cancelled, Incompatible
from dlexplain.explainers.base import METHODS, methods_for
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.one_pass import OnePass, TopClass, explain_top_classes
from dlexplain.explainers.prepare import PreparedModel
from dlexplain.explainers.progress import Progress
from tests.tiny import conv_net, fixed, picture, prepared

METHODS_OF_ONE_PASS = [name for name, m in methods_for("picture").items() if isinstance(m, OnePass)]
FEW = {"occlusion": {"window": 16, "stride": 16}, "lime": {"samples": 20, "regions": 4}}


def many(count: int) -> torch.Tensor:
    return torch.cat([picture(seed) for seed in range(count)])


def undecided_net(classes: int) -> nn.Sequential:
    """Its mean logits of these pictures are 0, so that their top classes differ."""
    net = conv_net(classes=classes).eval()
    with torch.no_grad():
        net[-1].bias -= net(many(7)).mean(0)
    return net


def by_itself(model: PreparedModel, method: str, x: torch.Tensor, top: TopClass) -> np.ndarray:
    explainer = METHODS[method]
    with torch.inference_mode():
        target = top.target(model.module(x)[0])
    given = PictureInput(model, target, Progress(), fixed(model, 8), x)
    return explainer.explain(given, explainer.request("picture", FEW.get(method, {}))).values


def test_the_methods_of_one_pass() -> None:
    assert set(METHODS_OF_ONE_PASS) == {
        "saliency", "input-x-gradient", "guided-backprop", "grad-cam", "hires-cam",
        "guided-grad-cam", "grad-cam-plus-plus", "layer-cam", "eigen-cam",
    }  # fmt: skip


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("method", [*METHODS_OF_ONE_PASS, *FEW])
def test_each_picture_gets_the_values_that_it_gets_by_itself(method: str, classes: int) -> None:
    model, inputs = prepared(undecided_net(classes)), many(7)
    explainer, top = METHODS[method], TopClass(contrast=classes == 2)
    request = explainer.request("picture", FEW.get(method, {}))
    logits, found = explain_top_classes(
        explainer, model, inputs, request, top, Progress(), fixed(model, 3)
    )
    torch.testing.assert_close(logits, model.logits(inputs), rtol=1e-4, atol=1e-4)
    assert len({int(row.argmax()) for row in logits}) > 1, "the targets are to differ"
    for x, one in zip(inputs.split(1), found, strict=True):
        alone = by_itself(model, method, x, top)
        np.testing.assert_allclose(one.values, alone, rtol=1e-3, atol=1e-5 * np.abs(alone).max())
        assert one.method == method
        assert one.params == request.to_dict() | {
            k: v for k, v in one.params.items() if k == "layer"
        }


class Counted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net, self.seen = conv_net(), []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append(len(x))
        return self.net(x)


def test_one_pass_classifies_and_explains_a_chunk() -> None:
    model = prepared(Counted())
    method, chunks = METHODS["grad-cam"], fixed(model, 4)
    method.check(model)
    model.module.seen.clear()
    found = explain_top_classes(
        method, model, many(8), method.request("picture"), TopClass(False), Progress(), chunks
    )
    assert model.module.seen == [4, 4]
    assert len(found[1]) == 8


def test_it_stops_between_two_chunks() -> None:
    model, method = prepared(conv_net()), METHODS["saliency"]
    asked: list[int] = []

    def cancelled() -> bool:
        asked.append(1)
        return len(asked) > 2

    with pytest.raises(Cancelled):
        explain_top_classes(
            method, model, many(8), method.request("picture"), TopClass(False),
            Progress(cancelled=cancelled), fixed(model, 2),
        )  # fmt: skip


class OneForAll(nn.Module):
    """Its `shared` layer has one output, however many pictures there are."""

    def __init__(self) -> None:
        super().__init__()
        self.net = conv_net()
        self.shared = nn.Identity()
        self.grid = nn.Conv2d(1, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.net(x) + self.grid(torch.ones(1, 1, 4, 4)).sum()


def test_a_layer_with_one_output_for_all_pictures_is_refused() -> None:
    model, method = prepared(OneForAll()), METHODS["grad-cam"]
    request = method.request("picture", {"layer": "grid"})
    with pytest.raises(Incompatible, match='"grid" has 1 outputs for 3 pictures'):
        explain_top_classes(
            method, model, many(3), request, TopClass(False), Progress(), fixed(model, 8)
        )
