"""Text classifiers, ready for use: trained here, or a user's in Hugging Face's form."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from dlexplain.data.class_list import ClassList, plain_classes
from dlexplain.data.text_reading import Reading, TextReader
from dlexplain.data.tokenisers import FILE, load_tokeniser
from dlexplain.errors import WeightsError
from dlexplain.explainers.text_model import PreparedText
from dlexplain.networks.modules.device import describe_device
from dlexplain.networks.modules.hugging_face_classifier import PAD as HUGGING_FACE_PAD
from dlexplain.networks.modules.text_shapes import PAD, Adapted, Attends, ReadsVectors
from dlexplain.results import Activation, ClassName
from dlexplain.services.loading import card_read, placed
from dlexplain.services.texts.own_check import checked_classifier
from dlexplain.services.texts.own_reading import read_model
from dlexplain.trained.entry import ModelEntry
from dlexplain.trained.folder import Trained
from dlexplain.trained.hugging_face import foreign_model
from dlexplain.trained.networks import load_network

__all__ = ["Reading", "TextModel"]
UNKNOWN = ("[UNK]", "<unk>")
MASKS = ("[MASK]", "<mask>")


@dataclass(frozen=True, eq=False)
class TextModel:
    """A text classifier ready to classify and to be explained; `load` makes it.

    activation  how its outputs become what it says
    place       the token whose label its classes are, marks included, where it is a token
                classifier asked for one token; -1 where they are of the whole text
    """

    tasks: ClassVar[tuple[str, ...]] = ("classify-text",)
    modality: ClassVar[str] = "text"
    name: str
    title: str
    class_list: ClassList
    reader: TextReader
    prepared: PreparedText
    activation: Activation = "softmax"
    place: int = -1

    @classmethod
    def of(cls, entry: ModelEntry) -> "TextModel":
        own = isinstance(entry.origin, str)
        return _of_hugging_face(entry.name) if own else _of_trained(entry.trained)

    @property
    def classes(self) -> tuple[ClassName, ...]:
        """In the order of the outputs."""
        return self.class_list.names

    @property
    def device(self) -> str:
        """The device in words."""
        return describe_device(self.prepared.device)

    def find_class(self, wanted: int | str) -> ClassName:
        """The class with this index or name; raises TargetError, which says what is accepted."""
        return self.class_list.find(wanted)

    def read(self, text: str) -> Reading:
        """Raises TextError."""
        return self.reader.read(text)

    def batch(self, readings: Sequence[Reading]) -> Tensor:
        """(readings, longest of them) ids"""
        longest = max(len(reading) for reading in readings)
        ids = torch.full((len(readings), longest), self.prepared.pad)
        for row, reading in zip(ids, readings, strict=True):
            row[: len(reading)] = torch.from_numpy(reading.ids)
        return ids


def _of_trained(model: Trained) -> TextModel:
    facts, files = model.facts, model.files
    network = load_network(model)
    if not isinstance(network, ReadsVectors):
        raise WeightsError(f"{model.owner} cannot be read from its word vectors")
    if isinstance(network, Adapted):
        network.merge_adapters()
    with card_read(model):
        tokeniser = load_tokeniser(files[FILE])
        classes = plain_classes(tuple(map(str, facts["classes"])), model.spec.data)
        longest = int(facts["longest"])
    tokeniser.no_padding()
    tokeniser.no_truncation()
    letters = model.spec.task_params.get("tokeniser") == "character"
    unknown, mask = _token(tokeniser, UNKNOWN), _token(tokeniser, MASKS)
    reader = TextReader(tokeniser, longest, unknown, letters)
    blank = mask if mask >= 0 else max(unknown, 0)
    return _ready(model.name, model.title, classes, network, reader, PAD, blank)


def _of_hugging_face(name: str) -> TextModel:
    with foreign_model(name):
        own = read_model(name, "classify-text")
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
    ready = placed(network)
    prepared = PreparedText(
        *ready,
        pad,
        blank,
        isinstance(network, Attends),
        network.reads if isinstance(network, Attends) else "mean",
    )
    return TextModel(name, title, classes, reader, prepared)


def _token(tokeniser: Tokenizer, names: tuple[str, ...]) -> int:
    """The id of the first of these that the vocabulary has, or -1."""
    found = (tokeniser.token_to_id(name) for name in names)
    return next((token for token in found if token is not None), -1)
