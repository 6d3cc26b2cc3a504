"""Methods that cover a part of the picture and watch the score."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from dlexplain.explain.base import (
    Attributed,
    Explainer,
    Family,
    Run,
    clamped,
    register,
    seeded,
    side_of,
    without_rounding,
)
from dlexplain.explain.baselines import baseline_choice
from dlexplain.explain.prepare import PreparedModel
from dlexplain.explain.superpixels import (
    fit_regions,
    paint,
    regions_default,
    regions_field,
    superpixels,
)
from dlexplain.params import Value, number


def window_corners(size: int, window: int, stride: int) -> list[tuple[int, int]]:
    """(start, stop) of the windows along one side; the last one is cut off at the edge."""
    steps = max(0, -(-(size - window) // stride)) + 1
    return [(i * stride, min(i * stride + window, size)) for i in range(steps)]


@register
class Occlusion(Explainer):
    """Slides a patch over the picture and shows by how much the score drops where it lies.
    Easy to believe, since nothing but the model's own answers enters; the patch's size decides
    what can be seen.

    Formula: for each pixel the mean of f(x) - f(x with the patch) over the patches that cover it.
    """

    name = "occlusion"
    title = "Occlusion"
    unit = "logits lost under the patch"
    family: ClassVar[Family] = "perturbation"
    signed = True
    paper = "Zeiler, Fergus 2014, https://arxiv.org/abs/1311.2901"

    @dataclass(frozen=True)
    class Params:
        window: int = number(32, "Patch", low=1, high=1024, help="Side of the patch in pixels.")
        stride: int = number(16, "Stride", low=1, high=1024, help="Pixels from patch to patch.")
        baseline: str = baseline_choice(help="What the patch shows.")
        seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="For the noise baseline.")

    def defaults(self, model: PreparedModel) -> dict[str, Value]:
        """A patch of a seventh of the side, moved by half of itself."""
        window = max(2, round(side_of(model) / 7))
        return {"window": window, "stride": max(1, window // 2)}

    def fit(self, model: PreparedModel, params: Any) -> tuple[Any, str]:
        return clamped(params, "window", max(model.input_shape[-2:]), "A patch of side")

    def attribute(self, run: Run, params: Any) -> Attributed:
        height, width = run.inputs.shape[-2:]
        rows = window_corners(height, min(params.window, height), params.stride)
        columns = window_corners(width, min(params.window, width), params.stride)
        patches = [(*row, *column) for row in rows for column in columns]
        # A random order lets the first patches, spread over the picture, make a coarse map.
        order = torch.randperm(len(patches), generator=seeded(0)).tolist()
        cover = run.baseline(params.baseline, params.seed)[0]

        def make(start: int, stop: int) -> Tensor:
            covered = run.inputs.repeat(stop - start, 1, 1, 1)
            for picture, place in zip(covered, order[start:stop], strict=True):
                top, bottom, left, right = patches[place]
                picture[:, top:bottom, left:right] = cover[:, top:bottom, left:right]
            return covered

        score = run.score()
        run.progress.plan(len(patches))
        total, times = torch.zeros(height, width), torch.zeros(height, width)
        for span, scores in run.evaluator.scores(make, len(patches)):
            for place, drop in zip(order[span], (score - scores).tolist(), strict=True):
                top, bottom, left, right = patches[place]
                total[top:bottom, left:right] += drop
                times[top:bottom, left:right] += 1
            run.preview(lambda: total / times.clamp_min(1))
        note = ONE_PATCH if len(patches) == 1 else ""
        values = without_rounding(total / times.clamp_min(1), score)
        return Attributed(values[None], note=note)


ONE_PATCH = "One patch covers the picture: all of it counts the same."


@register
class SuperpixelAblation(Explainer):
    """Covers one superpixel, a region of similar colour, at a time and shows by how much the
    score drops. Follows the outlines of things, where Occlusion knows only squares.

    Formula: f(x) - f(x with the region covered), for all pixels of the region.
    """

    name = "superpixel-ablation"
    title = "Superpixel ablation"
    unit = "logits lost without the region"
    family: ClassVar[Family] = "perturbation"
    signed = True
    paper = "Zeiler, Fergus 2014, https://arxiv.org/abs/1311.2901"

    @dataclass(frozen=True)
    class Params:
        regions: int = regions_field(100)
        baseline: str = baseline_choice("blur", help="What stands in a covered region.")
        seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="For the noise baseline.")

    def defaults(self, model: PreparedModel) -> dict[str, Value]:
        return {"regions": regions_default(100, model)}

    def fit(self, model: PreparedModel, params: Any) -> tuple[Any, str]:
        return fit_regions(model, params)

    def attribute(self, run: Run, params: Any) -> Attributed:
        labels = superpixels(run.inputs, params.regions, run.model.value_range)
        count = int(labels.max()) + 1
        cover = run.baseline(params.baseline, params.seed)
        score = run.score()

        def make(start: int, stop: int) -> Tensor:
            covered = labels[None] == torch.arange(start, stop, device=labels.device)[:, None, None]
            return torch.where(covered[:, None], cover, run.inputs)

        run.progress.plan(count)
        drops = torch.zeros(count)
        for span, scores in run.evaluator.scores(make, count):
            drops[span] = (score - scores).float().cpu()
            run.preview(lambda: paint(drops, labels)[0])
        note = ONE_REGION if count == 1 else ""
        return Attributed(paint(without_rounding(drops, score), labels), note=note)


ONE_REGION = (
    "The picture is of one colour, or nearly: it is one region, and all of it counts the same."
)
