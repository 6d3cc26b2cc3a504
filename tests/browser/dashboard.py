"""A dashboard on a free port for as long as a `with` lasts, as `make run` starts it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

from playwright.sync_api import Page

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""For Chromium: no network of its own, and it runs in a container."""
SLOW = 240_000
"""Milliseconds that a page may take to show what it computes, on a slow machine beside two other
processes that test."""
LAST = 8000
"""Characters at the end of a server's log that a failed test shows."""


@contextmanager
def serving(
    home: Path,
    program: Sequence[str] = ("scripts/serve.py",),
    port: int = 0,
    more: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[str]:
    """Yield the address; `home` becomes its home folder and keeps its log, server.log.

    program  what Python runs, as a server of Streamlit's
    port     by default a free one
    more     variables of its environment
    """
    port = port or free_port()
    environment = {
        **os.environ, "OMP_WAIT_POLICY": "PASSIVE", "DLEXPLAIN_HOME": str(home), **more,
    }  # fmt: skip
    bound = ("--server.address", "localhost", "--server.port", str(port))
    command = [sys.executable, *program, *bound]
    with (home / "server.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            wait_for_server(f"http://localhost:{port}/_stcore/health")
            yield f"http://localhost:{port}"
        except BaseException:
            print(told(home)[-LAST:])  # a page that failed says why only here
            raise
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=SLOW / 1000)  # a method that is at work ends its chunk first


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def told(home: Path) -> str:
    """The server's log until it was asked to stop: a thread that still imports then fails, which
    is nobody's concern."""
    return (home / "server.log").read_text().partition("Stopping...")[0]


def wait_until(page: Page, holds: str, arg: object = None) -> None:
    """Until this expression, or function of `arg`, is true on the page. Playwright's own waiting
    evaluates text inside of the page, which the policy of ours forbids."""
    stop = time.monotonic() + SLOW / 1000
    while not page.evaluate(holds, arg):
        assert time.monotonic() < stop, f"it did not come to hold: {holds}"
        page.wait_for_timeout(100)


def settled(page: Page) -> None:
    """Until the page has stopped drawing: a button that is drawn anew forgets its file."""
    state = "document.querySelector('[data-testid=stApp]').dataset.testScriptState"
    for _ in range(2):
        wait_until(page, f"{state} === 'notRunning'")
        page.wait_for_timeout(1000)
    wait_until(page, f"{state} === 'notRunning'")


def wait_for_server(address: str) -> None:
    stop = time.monotonic() + SLOW / 1000
    while True:
        try:
            with urllib.request.urlopen(address):
                return
        except OSError:
            assert time.monotonic() < stop, "the server did not start"
            time.sleep(0.05)


def over(page: Page) -> int:
    """Pixels by which the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))
