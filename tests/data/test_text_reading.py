"""A text's tokens: places, words, marks, what is unknown, and what is cut."""

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from dlexplain.data.text_reading import TextReader, check_text
from dlexplain.data.tokenisers import UNK, train_tokeniser
from dlexplain.errors import TextError

TEXTS = ["a good film", "a bad film", "goodness me"]


def reader(kind: str = "word", longest: int = 10, marks: bool = False) -> TextReader:
    tokeniser = train_tokeniser(kind, TEXTS, 300, lower=True)  # type: ignore[arg-type]
    if marks:
        tokeniser.post_processor = processors.TemplateProcessing(
            single="[BOS] $A [EOS]", special_tokens=[("[BOS]", 2), ("[EOS]", 3)]
        )
    return TextReader(tokeniser, longest, UNK, letters=kind == "character")


def test_tokens_are_parts_of_the_text_itself() -> None:
    found = reader().read("A GOOD  film, indeed")
    assert found.tokens == ("A", "GOOD", "film", ",", "indeed")
    assert [found.text[a:b] for a, b in found.offsets.tolist()] == list(found.tokens)
    assert found.words.tolist() == [0, 1, 2, 3, 4]
    assert found.unknown == pytest.approx(2 / 5)


def test_pieces_of_a_word_share_its_number() -> None:
    found = reader("bpe").read("a goodish film")
    words: dict[int, str] = {}
    for token, word in zip(found.tokens, found.words.tolist(), strict=True):
        words[word] = words.get(word, "") + token
    assert [word.strip() for word in words.values()] == ["a", "goodish", "film"]


def test_a_word_that_falls_into_letters_is_unknown() -> None:
    known, spelt = reader("bpe").read("a good film"), reader("bpe").read("a good zqx film")
    assert known.unknown == 0
    assert [token.strip() for token in spelt.tokens] == ["a", "good", "", "z", "q", "x", "film"]
    assert spelt.unknown == pytest.approx(4 / 7)
    assert reader("character").read("a good zqx film").unknown == pytest.approx(
        sum(letter not in "".join(TEXTS) for letter in "a good zqx film") / len("a good zqx film")
    )


def test_letters_belong_to_the_words_between_blanks() -> None:
    assert reader("character").read("a bad").words.tolist() == [0, 1, 1, 1, 1]
    assert reader("character").read(" a b").words.tolist() == [0, 0, 1, 1]


def test_tokens_of_a_script_without_blanks_are_words() -> None:
    pieces = ["<unk>", "▁", "▁a", "这部", "电影", "很", "好", "b", "c"]
    tokeniser = Tokenizer(models.Unigram([(piece, -1.0) for piece in pieces], 0))
    tokeniser.pre_tokenizer = pre_tokenizers.Metaspace()
    found = TextReader(tokeniser, 20, 0).read("这部电影很好 bc")
    words: dict[int, tuple[int, int]] = {}
    for (start, stop), word in zip(found.offsets.tolist(), found.words.tolist(), strict=True):
        words[word] = (words.get(word, (start, stop))[0], stop)
    told = [found.text[start:stop].strip() for start, stop in words.values()]
    assert told == ["这部", "电影", "很", "好", "bc"]
    assert reader("character").read("很好 ab").words.tolist() == [0, 1, 2, 2, 2]
    bytes_of = reader("bpe").read("很好")  # three tokens a letter
    assert bytes_of.words.tolist() == [0, 0, 0, 1, 1, 1]


def test_marks_are_no_words_and_stay_when_the_text_is_cut() -> None:
    found = reader(marks=True, longest=4).read("a good bad film")
    assert found.tokens == ("[BOS]", "a", "good", "[EOS]")
    assert found.special.tolist() == [True, False, False, True]
    assert found.left == 2
    assert found.offsets[0].tolist() == [0, 0]


def test_a_special_in_a_text_is_only_text() -> None:
    assert reader(marks=True).read("a [EOS] film").special.sum() == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "empty"), (" \t\n", "only blanks"), ("x" * 1_000_001, "1,000,001 characters")],
)
def test_nothing_and_far_too_much_are_refused(text: str, said: str) -> None:
    with pytest.raises(TextError, match=said):
        check_text(text)


def test_odd_letters_are_read() -> None:
    for text in ("a\x00film", "فيلم", "这部电影", "🎬", "ξ", "e\N{COMBINING ACUTE ACCENT}"):
        assert len(reader("bpe").read(text)) > 0
        assert reader().read(text).unknown > 0
