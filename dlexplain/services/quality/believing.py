"""Which of several explanations of one input to believe: a rule over their facts, and what the
model itself says where two of them differ most."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.pictures import Picture
from dlexplain.errors import BadInput
from dlexplain.evaluation.agreement import agreement
from dlexplain.evaluation.arbiter import arbitrate
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.results import (
    Arbitration,
    Attribution,
    Badge,
    Fact,
    MapAgreement,
    SeriesAttribution,
    TextAttribution,
)
from dlexplain.results.words import listed
from dlexplain.services.forecast.explain import Question
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.quality.cases import picture_case, series_case, text_case
from dlexplain.services.texts.models import Reading, TextModel

RULE = (
    "First come the maps that depend on what the model has learnt, then those of which that was "
    "not measured; among them, those that cost the answer most beyond chance when what they mark "
    "is taken away."
)
DEPENDS = ("yes", "unclear", "not measured", "no")
"""Verdicts on whether a map depends on the model, in the order of RULE."""


def fact_of(badge: Badge, name: str) -> Fact:
    """faithful, stable or depends."""
    return next(fact for fact in badge.facts if fact.name == name)


def order_of(badges: Sequence[Badge]) -> list[int]:
    """Places of the badges by RULE, the one to believe first."""

    def key(place: int) -> tuple[int, float]:
        depends = fact_of(badges[place], "depends").verdict
        return DEPENDS.index(depends), -_gain(badges[place])

    return sorted(range(len(badges)), key=key)


def advice(titles: Sequence[str], badges: Sequence[Badge]) -> str:
    """One sentence: which maps are told from chance and depend on the model, the first of them by
    what it costs, and which are not told from it."""
    faithful = [p for p in order_of(badges) if fact_of(badges[p], "faithful").verdict == "yes"]
    if not faithful:
        return (
            "None of these maps is told from chance: what they mark costs the answer no more than "
            "random parts do."
        )
    sound = [p for p in faithful if fact_of(badges[p], "depends").verdict != "no"]
    if not sound:
        named = listed([titles[place] for place in faithful])
        return (
            f"None of these maps is both told from chance and dependent on what the model has "
            f"learnt; told from chance alone: {named}."
        )
    best = max(sound, key=lambda place: _gain(badges[place]))
    found = fact_of(badges[best], "faithful").found
    assert found is not None
    assert found.high is not None
    reach = found.high - found.value
    near = [p for p in sound if p != best and _gain(badges[best]) - _gain(badges[p]) <= reach]
    some = len(sound) < len(faithful)
    if near:
        named = listed([titles[place] for place in (best, *near)])
        return (
            f"{named}: of the maps that depend on the model, what they mark costs the answer the "
            "most beyond chance, about alike."
            if some
            else f"{named}: what they mark costs the answer the most beyond chance, about alike."
        )
    return (
        f"{titles[best]}: of the maps that depend on the model, what it marks costs the answer the "
        "most beyond chance."
        if some
        else f"{titles[best]}: what it marks costs the answer the most beyond chance."
    )


def _gain(badge: Badge) -> float:
    found = fact_of(badge, "faithful").found
    return found.value if found else -np.inf


def agree(found: Sequence[Attribution | TextAttribution | SeriesAttribution]) -> MapAgreement:
    """How far the maps of one input agree, and their consensus; raises BadInput."""
    maps = [_places(one) for one in found]
    if len({one.shape for one in maps}) > 1:
        raise BadInput("the maps are not of one size")
    return agreement(np.stack(maps), [one.title for one in found])


def _places(one: Attribution | TextAttribution | SeriesAttribution) -> NDArray[np.float64]:
    values = one.heatmap if isinstance(one, Attribution) else one.values
    return values.astype(np.float64)


def least_alike(found: MapAgreement) -> tuple[int, int]:
    """The places of the two maps whose ranks correlate the least."""
    unlike = found.correlations + np.tril(np.full(found.correlations.shape, np.inf))
    first, second = np.unravel_index(np.argmin(unlike), unlike.shape)
    return int(first), int(second)


@random_state_kept()
def settle_picture(
    model: LoadedModel,
    picture: Picture,
    first: Attribution,
    second: Attribution,
    progress: Progress | None = None,
) -> Arbitration:
    """Which of two maps is right where they differ most; see evaluation.arbiter."""
    cases = (picture_case(model, picture, one, progress) for one in (first, second))
    return arbitrate(*cases)


@random_state_kept()
def settle_text(
    model: TextModel,
    reading: Reading,
    first: TextAttribution,
    second: TextAttribution,
    progress: Progress | None = None,
) -> Arbitration:
    """The same of a text."""
    return arbitrate(*(text_case(model, reading, one, progress) for one in (first, second)))


@random_state_kept()
def settle_series(
    question: Question,
    first: SeriesAttribution,
    second: SeriesAttribution,
    progress: Progress | None = None,
) -> Arbitration:
    """The same of a forecast."""
    return arbitrate(*(series_case(question, one, progress) for one in (first, second)))
