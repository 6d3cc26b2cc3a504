"""Explanations of models that are here, as the metrics take them."""

from typing import Any

import torch
from torch import Tensor

from dlexplain.data.pictures import Picture
from dlexplain.evaluation.case import Case
from dlexplain.explainers.base import Request, find_method
from dlexplain.explainers.batching import Target
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.explainers.progress import Progress
from dlexplain.results import Attribution, ClassName, SeriesAttribution, TextAttribution
from dlexplain.services.forecast import explain as forecasts
from dlexplain.services.forecast.explain import Question
from dlexplain.services.pictures import explain as pictures
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.texts import explain as texts
from dlexplain.services.texts.models import Reading, TextModel


def picture_case(
    model: LoadedModel,
    picture: Picture,
    found: Attribution,
    progress: Progress | None = None,
    truth: Tensor | None = None,
    seed: int = 0,
) -> Case:
    """truth  (height, width) bool of what the model sees, True where evidence is known to be"""
    given = pictures.input_of(model, picture, _target(found.target, found.contrast), progress)
    return _case(given, found, pictures.request_of(model, found.method, found.params), truth, seed)


def text_case(
    model: TextModel,
    reading: Reading,
    found: TextAttribution,
    progress: Progress | None = None,
    truth: Tensor | None = None,
    seed: int = 0,
) -> Case:
    """truth  (tokens,) bool"""
    given = texts.input_of(model, reading, _target(found.target, found.contrast), progress)
    return _case(given, found, texts.request_of(model, found.method, found.params), truth, seed)


def series_case(
    question: Question,
    found: SeriesAttribution,
    progress: Progress | None = None,
    truth: Tensor | None = None,
    seed: int = 0,
) -> Case:
    """truth  (window, series) bool"""
    given = forecasts.input_of(question, progress)
    method = find_method(given.modality.name, found.method)
    request = method.request(given.modality.name, found.params)
    return _case(given, found, request, truth, seed)


def _case(
    given: ModelInput,
    found: Attribution | TextAttribution | SeriesAttribution,
    request: Request[Any],
    truth: Tensor | None,
    seed: int,
) -> Case:
    method = find_method(given.modality.name, found.method)
    values = torch.from_numpy(found.values.astype("float32"))
    return Case(given, values, method.is_signed(request.params), method, request, truth, seed)


def _target(target: ClassName, contrast: ClassName | None) -> Target:
    return Target(target.index, contrast.index if contrast else None)
