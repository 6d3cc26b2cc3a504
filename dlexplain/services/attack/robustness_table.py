"""What was found of each example, as a result: shares with intervals, flags."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.evaluation.calibration import expected_calibration_error
from dlexplain.evaluation.intervals import LEAST, mean_of
from dlexplain.results.robustness import (
    ANY,
    AttackCurve,
    ClassRobustness,
    CorruptionScore,
    Estimate,
    Robustness,
    SeverityScore,
)
from dlexplain.results.words import wilson
from dlexplain.services.attack.masking import Fooled, flags_of, fooled_at
from dlexplain.services.attack.robust_subject import (
    AskedAttack,
    AskedCorruption,
    Labelled,
    RobustnessPlan,
    Row,
)

NOTHING = Estimate(None, None, None, 0)
RESAMPLES = 500
"""Of the examples, for the interval of a calibration error."""
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Answers = Mapping[str, Sequence[Row]]
"""By a question's key, a Row of each example that is done."""


def tabulated(
    about: Mapping[str, Any], plan: RobustnessPlan, examples: Labelled, answers: Answers
) -> Robustness:
    """answers  of the same examples, the first ones, by every question"""
    clean = answers[plan.clean.key]
    labels = np.array([examples.label(p, row) for p, row in enumerate(clean)], dtype=np.int64)
    right = _said(clean) == labels
    count = len(plan.budgets)
    attacked = [_Attacked(one, answers[one.key], right, count) for one in plan.attacks]
    corrupted = _Corrupted(plan, answers, labels)
    every = _together(attacked, count, right)
    return Robustness(
        **about,
        done=len(labels),
        norm=plan.norm,
        budgets=plan.budgets,
        clean=_share(right),
        attacks=tuple([one.curve for one in attacked] + ([every] if len(attacked) > 1 else [])),
        corruptions=corrupted.scores(),
        severities=corrupted.severities(right, clean),
        corrupted=corrupted.mean(),
        classes=_classes(examples, labels, right, attacked, count, corrupted),
        flags=flags_of(
            [one.fooled for one in attacked], plan.norm, plan.budgets, str(about["noun"])
        ),
    )


def _said(rows: Sequence[Row]) -> NDArray[np.int64]:
    return np.array([row[0] for row in rows], dtype=np.int64)


def _sure(rows: Sequence[Row]) -> Floats:
    return np.array([row[1] for row in rows], dtype=np.float64)


def _share(hits: Bools) -> Estimate:
    """With Wilson's interval."""
    if not len(hits):
        return NOTHING
    share = float(hits.mean())
    return Estimate(share, *wilson(share, len(hits)), len(hits))


def _mean(values: Floats) -> Estimate:
    """With a bootstrap interval; of values that are not NaN."""
    known = values[np.isfinite(values)]
    if not len(known):
        return NOTHING
    found = mean_of(known)
    return Estimate(found.value, found.low, found.high, len(known))


class _Attacked:
    """One attack.

    right  (examples,) whether it is so as it is
    at     (budgets, examples) whether it fools the model there;  ever  (examples,) at any level
    """

    def __init__(self, asked: AskedAttack, rows: Sequence[Row], right: Bools, count: int) -> None:
        self.asked, self.right = asked, right
        first = np.array([-1 if row[0] is None else row[0] for row in rows], dtype=np.int64)
        levels = fooled_at(first, len(asked.levels))
        self.at, self.ever = levels[:count], levels[-1]

    @property
    def curve(self) -> AttackCurve:
        asked = self.asked
        return AttackCurve(
            asked.name,
            asked.title,
            asked.params,
            asked.gradients,
            tuple(_share(self.right & ~row) for row in self.at),
            _share(self.right & ~self.ever) if asked.unbounded else None,
        )

    @property
    def fooled(self) -> Fooled:
        asked, right = self.asked, self.right
        resisted = int((right & ~self.ever).sum()) if asked.unbounded else None
        return Fooled(
            asked.name, asked.title, asked.gradients, asked.unbounded, self.at[:, right], resisted
        )


def _together(attacked: Sequence[_Attacked], count: int, right: Bools) -> AttackCurve:
    return AttackCurve(
        ANY, "All of them", {}, True,
        tuple(_share(row) for row in _withstood(attacked, count, right)),
    )  # fmt: skip


def _withstood(attacked: Sequence[_Attacked], count: int, right: Bools) -> Bools:
    """(budgets, examples) right, and not fooled by any of them."""
    found: Bools = np.tile(right, (count, 1))
    for one in attacked:
        found &= ~one.at[:count]
    return found


class _Corrupted:
    """All corruptions. right, sure, alike  (cells, examples)"""

    def __init__(self, plan: RobustnessPlan, answers: Answers, labels: NDArray[np.int64]) -> None:
        self.asked: Sequence[AskedCorruption] = plan.corruptions
        self.drawn = bool(plan.map_method)
        rows = [answers[one.key] for one in self.asked]
        shape = (len(rows), len(labels))
        self.right = np.array([_said(r) == labels for r in rows], dtype=bool).reshape(shape)
        self.sure = np.array([_sure(r) for r in rows], dtype=np.float64).reshape(shape)
        alike = [[np.nan if row[2] is None else row[2] for row in r] for r in rows]
        self.alike = np.array(alike, dtype=np.float64).reshape(shape)

    def scores(self) -> tuple[CorruptionScore, ...]:
        return tuple(
            CorruptionScore(
                one.name,
                one.title,
                one.family,
                one.severity,
                _share(right),
                expected_calibration_error(sure, right) if len(right) else None,
                _mean(alike),
            )
            for one, right, sure, alike in zip(
                self.asked, self.right, self.sure, self.alike, strict=True
            )
        )

    def mean(self) -> Estimate:
        return _mean(self.of_examples()) if len(self.asked) else NOTHING

    def of_examples(self) -> Floats:
        """(examples,) the part of its corruptions of which each is still right."""
        return np.asarray(self.right.mean(0), dtype=np.float64)

    def severities(self, right: Bools, clean: Sequence[Row]) -> tuple[SeverityScore, ...]:
        """From 0, as they are, on."""
        if not len(self.asked) or not len(right):
            return ()
        sure = _sure(clean)
        same = Estimate(1.0, None, None, len(right)) if self.drawn else NOTHING
        found = [SeverityScore(0, _share(right), _calibration(sure[None], right[None]), same)]
        for level in sorted({one.severity for one in self.asked}):
            which = [i for i, one in enumerate(self.asked) if one.severity == level]
            alike = self.alike[which]
            known = np.isfinite(alike)
            sums, counts = np.where(known, alike, 0.0).sum(0), known.sum(0)
            means = np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0)
            found.append(
                SeverityScore(
                    level,
                    _mean(self.right[which].mean(0)),
                    _calibration(self.sure[which], self.right[which]),
                    _mean(means),
                )
            )
        return tuple(found)


def _calibration(sure: Floats, right: Bools) -> Estimate:
    """(cells, examples) of both -> of all together; its interval by resampling the examples.

    Fewer different examples make the error larger, so resampled ones lie above it: the interval is
    their spread about their own mean, laid about the value.
    """
    count = sure.shape[1]
    value = expected_calibration_error(sure.ravel(), right.ravel())
    if count < LEAST:
        return Estimate(value, None, None, count)
    drawn = np.random.default_rng(0).integers(0, count, (RESAMPLES, count))
    errors = [
        expected_calibration_error(sure[:, rows].ravel(), right[:, rows].ravel()) for rows in drawn
    ]
    low, high = np.quantile(errors, [0.025, 0.975]) - np.mean(errors) + value
    return Estimate(value, max(0.0, float(low)), float(high), count)


def _classes(
    examples: Labelled, labels: NDArray[np.int64], right: Bools, attacked: Sequence[_Attacked],
    count: int, corrupted: _Corrupted,
) -> tuple[ClassRobustness, ...]:  # fmt: skip
    """Of classes that there are examples of, in their order."""
    withstood = _withstood(attacked, count, right)
    means = corrupted.of_examples() if len(corrupted.asked) else np.full(len(labels), np.nan)
    return tuple(
        ClassRobustness(
            examples.classes[index],
            _share(right[labels == index]),
            tuple(_share(row[labels == index]) for row in withstood),
            _mean(means[labels == index]),
        )
        for index in np.unique(labels).tolist()
    )
