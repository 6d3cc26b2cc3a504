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
from dlexplain.services.forecast.explain import Question
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.quality.cases import picture_case, series_case, text_case
from dlexplain.services.texts.models import Reading, TextModel

RULE = (
    "First come the maps that depend on what the model has learnt; among them, those that cost the "
    "answer most beyond chance when what they mark is taken away."
)


def fact_of(badge: Badge, name: str) -> Fact:
    """faithful, stable or depends."""
    return next(fact for fact in badge.facts if fact.name == name)


def order_of(badges: Sequence[Badge]) -> list[int]:
    """Places of the badges by RULE, the one to believe first."""

    def key(place: int) -> tuple[bool, float]:
        found = fact_of(badges[place], "faithful").found
        ignores = fact_of(badges[place], "depends").verdict == "no"
        return ignores, -(found.value if found else -np.inf)

    return sorted(range(len(badges)), key=key)


def advice(titles: Sequence[str], badges: Sequence[Badge]) -> str:
    """One sentence: the first by RULE, whether it is told from chance, and from the second."""
    order = order_of(badges)
    first, second = (fact_of(badges[place], "faithful") for place in order[:2])
    title = titles[order[0]]
    if first.verdict != "yes":
        return (
            "None of these maps is told from chance: what they mark costs the answer no more than "
            "random parts do."
        )
    gain, other = first.found, second.found
    assert gain is not None
    assert gain.high is not None
    apart = other is None or gain.value - other.value > gain.high - gain.value
    if fact_of(badges[order[1]], "depends").verdict == "no":
        apart = True
    more = "" if apart else f", though {titles[order[1]]} is not told from it"
    return f"{title}: what it marks costs the answer the most beyond chance{more}."


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
