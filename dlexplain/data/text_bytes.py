"""What a text file's bytes say, and the rows of a CSV of texts."""

import codecs
import csv
import io

import pandas as pd

from dlexplain.errors import DataError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LOOKED_AT = 10_000
"""Bytes in which an encoding without a mark is looked for."""


def decoded(data: bytes) -> str:
    """UTF-8; or UTF-16 as Excel's "Unicode text" is, with its mark or, where it has Latin letters,
    digits or commas, without.

    Raises UnicodeDecodeError for any other encoding and for what is no text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding)
    zeros = [place for place in range(min(len(data), LOOKED_AT)) if not data[place]]
    if not zeros:
        return data.decode("utf-8")
    sides = {place % 2 for place in zeros}
    if len(sides) > 1:
        raise UnicodeDecodeError("utf-8", data, zeros[0], zeros[0] + 1, "a zero byte is no text")
    text = data.decode("utf-16-le" if sides == {1} else "utf-16-be")
    control = next((sign for sign in text if sign < " " and sign not in "\t\r\n\f"), None)
    if control is not None:  # a program or a picture, whose bytes make letters by chance
        raise UnicodeDecodeError("utf-16", data, 0, 2, f"a sign {ord(control)} is no text")
    return text


def separator(content: str) -> str:
    """Of comma, semicolon and tab the one that is most frequent in the heading."""
    return max(",;\t", key=content.split("\n", 1)[0].count)


def text_frame(content: str, name: str, rows: int | None = None) -> pd.DataFrame:
    """The rows of a CSV, all as text, gaps as ""; blanks around headings are left out.

    name  what messages call it;  rows  how many are read at most
    Raises DataError for an empty file, what is no CSV, and headings that are the same.
    """
    if not content.split("\n", 1)[0].strip():
        raise DataError(f"{name} is empty; a CSV with a heading is accepted")
    comma = separator(content)
    try:
        heading = [text.strip() for text in next(csv.reader(io.StringIO(content), delimiter=comma))]
        frame = pd.read_csv(
            io.StringIO(content), sep=comma, dtype=str, keep_default_na=False, nrows=rows
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, csv.Error) as error:
        raise DataError(f"{name} is no CSV: {' '.join(str(error).split())}") from error
    twice = [text for text in heading if text and heading.count(text) > 1]
    if twice:
        count = heading.count(twice[0])
        raise DataError(f'{name} has {count} columns "{twice[0]}"; each needs a name of its own')
    return frame.fillna("").rename(columns=str.strip)
