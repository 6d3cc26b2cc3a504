"""The picture that a channel likes best, by gradient ascent.

Erhan et al., "Visualizing Higher-Layer Features of a Deep Network", 2009; Olah, Mordvintsev and
Schubert, "Feature Visualization", Distill 2017, https://doi.org/10.23915/distill.00007: the
picture is made of waves whose strength falls with their frequency, or is blurred on the way, and
is shifted at random before each step, else it fills with noise that no real picture has.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from dlexplain.explainers.layer_trace import Call, output_of
from dlexplain.explainers.prepare import PreparedModel
from dlexplain.explainers.progress import Progress
from dlexplain.params import choice, number

COLOURS = ((0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03))
"""How the colours of real pictures vary together: the square root of their covariance on ImageNet,
as Olah et al. give it."""
LARGEST_COLOUR = 0.468
"""The largest norm of its columns."""
FIRST_SPREAD = 0.01
CONTRAST = 4.0
"""Waves are divided by this, as Olah et al. do, so that the first picture is grey."""


@dataclass(frozen=True)
class Params:
    """How the picture is made."""

    steps: int = number(160, "Steps", low=1, high=4000, help="Of gradient ascent by Adam.")
    regularisation: str = choice(
        "fourier",
        "Kept natural by",
        ("fourier", "blur", "none"),
        help="Waves whose strength falls with their frequency; or a blur of single pixels every "
        "few steps, which fades out; or nothing, which gives noise.",
    )
    jitter: int = number(
        -1,
        "Jitter, pixels",
        low=-1,
        high=64,
        help="The picture is shifted by up to so many at each step; -1 takes a sixteenth of its "
        "side.",
    )
    rate: float = number(0.05, "Rate", low=0.001, high=1.0, step=0.01, help="How far a step goes.")
    unit: str = choice(
        "channel",
        "Of what",
        ("channel", "middle unit"),
        help="The channel's mean over all places, or its unit in the middle.",
    )
    seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="The same gives the same picture.")


@dataclass(frozen=True, eq=False)
class Found:
    """picture (1, channels, height, width) in the model's range; curve, the activation that was
    raised, one a step."""

    picture: Tensor
    curve: tuple[float, ...]


def activation(output: Tensor, channel: int, unit: str) -> Tensor:
    """(batch, channels, ...) -> (batch,): the channel's mean, or its unit in the middle."""
    found = output[:, channel]
    if found.dim() == 1:
        return found
    if unit == "channel":
        return found.flatten(1).mean(1)
    return found[:, found.shape[1] // 2, found.shape[2] // 2]


def maximise(
    model: PreparedModel,
    call: Call,
    channel: int,
    params: Params,
    progress: Progress,
    tell: Callable[[Tensor], None] = lambda picture: None,
) -> Found:
    """Raise the channel's activation at a layer from a nearly grey picture; raises Cancelled.

    tell  is called with each picture, (1, channels, height, width) in the model's range
    """
    generator = torch.Generator().manual_seed(params.seed)
    make, values = _parts(model, params, generator)
    values = values.to(model.device).requires_grad_()
    ascent = torch.optim.Adam([values], lr=params.rate, maximize=True)
    shift = jitter(params, model.input_shape[-1])
    curve: list[float] = []
    progress.plan(params.steps)
    for step in range(params.steps):
        with model.lock.turn(), torch.enable_grad():
            picture = make(values)
            x = _shifted(picture, shift, generator)
            score = activation(output_of(model.module, call, x), channel, params.unit)[0]
            (gradient,) = torch.autograd.grad(score, values)
            values.grad = gradient
            ascent.step()
        if params.regularisation == "blur" and step % 4 == 3:
            with torch.no_grad():
                values.copy_(blurred(values, 1.0 - step / params.steps))
        curve.append(float(score.detach()))
        tell(picture.detach())
        progress.advance(1)
    with torch.no_grad():
        return Found(make(values).detach(), tuple(curve))


def jitter(params: Params, side: int) -> int:
    """In pixels, at most half the side."""
    wanted = max(1, side // 16) if params.jitter < 0 else params.jitter
    return min(wanted, side // 2)


def _parts(
    model: PreparedModel, params: Params, generator: torch.Generator
) -> tuple[Callable[[Tensor], Tensor], Tensor]:
    """How numbers become a picture, and the first numbers."""
    channels, height, width = model.input_shape
    low, high = model.value_range
    if params.regularisation != "fourier":
        first = 0.1 * torch.randn((1, channels, height, width), generator=generator)

        def of_pixels(values: Tensor) -> Tensor:
            return low + (high - low) * torch.sigmoid(values)

        return of_pixels, first
    across = width // 2 + 1
    spectrum = FIRST_SPREAD * torch.randn((1, channels, height, across, 2), generator=generator)
    scale = wave_scale(height, width).to(model.device)
    mixed = _colours().to(model.device) if channels == 3 else None

    def of_waves(values: Tensor) -> Tensor:
        waves = torch.view_as_complex(values) * scale  # (1, channels, height, width // 2 + 1)
        plane = torch.fft.irfft2(waves, s=(height, width), norm="ortho") / CONTRAST
        if mixed is not None:
            plane = torch.einsum("dc,bchw->bdhw", mixed, plane)
        return low + (high - low) * torch.sigmoid(plane)

    return of_waves, spectrum


def wave_scale(height: int, width: int) -> Tensor:
    """(height, width // 2 + 1): one over the frequency in cycles a pixel, the lowest once more for
    the mean."""
    down, across = torch.fft.fftfreq(height)[:, None], torch.fft.rfftfreq(width)[None]
    frequency = (down**2 + across**2).sqrt()
    scale: Tensor = 1 / frequency.clamp_min(1 / max(height, width))
    return scale


def _colours() -> Tensor:
    return torch.tensor(COLOURS) / LARGEST_COLOUR


def _shifted(picture: Tensor, most: int, generator: torch.Generator) -> Tensor:
    """Moved down and across by up to `most` pixels either way, its edges mirrored."""
    if most == 0:
        return picture
    height, width = picture.shape[-2:]
    down, across = torch.randint(0, 2 * most + 1, (2,), generator=generator).tolist()
    wide = F.pad(picture, (most, most, most, most), mode="reflect")
    return wide[..., down : down + height, across : across + width]


def blurred(values: Tensor, sigma: float) -> Tensor:
    """By a Gaussian of this many pixels, edges repeated."""
    if sigma <= 0:
        return values
    places = torch.arange(-3, 4, dtype=values.dtype, device=values.device)
    weights = torch.exp(-0.5 * (places / sigma) ** 2)
    kernel = (weights / weights.sum()).expand(values.shape[1], 1, 7)
    wide = F.pad(values, (3, 3, 3, 3), mode="replicate")
    down = F.conv2d(wide, kernel[..., None], groups=values.shape[1])
    return F.conv2d(down, kernel[:, :, None], groups=values.shape[1])
