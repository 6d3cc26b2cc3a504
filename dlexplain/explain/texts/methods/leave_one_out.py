"""Taking away one word at a time."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from dlexplain.explain.base import Attributed, without_rounding
from dlexplain.explain.texts.base import Family, TextExplainer, TextRun, register
from dlexplain.explain.texts.removal import groups, removal_param, single_tokens, without
from dlexplain.params import choice

UNITS = ("words", "tokens")


@register
class LeaveOneOut(TextExplainer):
    """Leaves out one word after the other and sees how far the score falls. It asks nothing but
    the model's own answers, yet overlooks words that say the same twice: without either, the
    score stays. The pieces of a word share its value alike.

    Formula: f(x) - f(x without the word)
    """

    name = "leave-one-out"
    title = "Leave one out"
    family: ClassVar[Family] = "perturbation"
    paper = "Li, Monroe, Jurafsky 2016, https://arxiv.org/abs/1612.08220"

    @dataclass(frozen=True)
    class Params:
        removed: str = removal_param("drop")
        unit: str = choice(
            "words", "Left out at once", UNITS, help="A whole word, or each of its pieces alone."
        )

    def attribute(self, run: TextRun, params: Any) -> Attributed:
        numbers = groups(run) if params.unit == "words" else single_tokens(run)
        count = int(numbers.max()) + 1
        run.progress.plan(count + 1)
        on = torch.cat(
            [torch.ones(1, count, dtype=torch.bool), ~torch.eye(count, dtype=torch.bool)]
        )
        scores = run.from_ids().all_scores(without(run, on, numbers, params.removed)).cpu()
        values = torch.zeros(len(numbers))
        own = numbers[numbers >= 0]
        values[numbers >= 0] = ((scores[0] - scores[1:]) / own.bincount())[own]
        return Attributed(without_rounding(values, float(scores[0])))
