"""Modules of ours in processes of their own, which answer by a JSON object a line; no torch here.

Such a module reads what is asked on standard input, and is silent on standard output but for its
answers; {"error": "..."} is its last where it fails. `said_apart` is the caller's side, `answer`
the module's.
"""

import json
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout, suppress
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from dlexplain.errors import DlexplainError, RunError
from dlexplain.explainers.progress import Progress

LOOK_SECONDS = 0.2
"""Between two looks at whether the work was cancelled."""


def said_apart(module: str, asked: str, progress: Progress) -> Iterator[dict[str, Any]]:
    """What the module's process says, object by object, until it ends; it is ended where the
    iterator is closed. Raises RunError, one sentence, or Cancelled."""
    process = _process_of(module)
    lines: Queue[str | None] = Queue()  # None where the process has ended

    def read() -> None:
        for line in process.stdout or ():
            lines.put(line)
        lines.put(None)

    with process:  # closes its pipes, and waits
        try:
            assert process.stdin is not None
            with suppress(BrokenPipeError), process.stdin:
                process.stdin.write(asked)
            threading.Thread(target=read, name="heard", daemon=True).start()
            yield from _heard(lines, progress)
        finally:
            process.kill()


def answer(work: Callable[[str, Callable[..., None]], None]) -> int:
    """Do what standard input asks; the exit status.

    work  takes the text and `say`, which prints its keywords as an object
    """
    warnings.filterwarnings("ignore")
    output = sys.stdout

    def say(**what: Any) -> None:
        print(json.dumps(what), file=output, flush=True)

    with redirect_stdout(sys.stderr):
        try:
            work(sys.stdin.read(), say)
        except (DlexplainError, OSError, RuntimeError) as error:
            say(error=" ".join(str(error).split()))
            return 1
    return 0


def _heard(lines: "Queue[str | None]", progress: Progress) -> Iterator[dict[str, Any]]:
    while True:
        progress.check()
        try:
            line = lines.get(timeout=LOOK_SECONDS)
        except Empty:
            continue
        if line is None:
            return
        said = json.loads(line)
        if "error" in said:
            raise RunError(said["error"])
        yield said


def _process_of(module: str) -> "subprocess.Popen[str]":
    """In a session of its own, with pipes to it and from it."""
    package = Path(__file__).parents[2]
    ways = [str(package), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
        env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "PYTHONPATH": os.pathsep.join(ways)},
    )
