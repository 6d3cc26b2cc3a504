"""Translators, ready for use."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlexplain.data.pair_codec import load_codec
from dlexplain.data.text_reading import Reading
from dlexplain.errors import DataError, WeightsError
from dlexplain.explainers.fair_lock import FairLock
from dlexplain.networks.modules.device import describe_device
from dlexplain.networks.modules.translator import Translator
from dlexplain.services.loading import card_read, placed
from dlexplain.services.translation.own_models import own_translator
from dlexplain.services.translation.texts import Texts, TrainedTexts
from dlexplain.tasks.modules.decoding import most_tokens
from dlexplain.trained.entry import ModelEntry
from dlexplain.trained.folder import Trained
from dlexplain.trained.networks import load_network

OWN_LANGUAGES = ("source", "target")
"""A config does not say which languages a model reads and writes."""
OWN_TARGET = 32
"""Tokens that a user's own model may write of the shortest source."""


@dataclass(frozen=True, eq=False)
class LoadedTranslator:
    """A translator ready to write and to be explained; `load` makes it.

    network         a Translator, in eval mode, frozen
    texts           reads sources and says what was written
    languages       names of source and target
    longest_target  tokens of the longest target that it was trained on, or OWN_TARGET
    length_penalty  that its test searched with
    fingerprint     digest of architecture and weights
    reach           tokens that it can write at most; 0 where there is no limit
    lock       where all who use the model take turns
    """

    tasks: ClassVar[tuple[str, ...]] = ("translate",)
    modality: ClassVar[str] = "translation"
    name: str
    title: str
    network: nn.Module
    texts: Texts
    languages: tuple[str, str]
    longest_target: int
    length_penalty: float
    device: torch.device
    fingerprint: str
    reach: int = 0
    lock: FairLock = field(default_factory=FairLock)

    @classmethod
    def of(cls, entry: ModelEntry) -> "LoadedTranslator":
        own = isinstance(entry.origin, str)
        return _of_hugging_face(entry.name) if own else _of_trained(entry.trained)

    @property
    def prefix(self) -> str:
        """What is read before each text where nothing else is asked for, or ""."""
        return self.texts.prefix

    @property
    def parameters(self) -> int:
        """How many numbers it has learnt."""
        return sum(weight.numel() for weight in self.network.parameters())

    @property
    def translator(self) -> Translator:
        return cast(Translator, self.network)

    @property
    def table(self) -> nn.Module:
        """From a source's ids to vectors."""
        return cast(nn.Module, self.network.source_embedding)

    @property
    def device_text(self) -> str:
        """The device in words."""
        return describe_device(self.device)

    def read(self, text: str, prefix: str | None = None) -> Reading:
        """A text as the model reads it, its end the last token; runs of blanks are one blank.

        prefix  read before it, by default the model's own; its tokens count as marks
        Raises TextError where there is nothing to read, or far too much, or ParamError where the
        model takes no prefix.
        """
        return self.texts.read(text, self.prefix if prefix is None else prefix)

    def ids(self, reading: Reading) -> Tensor:
        """(1, S), on the model's device"""
        return torch.from_numpy(reading.ids)[None].to(self.device)

    def limit(self, source: Tensor) -> int:
        """Tokens that translations of (batch, S) sources may have."""
        most = most_tokens(self.longest_target, source)
        return min(most, self.reach) if self.reach else most

    def target_words(self, ids: tuple[int, ...]) -> NDArray[np.int64]:
        """(tokens,) number of the word that each token written is part of, -1 for the end."""
        return self.texts.words(ids)


def _of_trained(model: Trained) -> LoadedTranslator:
    network = load_network(model)
    if not isinstance(network, Translator):
        raise WeightsError(f"{model.owner} is no translator")
    facts, params = model.facts, model.spec.task_params
    with card_read(model):
        try:
            codec = load_codec(model.files, bool(facts["joint"]), int(facts["longest"]))
        except DataError as error:
            told = f"a tokeniser of {model.owner} is damaged: {error}"
            raise WeightsError(told) from error
        source, target = map(str, facts["languages"])
        longest = int(facts["longest_target"])
    ready = placed(network)
    return LoadedTranslator(
        name=model.name,
        title=model.title,
        network=ready.network,
        texts=TrainedTexts(codec, letters=params.get("tokens") == "character"),
        languages=(source, target),
        longest_target=longest,
        length_penalty=float(params.get("length_penalty", 1.0)),
        device=ready.device,
        fingerprint=ready.fingerprint,
    )


def _of_hugging_face(name: str) -> LoadedTranslator:
    """A user's, from a folder or the hub; raises UnknownName or ModelError, one sentence."""
    own = own_translator(name)
    ready = placed(own.network)
    return LoadedTranslator(
        name=name,
        title=Path(name).name,
        network=ready.network,
        texts=own.texts,
        languages=OWN_LANGUAGES,
        longest_target=OWN_TARGET,
        length_penalty=1.0,
        device=ready.device,
        fingerprint=ready.fingerprint,
        reach=own.reach,
    )
