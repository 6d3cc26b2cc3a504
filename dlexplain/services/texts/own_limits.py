"""What a user's own model takes: the marks around its texts, and how many tokens it reads.

Configurations are not believed: families count positions from 0, or from behind the padding's id,
give -1 for no limit, or nothing. So the model is tried.
"""

from collections.abc import Callable, Iterator, Sequence
from inspect import signature
from typing import Any

import torch
from tokenizers import Tokenizer

from dlexplain.data.tokenisers import special_ids
from dlexplain.errors import ModelError, foreign, said_by
from dlexplain.networks.modules.hugging_face_classifier import Frame

LONGEST = 512
"""Tokens of a text at most, whatever the model could read: time and memory grow with the square."""
ENDLESS = 10**9
"""transformers says no limit by a larger number."""
TRIED = 200
"""Words of the vocabulary that are tried until one is read as a word."""


def ordinary_ids(tokeniser: Tokenizer) -> list[int]:
    """Ids of the vocabulary that are no special tokens, in order."""
    return sorted(set(tokeniser.get_vocab().values()) - special_ids(tokeniser))


def frame_of(model: Any, tokeniser: Tokenizer, padding: int, name: str) -> Frame:
    """What the tokeniser puts around a text; raises ModelError where it reads none of its own
    words."""
    for found in _encodings(tokeniser, padding, name):
        own = [place for place, mark in enumerate(found.special_tokens_mask) if not mark]
        first, last = own[0], own[-1] + 1
        types, ids = found.type_ids, found.ids
        words = [ids[place] for place in own if ids[place] != padding]
        accepted = "token_type_ids" in signature(model.forward).parameters
        return Frame(
            before=tuple(ids[:first]),
            after=tuple(ids[last:]),
            word=words[0],
            types=(tuple(types[:first]), types[first], tuple(types[last:]))
            if accepted and any(types)
            else None,
        )
    raise ModelError(f'the tokenizer of "{name}" reads none of the words of its own vocabulary')


def _encodings(tokeniser: Tokenizer, padding: int, name: str) -> Iterator[Any]:
    """Of words of the vocabulary, those that are read as words."""
    for token in ordinary_ids(tokeniser)[-TRIED:]:  # the first ones are signs and bytes
        with foreign(ModelError, lambda why: f'the tokenizer of "{name}" fails: {why}'):
            found = tokeniser.encode(tokeniser.decode([token]))
        if any(
            not mark and read != padding
            for read, mark in zip(found.ids, found.special_tokens_mask, strict=True)
        ):
            yield found


def longest_read(model: Any, frame: Frame, claims: Sequence[Any], name: str) -> int:
    """The most tokens that the model reads, marks included, and no more than LONGEST.

    claims  what its files say; what is no number, not positive or endless is no limit
    Raises ModelError where it reads not even one word.
    """
    said = [int(one) for one in claims if isinstance(one, int | float) and 0 < one < ENDLESS]
    most = min([LONGEST, *said])
    least = frame.marks + 1
    if most < least:
        raise ModelError(
            f'the model "{name}" reads {most} tokens, of which {frame.marks} are marks; at least '
            "one word must fit"
        )
    try:
        _read(model, frame, least)
    except Exception as error:  # whatever a model's own code raises
        why = said_by(error)
        raise ModelError(f'the model "{name}" fails on a text of one word: {why}') from error
    return largest(lambda time: _reads(model, frame, time), least, most)


def largest(reads: Callable[[int], bool], least: int, most: int) -> int:
    """The largest number up to `most` that is read, where all smaller ones are; `least` is."""
    step, low = 1, most
    while low > least and not reads(low):  # who claims too much mostly does so by one or two
        most, low = low - 1, max(least, low - step)
        step *= 2
    while low < most:
        middle = (low + most + 1) // 2
        low, most = (middle, most) if reads(middle) else (low, middle - 1)
    return low


def _reads(model: Any, frame: Frame, time: int) -> bool:
    try:
        _read(model, frame, time)
    except (IndexError, RuntimeError, ValueError):  # beyond the last position
        return False
    return True


def _read(model: Any, frame: Frame, time: int) -> None:
    ids = frame.ids(time)[None]
    with torch.no_grad():
        model(input_ids=ids, attention_mask=torch.ones_like(ids))
