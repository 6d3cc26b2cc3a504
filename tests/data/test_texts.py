"""Texts with classes: lines, SST-2's folder, the tweets, CSVs, and what is wrong with them."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dlexplain.data.base import DATA, silent
from dlexplain.data.sets import csv_texts, sst2, tweets
from dlexplain.data.texts import TextData, read_labelled
from dlexplain.errors import DataError
from dlexplain.params import parse

CLASSES = ("negative", "positive")


def sst2_folder(root: Path, train: int = 40, dev: int = 6) -> Path:
    for name, count in (("train", train), ("dev", dev)):
        lines = [f"{name} film number {n}\t{n % 2}" for n in range(count)]
        (root / f"{name}.tsv").write_text("\n".join(lines) + "\n")
    return root


def test_a_label_is_a_class_or_its_position(tmp_path: Path) -> None:
    file = tmp_path / "a.tsv"
    file.write_text("sentence\tlabel\ngood film\tpositive\n\nbad\tfilm\t0\r\n", "utf-8")
    found = read_labelled(file, CLASSES)
    assert found.texts == ("good film", "bad\tfilm")
    assert found.labels.tolist() == [1, 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"no label here", "line 1 of .* has no tab"),
        (b"a\t1\nb\t2\n", 'line 2 of .* has the label "2"; negative, positive or 0 to 1'),
        (b"a\t-1\n", 'label "-1"'),
        (b"\n\n", "no line of text<TAB>label"),
        (b"caf\xe9\t1", "not UTF-8"),
    ],
)
def test_what_is_wrong_with_lines_is_said(content: bytes, message: str, tmp_path: Path) -> None:
    file = tmp_path / "a.tsv"
    file.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_labelled(file, CLASSES)


def test_rows_of_a_csv_have_the_labels_of_known_classes(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text('text;label\n"good; film";positive\n\nbad  film;0\n;1\n', "utf-8")
    found = csv_texts.read_rows(file, CLASSES)
    assert found.texts == ("good; film", "bad film")
    assert found.labels.tolist() == [1, 0]
    file.write_text("text,label\nfine,neutral\n", "utf-8")
    with pytest.raises(DataError, match='a row of .* has the label "neutral"; negative, positive'):
        csv_texts.read_rows(file, CLASSES)
    file.write_text("text,label\n,\n", "utf-8")
    with pytest.raises(DataError, match="no row with both a text and a label"):
        csv_texts.read_rows(file, CLASSES)


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_labelled(tmp_path / "none", CLASSES)


def load_sst2(root: Path, **params: Any) -> TextData:
    return sst2.load(parse(sst2.Params, {"path": str(root), **params}), root / "kept", silent)


def test_sst2_is_tested_on_dev_and_validation_comes_from_train(tmp_path: Path) -> None:
    data = load_sst2(sst2_folder(tmp_path), validation=0.25)
    assert [len(part) for part in (data.train, data.validation, data.test)] == [30, 10, 6]
    assert all(text.startswith("dev") for text in data.test.texts)
    held = set(data.validation.texts)
    assert all(text.startswith("train") for text in held)
    assert not held & set(data.train.texts)
    assert Counter(data.validation.labels.tolist()) == {0: 5, 1: 5}
    assert data.digest == load_sst2(tmp_path, validation=0.25).digest
    assert data.digest != load_sst2(tmp_path, validation=0.5).digest


def test_sst2_can_be_tested_on_its_test_part(tmp_path: Path) -> None:
    sst2_folder(tmp_path)
    with pytest.raises(DataError, match=r"test\.tsv is not there"):
        load_sst2(tmp_path, scored="test")
    (tmp_path / "test.tsv").write_text("fine\t1\n")
    assert load_sst2(tmp_path, scored="test").test.texts == ("fine",)
    (tmp_path / "train.tsv").write_text("fine\t1\n")
    with pytest.raises(DataError, match="only one class"):
        load_sst2(tmp_path)


def test_the_tweets_come_with_their_package() -> None:
    params = parse(tweets.Params, {"count": 600})
    data = tweets.load(params, Path(), silent)
    parts = (data.train, data.validation, data.test)
    assert sum(map(len, parts)) == 600
    every = [text for part in parts for text in part.texts]
    assert len(set(every)) == len(every), "a copy in the test would be known"
    assert set(data.train.labels.tolist()) == {0, 1, 2}
    assert "repeated" in data.notes[0]
    assert tweets.load(params, Path(), silent).digest == data.digest
    assert tweets.status(params, Path()).there


def load_csv(file: Path, **params: Any) -> TextData:
    return csv_texts.load(parse(csv_texts.Params, {"path": str(file), **params}), Path(), silent)


@pytest.mark.parametrize("comma", [",", ";", "\t"])
def test_a_csv_with_gaps(comma: str, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    rows = [f'"text {n}, with  comma"{comma}{"yes" if n % 2 else "NA"}' for n in range(40)]
    file.write_text("\n".join([f" what {comma}kind", *rows, f"{comma}yes", f"alone{comma}"]))
    data = load_csv(file, text="what", label="kind")
    assert data.classes == ("NA", "yes")
    assert data.notes == ("2 rows without a text or a label were skipped",)
    parts = (data.train, data.validation, data.test)
    assert [len(part) for part in parts] == [28, 6, 6]
    for part in parts:
        for text, label in zip(part.texts, part.labels, strict=True):
            number, rest = text.removeprefix("text ").split(",")
            assert (int(number) % 2, rest) == (label, " with comma")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("text,label\n", "no rows"),
        ("words,label\na,b\n", 'no column "text"; it has words, label'),
        ("text,label\n,b\na,\n", "no row with both"),
        ("text,label\na,b\nc,b\n", 'only one class, "b"'),
        ("text,label\na,b\nc,b\nd,b\ne,f\n", '1 of the class "f"'),
    ],
)
def test_what_is_wrong_with_a_csv_is_said(content: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text(content)
    with pytest.raises(DataError, match=message):
        load_csv(file)


def test_a_csv_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="path is empty"):
        csv_texts.load(csv_texts.Params(), Path(), silent)
    with pytest.raises(DataError, match="cannot be read"):
        load_csv(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes("text,label\ngrün,a\n".encode("latin-1"))
    with pytest.raises(DataError, match="not UTF-8"):
        load_csv(tmp_path / "latin.csv")


def test_all_three_are_for_the_task() -> None:
    for name in ("sst2", "tweets", "csv-texts"):
        assert "classify-text" in DATA[name].tasks


def test_labels_are_positions() -> None:
    data = tweets.load(parse(tweets.Params, {"count": 100}), Path(), silent)
    assert data.test.labels.dtype == np.int64
