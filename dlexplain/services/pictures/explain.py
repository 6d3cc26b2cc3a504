"""Explaining a picture's class by a method's name."""

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import dlexplain.explain.methods  # noqa: F401, registers the methods
from dlexplain import params as declared
from dlexplain.data.fit import Fit
from dlexplain.data.pictures import Picture, Source
from dlexplain.explain.base import METHODS, Explainer
from dlexplain.explain.batching import Target
from dlexplain.explain.drawing import random_state_kept
from dlexplain.explain.progress import Progress
from dlexplain.params import Spec, Value, as_dict
from dlexplain.results import Attribution
from dlexplain.services.pictures.classify import as_picture, classify
from dlexplain.services.pictures.models import LoadedModel, chunk_book
from dlexplain.services.question import asked_classes, usual_params
from dlexplain.settings import settings

R = TypeVar("R")


@dataclass(frozen=True)
class MethodInfo:
    """A method's facts, for pages and listings; `description` is its docstring."""

    name: str
    title: str
    family: str
    signed: bool
    complete: bool
    paper: str
    description: str
    params: dict[str, Spec]

    def to_dict(self) -> dict[str, Any]:
        """The form that `methods --json` prints."""
        specs = {
            key: {"kind": s.kind, "default": s.default, "accepts": s.accepts, "help": s.help}
            for key, s in self.params.items()
        }
        return {**vars(self), "params": specs}


class Described(Protocol):
    """A method of pictures, texts or series, as far as its facts go."""

    name: ClassVar[str]
    title: ClassVar[str]
    family: ClassVar[Any]
    signed: ClassVar[bool]
    complete: ClassVar[bool]
    paper: ClassVar[str]
    Params: ClassVar[type]

    @classmethod
    def description(cls) -> str: ...


def method_info(
    method: Described, defaults: Mapping[str, Value] = MappingProxyType({})
) -> MethodInfo:
    """Its facts; `defaults` of parameters stand for its own."""
    specs = declared.specs(method.Params)
    return MethodInfo(
        name=method.name,
        title=method.title,
        family=method.family,
        signed=method.signed,
        complete=method.complete,
        paper=method.paper,
        description=method.description(),
        params={k: replace(s, default=defaults.get(k, s.default)) for k, s in specs.items()},
    )


def method_infos(model: LoadedModel | None = None) -> tuple[MethodInfo, ...]:
    """Every method, or those that are compatible with `model`: gradient, layer, perturbation.

    With a model, the defaults of the parameters are those that suit its pictures.
    """
    order = ("gradient", "layer", "perturbation")
    methods = sorted(METHODS.values(), key=lambda m: order.index(m.family))
    if model is None:
        return tuple(method_info(m) for m in methods)
    fitting = (m for m in methods if m.is_compatible(model.prepared))
    return tuple(method_info(m, _defaults(model, m)) for m in fitting)


def method_choices(model: LoadedModel, method: str) -> dict[str, tuple[str, ...]]:
    """For parameters whose values depend on the model, such as a layer: what is accepted."""
    return METHODS[method].choices(model.prepared)


@random_state_kept()
def explain(
    model: LoadedModel,
    picture: Source | Picture,
    method: str = "grad-cam",
    target: int | str | None = None,
    contrast: int | str | None = None,
    progress: Progress | None = None,
    fit: Fit | str | None = None,
    alone: bool = False,
    **params: Value,
) -> Attribution:
    """Which parts of the picture speak for `target`, or for it rather than for `contrast`.

    picture  a path, encoded bytes, a PIL image, or an array (height, width[, 1, 3 or 4])
    target   index or name of a class, or what else its list accepts; by default the most
             probable one
    fit      how the picture is made into the model's square: "crop" (the middle, by default),
             "crop:X,Y", "pad" or "squash", see Fit
    contrast likewise; of a model with two classes by default the other one
    alone    the target's score by itself, also of a model with two classes
    params   the method's parameters (`python -m dlexplain methods` lists them); the defaults of
             some depend on the size of the model's pictures, and on whether it has two classes

    Returns an Attribution, whose params are those used; the same request again is answered from
    memory. Raises PictureError, UnknownName, ParamError, TargetError, Incompatible or Cancelled.
    """
    explainer = METHODS[method]
    wanted = _params(model, method, params)
    read = as_picture(picture, fit)
    if target is None:
        target = classify(model, read, top=1).scores[0].name.index
    chosen, other = asked_classes(model, target, contrast, alone)
    goal = Target(chosen.index, other.index if other else None)
    key = _key(model, read, method, wanted, goal)
    found = _cache.get(key)
    if found is None:
        view = model.view(read)
        found = explainer.explain(
            model.prepared,
            model.to_input(view),
            goal,
            wanted,
            progress,
            chunk_book(),
        )
        found = replace(
            found,
            model=model.name,
            target=chosen,
            contrast=other,
            picture=view,
            picture_digest=read.digest,
            fit=str(read.fit),
            model_fingerprint=model.prepared.fingerprint,
        )
        found.values.setflags(write=False)
        _cache.put(key, found)
    return replace(found, path=read.name)


def cached(
    model: LoadedModel,
    picture: Picture,
    method: str,
    target: int,
    contrast: int | None,
    params: Mapping[str, Value],
) -> Attribution | None:
    """The answer to this request if it is in memory."""
    wanted = _params(model, method, params)
    found = _cache.get(_key(model, picture, method, wanted, Target(target, contrast)))
    return None if found is None else replace(found, path=picture.name)


def _params(model: LoadedModel, method: str, given: Mapping[str, Value]) -> Any:
    explainer = METHODS[method]
    return declared.parse(explainer.Params, {**_defaults(model, explainer), **given})


def _defaults(model: LoadedModel, method: Explainer) -> dict[str, Value]:
    """What a model changes of the method's own defaults."""
    return {
        **method.defaults(model.prepared),
        **usual_params(model, method.Params, method.complete),
    }


def _key(model: LoadedModel, picture: Picture, method: str, params: object, target: Target) -> str:
    return json.dumps(
        [
            model.prepared.fingerprint,
            picture.key,
            method,
            as_dict(params),
            target.index,
            target.contrast,
        ]
    )


class ResultCache(Generic[R]):
    """The explanations used last; shared by all sessions of the process."""

    def __init__(self) -> None:
        self._entries: OrderedDict[str, R] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> R | None:
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
            return self._entries.get(key)

    def put(self, key: str, found: R) -> None:
        with self._lock:
            self._entries[key] = found
            while len(self._entries) > settings().cache_entries:
                self._entries.popitem(last=False)


_cache: ResultCache[Attribution] = ResultCache()
