"""Inputs that stand for "nothing to see": the starting points and fillings of many methods.

Where a model already leans to a class with nothing to see, the values of a method that sums to
f(x) - f(baseline) tell what the input changed, not what the model decided: they can all speak
against the class that it gives. A baseline at which it is undecided, as Sundararajan, Taly, Yan
2017 (https://arxiv.org/abs/1703.01365) advise, mends that: the values then sum to f(x).
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from dlexplain.explainers.batching import Evaluator
from dlexplain.params import choice

UNDECIDED = "undecided"
BASELINES = ("black", "white", "blur", "mean", "noise", UNDECIDED)
BLUR_SHARE = 0.05
"""Deviation of the Gaussian blur as a share of the picture's longer side."""
LEAST_BLUR = 2.0
"""In pixels: a smaller deviation would leave a small picture as it is."""


def baseline_choice(default: str = "black", help: str = "What stands for no evidence.") -> str:
    """The field that every method with a baseline declares."""
    chosen: str = choice(default, "Baseline", BASELINES, help=help)
    return chosen


def undecided(evaluator: Evaluator, candidates: Sequence[Tensor]) -> Tensor:
    """The point between two of the candidates at which the margin of the target is 0.

    candidates  (1, ...) each, the best first: the first one is mixed with the next that is on the
                other side. Where all are on one side, that of the smallest margin is given.
    """
    evaluator.progress.plan(len(candidates))
    margins = _margins(evaluator, torch.cat(list(candidates)))
    first = candidates[0]
    for other, margin in zip(candidates[1:], margins[1:], strict=True):
        if margin * margins[0] < 0:
            share = _crossing(evaluator, first, other)
            return torch.lerp(first, other, share)
    return candidates[min(range(len(margins)), key=lambda place: abs(margins[place]))]


def _crossing(evaluator: Evaluator, start: Tensor, stop: Tensor) -> float:
    """Which share of the way from `start` to `stop` the margin changes its sign at."""
    from scipy.optimize import brentq  # most explanations do without

    def margin(share: float) -> float:
        evaluator.progress.plan(1)
        return _margins(evaluator, torch.lerp(start, stop, share))[0]

    found: float = brentq(margin, 0.0, 1.0, xtol=1e-7, rtol=1e-6)
    return found


def _margins(evaluator: Evaluator, inputs: Tensor) -> list[float]:
    parts = evaluator.scores(lambda a, b: inputs[a:b], len(inputs), evaluator.target.margin)
    return [float(margin) for _, part in parts for margin in part]


def make_baseline(
    kind: str, inputs: Tensor, value_range: tuple[float, float], seed: int = 0
) -> Tensor:
    """A baseline of the shape of `inputs`, (batch, channels, height, width).

    black, white: the lowest and the highest value; blur: a Gaussian blur of the picture; mean: its
    mean colour; noise: uniform between black and white, drawn with `seed`.
    """
    low, high = value_range
    if kind == "white":
        return torch.full_like(inputs, high)
    if kind == "black":
        return torch.full_like(inputs, low)
    if kind == "mean":
        return inputs.mean(dim=(2, 3), keepdim=True).expand_as(inputs).contiguous()
    if kind == "noise":
        generator = torch.Generator().manual_seed(seed)
        noise = torch.rand(inputs.shape, generator=generator).to(inputs)
        return low + (high - low) * noise
    return gaussian_blur(inputs, max(LEAST_BLUR, BLUR_SHARE * max(inputs.shape[-2:])))


def gaussian_blur(inputs: Tensor, sigma: float) -> Tensor:
    """Blur (batch, channels, height, width) with a Gaussian of `sigma` pixels; edges repeat."""
    radius = max(1, round(3 * sigma))
    offsets = torch.arange(-radius, radius + 1, device=inputs.device, dtype=inputs.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = kernel / kernel.sum()
    channels = inputs.shape[1]
    padded = F.pad(inputs, (radius,) * 4, mode="replicate")
    across = kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1)
    down = kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1)
    return F.conv2d(F.conv2d(padded, across, groups=channels), down, groups=channels)
