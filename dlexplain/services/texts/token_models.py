"""Token classifiers, ready for use: a user's in Hugging Face's form."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.data.class_list import ClassList, plain_classes
from dlexplain.data.text_reading import Reading, TextReader
from dlexplain.explainers.fair_lock import FairLock
from dlexplain.explainers.text_model import PreparedText
from dlexplain.networks.modules.device import describe_device
from dlexplain.networks.modules.hugging_face_classifier import PAD
from dlexplain.networks.modules.hugging_face_tokens import HuggingFaceLabeller, TokenClassifier
from dlexplain.results import ClassName
from dlexplain.services.loading import placed
from dlexplain.services.texts.models import TextModel
from dlexplain.services.texts.own_check import checked_labeller
from dlexplain.services.texts.own_reading import read_model, tells_words
from dlexplain.trained.entry import ModelEntry
from dlexplain.trained.hugging_face import foreign_model


@dataclass(frozen=True, eq=False)
class TokenModel:
    """A token classifier ready to label texts; `load` makes it.

    network      in eval mode, frozen
    blank        id of what stands for a word that is taken away
    fingerprint  digest of architecture and weights
    lock         where all who use the model take turns
    """

    tasks: ClassVar[tuple[str, ...]] = ("classify-token",)
    modality: ClassVar[str] = "token"
    name: str
    title: str
    class_list: ClassList
    reader: TextReader
    network: HuggingFaceLabeller
    device: torch.device
    blank: int
    fingerprint: str
    lock: FairLock = field(default_factory=FairLock)

    @classmethod
    def of(cls, entry: ModelEntry) -> "TokenModel":
        """A user's, from a folder or the hub; raises UnknownName or ModelError, one sentence."""
        name, title = entry.name, Path(entry.name).name
        with foreign_model(name):
            own = read_model(name, "classify-token")
            config = own.model.config
            labels = [str(config.id2label.get(i, f"LABEL_{i}")) for i in range(config.num_labels)]
            ready = placed(checked_labeller(own, name))
            return cls(
                name=name,
                title=title,
                class_list=plain_classes(labels, title),
                reader=TextReader(
                    own.tokeniser, own.longest, own.unknown, letters=not tells_words(own.tokeniser)
                ),
                network=ready.network,
                device=ready.device,
                blank=own.blank,
                fingerprint=ready.fingerprint,
            )

    @property
    def classes(self) -> tuple[ClassName, ...]:
        """The labels in the order of the outputs."""
        return self.class_list.names

    @property
    def device_text(self) -> str:
        """The device in words."""
        return describe_device(self.device)

    def read(self, text: str) -> Reading:
        """Raises TextError."""
        return self.reader.read(text)

    def logits(self, reading: Reading) -> Tensor:
        """(tokens, labels), marks included, in this model's turn."""
        ids = torch.from_numpy(reading.ids)[None].to(self.device)
        with self.lock.turn(), torch.inference_mode():
            logits: Tensor = self.network(ids)
        return logits[0].float()

    def at(self, place: int) -> TextModel:
        """The text classifier whose classes are the labels of the token at `place`, marks
        included."""
        prepared = PreparedText(
            TokenClassifier(self.network, place).eval(),
            self.device,
            self.fingerprint,
            PAD,
            self.blank,
            self.network.attends,
            place,
            self.lock,
        )
        return TextModel(self.name, self.title, self.class_list, self.reader, prepared, place=place)


def word_places(reading: Reading) -> NDArray[np.int64]:
    """(words,) the first token of each word, marks included."""
    own = np.flatnonzero(~reading.special)
    found: NDArray[np.int64] = own[np.unique(reading.words[own], return_index=True)[1]]
    return found
