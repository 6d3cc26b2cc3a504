"""One input explained by several methods, with what the model said and what was measured: what a
report is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dlexplain.results.explanations import Attribution, Prediction
from dlexplain.results.quality import Badge, Quality
from dlexplain.results.quality_words import words_of
from dlexplain.results.runs import Curve, RunRecord
from dlexplain.results.series import SeriesAttribution, SeriesForecast
from dlexplain.results.text_explanations import TextAttribution, TextPrediction
from dlexplain.results.words import listed


@dataclass(frozen=True)
class MeasuredFact:
    """How far one map can be believed. method  its title;  fact  "faithful 0.31";  told  a sentence
    with the figures and their n"""

    method: str
    fact: str
    told: str


def facts_of_badge(method: str, badge: Badge) -> tuple[MeasuredFact, ...]:
    """Of one map's badge."""
    return tuple(MeasuredFact(method, words_of(fact), fact.told) for fact in badge.facts)


def fact_of_quality(method: str, found: Quality) -> MeasuredFact:
    """Of one metric."""
    return MeasuredFact(method, found.title, f"{found.told} {found.found.note}".strip())


def believed(measured: Sequence[MeasuredFact]) -> str:
    """ "Grad-CAM: faithful 0.31, stable; LIME: not faithful." or "" where nothing was measured."""
    methods = dict.fromkeys(one.method for one in measured)
    told = [
        f"{method}: {listed([one.fact for one in measured if one.method == method])}"
        for method in methods
    ]
    return f"Measured of the maps: {'; '.join(told)}." if told else ""


@dataclass(frozen=True, eq=False)
class ExplainedPicture:
    """maps  of one picture;  predictions  of one or two models, or none;  reason  the answer in a
    sentence, where it was measured what would be said without what is marked"""

    maps: tuple[Attribution, ...]
    predictions: tuple[Prediction, ...] = ()
    measured: tuple[MeasuredFact, ...] = ()
    reason: str = ""


@dataclass(frozen=True, eq=False)
class ExplainedText:
    """maps  of one text;  prediction  or None where it was not asked;  reason  as of a picture"""

    maps: tuple[TextAttribution, ...]
    prediction: TextPrediction | None = None
    measured: tuple[MeasuredFact, ...] = ()
    reason: str = ""


@dataclass(frozen=True, eq=False)
class ExplainedSeries:
    """maps  of one forecast;  said  what is explained, a sentence"""

    maps: tuple[SeriesAttribution, ...]
    said: str
    forecast: SeriesForecast | None = None
    measured: tuple[MeasuredFact, ...] = ()


@dataclass(frozen=True, eq=False)
class FollowedRun:
    """A run with its curves, in groups that are drawn together, and what its test found."""

    record: RunRecord
    curves: tuple[tuple[Curve, ...], ...] = ()
    tested: Any = None
