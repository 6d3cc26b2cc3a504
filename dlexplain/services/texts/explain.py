"""Classifying and explaining texts by a method's name."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from dlexplain.data.text_reading import Reading
from dlexplain.explainers.base import NOTHING, Explainer, Request, find_method
from dlexplain.explainers.batching import Target
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.inputs.text import TextInput, TokenInput
from dlexplain.explainers.precision import check_precision
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value
from dlexplain.results import ClassScore, OutputValue, TextAttribution, TextPrediction
from dlexplain.results.text_explanations import OF_OUTPUTS
from dlexplain.services.explaining import MethodInfo, ResultCache, batch_sizes, infos_for
from dlexplain.services.question import asked_classes, usual_params
from dlexplain.services.texts.models import TextModel

BATCH = 32
"""Texts that are classified at once."""
TEXT = "text"


def text_method_infos(model: TextModel | None = None) -> tuple[MethodInfo, ...]:
    """Every method, or those that are compatible with `model`, by family."""
    if model is None:
        return infos_for(TEXT)
    return infos_for(
        model.prepared.modality, model.prepared, lambda method: _defaults(model, method)
    )


@random_state_kept()
def classify_text(model: TextModel, text: str) -> TextPrediction:
    """Every class of the text, the most probable first; raises TextError."""
    return classify_texts(model, [text])[0]


def classify_reading(model: TextModel, reading: Reading) -> TextPrediction:
    """The same of a text as the model reads it."""
    ids = torch.from_numpy(reading.ids)[None]
    return _prediction(model, reading, activated(model, model.prepared.answer(ids))[0].tolist())


def activated(model: TextModel, logits: torch.Tensor) -> torch.Tensor:
    """(batch, outputs) -> probabilities, or the values of a regression."""
    if model.activation == "softmax":
        return logits.softmax(1)
    return logits.sigmoid() if model.activation == "sigmoid" else logits


@random_state_kept()
def classify_texts(
    model: TextModel, texts: Sequence[str], progress: Progress | None = None
) -> list[TextPrediction]:
    """The same of several, in batches of similar length; raises TextError or Cancelled."""
    progress = progress or Progress()
    readings = [model.read(text) for text in texts]
    progress.plan(len(readings))
    order = sorted(range(len(readings)), key=lambda place: len(readings[place]))
    logits_of = model.prepared.answer if len(texts) == 1 else model.prepared.logits
    found: dict[int, TextPrediction] = {}
    for first in range(0, len(order), BATCH):
        places = order[first : first + BATCH]
        logits = logits_of(model.batch([readings[p] for p in places]))
        shares = activated(model, logits).cpu()
        for place, row in zip(places, shares.tolist(), strict=True):
            found[place] = _prediction(model, readings[place], row)
        progress.advance(len(places))
    return [found[place] for place in range(len(readings))]


def _prediction(model: TextModel, reading: Reading, shares: Sequence[float]) -> TextPrediction:
    order = sorted(range(len(shares)), key=lambda index: -shares[index])
    scores: tuple[ClassScore, ...]
    if model.activation == "identity":
        scores = tuple(OutputValue(model.classes[i], math.nan, shares[i]) for i in order)
    else:
        scores = tuple(ClassScore(model.classes[i], shares[i]) for i in order)
    tokens = int((~reading.special).sum())
    return TextPrediction(
        reading.text, model.name, scores, tokens, reading.unknown, reading.left, model.activation
    )


@random_state_kept()
def explain_text(
    model: TextModel,
    text: str | Reading,
    method: str = "integrated-gradients",
    target: int | str | None = None,
    contrast: int | str | None = None,
    progress: Progress | None = None,
    alone: bool = False,
    **params: Value,
) -> TextAttribution:
    """Which tokens speak for `target`, or for it rather than for `contrast`.

    text    or one as the model reads it, which may have been changed
    target  index or name of a class; by default the most probable one
    contrast  likewise; of a model with two classes by default the other one
    alone   the target's score by itself, also of a model with two classes
    params  the method's parameters (`python -m dlexplain methods --texts` lists them); of a model
            with two classes the baseline is by default one at which it is undecided

    The same request again is answered from memory. Raises TextError, UnknownName, ParamError,
    TargetError, Incompatible or Cancelled.
    """
    explainer = find_method(model.prepared.modality, method)
    wanted = request_of(model, method, params)
    reading = text if isinstance(text, Reading) else model.read(text)
    if target is None:
        target = classify_reading(model, reading).scores[0].name.index
    chosen, other = asked_classes(model, target, contrast, alone)
    goal = Target(chosen.index, other.index if other else None)
    key = _key(model, reading, method, wanted, goal)
    found = _cache.get(key)
    if found is None:
        found = TextAttribution(
            **vars(explainer.explain(input_of(model, reading, goal, progress), wanted)),
            text=reading.text,
            tokens=reading.tokens,
            offsets=reading.offsets,
            words=reading.words,
            place=model.place,
            model=model.name,
            target=chosen,
            contrast=other,
            model_fingerprint=model.prepared.fingerprint,
        )
        found.values.setflags(write=False)
        _cache.put(key, found)
    return found


SHORT = "a good film " * 6
"""What a precision is tried on."""


@random_state_kept()
def precision_warning(model: TextModel, method: str, params: Mapping[str, Value] = NOTHING) -> str:
    """A sentence where the precision asked for is slower on this machine than float32, else "".

    A short text is read both ways, once a process. Raises UnknownName, ParamError, or Incompatible
    where the machine cannot compute the model so.
    """
    precision = str(request_of(model, method, params).options.get("precision", "float32"))
    ids = torch.from_numpy(model.read(SHORT).ids)[None]
    return check_precision(
        model.prepared, ids, find_method(model.prepared.modality, method).family, precision
    )


def input_of(
    model: TextModel, reading: Reading, target: Target, progress: Progress | None = None
) -> TextInput:
    """A text, ready to be explained."""
    kind = TokenInput if model.prepared.modality == TokenInput.modality.name else TextInput
    return kind(
        model.prepared,
        target,
        progress or Progress(),
        batch_sizes(),
        torch.from_numpy(reading.ids)[None],
        torch.from_numpy(reading.words),
        reading.tokens,
        model.activation == "sigmoid",
        OF_OUTPUTS if model.activation == "identity" else "",
    )


def cached_text(
    model: TextModel,
    reading: Reading,
    method: str,
    target: int,
    contrast: int | None,
    params: Mapping[str, Value] = NOTHING,
) -> TextAttribution | None:
    """The answer to this request if it is in memory."""
    wanted = request_of(model, method, params)
    return _cache.get(_key(model, reading, method, wanted, Target(target, contrast)))


def request_of(model: TextModel, method: str, given: Mapping[str, Value]) -> Request[Any]:
    explainer = find_method(model.prepared.modality, method)
    return explainer.request(model.prepared.modality, given, _defaults(model, explainer))


def _defaults(model: TextModel, method: Explainer[Any]) -> dict[str, Value]:
    return usual_params(model, method.specs(model.prepared.modality), method.complete)


def _key(
    model: TextModel, reading: Reading, method: str, asked: Request[Any], target: Target
) -> str:
    what: list[Any] = [
        model.prepared.fingerprint,
        model.place,
        model.activation,
        reading.text,
        reading.ids.tolist(),
        method,
    ]
    what.append(asked.to_dict())
    return json.dumps([*what, target.index, target.contrast])


_cache: ResultCache[TextAttribution] = ResultCache()
