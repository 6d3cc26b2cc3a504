"""What stands between a translator and people: texts as ids, and what was written as text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from dlexplain.data.pair_codec import END, PairCodec
from dlexplain.data.text_codec import BROKEN
from dlexplain.data.text_reading import Reading, TextReader
from dlexplain.errors import ParamError, TextError
from dlexplain.networks.modules.translator import EOS, UNK


class Texts(Protocol):
    """Ids are those of translator.py: its four marks first.

    prefix  what is read before each text where nothing else is asked for, or ""
    read    a text as the model reads it, behind the prefix, which counts as a mark; raises
            TextError, or ParamError where the model takes no prefix
    text    what ids of a target stand for, up to the end
    pieces  the same of each of them, to be read one behind the other; that of the end is END
    words   (tokens,) number of the word that each is part of, -1 for the end
    """

    @property
    def prefix(self) -> str: ...

    def read(self, text: str, prefix: str) -> Reading: ...

    def text(self, ids: Sequence[int]) -> str: ...

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]: ...

    def words(self, ids: Sequence[int]) -> NDArray[np.int64]: ...


def plain_text(text: str) -> str:
    """With runs of blanks as one blank; raises TextError for half of a character."""
    if not text.isascii() and text != text.encode("utf-8", "replace").decode():
        raise TextError("the text has half of a character (a lone surrogate); type it anew")
    return " ".join(text.split()) or text


@dataclass(frozen=True, eq=False)
class TrainedTexts:
    """Those of a translator that was trained here: no prefix, and the end behind each source."""

    codec: PairCodec
    letters: bool
    prefix: str = ""

    @property
    def reader(self) -> TextReader:
        return TextReader(_whole_texts(self.codec.source), self.codec.longest, UNK, self.letters)

    def read(self, text: str, prefix: str = "") -> Reading:
        if prefix:
            raise ParamError(f'prefix is "{prefix}"; this model was trained without one')
        found = self.reader.read(plain_text(text))
        pieces, unknown = self._source(found.ids.tolist())
        return replace(
            found,
            ids=np.append(found.ids, EOS),
            tokens=(*pieces, END),
            words=np.append(found.words, -1),
            unknown=unknown,
        )

    def _source(self, ids: Sequence[int]) -> tuple[tuple[str, ...], float]:
        """What the tokens stand for, and the share that is unknown or no whole character."""
        _, pieces = self.codec.pieces([], ids)
        alone = (self.codec.source.decode([token]) for token in ids)
        strange = [token == UNK or BROKEN in text for token, text in zip(ids, alone, strict=True)]
        return tuple(pieces), float(np.mean(strange))

    def text(self, ids: Sequence[int]) -> str:
        return self.codec.text(ids)

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        return tuple(self.codec.pieces(ids, [])[0])

    def words(self, ids: Sequence[int]) -> NDArray[np.int64]:
        own = [token for token in ids if token != EOS]
        numbers = list(range(len(own)))
        if own:
            found = self.codec.target.encode(self.codec.target.decode(own))
            if found.ids == own and not self.letters:
                numbers = [int(word or 0) for word in found.word_ids]
        return np.array([*numbers, *[-1] * (len(ids) - len(own))], np.int64)


def _whole_texts(tokeniser: Tokenizer) -> Tokenizer:
    tokeniser.no_padding()
    tokeniser.no_truncation()
    return tokeniser
