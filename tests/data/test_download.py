"""Fetching from a server on 127.0.0.1 that knows ranges, breaks off or has another file."""

import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dlexplain.data.base import silent
from dlexplain.data.download import download, file_digest
from dlexplain.errors import DataError

CONTENT = bytes(range(256)) * 12_000  # 3 MB
MD5 = hashlib.md5(CONTENT).hexdigest()


class Source(ThreadingHTTPServer):
    """Serves `content`; breaks off `after` bytes; `asked` holds the Range of each request."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.content, self.after, self.ranges = CONTENT, 0, True
        self.asked: list[str | None] = []
        self.encodings: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/file.bin"


class Answer(BaseHTTPRequestHandler):
    server: Source

    def do_GET(self) -> None:
        source = self.server
        wanted = self.headers.get("Range")
        source.asked.append(wanted)
        source.encodings.append(self.headers.get("Accept-Encoding"))
        if self.path != "/file.bin":
            self.send_error(404)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and source.ranges else 0
        if start >= len(source.content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(source.content) - start))
        self.end_headers()
        self.wfile.write(source.content[start : (start + source.after) if source.after else None])

    def log_message(self, *arguments: object) -> None:
        """Tell nobody."""


@pytest.fixture
def source() -> Iterator[Source]:
    with Source() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_file_is_fetched_once(source: Source, tmp_path: Path) -> None:
    to = tmp_path / "deep" / "file.bin"
    parts: list[float | None] = []
    found = download(source.url, to, lambda text, part: parts.append(part), MD5)
    assert found == to and to.read_bytes() == CONTENT
    assert parts == sorted(p for p in parts if p is not None) and parts[-1] == 1
    assert [p.name for p in to.parent.iterdir()] == ["file.bin"]
    download(source.url, to, silent, MD5)
    assert source.asked == [None]


def test_a_break_is_resumed_where_it_was(source: Source, tmp_path: Path) -> None:
    to = tmp_path / "file.bin"
    source.after = 1_500_000
    with pytest.raises(DataError, match=r"file.bin cannot be fetched \(.*\); try again"):
        download(source.url, to, silent, MD5)
    assert not to.exists()
    have = (tmp_path / "file.bin.part").stat().st_size
    assert 0 < have <= 1_500_000
    source.after = 0
    parts: list[float] = []
    download(source.url, to, lambda text, part: parts.append(part or 0), MD5)
    assert source.asked == [None, f"bytes={have}-"]
    assert to.read_bytes() == CONTENT
    assert parts[0] > have / len(CONTENT)


def test_a_source_without_ranges_is_read_from_the_start(source: Source, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(CONTENT[:1000])
    source.ranges = False
    assert download(source.url, tmp_path / "file.bin", silent, MD5).read_bytes() == CONTENT


def test_a_stop_just_before_the_renaming(source: Source, tmp_path: Path) -> None:
    (tmp_path / "file.bin.part").write_bytes(CONTENT)
    assert download(source.url, tmp_path / "file.bin", silent, MD5).read_bytes() == CONTENT
    assert source.asked == [f"bytes={len(CONTENT)}-"]


def test_another_file_is_deleted_and_refused(source: Source, tmp_path: Path) -> None:
    source.content = b"<html>sign in</html>"
    with pytest.raises(DataError, match=r"is not what was expected \(its md5 differs\)"):
        download(source.url, tmp_path / "file.bin", silent, MD5)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_start_is_deleted_so_that_the_next_call_succeeds(
    source: Source, tmp_path: Path
) -> None:
    (tmp_path / "file.bin.part").write_bytes(b"not the start of it")
    with pytest.raises(DataError, match="md5 differs"):
        download(source.url, tmp_path / "file.bin", silent, MD5)
    assert download(source.url, tmp_path / "file.bin", silent, MD5).read_bytes() == CONTENT


def test_without_a_digest_an_old_start_is_not_joined_to_a_new_file(
    source: Source, tmp_path: Path
) -> None:
    (tmp_path / "file.bin.part").write_bytes(b"last month's start")
    assert download(source.url, tmp_path / "file.bin", silent).read_bytes() == CONTENT
    assert source.asked == [None]


def test_no_compression_is_asked_for(source: Source, tmp_path: Path) -> None:
    """Ranges of compressed bytes do not fit behind what requests has unpacked."""
    download(source.url, tmp_path / "file.bin", silent)
    assert source.encodings == ["identity"]


def test_what_cannot_be_reached(source: Source, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"other cannot be fetched \(HTTP 404\)"):
        download(source.url.replace("file.bin", "other"), tmp_path / "a", silent)
    with pytest.raises(DataError, match=r"cannot be fetched \(ConnectionError\)"):
        download("http://127.0.0.1:1/file.bin", tmp_path / "a", silent)
    with pytest.raises(DataError, match=r"^nowhere cannot be fetched \(MissingSchema\)"):
        download("nowhere", tmp_path / "a", silent)


def test_digests(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"abc")
    assert file_digest(file, "md5") == "900150983cd24fb0d6963f7d28e17f72"
    assert file_digest(file).startswith("ba7816bf8f01cfea414140de5dae2223")
