"""How the map of one input changed while a model was trained: a frame for each kept epoch."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.results.explanations import Attribution, plot
from dlexplain.results.runs import Curve
from dlexplain.results.series import SeriesAttribution
from dlexplain.results.text_explanations import TextAttribution

ALIKE = 0.9
"""Rank correlation with the last map above which a map looks as in the end."""
Explanation = Attribution | TextAttribution | SeriesAttribution


def map_of(found: Explanation) -> NDArray[np.float32]:
    """What is drawn of an explanation, on two axes: a picture's (height, width), a text's
    (1, tokens) without marks, series' (series, window)."""
    if isinstance(found, Attribution):
        return found.heatmap
    if isinstance(found, TextAttribution):
        return found.values[found.words >= 0][None]
    return np.asarray(found.values.T, np.float32)


@dataclass(frozen=True, eq=False)
class FilmFrame:
    """One moment of the training.

    epoch     epochs done, 0 before the first step
    said      the class that the model names then, "" of a forecaster
    value     the probability of the film's class, 0 to 1; of a forecaster the forecast change
    likeness  Spearman's rank correlation of the map with that of the last frame, -1 to 1; NaN
              where one of them has no order, such as a map that is 0 everywhere
    """

    epoch: int
    said: str
    value: float
    likeness: float
    found: Explanation = field(repr=False)

    @property
    def alike(self) -> bool:
        return self.likeness > ALIKE


@dataclass(frozen=True, eq=False)
class Film:
    """The maps of one input at each kept epoch of a run, one class and one method throughout.

    run, name  the run's id and title;  of  the input, in words
    modality   "picture", "text" or "series"
    what       what `value` of a frame is, such as "probability of cat"
    frames     in the order of the epochs
    epochs     of the whole training;  steps  of the optimiser in it
    curves     the training's loss over its steps, and the validation's, those that there are
    notes      sentences that its reader should know
    """

    run: str
    name: str
    of: str
    modality: str
    what: str
    frames: tuple[FilmFrame, ...]
    epochs: int
    steps: int
    curves: tuple[Curve, ...]
    notes: tuple[str, ...] = ()

    @property
    def last(self) -> FilmFrame:
        return self.frames[-1]

    @property
    def method(self) -> str:
        return self.last.found.method

    @property
    def title(self) -> str:
        """The method's."""
        return self.last.found.title

    @property
    def signed(self) -> bool:
        found = self.last.found
        return True if isinstance(found, SeriesAttribution) else found.signed

    @cached_property
    def maps(self) -> NDArray[np.float32]:
        """(frames, rows, columns): the maps, for a scale that is the same for all of them."""
        return np.stack([map_of(frame.found) for frame in self.frames]).astype(np.float32)

    @property
    def settled(self) -> int | None:
        """The first epoch from which every map looks as in the end; None where only the last."""
        return _since([frame.alike for frame in self.frames], self.frames)

    @property
    def answer(self) -> str:
        """When the map became what it is in the end, and since when the model says so."""
        return " ".join(filter(None, (self._of_map(), self._of_class())))

    def _of_map(self) -> str:
        last = self.last
        if not np.any(self.maps[-1]):
            return f"The last map, of epoch {last.epoch}, is empty, so no other is like it."
        if self.settled is None:
            before = self.frames[-2]
            if math.isnan(before.likeness):
                return (
                    f"The map was still changing in the end: that of epoch {before.epoch} has no "
                    f"order to compare with that of epoch {last.epoch}."
                )
            return (
                f"The map was still changing in the end: that of epoch {before.epoch} has a rank "
                f"correlation of {before.likeness:.2f} with that of epoch {last.epoch}."
            )
        since = f"From epoch {self.settled} on" if self.settled else "Before the first step already"
        return (
            f"{since} the map looks as in the end (rank correlation with that of epoch "
            f"{last.epoch} above {ALIKE:g})."
        )

    def _of_class(self) -> str:
        if not self.last.said:
            return ""
        same = [frame.said == self.last.said for frame in self.frames]
        since = _since(same, self.frames)
        if since is None:
            return f'Only in the last frame the model says "{self.last.said}".'
        when = f"from epoch {since} on" if since else "from before the first step on"
        return f'The model says "{self.last.said}" {when}.'

    def to_dict(self) -> dict[str, Any]:
        """The form that `film --json` prints: everything but the maps."""
        found = self.last.found
        return {
            "run": self.run,
            "name": self.name,
            "input": self.of,
            "modality": self.modality,
            "method": self.method,
            "params": dict(found.params),
            "what": self.what,
            "answer": self.answer,
            "frames": [_row(frame) for frame in self.frames],
            "curves": {c.key: [c.steps.tolist(), c.values.tolist()] for c in self.curves},
            "notes": list(self.notes),
        }

    def plot(self) -> Any:
        """The loss, and what the model says and how alike the maps are, epoch by epoch."""
        return plot(self)


def _since(same: Sequence[bool], frames: Sequence[FilmFrame]) -> int | None:
    """The epoch of the first frame from which on all are so; None where only the last is."""
    place = len(same) - 1
    while place and same[place - 1]:
        place -= 1
    return None if place == len(same) - 1 else frames[place].epoch


def _row(frame: FilmFrame) -> Mapping[str, Any]:
    likeness = None if math.isnan(frame.likeness) else frame.likeness
    return {
        "epoch": frame.epoch,
        "said": frame.said,
        "value": frame.value,
        "likeness": likeness,
    }
