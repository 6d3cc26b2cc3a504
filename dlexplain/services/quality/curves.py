"""The curves behind a badge, one metric at a time, when somebody asks for them."""

import dlexplain.evaluation.metrics  # noqa: F401, registers them
from dlexplain.data.pictures import Picture
from dlexplain.evaluation.base import METRICS, metrics_for
from dlexplain.evaluation.case import Case
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.results import Attribution, Quality, SeriesAttribution, TextAttribution
from dlexplain.services.forecast.explain import Question
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.quality.cases import picture_case, series_case, text_case
from dlexplain.services.texts.models import Reading, TextModel

CURVES = (
    "deletion", "insertion", "road-most", "comprehensiveness", "sufficiency",
    "parameter-randomisation",
)  # fmt: skip
"""Metrics that are seen as a curve."""


def curves_for(modality: str) -> dict[str, str]:
    """Titles by name."""
    known = metrics_for(modality)
    return {name: known[name].title for name in CURVES if name in known}


def told_of(metric: str) -> str:
    """What it says and cannot say."""
    return METRICS[metric].description()


def picture_curve(
    model: LoadedModel, picture: Picture, found: Attribution, metric: str, progress: Progress
) -> Quality:
    """Of a map of the picture; raises Incompatible, BadInput for values that say nothing, or
    Cancelled."""
    return _measured(picture_case(model, picture, found, progress), metric)


def text_curve(
    model: TextModel, reading: Reading, found: TextAttribution, metric: str, progress: Progress
) -> Quality:
    """The same of a text."""
    return _measured(text_case(model, reading, found, progress), metric)


def series_curve(
    question: Question, found: SeriesAttribution, metric: str, progress: Progress
) -> Quality:
    """The same of a forecast."""
    return _measured(series_case(question, found, progress), metric)


@random_state_kept()
def _measured(case: Case, name: str) -> Quality:
    metric = METRICS[name]
    return metric.judge(case, metric.params())
