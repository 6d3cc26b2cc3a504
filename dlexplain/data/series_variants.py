"""Varying training windows of series: jitter, scaling and window warping.

Iwana and Uchida, "An Empirical Survey of Data Augmentation for Time Series Classification with
Neural Networks", 2021, https://arxiv.org/abs/2007.15951. What is to be forecast stays as it is: the
variants are other pasts of the same future, so strong ones ask for more than can be known.
"""

import torch
from torch import Tensor

from dlexplain.data.augmentations import SeriesAugmentation

SLOW, FAST = 2.0, 0.5
"""How many times as long the warped part lasts."""


def vary(windows: Tensor, how: SeriesAugmentation, generator: torch.Generator) -> Tensor:
    """(batch, window, series), scaled, each varied by itself."""
    batch, window, series = windows.shape
    if how.warping:
        length = min(window, max(2, round(how.warping * window)))
        starts = torch.randint(0, window - length + 1, (batch,), generator=generator)
        slow = torch.randint(0, 2, (batch,), generator=generator).bool()
        windows = warped(windows, starts, length, torch.where(slow, SLOW, FAST))
    if how.scaling:
        drawn = torch.randn(batch, 1, series, generator=generator)
        windows = windows * (1 + how.scaling * drawn).to(windows)
    if how.jitter:
        drawn = torch.randn(batch, window, series, generator=generator)
        windows = windows + (how.jitter * drawn).to(windows)
    return windows


def warped(windows: Tensor, starts: Tensor, length: int, factors: Tensor) -> Tensor:
    """The `length` points from each start on last `factor` times as long; then all is stretched to
    the old length, by straight lines between points. First and last point stay.

    windows  (batch, window, series);  starts, factors  (batch,)
    """
    batch, window, _ = windows.shape
    span = length - 1  # in periods
    start, factor = starts[:, None].double(), factors[:, None].double()
    total = window - 1 + span * (factor - 1)  # (batch, 1)
    at = torch.arange(window)[None] / max(1, window - 1) * total  # (batch, window), warped time
    inside = start + (at - start) / factor
    behind = at - span * (factor - 1)
    source = torch.where(at < start, at, torch.where(at < start + span * factor, inside, behind))
    source = source.clamp(0, window - 1).to(windows.device)
    before = source.floor().long().clamp_max(max(0, window - 2))
    part = (source - before)[..., None].to(windows)
    rows = torch.arange(batch, device=windows.device)[:, None]
    after = (before + 1).clamp_max(window - 1)
    return (1 - part) * windows[rows, before] + part * windows[rows, after]
