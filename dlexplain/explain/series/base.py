"""What a method that explains forecasts is, and the register of them."""

import inspect
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from dlexplain.explain.base import Attributed, NoParams
from dlexplain.explain.batching import ChunkBook, Evaluator, Target
from dlexplain.explain.progress import Progress
from dlexplain.explain.series.twin import SeriesTwin
from dlexplain.params import choice
from dlexplain.registry import Registry

Family = Literal["gradient", "perturbation"]
BASELINES = ("average", "window")


def baseline_param() -> str:
    """The field of a method's Params."""
    found: str = choice(
        "average", "Baseline", BASELINES,
        help="What stands for a period without news: each series at its mean in training "
        "(average), or at its mean in this window (window).",
    )  # fmt: skip
    return found


@dataclass
class SeriesRun:
    """One explanation under way.

    x           (1, window, series), scaled as the model sees it, the latest period last
    background  (count, window, series) earlier windows of the same series
    """

    twin: SeriesTwin
    x: Tensor
    background: Tensor
    target: Target
    progress: Progress
    chunks: ChunkBook

    @property
    def evaluator(self) -> Evaluator:
        return Evaluator(self.twin, self.target, self.progress, self.chunks)

    def baseline(self, kind: str) -> Tensor:
        """(1, window, series)"""
        if kind == "average":
            return torch.zeros_like(self.x)  # inputs have mean 0 in training
        return self.x.mean(1, keepdim=True).expand_as(self.x)


class SeriesExplainer(ABC):
    """Base of all methods of series; facts as in dlexplain.explain.base.Explainer. The score is the
    change of a target that is forecast at one step ahead, or the width of an interval."""

    name: ClassVar[str]
    title: ClassVar[str]
    family: ClassVar[Family]
    signed: ClassVar[bool] = True
    complete: ClassVar[bool] = False
    paper: ClassVar[str]
    Params: ClassVar[type] = NoParams

    @classmethod
    def description(cls) -> str:
        """The docstring, which is what the user reads."""
        return inspect.getdoc(cls) or ""

    @abstractmethod
    def attribute(self, run: SeriesRun, params: Any) -> Attributed:
        """Do the work; values (window, series). Raises Cancelled."""


SERIES_METHODS: Registry[SeriesExplainer] = Registry("method of series")


def register(method: type[SeriesExplainer]) -> type[SeriesExplainer]:
    """Class decorator: makes the method known under its `name`."""
    SERIES_METHODS.add(method.name, method())
    return method
