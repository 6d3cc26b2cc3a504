"""Pictures: the differentiable form are the pixels; features are superpixels or cells of a grid."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor, nn

from dlexplain.explainers.baselines import (
    UNDECIDED,
    baseline_choice,
    gaussian_blur,
    make_baseline,
)
from dlexplain.explainers.batching import Evaluator
from dlexplain.explainers.capture import same_form
from dlexplain.explainers.imputation import TOLERANCE, impute
from dlexplain.explainers.inputs.base import (
    MODALITIES,
    PROBABILITY,
    Features,
    Modality,
    ModelInput,
    Windows,
)
from dlexplain.explainers.prepare import PreparedModel, part_named
from dlexplain.explainers.superpixels import PIXELS, superpixels
from dlexplain.params import Spec, Value, choice, number, specs

PREVIEW_SECONDS = 0.4
ONE_PATCH = "One patch covers the picture: all of it counts the same."
MOST_REGIONS = 400
LINEAR = "linear"
"""The fill by which missing pixels are imputed from those around them."""
BACKGROUNDS = ("colours", "noise", "blurs")


def _seed() -> int:
    drawn: int = number(0, "Seed", low=0, high=2**31 - 1, help="For the noise baseline.")
    return drawn


@dataclass(frozen=True)
class _Baseline:
    baseline: str = baseline_choice()
    seed: int = _seed()


@dataclass(frozen=True)
class _Background:
    background: str = choice(
        "colours", "Background", BACKGROUNDS, help="The pictures that stand for no evidence."
    )
    baselines: int = number(16, "Baselines", low=1, high=200, help="How many of them.")


@dataclass(frozen=True)
class _Features:
    regions: int = number(
        50,
        "Superpixels",
        low=2,
        high=MOST_REGIONS,
        help="Regions that the picture is cut into, about this many; they are switched as one.",
    )
    baseline: str = baseline_choice("mean", help="What stands in a region switched off.")
    seed: int = _seed()


@dataclass(frozen=True)
class _Cells:
    grid: int = number(8, "Grid", low=2, high=32, help="Cells along a side of the picture.")
    baseline: str = baseline_choice("mean", help="What stands for a cell that is taken away.")
    seed: int = _seed()


@dataclass(frozen=True)
class _Rectangles:
    baseline: str = baseline_choice("blur", help="What stands in a covered rectangle.")
    seed: int = _seed()


@dataclass(frozen=True)
class _Windows:
    window: int = number(32, "Patch", low=1, high=1024, help="Side of the patch in pixels.")
    stride: int = number(16, "Stride", low=1, high=1024, help="Pixels from patch to patch.")
    baseline: str = baseline_choice(help="What the patch shows.")
    seed: int = _seed()


def _sized(model: PreparedModel, known: Mapping[str, Spec]) -> Mapping[str, Value]:
    """Superpixels of at least PIXELS pixels each; cells of at least two pixels a side; a patch of a
    seventh of the side, moved by half of itself."""
    height, width = model.input_shape[-2:]
    found: dict[str, Value] = {}
    if "regions" in known:
        usual = int(known["regions"].default)
        found["regions"] = max(2, min(usual, height * width // PIXELS))
    if "grid" in known:
        found["grid"] = max(2, min(int(known["grid"].default), min(height, width) // 2))
    if "window" in known:
        window = max(2, round(min(height, width) / 7))
        found |= {"window": window, "stride": max(1, window // 2)}
    return found


PICTURE = MODALITIES.add(
    "picture",
    Modality(
        "picture",
        frozenset(
            {
                "gradients",
                "attention",
                "baselines",
                "features",
                "tree",
                "windows",
                "pixels",
                "sensitivities",
                "trial",
            }
        ),
        {
            "baseline": specs(_Baseline),
            "background": specs(_Background),
            "features": specs(_Features),
            "cells": specs(_Cells),
            "rectangles": specs(_Rectangles),
            "tokens": {},
            "windows": specs(_Windows),
        },
        _sized,
    ),
)


BOX = MODALITIES.add("box", replace(PICTURE, offers=PICTURE.offers | {"boxes"}))
"""A picture of which a detector's box is explained: all of it is as it is of pictures."""


@dataclass(eq=False)
class PictureInput(ModelInput):
    """inputs    (1, channels, height, width), moved to the model's device
    segments  (height, width) numbers from 0 of regions that stand for superpixels, -1 for what
              always stays
    """

    modality: ClassVar[Modality] = PICTURE
    feature: ClassVar[str] = "region"
    smallest: ClassVar[str] = "pixel"
    fills: ClassVar = ("blur", "mean", "black", "white", "noise", LINEAR)
    model: PreparedModel
    inputs: Tensor
    segments: Tensor | None = None
    _last_preview: float = 0.0

    def __post_init__(self) -> None:
        self.inputs = self.model.to_device(self.inputs)
        self.evaluator = Evaluator(self.model, self.target, self.progress, self.chunks)

    @property
    def attended(self) -> Tensor:
        """What its model's attention is asked with."""
        return self.inputs

    def prepare(self, options: Mapping[str, Value], family: str) -> str:
        """What is more than the picture has is clamped."""
        height, width = self.model.input_shape[-2:]
        most = {
            "window": max(height, width),
            "regions": height * width,
            "grid": min(height, width),
        }
        what = {
            "window": "A patch of side",
            "regions": "A number of superpixels of",
            "grid": "A grid of side",
        }
        self.options, said = dict(options), []
        if self.segments is not None:
            self.options["regions"] = int(self.segments.max()) + 1
        for key in most.keys() & options.keys():
            if int(options[key]) > most[key]:
                self.options[key] = most[key]
                said.append(
                    f"{what[key]} {options[key]} is more than the picture has; "
                    f"{most[key]} was used."
                )
        return " ".join(said)

    def said(self, logits: Tensor) -> Tensor:
        return logits.softmax(1)[:, self.target.index]

    @property
    def told_in(self) -> str:
        return PROBABILITY

    @property
    def network(self) -> nn.Module:
        return self.model.module

    def of_network(self, network: nn.Module, name: str) -> Self:
        fingerprint = part_named(self.model.fingerprint, name)
        model = replace(self.model, module=network, fingerprint=fingerprint)
        return replace(self, model=same_form(model, self.model))

    def at(self, x: Tensor) -> Self:
        return replace(self, inputs=x)

    @property
    def spread(self) -> float:
        """From black to white."""
        low, high = self.model.value_range
        return high - low

    def smallest_parts(self, fill: str) -> Features:
        """Pixels, with all their channels."""
        height, width = self.inputs.shape[-2:]
        if fill == LINEAR:
            make = self._imputed
        else:
            cover = self.baseline(self.evaluator, self.inputs, fill)

            def make(on: Tensor, _which: Tensor) -> Tensor:
                visible = on.to(self.inputs.device).view(-1, 1, height, width)
                return torch.where(visible, self.inputs, cover)

        labels = torch.arange(height * width).view(1, height, width)
        return Features(self.evaluator, labels, make, even=False)

    def _imputed(self, on: Tensor, _which: Tensor) -> Tensor:
        """(n, pixels) True where one stays -> (n, channels, height, width)"""
        low, high = self.model.value_range
        missing = ~on.bool().view(-1, *self.inputs.shape[-2:])
        return impute(self.inputs, missing, TOLERANCE * (high - low))

    def score(self, inputs: Tensor | None = None) -> float:
        """The target's score of one input (1, ...); by default of the one explained."""
        self.progress.plan(1)
        return float(self.evaluator.all_scores(self.inputs if inputs is None else inputs)[0])

    def differentiable(self) -> tuple[Evaluator, Tensor]:
        return self.evaluator, self.inputs

    def candidates(self, kind: str) -> tuple[str, ...]:
        return ("black", "white", "mean", "blur") if kind == UNDECIDED else ()

    def plain_baseline(self, kind: str, x: Tensor) -> Tensor:
        return make_baseline(kind, x, self.model.value_range, int(self.options.get("seed", 0)))

    def background(
        self, evaluator: Evaluator, x: Tensor, seed: int, generator: torch.Generator
    ) -> Tensor:
        kind, count = str(self.options["background"]), int(self.options["baselines"])
        return make_background(kind, x, self.model.value_range, count, seed)

    def features(self) -> Features:
        """Superpixels or given segments, covered by the baseline; or cells, that fade to it."""
        if "grid" in self.options:
            return self._cells(int(self.options["grid"]))
        labels = self.segments
        if labels is None:
            count = int(self.options["regions"])
            labels = superpixels(self.inputs, count, self.model.value_range)
        labels = labels.to(self.inputs.device)
        cover = self.baseline(self.evaluator, self.inputs)

        def make(on: Tensor, _which: Tensor) -> Tensor:
            known = on.to(labels.device)[:, labels.clamp_min(0)]  # (count, height, width)
            visible = known.bool() | (labels < 0)
            return torch.where(visible[:, None], self.inputs, cover)

        return Features(self.evaluator, labels[None], make, even=False)

    def _cells(self, grid: int) -> Features:
        height, width = self.inputs.shape[-2:]
        labels = cells(height, width, grid).to(self.inputs.device)
        cover = self.baseline(self.evaluator, self.inputs)

        def make(on: Tensor, _which: Tensor) -> Tensor:
            shares = on.to(self.inputs)[:, labels][:, None]  # (count, 1, height, width)
            return torch.lerp(cover, self.inputs, shares)

        return Features(self.evaluator, labels[None], make, even=False, soft=True)

    def windows(self) -> Windows:
        """Patches, that slide over the picture."""
        height, width = self.inputs.shape[-2:]
        side, stride = int(self.options["window"]), int(self.options["stride"])
        rows = window_corners(height, min(side, height), stride)
        columns = window_corners(width, min(side, width), stride)
        patches = [(..., slice(*row), slice(*column)) for row in rows for column in columns]
        note = ONE_PATCH if len(patches) == 1 else ""
        cover = self.baseline(self.evaluator, self.inputs)
        return Windows(self.evaluator, self.inputs, cover, (1, height, width), patches, note=note)

    def preview(self, values: Callable[[], Tensor]) -> None:
        """values  gives (height, width), or (channels, height, width), of which the sum is shown"""
        if self.progress.seconds - self._last_preview < PREVIEW_SECONDS:
            return
        found = values()
        found = found.sum(0) if found.dim() == 3 else found
        self.progress.preview(found.float().cpu().numpy())
        self._last_preview = self.progress.seconds


class BoxInput(PictureInput):
    """Of a PreparedBox."""

    modality: ClassVar[Modality] = BOX


def cells(height: int, width: int, grid: int) -> Tensor:
    """(height, width) the number, from 0, of each pixel's cell of a grid; row by row."""
    rows = torch.arange(height) * grid // height
    columns = torch.arange(width) * grid // width
    return rows[:, None] * grid + columns


def window_corners(size: int, window: int, stride: int) -> list[tuple[int, int]]:
    """(start, stop) of the windows along one side; the last one is cut off at the edge."""
    steps = max(0, -(-(size - window) // stride)) + 1
    return [(i * stride, min(i * stride + window, size)) for i in range(steps)]


def make_background(
    kind: str, inputs: Tensor, value_range: tuple[float, float], size: int, seed: int
) -> Tensor:
    """(1, channels, height, width) -> (size, channels, height, width) pictures without the object.

    colours: plain pictures of random colours; noise: uniform noise; blurs: the picture blurred
    from a little to beyond recognition.
    """
    low, high = value_range
    shape = (size, inputs.shape[1], *((1, 1) if kind == "colours" else inputs.shape[-2:]))
    if kind == "blurs":
        widest = max(inputs.shape[-2:]) / 4
        sigmas = np.geomspace(widest / 8, widest, size)
        return torch.cat([gaussian_blur(inputs, float(sigma)) for sigma in sigmas])
    drawn = low + (high - low) * torch.rand(shape, generator=torch.Generator().manual_seed(seed))
    return drawn.to(inputs).expand(size, *inputs.shape[1:]).contiguous()


def shorter_side(model: Any) -> int:
    """Of the model's pictures, in pixels."""
    return int(min(model.input_shape[-2:]))
