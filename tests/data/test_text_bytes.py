"""Encodings that Excel writes, and headings that cannot be told apart."""

import codecs
from pathlib import Path

import pytest

from dlexplain.data.corpora import read_text
from dlexplain.data.pairs import read_lines
from dlexplain.data.sets.csv_texts import Params, load
from dlexplain.data.text_bytes import decoded, text_frame
from dlexplain.data.text_column import column_names, read_text_column
from dlexplain.data.texts import read_labelled
from dlexplain.errors import DataError

WORDS = "text\tlabel\r\nschön, aber öde\tneg\r\ngroßartig\tpos\r\n"
ENCODED = {
    "utf-8": WORDS.encode(),
    "utf-8-mark": codecs.BOM_UTF8 + WORDS.encode(),
    "utf-16-le-mark": codecs.BOM_UTF16_LE + WORDS.encode("utf-16-le"),
    "utf-16-be-mark": codecs.BOM_UTF16_BE + WORDS.encode("utf-16-be"),
    "utf-16-le": WORDS.encode("utf-16-le"),
    "utf-16-be": WORDS.encode("utf-16-be"),
    "utf-32-le-mark": codecs.BOM_UTF32_LE + WORDS.encode("utf-32-le"),
}


@pytest.mark.parametrize("name", ENCODED)
def test_every_reader_of_texts_reads_it(name: str, tmp_path: Path) -> None:
    data, file = ENCODED[name], tmp_path / "a.csv"
    file.write_bytes(data)
    assert decoded(data) == WORDS
    assert column_names(data) == ["text", "label"]
    assert read_text_column(file) == ("text", ["schön, aber öde", "großartig"])
    assert read_text(file) == WORDS.replace("\r\n", "\n")
    assert read_lines(file)[1] == "schön, aber öde\tneg"
    assert read_labelled(file, ("neg", "pos")).texts == ("schön, aber öde", "großartig")


def test_own_texts_of_excel(tmp_path: Path) -> None:
    rows = [f"good one {i}\tpos" for i in range(9)] + [f"bad one {i}\tneg" for i in range(9)]
    content = "\r\n".join(["text\tlabel", *rows])
    (tmp_path / "a.csv").write_bytes(codecs.BOM_UTF16_LE + content.encode("utf-16-le"))
    data = load(Params(path=str(tmp_path / "a.csv")), tmp_path, lambda text, part: None)
    assert data.classes == ("neg", "pos")
    assert sum(len(part) for part in (data.train, data.validation, data.test)) == 18


@pytest.mark.parametrize("data", [b"\x89PNG\0\0\0\rIHDR", b"caf\xe9,b", b"\xff\xfe\x00\xd8"])
def test_what_is_no_text(data: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        decoded(data)


@pytest.mark.parametrize("heading", ["text,text", "text,text ", "text, text,label"])
def test_headings_that_are_the_same(heading: str) -> None:
    content = f"{heading}\na,b,c\n" if heading.count(",") == 2 else f"{heading}\na,b\n"
    with pytest.raises(DataError, match='the file has 2 columns "text"; each needs a name'):
        read_text_column(content.encode())
    with pytest.raises(DataError, match='it has 2 columns "text"'):
        text_frame(content, "it")
