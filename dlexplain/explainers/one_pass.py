"""Many pictures at once, each explained for its own most probable class.

A method that needs one pass through the network, with its gradient, explains a whole chunk of
pictures in it, and the same pass gives their logits: classifying costs nothing beside. All other
methods classify the chunk and then explain one picture after the other.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import torch
from torch import Tensor

from dlexplain.explainers.base import Attributed, Explainer, Explanation, Request
from dlexplain.explainers.batching import BatchSizes, Evaluator, Score, Target
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.prepare import PreparedModel
from dlexplain.explainers.progress import Progress

P = TypeVar("P")
ScoreOfRows = Callable[[int, int], Score]
"""score(start, stop) -> the score of the rows from one to another"""
NO_TARGET = Target(0)
"""Of what is asked without one: each row has its own."""


class OnePass(Explainer[P]):
    """A method whose map takes one pass, so that several pictures are explained together."""

    @abstractmethod
    def together(
        self, model: PreparedModel, inputs: Tensor, score: Score, params: P
    ) -> Sequence[Attributed]:
        """One for each of the inputs (batch, channels, height, width), for its own score.

        score  is to be called with the logits of the whole batch
        The caller has the model's turn.
        """


@dataclass(frozen=True, eq=False)
class TopClass:
    """The score of each row's most probable class; of two classes less the other one's.

    contrast  whether the model has two classes that exclude each other
    """

    contrast: bool

    def score(self, logits: Tensor) -> Tensor:
        """(batch, classes) -> (batch,)"""
        best = logits.detach().argmax(1, keepdim=True)
        chosen = logits.gather(1, best)
        return (chosen - logits.gather(1, 1 - best) if self.contrast else chosen)[:, 0]

    def target(self, logits: Tensor) -> Target:
        """(classes,) -> the same score of one row."""
        best = int(logits.argmax())
        return Target(best, 1 - best if self.contrast else None)


def scores_of_rows(targets: Sequence[Target]) -> ScoreOfRows:
    """Each row's own target."""

    def of(start: int, stop: int) -> Score:
        rows = targets[start:stop]
        return lambda logits: torch.stack(
            [target.score(row[None])[0] for target, row in zip(rows, logits, strict=True)]
        )

    return of


def explain_top_classes(
    method: Explainer[P],
    model: PreparedModel,
    inputs: Tensor,
    request: Request[P],
    top: TopClass,
    progress: Progress,
    chunks: BatchSizes,
) -> tuple[Tensor, list[Explanation]]:
    """Logits (count, classes) on the CPU, and an explanation of each picture's top class.

    inputs    (count, channels, height, width), not empty
    progress  is asked whether to stop; it counts nothing of this
    What comes back are the values that one picture by itself gives, but for rounding. Raises
    Incompatible, ParamError or Cancelled.
    """
    if isinstance(method, OnePass):
        inner = Progress(cancelled=progress.cancelled)
        given = PictureInput(model, NO_TARGET, inner, chunks, inputs[:1])
        return explain_together(method, given, inputs, request, lambda _start, _stop: top.score)
    logits = all_logits(model, inputs, progress, chunks)
    found = []
    for row, x in zip(logits, inputs.split(1), strict=True):  # type: ignore[no-untyped-call]
        alone = Progress(cancelled=progress.cancelled)
        given = PictureInput(model, top.target(row), alone, chunks, x)
        found.append(method.explain(given, request))
    return logits, found


def all_logits(
    model: PreparedModel, inputs: Tensor, progress: Progress, chunks: BatchSizes
) -> Tensor:
    """(count, ...) -> (count, classes) on the CPU, chunk by chunk; raises Cancelled."""
    evaluator = Evaluator(model, NO_TARGET, Progress(cancelled=progress.cancelled), chunks)
    parts = evaluator.scores(lambda a, b: inputs[a:b], len(inputs), lambda logits: logits)
    return torch.cat([part.float().cpu() for _, part in parts])


def explain_together(
    method: OnePass[P],
    given: PictureInput,
    inputs: Tensor,
    request: Request[P],
    score: ScoreOfRows,
) -> tuple[Tensor, list[Explanation]]:
    """Logits (count, classes) on the CPU, and an explanation of each picture, chunk by chunk.

    given   whose model, progress and kind of input count; its picture and target do not
    inputs  (count, channels, height, width)
    score   of the rows from one to another, what is explained
    What comes back are the values that one picture by itself gives, but for rounding. Raises
    Incompatible, ParamError or Cancelled.
    """
    ready = method.ready(given, request)
    model: Any = given.model

    def work(start: int, stop: int) -> tuple[Tensor, list[Attributed]]:
        seen: list[Tensor] = []

        def scored(logits: Tensor) -> Tensor:
            seen.append(logits.detach())
            return score(start, stop)(logits)

        made = method.together(model, model.to_device(inputs[start:stop]), scored, ready.params)
        return seen[0].float().cpu(), [replace(one, values=one.values.cpu()) for one in made]

    logits, found = [], []
    for _, (of_chunk, made) in given.evaluator.chunked("gradient", len(inputs), work):
        logits.append(of_chunk)
        found += [method.told(given, ready, one) for one in made]
    return torch.cat(logits), found
