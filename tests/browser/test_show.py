"""dx.show: from a module in Python to the dashboard, and what it says to data that does not fit."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect
from torch import nn

import dlexplain as dx
from dlexplain.data.samples import sample_path
from dlexplain.errors import BadInput, DlexplainError
from dlexplain.ui import showing
from tests.browser.dashboard import SLOW

LINES = """
import torch, dlexplain as dx
from torch import nn
layers = nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
net = nn.Sequential(*layers)
dx.show(dx.wrap(net, ["<b>cat</b>", "dog"], (3, 32, 32)), {data!r})
"""


@pytest.mark.browser
@pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM")
def test_a_script_of_few_lines_opens_the_page_on_its_model(page: Page, tmp_path: Path) -> None:
    script, log = tmp_path / "mine.py", tmp_path / "log"
    script.write_text(LINES.format(data=str(sample_path("coffee"))))
    environment = {**os.environ, "DLEXPLAIN_HOME": str(tmp_path / "home")}
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, script], cwd=tmp_path, env=environment, stdout=out, stderr=out,
            # Who runs the tests may have it ignored, as a shell does for what runs beside it.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
    try:
        stop = time.monotonic() + 60
        while not (found := re.search(r"Sequential: (\S+)\s", log.read_text())):
            assert time.monotonic() < stop and process.poll() is None, log.read_text()
            time.sleep(0.1)
        page.goto(found[1])
        expect(page.get_by_text("given to dx.show")).to_be_visible(timeout=SLOW)
        expect(page.get_by_role("button", name="Enlarge")).to_have_count(3, timeout=SLOW)
        expect(page.get_by_text("<b>cat</b>").first).to_be_visible()
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0, log.read_text()


def wrapped() -> object:
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))
    return dx.wrap(net, ["cat", "dog"], (3, 8, 8))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([np.zeros((4, 4, 3), np.uint8)] * 201, "data has 201 pictures; up to 200 are accepted"),
        ("nowhere.png", "nowhere.png"),
    ],
)
def test_data_that_do_not_fit_are_told(data: object, said: str) -> None:
    with pytest.raises(DlexplainError, match=said):
        dx.show(wrapped(), data)


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no pictures"):
        dx.show(wrapped(), tmp_path)


def test_a_text_is_for_models_of_texts() -> None:
    with pytest.raises(BadInput, match="data is a list; for this model a text is accepted"):
        dx.show("sst2-transformer", ["one", "two"])


def test_a_port_that_is_taken_is_passed_by() -> None:
    with socket.socket() as taken:
        with suppress(OSError):  # where somebody else has it, that serves as well
            taken.bind(("127.0.0.1", showing.PORT))
        assert showing._free_port() != showing.PORT


TWICE = """
import dlexplain as dx
from torch import nn
def net():
    layers = nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    return dx.wrap(nn.Sequential(*layers), ["a", "b"], (3, 8, 8), name=name)
name = "one"
first = dx.show(net(), wait=False)
name = "two"
second = dx.show(net(), wait=False)
assert first.root == second.root and "model=two" in second.address
second.stop()
assert not first.serves
try:
    dx.show(net(), wait=False)
except dx.DlexplainError as error:
    print(error)
"""


def test_a_process_has_one_dashboard(tmp_path: Path) -> None:
    environment = {**os.environ, "DLEXPLAIN_HOME": str(tmp_path / "home")}
    found = subprocess.run(
        [sys.executable, "-c", TWICE], cwd=tmp_path, env=environment, capture_output=True,
        text=True, timeout=120,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
    assert "Streamlit starts once a process" in found.stdout
