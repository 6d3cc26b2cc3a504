"""Series: the differentiable form are the scaled values of the window; features are blocks of some
periods of one series."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import torch
from torch import Tensor, nn

from dlexplain.explainers.batching import Evaluator
from dlexplain.explainers.inputs.base import MODALITIES, Features, Modality, ModelInput, Windows
from dlexplain.explainers.prepare import part_named
from dlexplain.explainers.series_model import PreparedSeries
from dlexplain.params import Value, choice, number, specs

ONE_STRETCH = "One stretch covers the window: all periods of a series count the same."
BASELINES = ("average", "window")


def _baseline() -> str:
    chosen: str = choice(
        "average",
        "Baseline",
        BASELINES,
        help="What stands for a period without news: each series at its mean in training "
        "(average), or at its mean in this window (window).",
    )
    return chosen


@dataclass(frozen=True)
class _Baseline:
    baseline: str = _baseline()


@dataclass(frozen=True)
class _Features:
    block: int = number(
        3, "Block", low=1, high=100, help="Periods of one series that are taken away together."
    )
    baseline: str = _baseline()


@dataclass(frozen=True)
class _Players:
    block: int = number(
        3, "Block", low=1, high=100, help="Periods of one series that are one player."
    )
    baseline: str = choice(
        "windows",
        "Baselines",
        ("windows", *BASELINES),
        help="Earlier windows of the series, one an order; or each series at its mean in training, "
        "or in this window.",
    )


@dataclass(frozen=True)
class _Windows:
    length: int = number(3, "Stretch", low=1, high=500, help="Periods taken away at once.")
    baseline: str = _baseline()


SERIES = MODALITIES.add(
    "series",
    Modality(
        "series",
        frozenset({"gradients", "baselines", "real baselines", "features", "windows"}),
        {
            "baseline": specs(_Baseline),
            "features": specs(_Features),
            "players": specs(_Players),
            "windows": specs(_Windows),
        },
    ),
)


@dataclass(eq=False)
class SeriesInput(ModelInput):
    """x           (1, window, series), scaled as the model sees it, the latest period last
    earlier     (count, window, series) earlier windows of the same series
    """

    modality: ClassVar[Modality] = SERIES
    feature: ClassVar[str] = "block"
    smallest: ClassVar[str] = "value"
    fills: ClassVar = BASELINES
    model: PreparedSeries
    x: Tensor
    earlier: Tensor

    def prepare(self, options: Mapping[str, Value], family: str) -> str:
        self.options = options
        window, block = self.x.shape[1], int(options.get("block", 1))
        if block >= window > 1:
            return f"The window has {window} periods: they are one block, and count the same."
        return ""

    @property
    def network(self) -> nn.Module:
        return self.model.module

    def of_network(self, network: nn.Module, name: str) -> Self:
        fingerprint = part_named(self.model.fingerprint, name)
        return replace(self, model=replace(self.model, module=network, fingerprint=fingerprint))

    def at(self, x: Tensor) -> Self:
        return replace(self, x=x)

    @property
    def spread(self) -> float:
        """Inputs are in standard deviations of each series."""
        return 1.0

    def smallest_parts(self, fill: str) -> Features:
        """Single values: one period of one series."""
        return replace(self, options={"block": 1, "baseline": fill}).features()

    def differentiable(self) -> tuple[Evaluator, Tensor]:
        return Evaluator(self.model, self.target, self.progress, self.chunks), self.x

    def plain_baseline(self, kind: str, x: Tensor) -> Tensor:
        if kind == "average":
            return torch.zeros_like(x)  # inputs have mean 0 in training
        return x.mean(1, keepdim=True).expand_as(x)

    def background(
        self, evaluator: Evaluator, x: Tensor, seed: int, generator: torch.Generator
    ) -> Tensor:
        return self.earlier

    def features(self) -> Features:
        evaluator, x = self.differentiable()
        labels = blocks(x.shape[1], x.shape[2], int(self.options["block"]))
        several = self.options["baseline"] == "windows"
        nothing = self.earlier if several else self.baseline(evaluator, x)

        def make(on: Tensor, which: Tensor) -> Tensor:
            return torch.where(on.bool()[:, labels].to(x.device), x, nothing[which])

        return Features(evaluator, labels, make, len(nothing))

    def windows(self) -> Windows:
        """Stretches of one series, that move on by one period."""
        evaluator, x = self.differentiable()
        _, window, series = x.shape
        wanted = int(self.options["length"])
        length = min(wanted, window)
        note = "" if length == wanted else f"The window has {window} periods only."
        if length == window > 1:
            note = f"{note} {ONE_STRETCH}".strip()
        stretches = [
            (slice(start, start + length), which)
            for start in range(window - length + 1)
            for which in range(series)
        ]
        cover = self.baseline(evaluator, x)
        return Windows(evaluator, x, cover, (window, series), stretches, 1 / length, note)


def blocks(window: int, series: int, length: int) -> Tensor:
    """(window, series) the number of each cell's block; blocks are counted from the latest period,
    so that a shorter one is the oldest."""
    back = torch.arange(window - 1, -1, -1) // length  # (window,)
    return back[:, None] + (int(back.max()) + 1) * torch.arange(series)
