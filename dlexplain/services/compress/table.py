"""Answers of a measurement of compressed models as its result: medians over turns, and ratios of
the turns' own."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.evaluation.intervals import of_median
from dlexplain.results.compression import Compression, Machine, MeasuredModel, Speed, Spread
from dlexplain.results.words import examples_of, size
from dlexplain.services.compress.store import Done
from dlexplain.services.compress.versions import how_told
from dlexplain.services.pictures.bundle import versions
from dlexplain.tasks.base import TASKS
from dlexplain.trained.folder import Trained, sizes_of

SINGLE, BEST = 0, 1
PACKAGED = {
    "minilm": "a part of the weights lies in a package and in no file of the model: sizes are of "
    "what was trained"
}
"""Architectures of which a package carries weights, and what is to be said of it."""


class Measured:
    """What a model's card says of it."""

    def __init__(self, model: Trained) -> None:
        self.model = model
        key = TASKS[model.spec.task].headline
        self.metric, self.score = key, model.metrics.get(key)
        self.examples = examples_of(key, sizes_of(model.facts))
        self.data = str(model.facts.get("digest", ""))
        self.stored = str(model.card.get("stored", ""))
        self.disk = model.weights.stat().st_size


def tabulated(about: Mapping[str, Any], models: Sequence[Measured], done: Done) -> Compression:
    """The result of the turns that are done, at least one."""
    turns = [done.turns[turn] for turn in sorted(done.turns)]
    # (turns, models, single or best, seconds or processor seconds)
    visits = np.array([turn["visits"] for turn in turns], np.float64)
    batches = [done.batches[place] for place in range(len(models))]
    rows = [
        _row(one, about["model"], place, done.looks[place], visits, batches)
        for place, one in enumerate(models)
    ]
    loads = [turn["load"] for turn in turns if turn["load"] is not None]
    machine = about["machine"]
    return Compression(
        model=about["model"],
        task=about["task"],
        models=tuple(rows),
        inputs=_inputs(models[0].model),
        limit=about["limit"],
        done=len(turns),
        found=about["found"],
        seed=about["seed"],
        machine=Machine(
            machine["processor"], machine["cores"], turns[-1]["threads"],
            tuple(machine["features"]), machine["system"],
            (min(loads), max(loads)) if loads else (),
        ),
        date=turns[-1]["date"],
        command=about["command"],
        versions=versions(),
        notes=(*_notes(models), *_busy(loads, machine["cores"])),
    )  # fmt: skip


def _row(
    one: Measured, original: str, place: int, look: Mapping[str, Any],
    visits: NDArray[np.float64], batches: Sequence[int],
) -> MeasuredModel:  # fmt: skip
    best = batches[place]
    energy = 1000 * visits[:, place, BEST, 1] / best
    return MeasuredModel(
        name=one.model.name,
        title=one.model.title,
        how="" if place == 0 else how_told(one.model, original),
        metric=one.metric,
        score=one.score,
        examples=one.examples,
        data=one.data,
        disk=one.disk,
        stored=one.stored,
        single=_speed(visits[:, :, SINGLE, 0], place, [1] * len(batches)),
        best=_speed(visits[:, :, BEST, 0], place, batches),
        energy=_spread(energy),
        **look,
    )


def _speed(seconds: NDArray[np.float64], place: int, batches: Sequence[int]) -> Speed:
    """seconds  (turns, models)"""
    each = seconds / np.array(batches)
    return Speed(batches[place], _spread(seconds[:, place]), _spread(each[:, 0] / each[:, place]))


def _spread(values: NDArray[np.float64]) -> Spread:
    return Spread(*of_median(values), len(values))


def _inputs(model: Trained) -> str:
    from dlexplain.services.compress.inputs import inputs_of  # torch, which the page has not yet

    return inputs_of(model).told


def _busy(loads: Sequence[float], cores: int) -> tuple[str, ...]:
    """A note where others wanted the processor meanwhile."""
    middle = float(np.median(loads)) if loads else 0.0
    if middle <= cores + 0.5:  # this measurement itself is about one of them
        return ()
    return (
        f"the system's load was {middle:.1f} on {cores} cores while it was measured: others "
        "computed too, so times are longer and less sure than on an idle machine",
    )


def _notes(models: Sequence[Measured]) -> tuple[str, ...]:
    first, notes = models[0], []
    others = [m.model.name for m in models[1:] if m.data != first.data]
    if others:
        notes.append(
            f"{', '.join(others)} saw other examples than {first.model.name}; their scores are not "
            "of one test"
        )
    fewer = [
        m.model.name for m in models[1:]
        if m.data == first.data and m.examples != first.examples
    ]  # fmt: skip
    if fewer:
        notes.append(f"{', '.join(fewer)} was tested on another number of examples")
    if first.stored:
        notes.append(
            f"the file of {first.model.name} is packed ({first.stored}) in {size(first.disk)}; "
            "sizes in the table are those that a run of each would write"
        )
    notes += [PACKAGED[first.model.spec.model]] if first.model.spec.model in PACKAGED else []
    return tuple(notes)
