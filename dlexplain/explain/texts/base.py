"""What a method that explains texts is, and the register of them."""

import inspect
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.explain.base import Attributed, NoParams, note_of
from dlexplain.explain.baselines import UNDECIDED, undecided
from dlexplain.explain.batching import ChunkBook, Evaluator, Target
from dlexplain.explain.progress import Progress
from dlexplain.explain.texts.precision import check_precision
from dlexplain.explain.texts.twin import TextTwin
from dlexplain.params import as_dict, choice
from dlexplain.registry import Registry
from dlexplain.results import TextAttribution

Family = Literal["gradient", "attention", "perturbation"]
BASELINES = ("blank", "padding", "zero", UNDECIDED)


def baseline_param() -> str:
    """The field of a gradient method's Params."""
    found: str = choice(
        "blank", "Baseline", BASELINES,
        help="What stands for no word: the model's mask or unknown word, its padding, zeros, or "
        "what lies between two of these where the model is undecided. Marks such as [CLS] stay.",
    )  # fmt: skip
    return found


@dataclass
class TextRun:
    """One explanation under way.

    ids     (1, time); marks (time,) True for those that are not of the text, which stay
    words   (time,) number of the word that each is part of, -1 for marks
    tokens  what each stands for
    independent  whether each output is a label that stands by itself
    """

    twin: TextTwin
    ids: Tensor
    words: Tensor
    tokens: tuple[str, ...]
    target: Target
    progress: Progress
    chunks: ChunkBook
    independent: bool = False

    @property
    def marks(self) -> Tensor:
        return self.words < 0

    def from_ids(self, precision: str = "float32") -> Evaluator:
        """Of ids (count, at most time), `pad` behind the end."""
        view = self.twin.by_ids(self.ids, precision)
        return Evaluator(view, self.target, self.progress, self.chunks)

    def from_vectors(self, precision: str = "float32") -> tuple[Evaluator, Tensor]:
        """Of word vectors (count, time, width); and those of the text, (1, time, width)."""
        vectors = self.twin.embed(self.ids)
        view = self.twin.by_vectors(vectors, precision)
        return Evaluator(view, self.target, self.progress, self.chunks), vectors

    def baseline(self, kind: str, vectors: Tensor, evaluator: Evaluator) -> Tensor:
        """(1, time, width) of a text without words, its marks kept."""
        if kind == UNDECIDED:
            plain = [self.baseline(one, vectors, evaluator) for one in BASELINES[:-1]]
            return undecided(evaluator, plain)
        if kind == "zero":
            return vectors * self.marks.to(vectors.device)[None, :, None]
        fill = self.twin.blank if kind == "blank" else self.twin.pad
        return self.twin.embed(torch.where(self.marks, self.ids, fill))


class TextExplainer(ABC):
    """Base of all methods of texts; facts as in dlexplain.explain.base.Explainer."""

    name: ClassVar[str]
    title: ClassVar[str]
    family: ClassVar[Family]
    signed: ClassVar[bool] = True
    complete: ClassVar[bool] = False
    unit: ClassVar[str] = "logits"
    paper: ClassVar[str]
    Params: ClassVar[type] = NoParams

    def check(self, twin: TextTwin) -> None:  # noqa: B027, most methods suit every model
        """Raise Incompatible, saying why, where the method's rule does not hold on the model."""

    def is_compatible(self, twin: TextTwin) -> bool:
        """Whether `check` passes."""
        try:
            self.check(twin)
        except Incompatible:
            return False
        return True

    @classmethod
    def description(cls) -> str:
        """The docstring, which is what the user reads."""
        return inspect.getdoc(cls) or ""

    @abstractmethod
    def attribute(self, run: TextRun, params: Any) -> Attributed:
        """Do the work; values (time,)."""

    def explain(self, run: TextRun, params: Any) -> TextAttribution:
        """Raises Incompatible or Cancelled."""
        self.check(run.twin)
        precision = getattr(params, "precision", "float32")
        slow = check_precision(run.twin, run.ids, self.family, precision)
        found = self.attribute(run, params)
        return TextAttribution(
            method=self.name,
            title=self.title,
            params=as_dict(params),
            values=found.values.detach().float().cpu().numpy().astype(np.float32),
            signed=self.signed,
            seconds=run.progress.seconds,
            evaluations=run.progress.done,
            completeness_error=found.completeness_error,
            baseline_score=found.baseline_score,
            score=found.score,
            note=" ".join(filter(None, (slow, note_of(found, params)))),
            unit=self.unit,
        )


TEXT_METHODS: Registry[TextExplainer] = Registry("method of texts")


def register(method: type[TextExplainer]) -> type[TextExplainer]:
    """Class decorator: makes the method known under its `name`."""
    TEXT_METHODS.add(method.name, method())
    return method
