"""Texts of a user's own translator: its tokeniser, its marks, and the prefix that it may need."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from dlexplain.data.pair_codec import END
from dlexplain.data.text_codec import BROKEN
from dlexplain.data.text_reading import Reading, TextReader, check_text
from dlexplain.errors import TextError
from dlexplain.networks.modules.hugging_face_translator import OwnMarks
from dlexplain.networks.modules.translator import EOS
from dlexplain.services.translation.texts import plain_text


@dataclass(frozen=True, eq=False)
class OwnTexts:
    """See Texts.

    reader  reads with the marks that the tokeniser puts around a text, ids of the model
    rows    size of the vocabulary, which may be larger than the tokeniser's
    """

    reader: TextReader
    marks: OwnMarks
    rows: int
    prefix: str = ""

    @property
    def tokeniser(self) -> Tokenizer:
        return self.reader.tokeniser

    def read(self, text: str, prefix: str) -> Reading:
        text = plain_text(text)
        check_text(text)
        whole = plain_text(prefix).strip() + " " + text if prefix.strip() else text
        before = len(whole) - len(text)
        found = self.reader.read(whole)
        words = np.where(found.offsets[:, 1] <= before, -1, found.words)
        if bool((words < 0).all()):
            raise TextError(
                f'"{text[:40]}" has no token that the model reads, or the prefix leaves no room'
            )
        own = found.ids[words >= 0]
        return replace(
            found,
            ids=np.array(self.marks.here(found.ids.tolist()), np.int64),
            tokens=self._source(found),
            words=words,
            unknown=float((own == self.marks.unknown).mean()),
        )

    def _source(self, found: Reading) -> tuple[str, ...]:
        """What each token stands for in the text, with the blanks before it."""
        pieces, at, places = [], 0, found.offsets.tolist()
        for place, ((start, stop), mark) in enumerate(zip(places, found.special, strict=True)):
            if mark:
                ends = int(found.ids[place]) == self.marks.end
                pieces.append(END if ends else found.tokens[place])
            elif place + 1 < len(places) and places[place + 1] == [start, stop]:
                pieces.append("")  # a character that several tokens write stands at the last one
            else:
                pieces.append(found.text[at:stop] or found.tokens[place])
                at = stop
        return tuple(pieces)

    def text(self, ids: Sequence[int]) -> str:
        ends = list(ids).index(EOS) if EOS in ids else len(ids)
        return self._decoded(self._own(ids[:ends])).strip()

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        pieces, before, own = [], "", self._own(ids)
        for place, (token, here) in enumerate(zip(own, ids, strict=True)):
            if here == EOS:
                pieces.append(END)
                continue
            whole = self._decoded(own[: place + 1])
            if whole.endswith(BROKEN) and place + 1 < len(own):
                pieces.append("")  # the bytes of a character that others complete
                continue
            added = whole[len(before) :] if whole.startswith(before) else ""
            pieces.append(added or str(self.tokeniser.id_to_token(token) or f"[{token}]"))
            before = whole
        return tuple(pieces)

    def words(self, ids: Sequence[int]) -> NDArray[np.int64]:
        own = self._own([token for token in ids if token != EOS])
        found = self.tokeniser.encode(self._decoded(own), add_special_tokens=False)
        if found.ids == own and len(set(found.word_ids)) > 1:
            numbers = [int(word or 0) for word in found.word_ids]
        else:  # what begins with a blank begins a word
            begins = [piece[:1].isspace() for piece in self.pieces(ids[: len(own)])]
            numbers = np.cumsum([False, *begins[1:]])[: len(own)].tolist()
        return np.array([*numbers, *[-1] * (len(ids) - len(own))], np.int64)

    def _own(self, ids: Sequence[int]) -> list[int]:
        """The model's ids."""
        known = self.marks.own(self.rows)
        return [known[token] for token in ids]

    def _decoded(self, own: Sequence[int]) -> str:
        return str(self.tokeniser.decode(list(own), skip_special_tokens=True))
