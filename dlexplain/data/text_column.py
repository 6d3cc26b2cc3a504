"""The texts in one column of a CSV."""

from pathlib import Path

from dlexplain.data.text_bytes import LOOKED_AT, decoded, text_frame
from dlexplain.errors import DataError
from dlexplain.server_files import read_regular

MOST_ROWS = 5000
THIS = "the file"


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
    frame = text_frame(content, THIS)
    if not len(frame):
        raise DataError("the CSV has a heading and no rows")
    if len(frame) > MOST_ROWS:
        raise DataError(f"the CSV has {len(frame):,} rows; at most {MOST_ROWS:,} are accepted")
    return chosen, frame[chosen].tolist()


def other_columns(source: Path | bytes, column: str) -> dict[str, list[str]]:
    """The other columns of the CSV, by name, each as long as `read_text_column`'s texts."""
    frame = text_frame(_decoded(source), THIS)
    return {str(name): frame[name].tolist() for name in frame.columns if name != column}


def column_names(source: Path | bytes) -> list[str]:
    """Of the heading; raises DataError."""
    return _names(_decoded(source))


def _names(content: str) -> list[str]:
    return [str(name) for name in text_frame(content, THIS, rows=0).columns]


def _usual(columns: list[str]) -> str:
    for name in columns:
        if name.lower() == "text":
            return name
    if len(columns) == 1:
        return columns[0]
    raise DataError(f"which column has the texts? There are {', '.join(columns)}")


def _decoded(source: Path | bytes) -> str:
    data = source if isinstance(source, bytes) else _bytes(source)
    try:
        return decoded(data)
    except UnicodeDecodeError as error:
        if b"\0" in data[:LOOKED_AT]:
            raise DataError("the file is no CSV: it has bytes that are no text") from error
        line = data[: error.start].count(b"\n") + 1
        raise DataError(
            f"line {line} is not UTF-8 (byte {data[error.start]:#04x}); save the file as UTF-8"
        ) from error


def _bytes(path: Path) -> bytes:
    try:
        return read_regular(path)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
