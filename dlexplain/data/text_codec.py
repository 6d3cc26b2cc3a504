"""A text as a language model's token ids, and each token as the piece of text it stands for."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer

from dlexplain.data.corpora import UNKNOWN, encode
from dlexplain.data.tokenisers import encoded, load_tokeniser, special_ids

BROKEN = "\N{REPLACEMENT CHARACTER}"
LONGEST_CHARACTER = 4
"""Bytes of a character in UTF-8; a token of byte pairs has one at least."""


@dataclass(frozen=True, eq=False)
class TextCodec:
    """Text to ids and back, as the model was trained on it.

    kind     "bpe", "character" or "word" of data/tokenisers.py; "lines": words between blanks, each
             line with an end; or "own": a Hugging Face tokeniser, which reads a text as a whole
    start    the id that begins a text; None where the model knows none
    before   ids that the tokeniser itself puts before a text; None: the start
    ends     ids after which a text has ended
    special  ids that stand for no text, such as padding
    """

    tokeniser: Tokenizer
    kind: str
    start: int | None
    before: tuple[int, ...] | None = None
    ends: frozenset[int] = frozenset()
    special: frozenset[int] = frozenset()

    @property
    def opening(self) -> tuple[int, ...]:
        """What begins a text: the tokeniser's own, or the start; () where there is neither."""
        return self.before or (() if self.start is None else (self.start,))

    @property
    def usual(self) -> tuple[int, ...]:
        """What stands before a text where nobody says otherwise: as the model was trained on it."""
        return self.opening if self.before is None else self.before

    @property
    def unknown(self) -> int | None:
        """The id of whatever the vocabulary lacks; None where byte pairs can write anything."""
        if self.kind == "bpe":
            return None
        if self.kind == "own":
            name = getattr(self.tokeniser.model, "unk_token", None)
            return None if name is None else self.tokeniser.token_to_id(name)
        found = self.tokeniser.token_to_id(UNKNOWN if self.kind == "lines" else "[UNK]")
        return None if found is None else int(found)

    def encode(self, text: str) -> list[int]:
        """A last line that has no line break does not end: it may be written on."""
        if self.kind == "own":
            return list(encoded(self.tokeniser, text, marks=False).ids)
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
        known: str | None = self.tokeniser.id_to_token(token)
        if known is None:  # the network has more outputs than the vocabulary has tokens
            return f"[{token}]"
        if self.is_special(token):
            return known
        decoded: str = self.tokeniser.decode([token], skip_special_tokens=False)
        if self.kind == "own":
            decoded = self.decode([token], [token])  # alone it may lose the blank before it
        return decoded if decoded else known

    def is_special(self, token: int) -> bool:
        """Whether the token stands for no text."""
        return token in self.special or self.tokeniser.id_to_token(token) is None

    def is_unfamiliar(self, ids: Sequence[int]) -> list[bool]:
        """Of each token whether it is unknown, or only a part of a character's bytes."""
        by_bytes = self.kind in ("bpe", "own")
        return [token == self.unknown or (by_bytes and BROKEN in self.name(token)) for token in ids]

    def decode(self, ids: Sequence[int], earlier: Sequence[int]) -> str:
        """What tokens that follow each other add to the text.

        earlier  tokens before them on the line, at least the last; () where there is none
        """
        if self.kind == "lines" and ids[-1] == self.start:
            return "\n"
        text: str = self.tokeniser.decode(list(ids), skip_special_tokens=False)
        if self.kind == "own" and earlier:
            known = self.tokeniser.decode(list(earlier), skip_special_tokens=False)
            both = self.tokeniser.decode([*earlier, *ids], skip_special_tokens=False)
            return both[len(known) :] if both.startswith(known) else text
        return " " + text if earlier and self.kind in ("lines", "word") else text


class Pieces:
    """A text's pieces one by one, as its tokens come."""

    def __init__(self, codec: TextCodec) -> None:
        self.codec = codec
        self._waiting: list[int] = []
        self._earlier: list[int] = []

    def add(self, token: int) -> str:
        """What the next token adds to the text; of a special one, which adds nothing, its name."""
        if self.codec.is_special(token):
            return self.codec.name(token)
        self._waiting.append(token)
        piece = self.codec.decode(self._waiting, self._earlier)
        broken = self.codec.kind in ("bpe", "own") and piece.endswith(BROKEN)
        if broken and len(self._waiting) < LONGEST_CHARACTER:
            return ""
        new_line = piece == "\n" and self.codec.kind != "own"
        self._waiting, self._earlier = [], [] if new_line else self._waiting
        return piece


def load_codec(tokeniser_json: str, kind: str, start: int) -> TextCodec:
    """From the model's file; raises DataError."""
    tokeniser = load_tokeniser(tokeniser_json)
    return TextCodec(tokeniser, kind, start, special=special_ids(tokeniser))
