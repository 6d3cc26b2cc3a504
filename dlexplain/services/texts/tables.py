"""A CSV of texts, classified and explained, and the words that weigh most in each class."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence

from dlexplain.data.text_column import column_names, other_columns, read_text_column
from dlexplain.errors import DataError, ParamError, TextError
from dlexplain.explainers.progress import Progress
from dlexplain.results import ClassWords, TextAttribution, TextPrediction, TextTable
from dlexplain.services.texts.explain import classify_texts, explain_text
from dlexplain.services.texts.models import TextModel

__all__ = ["column_names", "explain_texts", "other_columns", "read_text_column"]
TOP = 5
"""Weightiest words kept of a text."""
OF_A_CLASS = 15
NAMED = 5
"""Rows that were left out of which each is said why."""


def explain_texts(
    model: TextModel,
    texts: Sequence[str],
    method: str = "input-x-gradient",
    progress: Progress | None = None,
    beside: Mapping[str, Sequence[str]] | None = None,
) -> TextTable:
    """Each text's class, and what decided; progress counts texts.

    beside  other columns of the texts' table by name, which the result keeps
    Texts that cannot be read are left out and said. Raises DataError where none is left, or
    Cancelled.
    """
    progress = progress or Progress()
    started = time.perf_counter()
    rows, kept, skipped = _readable(model, texts)
    progress.plan(len(kept))
    predictions = classify_texts(model, kept)
    found = []  # row, prediction, attribution
    refused = []
    for row, text, said in zip(rows, kept, predictions, strict=True):
        inner = Progress(cancelled=progress.cancelled)
        target = said.scores[0].name.index
        try:
            why = explain_text(model, text, method, target, progress=inner).of_words()
            found.append((row, said, why))
        except ParamError as error:  # a method may take short texts only
            refused.append(f"Row {row} was left out: {error}.")
        progress.advance(1)
    skipped += _some(refused)
    if not found:
        raise DataError(f"none of the rows can be explained by {method}: {refused[0]}")
    rows, predictions, explained = ([*part] for part in zip(*found, strict=True))
    return TextTable(
        method=method,
        rows=tuple(rows),
        predictions=tuple(predictions),
        top=tuple(_top(found) for found in explained),
        summaries=_summaries(predictions, explained),
        skipped=tuple(skipped),
        unit=explained[0].unit,
        seconds=time.perf_counter() - started,
        beside={
            name: tuple(values[row - 1] for row in rows) for name, values in (beside or {}).items()
        },
    )


def _readable(model: TextModel, texts: Sequence[str]) -> tuple[list[int], list[str], list[str]]:
    rows, kept, lost = [], [], []
    for row, text in enumerate(texts, 1):
        try:
            model.read(text)
        except TextError as error:
            lost.append(f"Row {row} was left out: {error}.")
            continue
        rows.append(row)
        kept.append(text)
    if not kept:
        raise DataError(f"none of the {len(texts):,} rows has a text")
    return rows, kept, _some(lost)


def _some(sentences: list[str]) -> list[str]:
    """The first of them, and how many more there are."""
    more = len(sentences) - NAMED
    told = [f"{more:,} more rows were left out."] if more > 0 else []
    return [*sentences[:NAMED], *told]


def _top(found: TextAttribution) -> tuple[tuple[str, float], ...]:
    own = [place for place in range(len(found.tokens)) if found.words[place] >= 0]
    best = sorted(own, key=lambda place: -abs(float(found.values[place])))[:TOP]
    return tuple((found.tokens[place], float(found.values[place])) for place in best)


def _summaries(
    predictions: Sequence[TextPrediction], explained: Sequence[TextAttribution]
) -> tuple[ClassWords, ...]:
    """Of each class that was said, the words with the largest mean value, those of one text last.

    A word's mean over few texts is drawn towards 0, as if it had also occurred once with none.
    """
    found = []
    for label in sorted({said.scores[0].name.label for said in predictions}):
        values: dict[str, list[float]] = defaultdict(list)
        texts = 0
        for said, attribution in zip(predictions, explained, strict=True):
            if said.scores[0].name.label != label:
                continue
            texts += 1
            words = zip(attribution.tokens, attribution.words, attribution.values, strict=True)
            for token, word, value in words:
                if word >= 0 and any(letter.isalnum() for letter in token):
                    values[token.lower()].append(float(value))
        order = sorted(values, key=lambda w: -sum(values[w]) / (len(values[w]) + 1))[:OF_A_CLASS]
        found.append(
            ClassWords(
                label,
                texts,
                tuple(order),
                tuple(sum(values[w]) / len(values[w]) for w in order),
                tuple(len(values[w]) for w in order),
            )
        )
    return tuple(found)
