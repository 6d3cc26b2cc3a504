"""SHAP's Partition explainer over the tokens of a text."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from dlexplain.explain.base import Attributed, summed_up
from dlexplain.explain.baselines import UNDECIDED
from dlexplain.explain.owen import Tree, owen_values
from dlexplain.explain.texts.base import Family, TextExplainer, TextRun, register
from dlexplain.explain.texts.precision import precision_param
from dlexplain.explain.texts.removal import WAYS, removal_param, removing, single_tokens
from dlexplain.params import number

AT_ONCE = 5
"""Texts asked for together, as shap does: where the evaluations end the search depends on it, so
it may not depend on the machine."""


@register
class PartitionShap(TextExplainer):
    """Owen values: Shapley values over a tree of phrases. The text is halved again and again,
    where it matters most first, so the evaluations go where the evidence is. They sum to
    f(x) - f(all words taken away). Marks are in the tree, as they are in shap's, and always stay;
    where the evaluations end before a group is halved, its tokens share alike, marks too.

    Formula: Shapley values in which only the coalitions that the tree allows are counted.
    """

    name = "shap-partition"
    title = "SHAP Partition"
    family: ClassVar[Family] = "perturbation"
    complete = True
    paper = "Lundberg, Lee 2017, https://arxiv.org/abs/1705.07874 (Owen 1977 for the values)"

    @dataclass(frozen=True)
    class Params:
        evaluations: int = number(
            300, "Evaluations", low=10, high=20000, help="Texts that the search may ask for."
        )
        removed: str = removal_param(ways=(*WAYS, UNDECIDED))
        precision: str = precision_param()

    def attribute(self, run: TextRun, params: Any) -> Attributed:
        numbers = single_tokens(run)
        leaves = pieces(run)
        own = (numbers >= 0).numpy()
        evaluator, removed = removing(run, params.removed, params.precision)

        def score(on: NDArray[np.bool_]) -> NDArray[np.float64]:
            return evaluator.all_scores(removed(torch.from_numpy(on))).double().cpu().numpy()

        run.progress.plan(params.evaluations)
        width = evaluator.chunks.get(evaluator.model, "forward")
        values, whole, nothing = owen_values(
            Tree.of(phrases(leaves)), score, params.evaluations, AT_ONCE, width, own
        )
        return summed_up(torch.from_numpy(values), whole, nothing)


def pieces(run: TextRun) -> list[str]:
    """The tokens as shap.maskers.Text has them: those that go on with a word as "##ing", marks
    empty."""
    found: list[str] = []
    before = -1
    for token, word in zip(run.tokens, run.words.tolist(), strict=True):
        if word < 0:
            found.append("")
        else:
            found.append("##" + token.strip() if word == before else token.strip())
        before = word
    return found


def phrases(tokens: list[str]) -> NDArray[np.int64]:
    """(tokens - 1, 2) which two are joined in turn, as by shap.maskers.Text: pieces, words and
    phrases."""
    from shap.maskers._text import partition_tree  # private; the version is pinned

    if len(tokens) == 1:
        return np.zeros((0, 2), np.int64)
    joined: NDArray[np.float64] = partition_tree(tokens, special_tokens=[])
    return joined[:, :2].astype(np.int64)
