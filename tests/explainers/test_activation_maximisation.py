"""Activation maximisation where the best picture is known."""

import pytest
import torch
from torch import nn

from dlexplain.errors import Cancelled
from dlexplain.explainers.activation_maximisation import (
    Params,
    activation,
    blurred,
    jitter,
    maximise,
    wave_scale,
)
from dlexplain.explainers.layer_trace import trace
from dlexplain.explainers.prepare import PreparedModel
from dlexplain.explainers.progress import Progress
from tests.explainers.test_layer_trace import ready
from tests.tiny import RANGE


def lover(sign: float) -> PreparedModel:
    """Its channel 0 is the mean of red, its channel 1 what is asked for: sign times blue."""
    conv = nn.Conv2d(3, 2, 1, bias=False)
    with torch.no_grad():
        conv.weight.zero_()
        conv.weight[0, 0], conv.weight[1, 2] = 1.0, sign
    return ready(nn.Sequential(conv), 12)


@pytest.mark.parametrize("how", ["fourier", "blur", "none"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_best_picture_of_a_channel_that_loves_blue_is_blue(how: str, sign: float) -> None:
    model = lover(sign)
    params = Params(regularisation=how, steps=300, rate=1.0)
    found = maximise(model, trace(model)[0], 1, params, Progress())
    low, high = RANGE
    best = high if sign > 0 else low
    assert float(found.picture[0, 2].mean()) / best > 0.7  # it begins at 0
    assert len(found.curve) == 300
    assert found.curve[-1] > 0.7 > 0.2 > found.curve[0]


def test_the_same_seed_gives_the_same_picture() -> None:
    model = lover(1.0)
    call = trace(model)[0]
    first, same, other = (
        maximise(model, call, 1, Params(steps=5, seed=seed), Progress()).picture
        for seed in (0, 0, 1)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_it_is_cancelled_between_two_steps_and_leaves_no_hook() -> None:
    model, shown = lover(1.0), []
    progress = Progress(cancelled=lambda: len(shown) == 3)
    with pytest.raises(Cancelled):
        maximise(model, trace(model)[0], 1, Params(), progress, shown.append)
    assert progress.done == 3
    assert all(not module._forward_hooks for module in model.module.modules())
    assert not any(p.requires_grad for p in model.module.parameters())


def test_the_activation_is_the_mean_or_the_middle() -> None:
    output = torch.arange(2 * 3 * 4.0).reshape(1, 2, 3, 4)
    assert activation(output, 1, "channel").tolist() == [17.5]
    assert activation(output, 1, "middle unit").tolist() == [12 + 1 * 4 + 2]
    assert activation(torch.tensor([[3.0, 7.0]]), 1, "middle unit").tolist() == [7.0]


def test_waves_are_weaker_the_shorter_they_are() -> None:
    scale = wave_scale(8, 8)
    assert scale.shape == (8, 5)
    assert scale[0, 0] == scale[0, 1] == 8  # the mean as the longest wave
    assert scale[0, 4] == 2
    assert scale[3, 0] == pytest.approx(8 / 3)


def test_a_blur_keeps_the_mean_and_spreads_a_point() -> None:
    flat = torch.full((1, 3, 9, 9), 0.3)
    torch.testing.assert_close(blurred(flat, 1.0), flat)
    point = torch.zeros(1, 1, 9, 9)
    point[0, 0, 4, 4] = 1
    found = blurred(point, 1.0)
    assert float(found.sum()) == pytest.approx(1)
    assert float(found[0, 0, 4, 5] / found[0, 0, 4, 4]) == pytest.approx(0.60653, abs=1e-4)
    assert torch.equal(blurred(point, 0.0), point)


def test_jitter_suits_the_picture() -> None:
    assert (jitter(Params(), 224), jitter(Params(), 28), jitter(Params(), 8)) == (14, 1, 1)
    assert (jitter(Params(jitter=0), 28), jitter(Params(jitter=64), 8)) == (0, 4)
