"""Large and odd files are decoded in a process of their own, which can be ended."""

import contextlib
import io
import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlexplain.data import decoding_apart
from dlexplain.data.decoding import decode, open_file
from dlexplain.data.decoding_apart import decode_apart
from dlexplain.data.file_kinds import jpeg_scans
from dlexplain.data.pictures import read_picture
from dlexplain.errors import PictureError
from dlexplain.turns import NICENESS, act_for
from tests.bad_pictures import encoded, noise, repeated_scan

KINDS = ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF"]


def apart(data: bytes, kind: str, seconds: float = 60) -> np.ndarray:
    return decode_apart(data, kind, "x", 64, seconds).pixels


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_pixels_as_in_the_calling_process(kind: str) -> None:
    data = encoded(noise(33, 21), kind)
    np.testing.assert_array_equal(
        apart(data, kind), decode(open_file(data, kind, "x", 64), "x").pixels
    )


def test_one_process_serves_one_picture_after_the_other() -> None:
    apart(encoded(noise(), "PNG"), "PNG")
    (worker,) = decoding_apart._idle
    with pytest.raises(PictureError, match="cut short"):
        apart(encoded(noise(), "PNG")[:500], "PNG")
    apart(encoded(noise(), "PNG"), "PNG")
    assert decoding_apart._idle == [worker]


def test_one_that_was_ended_meanwhile_is_replaced() -> None:
    data = encoded(noise(), "PNG")
    apart(data, "PNG")
    (worker,) = decoding_apart._idle
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    assert apart(data, "PNG").shape == (48, 64, 3)


def test_what_takes_too_long_is_ended_and_its_process_with_it() -> None:
    slow = repeated_scan(Image.new("RGB", (8000, 6000), "red"), 90)
    apart(encoded(noise(), "PNG"), "PNG")
    (worker,) = decoding_apart._idle
    with pytest.raises(PictureError, match=r"x took longer than 0.3 s to decode and was left"):
        apart(slow, "JPEG", 0.3)
    assert worker.poll() is not None
    assert decoding_apart._idle == []


def test_processor_time_counts_before_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the clock's limit: the system ends it, and the sentence is the same."""
    monkeypatch.setattr(decoding_apart, "PATIENCE", 1e6)
    slow = repeated_scan(Image.new("RGB", (8000, 6000), "red"), 90)
    with pytest.raises(PictureError, match=r"x took longer than 0.3 s to decode and was left"):
        apart(slow, "JPEG", 0.3)


def test_the_time_allowed_is_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    from dlexplain.settings import settings

    monkeypatch.setenv("DLEXPLAIN_DECODE_SECONDS", "0.3")
    settings.cache_clear()
    try:
        with pytest.raises(PictureError, match=r"took longer than 0.3 s"):
            read_picture(repeated_scan(Image.new("RGB", (8000, 6000), "red"), 90))
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_while_one_decodes_for_long_others_are_read() -> None:
    slow = repeated_scan(Image.new("RGB", (8000, 7000), "red"), 90)
    ended = threading.Event()

    def read() -> None:
        with pytest.raises(PictureError):
            apart(slow, "JPEG", 2)
        ended.set()

    thread = threading.Thread(target=read)
    thread.start()
    while not decoding_apart.decoding()["running"]:
        time.sleep(0.01)
    try:
        assert read_picture(encoded(noise(), "JPEG")).pixels.shape == (48, 64, 3)  # here
        assert read_picture(encoded(noise(1500, 1000), "JPEG")).pixels.shape == (1000, 1500, 3)
        assert not ended.is_set()
    finally:
        thread.join()


def test_one_persons_slow_files_leave_processes_to_others() -> None:
    """Six tabs with a slow file each: of these one is decoded, and another person's at once."""
    slow = repeated_scan(Image.new("RGB", (8000, 7000), "red"), 90)
    ended: list[str] = []

    def read(person: str, data: bytes, kind: str, seconds: float) -> None:
        act_for(person)
        with contextlib.suppress(PictureError):
            apart(data, kind, seconds)
        ended.append(person)

    heavy = [threading.Thread(target=read, args=("a", slow, "JPEG", 0.5)) for _ in range(6)]
    for thread in heavy:
        thread.start()
    while decoding_apart.decoding() != {"waiting": 5, "running": 1}:
        time.sleep(0.01)
    other = threading.Thread(target=read, args=("b", encoded(noise(), "TIFF"), "TIFF", 60))
    other.start()
    other.join(30)
    assert ended.count("b") == 1
    assert ended.count("a") <= 2  # not after all of the other's
    for thread in heavy:
        thread.join(60)
    assert decoding_apart.decoding() == {"waiting": 0, "running": 0}


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it keeps its priority")
def test_its_process_gives_way_to_who_answers_at_once() -> None:
    apart(encoded(noise(), "PNG"), "PNG")
    (worker,) = decoding_apart._idle
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, worker.pid) == max(own, NICENESS)


def test_small_pictures_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("a process was asked for")

    monkeypatch.setattr("dlexplain.data.pictures.decode_apart", refuse)
    for kind in KINDS[:5]:
        read_picture(encoded(noise(), kind))
    with pytest.raises(AssertionError):
        read_picture(encoded(noise(1500, 1000), "JPEG"))
    with pytest.raises(AssertionError):  # few pixels, many passes
        read_picture(repeated_scan(noise(200, 150), 90))


def test_no_process_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    decoding_apart._end()
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    with pytest.raises(PictureError, match="no process could be started.*No such file"):
        read_picture(encoded(noise(), "TIFF"))


def test_a_process_that_dies_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    decoding_apart._end()
    (tmp_path / "python").write_text("#!/bin/sh\nread line; exit 3\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(PictureError, match="ended the process that decoded it"):
        read_picture(encoded(noise(), "TIFF"))
    assert decoding_apart._idle == []


def test_a_process_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It reads nothing either: writing a file larger than the pipe must not wait for ever."""
    decoding_apart._end()
    (tmp_path / "python").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    started = time.monotonic()
    with pytest.raises(PictureError, match="took longer than 0.5 s"):
        apart(encoded(noise(1500, 1000), "BMP"), "BMP", 0.5)  # 1.5 s by the clock
    assert time.monotonic() - started < 20


@pytest.mark.skipif(not os.path.exists("/proc/self/limits"), reason="Linux tells the limits there")
def test_its_memory_is_limited() -> None:
    decode_apart(encoded(noise(), "PNG"), "PNG", "x", 2.0, 60)
    (worker,) = decoding_apart._idle
    lines = Path(f"/proc/{worker.pid}/limits").read_text().splitlines()
    (limit,) = [line.split()[3] for line in lines if line.startswith("Max address space")]
    assert int(limit) == 1_596_000_000


def test_scans_are_counted() -> None:
    image = noise(40, 30)
    assert jpeg_scans(encoded(image, "JPEG"), 100) == 1
    with_thumbnail = Image.Exif()
    with_thumbnail[270] = "\u00ff\u00da" * 9  # as a thumbnail has it, inside of a segment
    data = encoded(image, "JPEG", progressive=True, exif=with_thumbnail)
    with Image.open(io.BytesIO(data)) as opened:
        assert opened.info["progressive"]
    assert jpeg_scans(data, 100) == 10
    assert jpeg_scans(repeated_scan(image, 30), 100) == 39
    assert jpeg_scans(repeated_scan(image, 400), 100) == 101
    assert jpeg_scans(data[:100], 100) == 0
    assert jpeg_scans(b"\xff\xd8" + b"\xff\xda\x00\x00" * 50, 100) == 50  # a length of 0 goes on
