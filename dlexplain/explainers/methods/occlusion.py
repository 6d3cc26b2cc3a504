"""Occlusion: covering windows of the input that slide over it."""

from typing import ClassVar

import torch

from dlexplain.explainers.base import (
    Attributed,
    Explainer,
    Family,
    NoParams,
    register,
    seeded,
    without_rounding,
)
from dlexplain.explainers.inputs.base import ModelInput, Need


@register
class Occlusion(Explainer[NoParams]):
    """Slides a window over the input, a patch over a picture or a stretch over one series, covers
    what lies in it and shows by how much the score drops. Easy to believe, since nothing but the
    model's own answers enters; the window's size decides what can be seen, and what two parts say
    alike is overlooked.

    Formula: for each cell the mean of f(x) - f(x with the window covered) over the windows that
    cover it; of a series, divided by the window's length.
    """

    name = "occlusion"
    title = "Occlusion"
    unit = "logits lost under the window"
    linear = True
    family: ClassVar[Family] = "perturbation"
    needs: ClassVar[frozenset[Need]] = frozenset({"windows"})
    uses = ("windows",)
    paper = "Zeiler, Fergus 2014, https://arxiv.org/abs/1311.2901"
    Params = NoParams

    def attribute(self, given: ModelInput, params: NoParams) -> Attributed:
        windows = given.windows()
        evaluator, count = windows.evaluator, len(windows.places)
        # A random order lets the first windows, spread over the input, make a coarse map.
        order = torch.randperm(count, generator=seeded(0)).tolist()
        given.progress.plan(count + 1)
        score = float(evaluator.all_scores(windows.x)[0])
        total, times = torch.zeros(windows.shape), torch.zeros(windows.shape)
        for span, scores in evaluator.scores(lambda a, b: windows.covered(order[a:b]), count):
            for number, drop in zip(order[span], (score - scores).tolist(), strict=True):
                total[windows.places[number]] += drop * windows.weight
                times[windows.places[number]] += 1
            given.preview(lambda: total / times.clamp_min(1))
        values = without_rounding(total / times.clamp_min(1), score)
        return Attributed(values, note=windows.note)
