"""What compressed models cost and how good they are, measured in turn with their original."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlexplain.errors import BadInput
from dlexplain.execution.paths import compression_folder, compression_in
from dlexplain.explainers.progress import Progress
from dlexplain.params import check_whole
from dlexplain.results.compression import Compression
from dlexplain.services.apart import said_apart
from dlexplain.services.compress.machine import measured_on
from dlexplain.services.compress.store import CompressionQuestion, CompressionStore, Done
from dlexplain.services.compress.table import Measured, tabulated
from dlexplain.services.compress.versions import versions_of
from dlexplain.services.keeping import Keeping
from dlexplain.services.kept import ASKED, forget_all_but
from dlexplain.settings import output_path, settings
from dlexplain.trained.catalogue import trained
from dlexplain.trained.folder import Trained

MEASURED = ("classify-image", "classify-text", "language-model", "forecast")
"""Tasks of which models are measured."""
TURNS, LEAST_TURNS, MOST_TURNS = 15, 1, 1000
LIMIT, MOST_LIMIT, SEED = 64, 4096, 0
MOST_MODELS, KEPT = 24, 50
APART = "dlexplain.services.compress.computing"
Tell = Callable[[Compression], None]
"""Is told the result so far."""


def measure_compression(
    model: Any,
    others: str | Sequence[str] | None = None,
    turns: int = TURNS,
    limit: int = LIMIT,
    out: str | Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> Compression:
    """What compressed models cost and how good they are, beside their original: the test's score
    with its interval, size on disk and zipped, parameters and zeros, memory, the time of one
    example and of the best batch, and processor seconds as a proxy of energy.

    model     the original: its name, a run's id, a path, or one from `dx.load`
    others    names of the models to compare, by default its compressed versions among the runs
    turns     in each of them every model computes, in alternating order, on the processor; medians
              and ratios are over turns, with 95% intervals from 6 on
    limit     largest batch that is tried
    out       the folder where what is done is kept; by default one of the home folder for each
              question, which is always gone on with
    resume    go on with what an earlier job has left in `out`
    progress  counts measurements;  tell  is called with the result so far every few seconds

    Memory and time are measured in processes of their own. Raises UnknownName, WeightsError,
    BadInput for models of another task or data set, without any other model, for numbers out of
    range, or where `out` has answers to another question; RunError where a model cannot compute;
    or Cancelled: what was done by then is kept.
    """
    check_whole("turns", turns, LEAST_TURNS, MOST_TURNS)
    check_whole("limit", limit, 1, MOST_LIMIT)
    models = _models(_name_of(model), others)
    question = CompressionQuestion(
        models[0].name, [[m.name, _digest(m)] for m in models], limit, turns, SEED, measured_on()
    )
    if out is None:
        root = compression_folder(settings().home)
        out, resume = question.folder(root), True
        forget_all_but(root, KEPT)
    store = CompressionStore(output_path(out))
    with store.held():
        store.begin(question, {ASKED: {"model": question.model}}, resume)
        job = _Job(models, question, store, progress or Progress(), tell, store.read())
        job.run()
        found = job.result()
        store.finish(compression_in(store.folder), found.to_dict())
        return found


def _name_of(model: Any) -> str:
    name = model if isinstance(model, str) else getattr(model, "name", None)
    if not isinstance(name, str) or not name:
        raise BadInput(f"a {type(model).__name__} is no model of dlexplain; dx.load gives one")
    return name


def _models(name: str, others: str | Sequence[str] | None) -> list[Trained]:
    """The original and those beside it, which must be of its task and data."""
    original = trained(name)
    if original.spec.task not in MEASURED:
        known = ", ".join(MEASURED)
        raise BadInput(
            f"{original.owner} is of the task {original.spec.task}; {known} are accepted"
        )
    if others is None:
        others = versions_of(name)
        if not others:
            raise BadInput(
                f"{name} has no compressed version yet; make one on the page Compress, or name "
                "models to compare it with"
            )
    names = list(dict.fromkeys([others] if isinstance(others, str) else others))
    found = [original, *(trained(one) for one in names if one != name)]
    if len(found) > MOST_MODELS:
        raise BadInput(f"{len(found)} models are given; up to {MOST_MODELS} are accepted")
    for one in found[1:]:
        for key in ("task", "data"):
            theirs, ours = getattr(one.spec, key), getattr(original.spec, key)
            if theirs != ours:
                raise BadInput(
                    f"{key} of {one.name} is {theirs}, that of {name} is {ours}; models of one "
                    "task and data set are compared"
                )
    return found


def _digest(model: Trained) -> str:
    try:
        with model.weights.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise BadInput(f"the weights of {model.owner} cannot be read: {error.strerror}") from error


@dataclass(eq=False)
class _Job:
    """The work: what is done is in `done`, and on the disk but for what is `kept.fresh`."""

    models: Sequence[Trained]
    question: CompressionQuestion
    store: CompressionStore
    progress: Progress
    tell: Tell | None
    done: Done

    def __post_init__(self) -> None:
        self.kept: Keeping[Mapping[str, Any]] = Keeping(self.store.append, self._tell)

    def run(self) -> None:
        """All that is still to do."""
        count, turns = len(self.models), self.question.count
        self.progress.plan(count * (2 + turns))
        before = len(self.done.looks) + len(self.done.batches) + count * len(self.done.turns)
        if before:
            self.progress.advance(before)
        with self.kept.to_the_end():
            for answer in self._answers():
                self.done.add(answer)
                self.kept.add(answer)
                self.progress.advance(count if "turn" in answer else 1)

    def _answers(self) -> Iterator[Mapping[str, Any]]:
        for place, model in enumerate(self.models):
            if place not in self.done.looks:
                for said in said_apart(APART, json.dumps({"look": model.name}), self.progress):
                    yield {**said, "place": place}
        first = next((t for t in range(self.question.count) if t not in self.done.turns), None)
        if first is not None:
            asked = {
                "turns": [model.name for model in self.models],
                "batches": [self.done.batches.get(place) for place in range(len(self.models))],
                "first": first,
                "count": self.question.count,
                "limit": self.question.limit,
                "seed": self.question.seed,
            }
            yield from said_apart(APART, json.dumps(asked), self.progress)

    def result(self) -> Compression:
        """Of the turns that are done."""
        return tabulated(self._about(), [Measured(m) for m in self.models], self.done)

    def _about(self) -> dict[str, Any]:
        asked = self.question
        words = ["python -m dlexplain compression", *(name for name, _ in asked.models)]
        words += [f"--turns {asked.count}", f"--limit {asked.limit}"]
        return {
            "model": asked.model,
            "task": self.models[0].spec.task,
            "limit": asked.limit,
            "found": asked.count,
            "seed": asked.seed,
            "command": " ".join(words),
            "machine": asked.machine,
        }

    def _tell(self) -> None:
        if self.tell is not None and len(self.done.looks) == len(self.models) and self.done.turns:
            self.tell(self.result())
