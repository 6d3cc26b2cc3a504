"""A text as a language model's token ids, and each token as the piece of text it stands for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer

from dlexplain.data.corpora import UNKNOWN, encode
from dlexplain.data.tokenisers import load_tokeniser

BROKEN = "\N{REPLACEMENT CHARACTER}"
LONGEST_CHARACTER = 4
"""Bytes of a character in UTF-8; a token of byte pairs has one at least."""


@dataclass(frozen=True, eq=False)
class TextCodec:
    """Text to ids and back, as the model was trained on it.

    kind   "bpe", "character" or "word" of data/tokenisers.py, or "lines": words between blanks,
           each line with an end
    start  the id that stands before a text's first token
    """

    tokeniser: Tokenizer
    kind: str
    start: int

    @property
    def unknown(self) -> int | None:
        """The id of whatever the vocabulary lacks; None where byte pairs can write anything."""
        if self.kind == "bpe":
            return None
        found = self.tokeniser.token_to_id(UNKNOWN if self.kind == "lines" else "[UNK]")
        return None if found is None else int(found)

    def encode(self, text: str) -> list[int]:
        """A last line that has no line break does not end: it may be written on."""
        ids: list[int] = encode(self.tokeniser, text, self.kind).tolist()
        open_line = self.kind == "lines" and ids and not text.endswith(("\n", "\r"))
        return ids[:-1] if open_line else ids

    def pieces(self, ids: Iterable[int]) -> list[str]:
        """What each token adds to the text; together they are the text.

        Of a character that several tokens write, the last one has it whole.
        """
        pieces = Pieces(self)
        return [pieces.add(token) for token in ids]

    def name(self, token: int) -> str:
        """One token by itself, for lists of alternatives."""
        if self.kind == "lines" and token == self.start:
            return "\n"
        decoded: str = self.tokeniser.decode([token], skip_special_tokens=False)
        return decoded if decoded else str(self.tokeniser.id_to_token(token))

    def is_unfamiliar(self, ids: Sequence[int]) -> list[bool]:
        """Of each token whether it is unknown, or only a part of a character's bytes."""
        if self.kind == "bpe":
            return [BROKEN in self.name(token) for token in ids]
        return [token == self.unknown for token in ids]

    def decode(self, ids: Sequence[int], first: bool) -> str:
        """Tokens that follow each other; `first` where nothing stands before them on the line."""
        if self.kind == "lines" and ids[-1] == self.start:
            return "\n"
        text: str = self.tokeniser.decode(list(ids), skip_special_tokens=False)
        return text if first or self.kind not in ("lines", "word") else " " + text


class Pieces:
    """A text's pieces one by one, as its tokens come."""

    def __init__(self, codec: TextCodec) -> None:
        self.codec = codec
        self._waiting: list[int] = []
        self._first = True

    def add(self, token: int) -> str:
        """What the next token adds to the text."""
        self._waiting.append(token)
        piece = self.codec.decode(self._waiting, self._first)
        broken = self.codec.kind == "bpe" and piece.endswith(BROKEN)
        if broken and len(self._waiting) < LONGEST_CHARACTER:
            return ""
        self._waiting = []
        self._first = piece == "\n"
        return piece


def load_codec(tokeniser_json: str, kind: str, start: int) -> TextCodec:
    """From the model's file; raises DataError."""
    return TextCodec(load_tokeniser(tokeniser_json), kind, start)
