"""Loading a translator by name, once a process, with its tokenisers and its turnstile."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, ClassVar, cast

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from dlexplain.data.pair_codec import END, PairCodec, load_codec
from dlexplain.data.text_codec import BROKEN
from dlexplain.data.text_reading import Reading, TextReader
from dlexplain.errors import DataError, TextError, WeightsError
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.prepare import fingerprint
from dlexplain.explainers.turnstile import Turnstile
from dlexplain.memory import keep_memory
from dlexplain.networks.device import choose_device, describe_device
from dlexplain.networks.translator import EOS, UNK, Translator
from dlexplain.services.trained.networks import load_network
from dlexplain.services.translation.model_list import default_translator, find_translator
from dlexplain.settings import settings

KEPT = 6
"""Models kept in memory, those used last."""
_loading = threading.Lock()


@dataclass(frozen=True, eq=False)
class LoadedTranslator:
    """A translator ready to write and to be explained; `load_translator` makes it.

    network         a Translator, in eval mode, frozen
    languages       names of source and target
    longest_target  tokens of the longest target that it was trained on
    length_penalty  that its test searched with
    fingerprint     digest of architecture and weights
    turnstile       where all who use the model take turns
    """

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
    turnstile: Turnstile = field(default_factory=Turnstile)

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


@random_state_kept()
def load_translator(name: str = "") -> LoadedTranslator:
    """Load a zoo model by name or a finished run by its id; the same one while it is kept.

    name  the zoo's first where none is given
    Raises UnknownName, or WeightsError where files are missing or damaged.
    """
    with _loading:  # two sessions at once wait for one loading
        return _load(name or default_translator())


@lru_cache(maxsize=KEPT)
def _load(name: str) -> LoadedTranslator:
    if settings().keep_memory:
        keep_memory()
    model = find_translator(name)
    network = load_network(model)
    if not isinstance(network, Translator):
        raise WeightsError(f"{model.owner} is no translator")
    facts, params = model.facts, model.spec.task_params
    try:
        codec = load_codec(model.files, bool(facts["joint"]), int(facts["longest"]))
        source, target = map(str, facts["languages"])
        longest = int(facts["longest_target"])
    except KeyError as error:
        raise WeightsError(f"the card of {model.owner} is damaged: it lacks {error}") from error
    except DataError as error:
        raise WeightsError(f"a tokeniser of {model.owner} is damaged: {error}") from error
    device = choose_device(settings().device)
    frozen: Any = network.eval().requires_grad_(False).to(device)
    return LoadedTranslator(
        name=name,
        title=model.title,
        network=frozen,
        codec=codec,
        reader=TextReader(
            _whole_texts(codec.source), codec.longest, UNK, params.get("tokens") == "character"
        ),
        languages=(source, target),
        longest_target=longest,
        length_penalty=float(params.get("length_penalty", 1.0)),
        device=device,
        fingerprint=fingerprint(frozen),
    )


def _whole_texts(tokeniser: Tokenizer) -> Tokenizer:
    tokeniser.no_padding()
    tokeniser.no_truncation()
    return tokeniser
