"""Loading any model by its name, once a process."""

import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, ClassVar, NamedTuple, Protocol, TypeVar, cast

import torch
from torch import nn

from dlexplain.errors import WeightsError
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.prepare import fingerprint
from dlexplain.memory import keep_memory
from dlexplain.networks.modules.device import choose_device
from dlexplain.people import signs_in
from dlexplain.registry import imported
from dlexplain.settings import settings
from dlexplain.trained.catalogue import default, find
from dlexplain.trained.entry import ModelEntry
from dlexplain.trained.folder import Trained

KEPT = 8
"""Models of a class that are kept in memory, those used last."""
CLASSES = {
    "classify-image": "dlexplain.services.pictures.models:LoadedModel",
    "classify-text": "dlexplain.services.texts.models:TextModel",
    "classify-token": "dlexplain.services.texts.token_models:TokenModel",
    "language-model": "dlexplain.services.writing.models:LoadedLanguageModel",
    "translate": "dlexplain.services.translation.models:LoadedTranslator",
    "forecast": "dlexplain.services.forecast.models:LoadedForecaster",
    "autoencode": "dlexplain.services.latent.models:LatentModel",
    "vae": "dlexplain.services.latent.models:LatentModel",
    "gan": "dlexplain.services.latent.models:LatentModel",
    "detect-objects": "dlexplain.services.objects.models:LoadedDetector",
    "segment-picture": "dlexplain.services.objects.models:LoadedSegmenter",
}
"""By task: what its models become. Import strings, so that each pays for its own alone."""


class Loadable(Protocol):
    """A class of models ready for use.

    tasks  that its models were trained for
    of     makes one of what the catalogue says; raises WeightsError where files are missing or
           damaged
    """

    tasks: ClassVar[tuple[str, ...]]

    @classmethod
    def of(cls, entry: ModelEntry) -> Any: ...


M = TypeVar("M", bound=Loadable)
_keeping = threading.Lock()
_loading: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
_loaded: set[str] = set()


@random_state_kept()
def load(kind: type[M], name: str = "") -> M:
    """A model by its name in the catalogue, the first where none is given; the same one is given
    while it is kept.

    Raises UnknownName, or WeightsError where files are missing or damaged.
    """
    name = name or default(*kind.tasks).name
    if signs_in():  # what is kept was loaded for somebody, who need not be this one
        find(name, *kind.tasks)
    with _keeping:
        read = kept(kind)
    with _loading[name]:  # two sessions at once wait for one loading
        found = read(name)
    _loaded.add(name)
    return cast(M, found)


def count_loaded() -> int:
    """Models that this process has loaded since it began."""
    return len(_loaded)


@cache
def kept(kind: type[Any]) -> Any:
    """Loads models of the class, and keeps those used last."""

    @lru_cache(maxsize=KEPT)
    def read(name: str) -> Any:
        if settings().keep_memory:
            keep_memory()
        return kind.of(find(name, *kind.tasks))

    return read


def class_of(entry: ModelEntry) -> type[Any]:
    """What a model of the catalogue becomes."""
    return cast(type[Any], imported(CLASSES[entry.task]))


class Placed(NamedTuple):
    """A network ready for use: in eval mode, frozen, on the settings' device."""

    network: Any
    device: torch.device
    fingerprint: str


def placed(network: nn.Module) -> Placed:
    """`network` itself, made ready."""
    device = choose_device(settings().device)
    ready = network.eval().requires_grad_(False).to(device)
    return Placed(ready, device, fingerprint(ready))


@contextmanager
def card_read(model: Trained) -> Iterator[None]:
    """Inside it, what the model's card lacks or has wrong becomes a WeightsError of one
    sentence."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise WeightsError(f"the card of {model.owner} is damaged: {why}") from error
