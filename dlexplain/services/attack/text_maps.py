"""Does the explanation of a text notice an attack? One question before and after it."""

from dataclasses import dataclass

import numpy as np

from dlexplain.errors import BadInput
from dlexplain.evaluation.ranks import spearman
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.results import TextAttackResult, TextAttribution
from dlexplain.services.texts.explain import explain_text
from dlexplain.services.texts.models import TextModel

USUAL = "integrated-gradients"
LEAST_WORDS = 3


@dataclass(frozen=True, eq=False)
class TextMapsOfAttack:
    """before, after  why the class that is right, of the text and of the changed one, by words
    correlation    Spearman's, of the values of the words that are in both places, -1 to 1; None of
                   fewer than LEAST_WORDS of these, or where one map says nothing
    words          how many of these there are
    """

    before: TextAttribution
    after: TextAttribution
    correlation: float | None
    words: int


@random_state_kept()
def text_maps_of(
    model: TextModel,
    result: TextAttackResult,
    method: str = USUAL,
    progress: Progress | None = None,
) -> TextMapsOfAttack:
    """Explain the right class before and after the attack by one method.

    Raises UnknownName, Incompatible, or BadInput where the attack is of another model; Cancelled.
    """
    if result.model_fingerprint != model.prepared.fingerprint:
        raise BadInput(f"the attack is on another model than {model.name}")
    before, after = (
        explain_text(model, text, method, result.label.index, progress=progress).of_words()
        for text in (result.text, result.moved)
    )
    pairs = _pairs(result, before, after)
    found = None
    if len(pairs) >= LEAST_WORDS:
        first, second = np.array(pairs, np.float64).T
        found = spearman(first, second)
    return TextMapsOfAttack(
        before, after, None if found is None or np.isnan(found) else found, len(pairs)
    )


def _pairs(
    result: TextAttackResult, before: TextAttribution, after: TextAttribution
) -> list[tuple[float, float]]:
    """The values of each word that has a place in both texts, whatever stands there."""
    left_out = {one.place for one in result.changes if not one.new}
    first, second = (one.values[one.words >= 0].tolist() for one in (before, after))
    stayed = [value for place, value in enumerate(first) if place not in left_out]
    if len(stayed) != len(second):  # a typo may split a word, and a long text is cut elsewhere
        return []
    return list(zip(stayed, second, strict=True))
