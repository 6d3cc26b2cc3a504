"""A text's pieces together are the text, whatever the tokens."""

import pytest

from dlexplain.data.corpora import line_words, start_of
from dlexplain.data.text_codec import TextCodec
from dlexplain.data.tokenisers import Kind, train_tokeniser

SENTENCES = ["the cat sat on the mat, the cat sat\n", "and the dog ran to the cat\n"]
HARD = "the cat\x00 \u202eابجد 猫 🐈‍⬛ é\n\tend "


def trained(kind: Kind) -> TextCodec:
    tokeniser = train_tokeniser(kind, SENTENCES, 300, specials=("[UNK]",))
    return TextCodec(tokeniser, kind, start_of(tokeniser))


def lines() -> TextCodec:
    tokeniser = line_words("the cat sat on the mat\n <unk>")
    return TextCodec(tokeniser, "lines", start_of(tokeniser))


def test_byte_pairs_give_any_text_back() -> None:
    codec = trained("bpe")
    ids = codec.encode(HARD)
    pieces = codec.pieces(ids)
    assert "".join(pieces) == HARD
    assert len(pieces) == len(ids)
    assert codec.unknown is None


def test_a_character_of_several_tokens_is_in_the_last_of_them() -> None:
    codec = trained("bpe")
    ids = codec.encode("猫")
    assert codec.pieces(ids) == ["", "", "猫"]
    assert codec.is_unfamiliar(ids) == [True, True, True]
    assert codec.is_unfamiliar(codec.encode("the cat")) == [False, False]


def test_a_broken_character_does_not_hold_the_text_up() -> None:
    codec = trained("bpe")
    ids = codec.encode("猫")[:1] * 4
    assert codec.pieces(ids)[-1] != ""
    cut = codec.encode("猫")[:2] + codec.encode(" the")
    assert codec.pieces(cut)[-1].endswith(" the")


def test_characters_give_their_text_back() -> None:
    codec = trained("character")
    assert "".join(codec.pieces(codec.encode("the cat\nsat"))) == "the cat\nsat"
    ids = codec.encode("the 猫")
    assert codec.is_unfamiliar(ids) == [False] * 4 + [True]


def test_words_of_lines() -> None:
    codec = lines()
    ids = codec.encode("the cat\nsat  on a 猫")
    assert codec.pieces(ids) == ["the", " cat", "\n", "sat", " on", " <unk>", " <unk>"]
    assert codec.is_unfamiliar(ids) == [False] * 5 + [True, True]
    assert codec.name(codec.start) == "\n"


def test_a_last_line_without_a_break_may_be_written_on() -> None:
    codec = lines()
    assert codec.encode("the cat")[-1] != codec.start
    assert codec.encode("the cat\n")[-1] == codec.start
    assert codec.encode(" \n ") == codec.encode("") == []


@pytest.mark.parametrize("kind", ["word", "bpe", "character"])
def test_no_text_is_no_token(kind: Kind) -> None:
    assert trained(kind).encode("") == []
