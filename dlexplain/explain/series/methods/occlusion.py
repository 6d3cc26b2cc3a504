"""Taking away stretches of one series at a time."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from dlexplain.explain.base import Attributed
from dlexplain.explain.series.base import (
    Family,
    SeriesExplainer,
    SeriesRun,
    baseline_param,
    register,
)
from dlexplain.params import number


@register
class Occlusion(SeriesExplainer):
    """Puts a stretch of one series at its baseline and sees how far the forecast falls; the stretch
    moves over the window one period at a time. A cell's value is its share of that, averaged over
    the stretches that it is in. It asks nothing but the model's own answers, yet overlooks what two
    series say the same of.

    Formula: mean over stretches s that hold the cell of (f(x) - f(x without s)) / |s|
    """

    name = "occlusion"
    title = "Occlusion of stretches"
    family: ClassVar[Family] = "perturbation"
    paper = "Zeiler, Fergus 2014, https://arxiv.org/abs/1311.2901"

    @dataclass(frozen=True)
    class Params:
        length: int = number(3, "Stretch", low=1, high=500, help="Periods taken away at once.")
        baseline: str = baseline_param()

    def attribute(self, run: SeriesRun, params: Any) -> Attributed:
        _, window, series = run.x.shape
        length = min(params.length, window)
        baseline = run.baseline(params.baseline)
        starts = window - length + 1
        count = starts * series
        run.progress.plan(count + 1)

        def hidden(start: int, stop: int) -> Tensor:
            """(inputs, window, series) True where a cell is taken away."""
            place = torch.arange(start, stop)
            since = torch.arange(window) - (place // series)[:, None]  # (inputs, window)
            inside = (since >= 0) & (since < length)
            which = torch.arange(series) == (place % series)[:, None, None]
            found: Tensor = inside[..., None] & which
            return found

        def make(start: int, stop: int) -> Tensor:
            return torch.where(hidden(start, stop).to(run.x.device), baseline, run.x)

        score = float(run.evaluator.all_scores(run.x)[0])
        total, covered = torch.zeros(window, series), torch.zeros(window, series)
        for span, scores in run.evaluator.scores(make, count):
            gone = hidden(span.start, span.stop).float()
            drops = (score - scores.float().cpu()) / length
            total += torch.einsum("n,nws->ws", drops, gone)
            covered += gone.sum(0)
        note = "" if length == params.length else f"The window has {window} periods only."
        if length == window > 1:
            note = f"{note} {ONE_STRETCH}".strip()
        return Attributed(total / covered, note=note)


ONE_STRETCH = "One stretch covers the window: all periods of a series count the same."
