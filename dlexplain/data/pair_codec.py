"""From pairs of texts to ids and back: two tokenisers, or one for both sides."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from dlexplain.data.pairs import Pairs
from dlexplain.data.text_codec import BROKEN, LONGEST_CHARACTER
from dlexplain.data.tokenisers import BOS, EOS, PAD, Kind, load_tokeniser, train_tokeniser

END = "(end)"
SOURCE_FILE, TARGET_FILE = "source_tokenizer.json", "target_tokenizer.json"


@dataclass(frozen=True, eq=False)
class PairCodec:
    """A joint vocabulary is the same tokeniser twice.

    longest  tokens of a text that are kept
    """

    source: Tokenizer
    target: Tokenizer
    longest: int

    @property
    def joint(self) -> bool:
        return self.source is self.target

    @property
    def files(self) -> dict[str, str]:
        """By file name; a joint vocabulary is in both, so that each can be read alone."""
        return {SOURCE_FILE: self.source.to_str(), TARGET_FILE: self.target.to_str()}

    def encode(self, pairs: Pairs) -> tuple[dict[str, NDArray[np.int64]], int]:
        """({"source" (count, S) ids ending with EOS, "target" (count, T) between BOS and EOS},
        how many texts were cut)."""
        sources = _ids(self.source, pairs.source)
        targets = _ids(self.target, pairs.target)
        cut = sum(len(ids) > self.longest for ids in (*sources, *targets))
        arrays = {
            "source": _padded([*ids[: self.longest], EOS] for ids in sources),
            "target": _padded([BOS, *ids[: self.longest], EOS] for ids in targets),
        }
        return arrays, cut

    def text(self, ids: Iterable[int]) -> str:
        """A target's text, of ids up to EOS."""
        written: str = self.target.decode(until_end(ids))
        return written.strip()

    def pieces(self, target: Sequence[int], source: Sequence[int]) -> tuple[list[str], list[str]]:
        """What each token stands for, of a target and of a source, to be read by people.

        Of a character that several tokens write, the last has it whole and those before it are
        empty; bytes that are no character are <E5>.
        """
        return _pieces(self.target, target), _pieces(self.source, source)


def _pieces(tokeniser: Tokenizer, ids: Sequence[int]) -> list[str]:
    found: list[str] = []
    while len(found) < len(ids):
        at = len(found)
        piece = _piece(tokeniser, ids[at : at + 1])
        some = 1
        while BROKEN in piece and some < min(LONGEST_CHARACTER, len(ids) - at):
            some += 1
            piece = _piece(tokeniser, ids[at : at + some])
        if BROKEN in piece:
            found.append(_hexadecimal(str(tokeniser.id_to_token(ids[at]))))
        else:
            found += [*[""] * (some - 1), piece]
    return found


def _piece(tokeniser: Tokenizer, ids: Sequence[int]) -> str:
    """What tokens stand for together; an end never completes a character."""
    if EOS in ids:
        return END if len(ids) == 1 else BROKEN
    return str(tokeniser.decode(list(ids)) or tokeniser.id_to_token(ids[0]))


def _hexadecimal(token: str) -> str:
    """A token of a byte-level vocabulary, which has a letter for each byte, as <E5>."""
    return "".join(f"<{BYTES[letter]:02X}>" if letter in BYTES else letter for letter in token)


def _byte_letters() -> dict[str, int]:
    """GPT-2's: a byte that can be printed is itself, the others are what follows 255."""
    own = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in own]
    return {chr(byte): byte for byte in own} | {
        chr(256 + index): byte for index, byte in enumerate(others)
    }


BYTES = _byte_letters()


def until_end(ids: Iterable[int]) -> list[int]:
    """The ids before EOS, without BOS and PAD."""
    kept: list[int] = []
    for token in ids:
        if token == EOS:
            break
        if token not in (PAD, BOS):
            kept.append(int(token))
    return kept


def train_codec(pairs: Pairs, kind: Kind, size: int, joint: bool, longest: int) -> PairCodec:
    """Vocabularies of the training part only."""
    if joint:
        both = train_tokeniser(kind, [*pairs.source, *pairs.target], size)
        return PairCodec(both, both, longest)
    source = train_tokeniser(kind, pairs.source, size)
    return PairCodec(source, train_tokeniser(kind, pairs.target, size), longest)


def load_codec(files: Mapping[str, str], joint: bool, longest: int) -> PairCodec:
    """As `files` said it."""
    source = load_tokeniser(files[SOURCE_FILE])
    return PairCodec(source, source if joint else load_tokeniser(files[TARGET_FILE]), longest)


def _ids(tokeniser: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    found = tokeniser.encode_batch(list(texts), add_special_tokens=False)
    return [encoding.ids for encoding in found]


def _padded(rows: Iterable[list[int]]) -> NDArray[np.int64]:
    kept = list(rows)
    array = np.full((len(kept), max(map(len, kept))), PAD, np.int64)
    for place, row in enumerate(kept):
        array[place, : len(row)] = row
    return array
