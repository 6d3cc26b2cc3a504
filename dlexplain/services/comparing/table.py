"""What was found of each example, as a result: means with intervals, shares, what to show."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dlexplain.evaluation.intervals import mean_of
from dlexplain.results.model_comparison import (
    CHANGES,
    SHOWN,
    ClassChange,
    ClassDrift,
    ComparedExample,
    ModelComparison,
)
from dlexplain.results.robustness import Estimate
from dlexplain.results.words import wilson
from dlexplain.services.comparing.store import Compared

NOTHING = Estimate(None, None, None, 0)


def tabulated(about: Mapping[str, Any], done: Sequence[Compared]) -> ModelComparison:
    """about  all of the result but what is found"""
    examples = tuple(one.example for one in done)
    known = [one for one in examples if one.spearman is not None]
    without = len(examples) - len(known)
    notes = list(about["notes"])
    if without:
        notes.append(
            f"Left out of the drift: {without:,} of {len(examples):,} {about['noun']}. Of one "
            "model's map all values are the same, so it has no order."
        )
    pairs = [(one.drift, one.control_drift) for one in examples]
    both = [(a, b) for a, b in pairs if a is not None and b is not None]
    found = ModelComparison(
        **{**about, "notes": tuple(notes)},
        done=len(examples),
        spearman=_mean([one.spearman for one in known]),
        top=_mean([one.top for one in known]),
        drift=_mean([one.drift for one in known]),
        control_drift=_mean([one.control_drift for one in examples]),
        beyond=_mean([a - b for a, b in both]),
        same=_same(examples, 1),
        control_same=_same(examples, 2),
        changes=_changes(examples),
        classes=_classes(examples),
        examples=examples,
        shown=(),
    )
    return _with_shown(found, done)


def change_of(label: int | None, first: int | None, second: int | None) -> str:
    """A key of CHANGES; "" where nothing was said."""
    if first is None or second is None:
        return ""
    if label is None:
        return "same" if first == second else "apart"
    if label in (first, second):
        return "both" if first == second else "lost" if first == label else "gained"
    return "wrong" if first == second else "other"


def _mean(values: Sequence[float | None]) -> Estimate:
    known = np.array([one for one in values if one is not None], np.float64)
    if not len(known):
        return NOTHING
    found = mean_of(known)
    return Estimate(found.value, found.low, found.high, len(known))


def _share(count: int, n: int) -> Estimate:
    return Estimate(count / n, *wilson(count / n, n), n) if n else NOTHING


def _same(examples: Sequence[ComparedExample], which: int) -> Estimate:
    """Of how many the first and another say the same class."""
    said = [one.said for one in examples if len(one.said) > which]
    return _share(sum(one[0] == one[which] for one in said), len(said))


def _changes(examples: Sequence[ComparedExample]) -> tuple[ClassChange, ...]:
    """Of the changes that can be told here, also those that no example has."""
    known = [one.change for one in examples if one.change]
    if not known:
        return ()
    unlabelled = ("same", "apart")
    names = unlabelled if known[0] in unlabelled else [n for n in CHANGES if n not in unlabelled]
    return tuple(
        ClassChange(name, CHANGES[name], known.count(name), _share(known.count(name), len(known)))
        for name in names
    )


def _classes(examples: Sequence[ComparedExample]) -> tuple[ClassDrift, ...]:
    """The one that drifts most first."""
    if not any(one.said for one in examples):
        return ()
    found = []
    for label in dict.fromkeys(one.target for one in examples):
        own = [one for one in examples if one.target == label]
        found.append(ClassDrift(label, _mean([one.drift for one in own]), _same(own, 1)))
    return tuple(sorted(found, key=lambda one: -(one.drift.value or 0.0)))


def _with_shown(found: ModelComparison, done: Sequence[Compared]) -> ModelComparison:
    """With the maps of the examples that drift most and of those that flip."""
    wanted = {one.place for one in (*found.lost_most[:SHOWN], *found.flipped[:SHOWN])}
    shown = tuple(one.shown for one in done if one.example.place in wanted)
    return ModelComparison(**{**vars(found), "shown": shown})
