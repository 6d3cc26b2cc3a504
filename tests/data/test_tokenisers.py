"""Tokenisers: ids of specials, round trips, the same at every training."""

import pytest

from dlexplain.data.tokenisers import KINDS, SPECIALS, Kind, load_tokeniser, train_tokeniser
from dlexplain.errors import DataError

TEXTS = ["the cat sat on the mat .", "the dog isn't here !", "Größe\tund  naïve 😀\n"] * 3
EVERY = pytest.mark.parametrize("kind", KINDS)


@EVERY
def test_ids_of_specials_are_their_positions(kind: Kind) -> None:
    tokeniser = train_tokeniser(kind, TEXTS, 300)
    assert [tokeniser.token_to_id(s) for s in SPECIALS] == [0, 1, 2, 3]
    other = train_tokeniser(kind, TEXTS, 300, specials=("<pad>", "[UNK]"))
    assert other.token_to_id("<pad>") == 0


@EVERY
def test_a_special_in_a_text_is_only_text(kind: Kind) -> None:
    tokeniser = train_tokeniser(kind, TEXTS, 300)
    for again in (tokeniser, load_tokeniser(tokeniser.to_str())):
        assert not {0, 2, 3} & set(again.encode("the [PAD] cat [BOS] [EOS]").ids)


@EVERY
def test_the_json_gives_the_same_tokeniser(kind: Kind) -> None:
    tokeniser = train_tokeniser(kind, TEXTS, 280, lower=True)
    again = load_tokeniser(tokeniser.to_str())
    assert again.to_str() == tokeniser.to_str()
    assert again.encode(TEXTS[1]).ids == tokeniser.encode(TEXTS[1]).ids


@EVERY
def test_two_trainings_give_the_same(kind: Kind) -> None:
    first, second = (train_tokeniser(kind, TEXTS, 290).to_str() for _ in range(2))
    assert first == second


@pytest.mark.parametrize("kind", ["bpe", "character"])
def test_decoding_restores_any_text(kind: Kind) -> None:
    tokeniser = train_tokeniser(kind, TEXTS, 300)
    for text in TEXTS:
        assert tokeniser.decode(tokeniser.encode(text).ids) == text
    new = "quite Новый text ☃"
    found = tokeniser.decode(tokeniser.encode(new).ids)
    assert (found == new) == (kind == "bpe")


def test_words_are_joined_by_blanks() -> None:
    tokeniser = train_tokeniser("word", TEXTS, 100)
    assert tokeniser.encode("the dog isn't here!").tokens == ["the", "dog", "isn't", "here", "!"]
    text = "the cat sat on the mat ."
    assert tokeniser.decode(tokeniser.encode(text).ids) == text
    assert tokeniser.encode("unseen cat").ids[0] == 1


def test_the_commonest_words_are_kept_and_case_is_folded() -> None:
    tokeniser = train_tokeniser("word", ["b B a", "b c"], 6, lower=True)
    assert tokeniser.get_vocab_size() == 6
    assert tokeniser.encode("B a c").ids == [4, 5, 1]


def test_what_is_no_tokeniser_is_refused() -> None:
    with pytest.raises(DataError, match="no tokeniser"):
        load_tokeniser("{}")
