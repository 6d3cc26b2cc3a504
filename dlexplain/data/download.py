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

    A stop keeps what came in `to`.part, and the next call goes on from there. With a `digest`
    (hexadecimal) a file that differs is deleted and DataError is raised, as it is when the source
    cannot be reached.
    """
    if to.exists():
        return to
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(to.name + ".part")
    try:
        _fetch(url, part, report)
    except (requests.RequestException, OSError) as error:
        raise DataError(
            f"{url} cannot be fetched ({type(error).__name__}); what came so far is kept, "
            "try again, or fetch it by other means and give its path"
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
    headers = {"Range": f"bytes={have}-"} if have else {}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_SECONDS) as answer:
        if answer.status_code == requests.codes.requested_range_not_satisfiable:
            return  # everything had come before the stop
        answer.raise_for_status()
        if have and answer.status_code != requests.codes.partial_content:
            have = 0  # the source does not resume
        total = have + int(answer.headers.get("Content-Length", 0))
        with part.open("ab" if have else "wb") as file:
            for chunk in answer.iter_content(CHUNK):
                file.write(chunk)
                have += len(chunk)
                of = f" of {total / 1e6:,.0f}" if total else ""
                report(f"fetching {url}: {have / 1e6:,.0f}{of} MB", have / total if total else None)
        if total and have < total:
            raise requests.ConnectionError(f"{have} of {total} bytes came")
