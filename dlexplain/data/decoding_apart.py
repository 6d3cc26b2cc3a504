"""Decoding a picture file in a process of its own, which can be ended and takes its memory along.

    python -P -m dlexplain.data.decoding_apart

A request is a line of JSON and the file's bytes; the answer is a line of JSON and the pixels. A
process serves many requests and one of them is kept between pictures: starting one takes 0.2 s.
Why, and which pictures are decoded here: docs/decisions/0025.
"""

import atexit
import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from dlexplain.data.decoding import Decoded, Pixels, decode, number, open_file
from dlexplain.errors import PictureError
from dlexplain.turns import Turns, give_way

AT_ONCE, EACH = 3, 1
"""Processes that decode at the same time, since each may take `_most_memory`; and of one person,
whose slow files hold up nobody else's then."""
KEPT = 1
"""Processes that wait for the next picture."""
PATIENCE = 3.0
PIPE_BYTES = 2**20
_turns = Turns(lambda: AT_ONCE, lambda: EACH)
_idle: list["subprocess.Popen[bytes]"] = []
_idle_lock = threading.Lock()


def decode_apart(data: bytes, kind: str, name: str, limit: float, seconds: float) -> Decoded:
    """As `open_file` and `decode` do; raises PictureError.

    seconds  of processor time that it may take, and PATIENCE times that by the clock, so that
             only what hangs or is slow by itself is ended, not what a busy machine holds up
    """
    with _turns.turn():
        worker = _take(name)
        late = threading.Event()

        def end() -> None:
            late.set()
            worker.kill()

        timer = threading.Timer(PATIENCE * seconds, end)
        timer.start()
        answered = False
        try:
            found = _ask(worker, data, _request(kind, name, limit, seconds))
            answered = True
        except (OSError, ValueError, EOFError) as error:
            raise PictureError(f"{name} {_why(worker, late.is_set(), seconds)}") from error
        finally:
            timer.cancel()
            timer.join()  # it may just be ending the process
            (_put_back if answered and not late.is_set() else _close)(worker)
    if isinstance(found, str):
        raise PictureError(found)
    return found


def _why(worker: "subprocess.Popen[bytes]", late: bool, seconds: float) -> str:
    """The rest of a sentence on a picture whose process has ended."""
    if not late:
        worker.kill()  # one that closed its output is about to end
    if late or -worker.wait() == getattr(signal, "SIGXCPU", None):
        return (
            f"took longer than {number(seconds)} s to decode and was left; a smaller or a plainer"
            " file is accepted"
        )
    return "ended the process that decoded it; a complete file is accepted"


def start_ahead() -> None:
    """Have a process waiting, so that the first picture need not."""
    _put_back(_take("the first picture"))


def decoding() -> dict[str, int]:
    """How many pictures wait to be decoded apart, and are."""
    return _turns.counts()


def _take(name: str) -> "subprocess.Popen[bytes]":
    with _idle_lock:
        while _idle:
            worker = _idle.pop()
            if worker.poll() is None:
                return worker
            _close(worker)
    package = str(Path(__file__).parents[2])
    ways = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "dlexplain.data.decoding_apart"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pipesize=PIPE_BYTES,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(ways),
                "OPENBLAS_NUM_THREADS": "1",  # NumPy's threads would reserve memory for nothing
            },
        )
    except OSError as error:
        raise PictureError(
            f"{name} could not be decoded: no process could be started for it"
            f" ({error.strerror or error}); it is accepted once one can"
        ) from error


def _put_back(worker: "subprocess.Popen[bytes]") -> None:
    with _idle_lock:
        if worker.poll() is None and len(_idle) < KEPT:
            _idle.append(worker)
            return
    _close(worker)


def _close(worker: "subprocess.Popen[bytes]") -> None:
    worker.kill()
    with contextlib.suppress(OSError):  # what it did not read of a picture
        worker.communicate()


@atexit.register
def _end() -> None:
    with _idle_lock:
        while _idle:
            _close(_idle.pop())


def _request(kind: str, name: str, limit: float, seconds: float) -> dict[str, Any]:
    return {"kind": kind, "name": name, "limit": limit, "seconds": seconds}


def _ask(worker: "subprocess.Popen[bytes]", data: bytes, request: dict[str, Any]) -> Decoded | str:
    """The answer, or the sentence on why there is none; raises EOFError where it has ended."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(json.dumps({**request, "bytes": len(data)}).encode() + b"\n")
    worker.stdin.write(data)
    worker.stdin.flush()
    line = worker.stdout.readline()
    if not line.endswith(b"\n"):
        raise EOFError("no answer")
    answer = json.loads(line)
    if "error" in answer:
        return str(answer["error"])
    pixels: Pixels = np.empty(answer["shape"], np.uint8)
    if worker.stdout.readinto(pixels.reshape(-1).data) != pixels.nbytes:  # type: ignore[attr-defined]
        raise EOFError("half an answer")
    return Decoded(pixels, tuple(answer["notes"]))


# The process's side


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until there are no more requests."""
    while line := requests.readline():
        request = json.loads(line)
        size = request.pop("bytes")
        try:
            found = _decode(requests.read(size), **request)
        except PictureError as error:
            answers.write(json.dumps({"error": str(error)}).encode() + b"\n")
        else:
            about = {"shape": found.pixels.shape, "notes": found.notes}
            answers.write(json.dumps(about).encode() + b"\n")
            answers.write(np.ascontiguousarray(found.pixels).data)
            del found  # nothing of it stays while the process waits
        answers.flush()


def _decode(data: bytes, kind: str, name: str, limit: float, seconds: float) -> Decoded:
    _limit(limit, seconds)
    try:
        with open_file(data, kind, name, limit) as image:
            return decode(image, name)
    except MemoryError as error:
        raise PictureError(
            f"{name} takes more memory to decode than a picture of its size may; a plainer file"
            " is accepted"
        ) from error


def _limit(megapixels: float, seconds: float) -> None:
    """Let the system end this process after `seconds` more of processor time, and refuse it memory
    beyond 1.5 GB and 48 bytes a pixel: floats of a TIFF take most, 36 bytes."""
    try:
        import resource
    except ImportError:  # Windows
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = used.ru_utime + used.ru_stime + seconds
    _at_most(resource, resource.RLIMIT_CPU, math.ceil(cpu))
    if sys.platform == "linux":  # elsewhere it counts otherwise
        _at_most(resource, resource.RLIMIT_AS, int(1.5e9 + 48e6 * megapixels))


def _at_most(resource: Any, what: int, wanted: int) -> None:
    _, hard = resource.getrlimit(what)
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(what, (soft, hard))


def main() -> None:
    """Serve the process that started this one; what libraries print goes nowhere."""
    give_way()  # to who answers at once
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")  # size limits are ours; odd metadata is no concern
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
