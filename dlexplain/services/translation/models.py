"""Translators, ready for use."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Self, cast

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from dlexplain.data.pair_codec import END, PairCodec, load_codec
from dlexplain.data.text_codec import BROKEN
from dlexplain.data.text_reading import Reading, TextReader
from dlexplain.errors import DataError, TextError, WeightsError
from dlexplain.explainers.fair_lock import FairLock
from dlexplain.networks.modules.device import describe_device
from dlexplain.networks.modules.translator import EOS, UNK, Translator
from dlexplain.services.loading import card_read, placed
from dlexplain.trained.entry import ModelEntry
from dlexplain.trained.networks import load_network


@dataclass(frozen=True, eq=False)
class LoadedTranslator:
    """A translator ready to write and to be explained; `load` makes it.

    network         a Translator, in eval mode, frozen
    languages       names of source and target
    longest_target  tokens of the longest target that it was trained on
    length_penalty  that its test searched with
    fingerprint     digest of architecture and weights
    lock       where all who use the model take turns
    """

    tasks: ClassVar[tuple[str, ...]] = ("translate",)
    modality: ClassVar[str] = "translation"
    name: str
    title: str
    network: nn.Module
    codec: PairCodec
    reader: TextReader
    languages: tuple[str, str]
    longest_target: int
    length_penalty: float
    device: torch.device
    fingerprint: str
    lock: FairLock = field(default_factory=FairLock)

    @classmethod
    def of(cls, entry: ModelEntry) -> Self:
        model = entry.trained
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
        letters = params.get("tokens") == "character"
        ready = placed(network)
        return cls(
            name=model.name,
            title=model.title,
            network=ready.network,
            codec=codec,
            reader=TextReader(_whole_texts(codec.source), codec.longest, UNK, letters),
            languages=(source, target),
            longest_target=longest,
            length_penalty=float(params.get("length_penalty", 1.0)),
            device=ready.device,
            fingerprint=ready.fingerprint,
        )

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

    def read(self, text: str) -> Reading:
        """A text as the model reads it, its end the last token; runs of blanks are one blank.

        Raises TextError where there is nothing to read, or far too much.
        """
        if not text.isascii() and text != text.encode("utf-8", "replace").decode():
            raise TextError("the text has half of a character (a lone surrogate); type it anew")
        found = self.reader.read(" ".join(text.split()) or text)
        pieces, unknown = self._pieces(found.ids.tolist())
        return replace(
            found,
            ids=np.append(found.ids, EOS),
            tokens=(*pieces, END),
            words=np.append(found.words, -1),
            unknown=unknown,
        )

    def _pieces(self, ids: Sequence[int]) -> tuple[tuple[str, ...], float]:
        """What the tokens stand for, and the share that is unknown or no whole character."""
        _, pieces = self.codec.pieces([], ids)
        alone = (self.codec.source.decode([token]) for token in ids)
        strange = [token == UNK or BROKEN in text for token, text in zip(ids, alone, strict=True)]
        return tuple(pieces), float(np.mean(strange))

    def ids(self, reading: Reading) -> Tensor:
        """(1, S), on the model's device"""
        return torch.from_numpy(reading.ids)[None].to(self.device)

    def target_words(self, ids: Sequence[int]) -> NDArray[np.int64]:
        """(tokens,) number of the word that each token written is part of, -1 for the end."""
        own = [token for token in ids if token != EOS]
        numbers = list(range(len(own)))
        if own:
            found = self.codec.target.encode(self.codec.target.decode(own))
            if found.ids == own and not self.reader.letters:
                numbers = [int(word or 0) for word in found.word_ids]
        return np.array([*numbers, *[-1] * (len(ids) - len(own))], np.int64)


def _whole_texts(tokeniser: Tokenizer) -> Tokenizer:
    tokeniser.no_padding()
    tokeniser.no_truncation()
    return tokeniser
