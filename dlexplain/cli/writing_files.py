"""Files that commands write beside what they print."""

from pathlib import Path

from dlexplain.errors import BadInput


def write_text(file: Path, content: str) -> None:
    """Raises BadInput where the disk does not take it."""
    try:
        file.write_text(content)
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror or error}") from error
