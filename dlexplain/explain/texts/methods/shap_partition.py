"""SHAP's Partition explainer over the tokens of a text."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from dlexplain.explain.base import Attributed, completeness_error
from dlexplain.explain.texts.base import Family, TextExplainer, TextRun, precision_param, register
from dlexplain.explain.texts.removal import removal_param, single_tokens, without
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
            300, "Evaluations", low=10, high=20000, help="Texts sent through the model."
        )
        removed: str = removal_param()
        precision: str = precision_param()

    def attribute(self, run: TextRun, params: Any) -> Attributed:
        import shap

        numbers = single_tokens(run)
        leaves = pieces(run)
        own = (numbers >= 0).numpy()
        evaluator = run.from_ids(params.precision)
        known: dict[bytes, float] = {}

        def model(on: NDArray[Any]) -> NDArray[np.float64]:
            rows = np.asarray(on, bool)[:, own]
            keys = [row.tobytes() for row in rows]
            fresh = list(dict.fromkeys(key for key in keys if key not in known))
            if fresh:
                some = torch.from_numpy(np.stack([np.frombuffer(key, bool) for key in fresh]))
                scores = evaluator.all_scores(without(run, some, numbers, params.removed))
                known.update(zip(fresh, scores.tolist(), strict=True))
            return np.array([known[key] for key in keys])[:, None]

        run.progress.plan(params.evaluations)
        if len(leaves) == 1:
            values = torch.tensor(
                [float(model(np.ones((1, 1)))[0, 0] - model(np.zeros((1, 1)))[0, 0])]
            )
        else:
            explainer = shap.PartitionExplainer(model, masker_of(leaves))
            found = explainer(
                np.ones((1, len(leaves)), bool),
                max_evals=params.evaluations,
                batch_size=AT_ONCE,
                silent=True,
            )
            values = torch.from_numpy(np.asarray(found.values, np.float32).reshape(len(leaves)))
        ends = model(np.stack([np.ones(len(leaves)), np.zeros(len(leaves))]))[:, 0]
        whole, nothing = float(ends[0]), float(ends[1])
        error = completeness_error(values, whole, nothing)
        return Attributed(values, error, baseline_score=nothing)


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


def masker_of(tokens: list[str]) -> Any:
    """What shap asks of a text's masker: a tree of the tokens, and how tokens are hidden.

    The tree is that of shap.maskers.Text, which joins pieces, words and phrases in turn.
    """
    import shap
    from shap.maskers._text import partition_tree  # private; the version is pinned

    class Masker(shap.maskers.Masker):  # type: ignore[misc]
        shape = (1, len(tokens))
        immutable_outputs = True

        @cached_property
        def clustering(self) -> NDArray[np.float64]:
            tree: NDArray[np.float64] = partition_tree(tokens, special_tokens=[])
            # As shap.maskers.Text scales it.
            tree[:, 2] = tree[:, 3] / max(tree[:, 3].max(), 1)
            return tree

        def __call__(self, mask: NDArray[np.bool_], _row: Any) -> tuple[NDArray[np.bool_], ...]:
            return (np.asarray(mask, bool)[None],)

    return Masker()
