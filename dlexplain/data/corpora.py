"""Texts as runs of tokens, for language models: how they are read, cut into tokens, and split."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers

from dlexplain.data.base import digest_of
from dlexplain.data.text_bytes import decoded
from dlexplain.data.tokenisers import KINDS, Kind, train_tokeniser
from dlexplain.errors import DataError
from dlexplain.server_files import read_regular

UNKNOWN, END = "<unk>", "<eos>"
SPECIALS = ("[UNK]",)
"""Of learnt tokenisers."""
FEWEST = 200
"""Tokens that each part of a text must have."""
TOGETHER = 1000
"""Lines that are cut into tokens at once."""
Tokens = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class CorpusData:
    """A text in three parts, each (tokens,) ids of its tokeniser.

    tokeniser  the JSON of a Tokenizer of the `tokenizers` library
    kind       "lines": each line is words and an end of line; else the kind of tokeniser
    """

    train: Tokens
    validation: Tokens
    test: Tokens
    tokeniser: str
    kind: str
    vocabulary: int
    digest: str
    notes: tuple[str, ...] = ()


def make_corpus(
    parts: Sequence[str], tokeniser: Tokenizer, kind: str, notes: tuple[str, ...] = ()
) -> CorpusData:
    """From the texts of the three parts; raises DataError where one is too short."""
    train, validation, test = (encode(tokeniser, text, kind) for text in parts)
    shortest = min(len(train), len(validation), len(test))
    if shortest < FEWEST:
        raise DataError(
            f"the text is too short: a part of it has {shortest} tokens; {FEWEST} are needed"
        )
    return CorpusData(
        train,
        validation,
        test,
        tokeniser.to_str(),
        kind,
        tokeniser.get_vocab_size(),
        digest_of(train, validation, test),
        notes,
    )


def encode(tokeniser: Tokenizer, text: str, kind: str) -> Tokens:
    """Ids of every token; of "lines", empty lines are left out and each other has an end."""
    if kind == "lines":
        lines = [f"{line} {END}" for line in text.splitlines() if line.strip()]
    else:
        lines = text.splitlines(keepends=True)
    ids: list[int] = []
    for start in range(0, len(lines), TOGETHER):
        for found in tokeniser.encode_batch_fast(lines[start : start + TOGETHER]):
            ids += found.ids
    return np.array(ids, np.int32)


def start_of(tokeniser: Tokenizer) -> int:
    """The id that stands before a text's first token: the end of a line, or of a sentence.

    A token of its own would never be trained on.
    """
    end = tokeniser.token_to_id(END)
    if end is not None:
        return end
    ids = tokeniser.encode("\n").ids or tokeniser.encode(".").ids
    return ids[-1] if ids else 0


def learn_corpus(parts: Sequence[str], kind: str, size: int) -> CorpusData:
    """With a tokeniser learnt from the first part; raises DataError where a part is too short."""
    known: Kind = next(each for each in KINDS if each == kind)
    tokeniser = train_tokeniser(known, parts[0].splitlines(True), size, specials=SPECIALS)
    return make_corpus(parts, tokeniser, kind)


def line_words(text: str) -> Tokenizer:
    """Words of a text between blanks, the most frequent first, and the end of line.

    A word of the text that is <unk> stands for all that are rare.
    """
    counts = Counter(text.split())
    counts[END] += sum(1 for line in text.splitlines() if line.strip())
    counts[UNKNOWN] += 0
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    words = {word: index for index, word in enumerate(ranked)}
    tokeniser = Tokenizer(models.WordLevel(words, unk_token=UNKNOWN))
    tokeniser.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return tokeniser


def read_text(path: Path) -> str:
    """A UTF-8 text file; raises DataError, in one sentence, for anything else."""
    if not path.is_file():
        raise DataError(f"{path} is not there; a UTF-8 text file is accepted")
    try:
        text = decoded(read_regular(path))
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path} is not UTF-8 text: byte {error.object[error.start]:#04x} at place "
            f"{error.start:,} is none of it; save it as UTF-8"
        ) from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    if not text.strip():
        raise DataError(f"{path} is empty; a text file with words is accepted")
    return text.replace("\r\n", "\n")


def cut_parts(text: str, validation: float, test: float) -> tuple[str, str, str]:
    """(train, validation, test), in the text's order, cut at ends of lines where there are any."""
    ends = []
    for part in (1 - validation - test, 1 - test):
        place = round(len(text) * part)
        ends.append(text.rfind("\n", max(0, place - 5000), place) + 1 or place)
    return text[: ends[0]], text[ends[0] : ends[1]], text[ends[1] :]
