"""The texts in one column of a CSV."""

import io
from pathlib import Path

import pandas as pd

from dlexplain.errors import DataError

MOST_ROWS = 5000


def read_text_column(source: Path | bytes, column: str = "") -> tuple[str, list[str]]:
    """(the column's name, its texts, "" where there is none).

    Commas, semicolons or tabs stand between columns. Without a name the column "text" is taken,
    else the only one. Raises DataError, naming what there is.
    """
    content = _decoded(source)
    columns = _names(content)
    chosen = column or _usual(columns)
    if chosen not in columns:
        raise DataError(f'there is no column "{chosen}"; there are {", ".join(columns)}')
    frame = _frame(content)
    if not len(frame):
        raise DataError("the CSV has a heading and no rows")
    if len(frame) > MOST_ROWS:
        raise DataError(f"the CSV has {len(frame):,} rows; at most {MOST_ROWS:,} are accepted")
    return chosen, frame[chosen].fillna("").astype(str).tolist()


def other_columns(source: Path | bytes, column: str) -> dict[str, list[str]]:
    """The other columns of the CSV, by name, each as long as `read_text_column`'s texts."""
    frame = _frame(_decoded(source))
    return {str(name): frame[name].tolist() for name in frame.columns if name != column}


def column_names(source: Path | bytes) -> list[str]:
    """Of the heading; raises DataError."""
    return _names(_decoded(source))


def _names(content: str) -> list[str]:
    heading = content.split("\n", 1)[0]
    if not heading.strip():
        raise DataError("the file is empty; a CSV with a heading is accepted")
    return [str(name) for name in _frame(content, rows=0).columns]


def _usual(columns: list[str]) -> str:
    for name in columns:
        if name.lower() == "text":
            return name
    if len(columns) == 1:
        return columns[0]
    raise DataError(f"which column has the texts? There are {', '.join(columns)}")


def _decoded(source: Path | bytes) -> str:
    data = source if isinstance(source, bytes) else _bytes(source)
    if b"\0" in data[:10_000]:
        raise DataError("the file is no CSV: it has bytes that are no text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DataError(
            f"line {line} is not UTF-8 (byte {data[error.start]:#04x}); save the file as UTF-8"
        ) from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error


def _frame(content: str, rows: int | None = None) -> pd.DataFrame:
    heading = content.split("\n", 1)[0]
    comma = max(",;\t", key=heading.count)
    try:
        return pd.read_csv(
            io.StringIO(content), sep=comma, dtype=str, keep_default_na=False, nrows=rows
        ).rename(columns=str.strip)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise DataError(f"this is no CSV: {' '.join(str(error).split())}") from error
