"""Texts as ids: words, byte pairs or characters, learnt from the training part, kept as JSON.

Byte pairs: Sennrich et al., "Neural Machine Translation of Rare Words with Subword Units", 2016,
https://arxiv.org/abs/1508.07909, on bytes, so that any text can be written.
"""

import json
from collections.abc import Iterable
from typing import Any, Literal

from tokenizers import (
    Encoding,
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    trainers,
)

from dlexplain.errors import DataError, foreign

Kind = Literal["word", "bpe", "character"]
FILE = "tokenizer.json"
"""Its name beside a model's weights, here and in a Hugging Face folder."""
KINDS: tuple[Kind, ...] = ("word", "bpe", "character")
SPECIALS = ("[PAD]", "[UNK]", "[BOS]", "[EOS]")
PAD, UNK, BOS, EOS = range(len(SPECIALS))
PROBED = 500
"""Tokens by which two tokenisers are compared."""
WORDS = Regex(r"[\w'’]+|[^\w\s'’]+")
"""A word with its apostrophes, or a run of punctuation."""


def train_tokeniser(
    kind: Kind,
    texts: Iterable[str],
    size: int,
    lower: bool = False,
    specials: tuple[str, ...] = SPECIALS,
) -> Tokenizer:
    """At most `size` tokens, the same at every call with the same texts.

    The ids of `specials` are their positions; "[UNK]" must be among them for words and
    characters. Decoding restores the text: exactly for byte pairs and known characters, for words
    joined by blanks. Byte pairs have at least the 256 bytes. A special in a text is only text.
    """
    special = list(specials)
    trainer: trainers.Trainer
    if kind == "bpe":
        tokeniser = Tokenizer(models.BPE())
        tokeniser.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokeniser.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(
            vocab_size=size, special_tokens=special, initial_alphabet=alphabet, show_progress=False
        )
    else:
        tokeniser = Tokenizer(models.WordLevel({}, unk_token="[UNK]"))
        if kind == "word":
            tokeniser.pre_tokenizer = pre_tokenizers.Split(WORDS, "removed", invert=True)
        else:
            tokeniser.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
            tokeniser.decoder = decoders.Fuse()
        trainer = trainers.WordLevelTrainer(
            vocab_size=size, special_tokens=special, show_progress=False
        )
    if lower:
        tokeniser.normalizer = normalizers.Lowercase()
    tokeniser.train_from_iterator(texts, trainer)
    tokeniser.encode_special_tokens = True
    return tokeniser


def special_ids(tokeniser: Tokenizer) -> frozenset[int]:
    """Ids that stand for no text, such as the beginning, the end and padding."""
    added = tokeniser.get_added_tokens_decoder()
    return frozenset(token for token, about in added.items() if about.special)


def load_tokeniser(text_json: str) -> Tokenizer:
    """From what `to_str` of one gave; raises DataError."""
    with foreign(DataError, lambda error: f"this is no tokeniser's JSON: {error}"):
        tokeniser = Tokenizer.from_str(text_json)
    tokeniser.encode_special_tokens = True
    return tokeniser


def encoded(tokeniser: Tokenizer, text: str, marks: bool = True) -> Encoding:
    """A text as tokens; raises DataError where the tokeniser, which may be somebody's, fails on it.

    marks  whether with its marks around the text
    """
    with foreign(DataError, lambda why: f'its tokeniser fails on "{text[:40]}": {why}'):
        return tokeniser.encode(text, add_special_tokens=marks)


def one_up(tokeniser: Tokenizer) -> Tokenizer:
    """The same with every id larger by one, so that 0 is no token; raises DataError where its JSON
    is of a form in which ids cannot be told."""
    told = json.loads(tokeniser.to_str())
    model = told["model"]
    match model.get("vocab"):
        case dict(known):
            model["vocab"] = {token: place + 1 for token, place in known.items()}
        case list(known):  # by place, with scores
            model["vocab"] = [["\x00", min(score for _, score in known) - 100.0], *known]
            model["unk_id"] = None if model["unk_id"] is None else model["unk_id"] + 1
        case _:
            raise DataError(f"a tokeniser of the form {model.get('type')} has no ids to move")
    for token in told["added_tokens"]:
        token["id"] += 1
    told["post_processor"] = _marks_up(told["post_processor"])
    try:
        moved = load_tokeniser(json.dumps(told))
    except DataError as error:
        raise DataError(f"its tokeniser cannot be read with other ids: {error}") from error
    known_words = list(tokeniser.get_vocab())[:PROBED]
    for text in (" ".join(known_words), *known_words):
        if encoded(moved, text).ids != [token + 1 for token in encoded(tokeniser, text).ids]:
            raise DataError("its tokeniser reads otherwise when its ids are moved by one")
    return moved


def _marks_up(processor: Any) -> Any:
    """A post-processor with the ids of its marks larger by one."""
    if isinstance(processor, list):
        return [_marks_up(one) for one in processor]
    if not isinstance(processor, dict):
        return processor
    found = {key: _marks_up(value) for key, value in processor.items()}
    for mark in ("cls", "sep"):  # of BERT's and RoBERTa's: [token, id]
        if isinstance(found.get(mark), list):
            found[mark] = [found[mark][0], found[mark][1] + 1]
    if isinstance(found.get("ids"), list):  # of a template's special token
        found["ids"] = [token + 1 for token in found["ids"]]
    return found
