"""Signs that robust accuracy misleads: gradients that are hidden, attacks that are too weak.

Athalye, Carlini, Wagner, "Obfuscated Gradients Give a False Sense of Security", 2018,
https://arxiv.org/abs/1802.00420, section 3.1; Carlini et al. 2019,
https://arxiv.org/abs/1902.06705.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.evaluation.paired import Paired, more_often
from dlexplain.results.attacks import budget_told
from dlexplain.results.robustness import Flag

LEVEL = 0.05
"""Of all budgets together: of each it is divided by their number (Bonferroni)."""
Bools = NDArray[np.bool_]
Tell = Callable[["Fooled", "Fooled", Paired, str, int], str]


@dataclass(frozen=True, eq=False)
class Fooled:
    """One attack on the examples that the model gets right as they are.

    steps    whether it takes more than one gradient
    at       (budgets, examples) whether it fools the model within each budget
    resisted examples that no change at all fools; None where that was not tried
    """

    name: str
    title: str
    gradients: bool
    steps: bool
    at: Bools
    resisted: int | None = None


def flags_of(
    attacks: Sequence[Fooled], norm: str, budgets: Sequence[float], noun: str
) -> tuple[Flag, ...]:
    """All signs, each told once: of the budget at which it is clearest."""
    white = [one for one in attacks if one.gradients]
    iterative = [one for one in white if one.steps]
    black = [one for one in attacks if not one.gradients]
    masked = (_clearest([one], white, norm, budgets, _masked(noun)) for one in black)
    found = [Flag("masked", told) for told in masked if told]
    single = [one for one in white if not one.steps]
    if told := _clearest(single, iterative, norm, budgets, _one_step(noun)):
        found.append(Flag("one-step", told))
    for one in iterative:
        if one.resisted:
            total = one.at.shape[1]
            found.append(Flag("unbounded", (
                f"Of {total:,} {noun} {one.resisted:,} resist {one.title} where any change is "
                "allowed, which no model can: its gradients say too little, or its steps are too "
                "few. What it did not fool says little of the model."
            )))  # fmt: skip
    return tuple(found)


def _clearest(
    weak: Sequence[Fooled], strong: Sequence[Fooled], norm: str, budgets: Sequence[float],
    tell: Tell,
) -> str:  # fmt: skip
    """Where one of `weak` fools significantly more than the best of `strong`; "" where none."""
    best: tuple[float, str] = (LEVEL / max(1, len(budgets)), "")
    for level, budget in enumerate(budgets):
        for one in weak:
            if not strong:
                continue
            rival = max(strong, key=lambda s: int(s.at[level].sum()))
            paired = more_often(one.at[level], rival.at[level])
            if paired.p < best[0]:
                told = tell(one, rival, paired, budget_told(norm, budget), one.at.shape[1])
                best = (paired.p, told)
    return best[1]


def _masked(noun: str) -> Tell:
    def tell(one: Fooled, rival: Fooled, paired: Paired, budget: str, n: int) -> str:
        return (
            f"{one.title}, which sees scores alone, fools {paired.first:,} of {n:,} {noun} within "
            f"{budget} that {rival.title}, the best attack by gradients, does not, and "
            f"{paired.second:,} the other way round (p = {paired.p:.1g}): the model hides its "
            "gradients rather than being robust. Believe the lower line."
        )

    return tell


def _one_step(noun: str) -> Tell:
    def tell(one: Fooled, rival: Fooled, paired: Paired, budget: str, n: int) -> str:
        return (
            f"{one.title}, one step, fools {paired.first:,} of {n:,} {noun} within {budget} that "
            f"{rival.title}, many steps, does not, and {paired.second:,} the other way round "
            f"(p = {paired.p:.1g}): its gradients lead astray."
        )

    return tell


def fooled_at(levels: NDArray[Any], count: int) -> Bools:
    """(examples,) the first level that fools, -1 for none -> (count, examples) whether each of the
    first `count` levels does."""
    known = np.asarray(levels)
    return np.stack([(known >= 0) & (known <= level) for level in range(count)])
