"""Maps that mark nothing: as smooth as the one that is judged, elsewhere.

A map that is smooth takes away whole regions, one of single pixels a fine noise, and a model minds
the first more than the second, whatever lies there. So what the order of a map costs is compared
with what such orders cost.
"""

from typing import Literal

import torch
from torch import Tensor

Over = Literal["plane", "time", "places"]
"""Along what a map is smooth: a picture's rows and columns, a series' time, or nothing."""


def random_maps(strengths: Tensor, count: int, generator: torch.Generator, over: Over) -> Tensor:
    """(...) -> (count, ...) surrogates of the values.

    plane   (height, width): the power spectrum is kept and the phases are those of white noise
            (Theiler et al. 1992, https://doi.org/10.1016/0167-2789(92)90102-S)
    time    (window, series): the same of each series by itself, which change places besides
    places  the values change places: the largest is where it is in every map of as many values
            that is drawn alike, so that explanations of one input meet the same chance
    """
    if over == "places" or strengths.shape[0] == 1:
        flat = strengths.flatten()
        orders = torch.rand((count, len(flat)), generator=generator).argsort(1)
        return flat.sort().values[orders].view(count, *strengths.shape)
    noise = torch.randn((count, *strengths.shape), generator=generator)
    if over == "plane":
        return _with_phases(strengths.expand_as(noise), noise, (1, 2))
    series = torch.rand((count, strengths.shape[1]), generator=generator).argsort(1)
    return _with_phases(strengths[:, series].movedim(1, 0), noise, (1,))


def _with_phases(values: Tensor, noise: Tensor, axes: tuple[int, ...]) -> Tensor:
    sizes = [values.shape[axis] for axis in axes]
    spectrum = torch.fft.rfftn(values, dim=axes).abs()
    drawn = torch.fft.rfftn(noise, dim=axes)
    phases = drawn / drawn.abs().clamp_min(torch.finfo(values.dtype).tiny)
    found: Tensor = torch.fft.irfftn(spectrum * phases, s=sizes, dim=axes)
    return found
