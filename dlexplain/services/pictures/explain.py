"""The classes of a picture, and why: attributions."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from torch import Tensor

from dlexplain.data.fit import Fit, read_fit
from dlexplain.data.pictures import Picture, Source, read_picture
from dlexplain.errors import BadInput
from dlexplain.explainers.base import Explainer, Request, find_method
from dlexplain.explainers.batching import BatchSizes, Target
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.inputs.picture import BoxInput, PictureInput
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value
from dlexplain.results import Attribution, ClassScore, Prediction
from dlexplain.services.explaining import MethodInfo, ResultCache, batch_sizes, infos_for
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.segments import segments_of
from dlexplain.services.question import asked_classes, usual_params

NO_SEGMENTS = (None, "")
USUAL_METHODS = ("grad-cam", "occlusion")
INPUTS = {"picture": PictureInput, "box": BoxInput}
"""By the modality of the prepared model."""


def method_infos(model: LoadedModel | None = None) -> tuple[MethodInfo, ...]:
    """Every method, or those that are compatible with `model`: gradient, layer, perturbation.

    With a model, the defaults of the parameters are those that suit its pictures.
    """
    if model is None:
        return infos_for("picture")
    kind = model.prepared.modality
    return infos_for(kind, model.prepared, lambda method: _defaults(model, method))


def usual_method(model: LoadedModel) -> str:
    """What explains where no method is named: the first of USUAL_METHODS that suits the model."""
    kind = model.prepared.modality
    known = [find_method(kind, name) for name in USUAL_METHODS]
    return next((m.name for m in known if m.is_compatible(model.prepared)), USUAL_METHODS[0])


def method_choices(model: LoadedModel, method: str) -> dict[str, tuple[str, ...]]:
    """For parameters whose values depend on the model, such as a layer: what is accepted."""
    return find_method(model.prepared.modality, method).choices(model.prepared)


@random_state_kept()
def explain(
    model: LoadedModel,
    picture: Source | Picture,
    method: str = "",
    target: int | str | None = None,
    contrast: int | str | None = None,
    progress: Progress | None = None,
    fit: Fit | str | None = None,
    alone: bool = False,
    segments: Source | None = None,
    **params: Value,
) -> Attribution:
    """Which parts of the picture speak for `target`, or for it rather than for `contrast`.

    picture  a path, encoded bytes, a PIL image, or an array (height, width[, 1, 3 or 4])
    target   index or name of a class, or what else its list accepts; by default the most
             probable one
    method   see `method_infos`; by default Grad-CAM, or Occlusion of a model without gradients
    fit      how the picture is made into the model's square: "crop" (the middle, by default),
             "crop:X,Y", "pad" or "squash", see Fit
    contrast likewise; of a model with two classes by default the other one
    alone    the target's score by itself, also of a model with two classes
    segments of a method that switches superpixels, what stands for them: (height, width) whole
             numbers of the picture's size, or a picture of that size in which every colour is one
    params   the method's parameters (`python -m dlexplain methods` lists them); the defaults of
             some depend on the size of the model's pictures, and on whether it has two classes

    Returns an Attribution, whose params are those used; the same request again is answered from
    memory. Raises PictureError, UnknownName, ParamError, TargetError, Incompatible or Cancelled.
    """
    method = method or usual_method(model)
    explainer = find_method(model.prepared.modality, method)
    wanted = request_of(model, method, params)
    read = as_picture(picture, fit, model.spec.preprocessing.fit)
    if target is None:
        target = classify(model, read, top=1).scores[0].name.index
    chosen, other = asked_classes(model, target, contrast, alone)
    goal = Target(chosen.index, other.index if other else None)
    parts, digest = (
        segments_of(model, read, explainer, segments) if segments is not None else NO_SEGMENTS
    )
    key = _key(model, read, method, wanted, goal, digest)
    found = _cache.get(key)
    if found is None:
        given = input_of(model, read, goal, progress, parts)
        found = Attribution(
            **vars(explainer.explain(given, wanted)),
            model=model.name,
            target=chosen,
            contrast=other,
            picture=model.view(read),
            picture_digest=read.digest,
            fit=str(read.fit),
            model_fingerprint=model.prepared.fingerprint,
        )
        found.values.setflags(write=False)
        _cache.put(key, found)
    return replace(found, path=read.name, part=model.part, mask=model.mask)


def input_of(
    model: LoadedModel,
    picture: Picture,
    target: Target,
    progress: Progress | None = None,
    segments: Tensor | None = None,
    chunks: BatchSizes | None = None,
) -> PictureInput:
    """A picture, ready to be explained. chunks  by default as measured on this machine"""
    return INPUTS[model.prepared.modality](
        model.prepared,
        target,
        progress or Progress(),
        chunks or batch_sizes(),
        model.to_input(model.view(picture)),
        segments,
    )


def cached(
    model: LoadedModel,
    picture: Picture,
    method: str,
    target: int,
    contrast: int | None,
    params: Mapping[str, Value],
) -> Attribution | None:
    """The answer to this request if it is in memory."""
    wanted = request_of(model, method, params)
    found = _cache.get(_key(model, picture, method, wanted, Target(target, contrast)))
    if found is None:
        return None
    return replace(found, path=picture.name, part=model.part, mask=model.mask)


def request_of(model: LoadedModel, method: str, given: Mapping[str, Value]) -> Request[Any]:
    kind = model.prepared.modality
    explainer = find_method(kind, method)
    return explainer.request(kind, given, _defaults(model, explainer))


def _defaults(model: LoadedModel, method: Explainer[Any]) -> dict[str, Value]:
    """What a model changes of the method's own defaults."""
    return {
        **method.defaults(model.prepared),
        **usual_params(model, method.specs(model.prepared.modality), method.complete),
    }


def _key(
    model: LoadedModel,
    picture: Picture,
    method: str,
    asked: Request[Any],
    target: Target,
    segments: str = "",
) -> str:
    return json.dumps(
        [
            model.prepared.fingerprint,
            picture.key,
            method,
            asked.to_dict(),
            target.index,
            target.contrast,
            segments,
        ]
    )


_cache: ResultCache[Attribution] = ResultCache()


USUAL = 5
"""Classes of a prediction."""


def as_picture(
    source: Source | Picture, fit: Fit | str | None = None, usual: str = "crop"
) -> Picture:
    """A Picture as it is; anything else is read and checked (raises PictureError).

    fit    how it is made into the model's square, where that is not to stay; raises ParamError
    usual  how one that is read here is, where nothing else is said
    """
    if fit is None and not isinstance(source, Picture):
        fit = usual
    wanted = None if fit is None else read_fit(fit)
    picture = source if isinstance(source, Picture) else read_picture(source)
    return picture if wanted is None else replace(picture, fit=wanted)


@random_state_kept()
def classify(
    model: LoadedModel,
    picture: Source | Picture,
    top: int | None = None,
    fit: Fit | str | None = None,
) -> Prediction:
    """The `top` most probable classes, best first; by default five, or all of fewer.

    picture  a path, encoded bytes, a PIL image, or an array (height, width[, 1, 3 or 4])
    fit      "crop" (the middle, by default), "crop:X,Y", "pad" or "squash", see Fit
    Raises PictureError, ParamError for another fit, or BadInput for a `top` outside 1 to the count
    of classes.
    """
    count = len(model.classes)
    top = min(USUAL, count) if top is None else top
    if not 1 <= top <= count:
        raise BadInput(f"top is {top}; it takes a whole number from 1 to {count}")
    read = as_picture(picture, fit, model.spec.preprocessing.fit)
    logits = model.prepared.answer(model.to_input(model.view(read)))
    best = logits[0].float().softmax(0).topk(top)
    pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    scores = tuple(ClassScore(model.classes[i], probability) for i, probability in pairs)
    energy = -float(logits[0].double().logsumexp(0))
    return Prediction(read.name, model.name, scores, str(read.fit), energy)
