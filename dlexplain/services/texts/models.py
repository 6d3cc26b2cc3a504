"""Text classifiers by name, loaded once a process: the zoo's and finished runs."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from dlexplain.data.class_list import ClassList, plain_classes
from dlexplain.data.text_reading import Reading, TextReader
from dlexplain.data.tokenisers import FILE, load_tokeniser
from dlexplain.errors import WeightsError
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.prepare import fingerprint
from dlexplain.explainers.text_model import TextTwin
from dlexplain.memory import keep_memory
from dlexplain.networks.device import choose_device, describe_device
from dlexplain.networks.hugging_face_classifier import PAD as HUGGING_FACE_PAD
from dlexplain.networks.text_shapes import PAD, Adapted, Attends, ReadsVectors
from dlexplain.results import Activation, ClassName
from dlexplain.services.texts.hugging_face import is_own_model
from dlexplain.services.texts.model_list import find_text_model
from dlexplain.services.texts.own_check import checked_classifier
from dlexplain.services.texts.own_reading import read_model
from dlexplain.services.trained.models import Trained
from dlexplain.services.trained.networks import load_network
from dlexplain.settings import settings

__all__ = ["Reading", "TextModel", "load_text_model"]
UNKNOWN = ("[UNK]", "<unk>")
MASKS = ("[MASK]", "<mask>")
KEPT = 8
"""Models kept in memory, those used last."""
_loading = threading.Lock()


@dataclass(frozen=True, eq=False)
class TextModel:
    """A text classifier ready to classify and to be explained; `load_text_model` makes it.

    activation  how its outputs become what it says
    """

    modality: ClassVar[str] = "text"
    name: str
    title: str
    class_list: ClassList
    reader: TextReader
    twin: TextTwin
    activation: Activation = "softmax"

    @property
    def classes(self) -> tuple[ClassName, ...]:
        """In the order of the outputs."""
        return self.class_list.names

    @property
    def device(self) -> str:
        """The device in words."""
        return describe_device(self.twin.device)

    def find_class(self, wanted: int | str) -> ClassName:
        """The class with this index or name; raises TargetError, which says what is accepted."""
        return self.class_list.find(wanted)

    def read(self, text: str) -> Reading:
        """Raises TextError."""
        return self.reader.read(text)

    def batch(self, readings: Sequence[Reading]) -> Tensor:
        """(readings, longest of them) ids"""
        longest = max(len(reading) for reading in readings)
        ids = torch.full((len(readings), longest), self.twin.pad)
        for row, reading in zip(ids, readings, strict=True):
            row[: len(reading)] = torch.from_numpy(reading.ids)
        return ids


@random_state_kept()
def load_text_model(name: str) -> TextModel:
    """A zoo model by name, a finished run by id, or a user's by folder or name on the hub.

    The same one while it is kept. Raises UnknownName, or WeightsError where files are missing or
    damaged.
    """
    with _loading:  # two sessions at once wait for one loading
        return _load(name)


@lru_cache(maxsize=KEPT)
def _load(name: str) -> TextModel:
    if settings().keep_memory:
        keep_memory()
    if is_own_model(name):
        return _of_hugging_face(name)
    return _of_trained(find_text_model(name))


def _of_trained(model: Trained) -> TextModel:
    facts, files = model.facts, model.files
    network = load_network(model)
    if not isinstance(network, ReadsVectors):
        raise WeightsError(f"{model.owner} cannot be read from its word vectors")
    if isinstance(network, Adapted):
        network.merge_adapters()
    try:
        tokeniser = load_tokeniser(files[FILE])
        classes = plain_classes(tuple(map(str, facts["classes"])), model.spec.data)
        longest = int(facts["longest"])
    except KeyError as error:
        raise WeightsError(f"the card of {model.owner} is damaged: it lacks {error}") from error
    tokeniser.no_padding()
    tokeniser.no_truncation()
    letters = model.spec.task_params.get("tokeniser") == "character"
    unknown, mask = _token(tokeniser, UNKNOWN), _token(tokeniser, MASKS)
    reader = TextReader(tokeniser, longest, unknown, letters)
    blank = mask if mask >= 0 else max(unknown, 0)
    return _ready(model.name, model.title, classes, network, reader, PAD, blank)


def _of_hugging_face(name: str) -> TextModel:
    own = read_model(name, "sequence classifier")
    config = own.model.config
    labels = [str(config.id2label.get(i, f"LABEL_{i}")) for i in range(config.num_labels)]
    network = checked_classifier(own, name)
    title = Path(name).name
    classes = plain_classes(labels, title)
    reader = TextReader(own.tokeniser, own.longest, own.unknown)
    ready = _ready(name, title, classes, network, reader, HUGGING_FACE_PAD, own.blank)
    return replace(ready, activation=activation_of(config))


def activation_of(config: Any) -> Activation:
    """As transformers' text-classification pipeline chooses it: by `problem_type`, else by the
    number of outputs."""
    if config.problem_type == "regression":
        return "identity"
    several = config.problem_type == "multi_label_classification"
    return "sigmoid" if several or config.num_labels == 1 else "softmax"


def _ready(
    name: str,
    title: str,
    classes: ClassList,
    network: nn.Module,
    reader: TextReader,
    pad: int,
    blank: int,
) -> TextModel:
    """The network on its device, frozen, with what reads its texts."""
    device = choose_device(settings().device)
    twin = TextTwin(
        network.to(device).eval().requires_grad_(False),
        device,
        fingerprint(network),
        pad,
        blank,
        isinstance(network, Attends),
        network.reads if isinstance(network, Attends) else "mean",
    )
    return TextModel(name, title, classes, reader, twin)


def _token(tokeniser: Tokenizer, names: tuple[str, ...]) -> int:
    """The id of the first of these that the vocabulary has, or -1."""
    found = (tokeniser.token_to_id(name) for name in names)
    return next((token for token in found if token is not None), -1)
