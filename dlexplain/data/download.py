"""Fetching a file once: resumed where it stopped, checked against its digest, then kept."""

import hashlib
import os
from pathlib import Path

import requests

from dlexplain.data.base import Report
from dlexplain.errors import DataError

CHUNK = 1 << 20
TIMEOUT_SECONDS = 30


def download(url: str, to: Path, report: Report, digest: str = "", algorithm: str = "md5") -> Path:
    """Fetch `url` into the file `to`, unless it is there.

    A stop keeps what came in `to`.part. With a `digest` (hexadecimal) the next call goes on from
    there, and a file that differs is deleted and DataError is raised, as it is when the source
    cannot be reached. Without one the next call starts again: the source may have changed.
    """
    if to.exists():
        return to
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(to.name + ".part")
    if not digest:
        part.unlink(missing_ok=True)
    try:
        _fetch(url, part, report)
    except (requests.RequestException, OSError) as error:
        raise DataError(
            f"{url} cannot be fetched ({_reason(error)}); try again, or fetch it by other means "
            "and give its path"
        ) from error
    if digest and file_digest(part, algorithm) != digest:
        part.unlink()
        raise DataError(f"{url} is not what was expected (its {algorithm} differs); try again")
    os.replace(part, to)
    return to


def file_digest(path: Path, algorithm: str = "sha256") -> str:
    """Hexadecimal digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _fetch(url: str, part: Path, report: Report) -> None:
    have = part.stat().st_size if part.exists() else 0
    # A range of compressed bytes could not be put behind what was unpacked.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            return  # everything had come before the stop
        answer.raise_for_status()
        if have and answer.status_code != requests.codes.partial_content:
            have = 0  # the source does not resume
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else 0
        with part.open("ab" if have else "wb") as file:
            for chunk in answer.iter_content(CHUNK):
                file.write(chunk)
                have += len(chunk)
                of = f" of {total / 1e6:,.0f}" if total else ""
                report(f"fetching {url}: {have / 1e6:,.0f}{of} MB", have / total if total else None)
        if total and have < total:
            raise requests.ConnectionError(f"{have} of {total} bytes came")


def _reason(error: Exception) -> str:
    answer = getattr(error, "response", None)
    return f"HTTP {answer.status_code}" if answer is not None else type(error).__name__
