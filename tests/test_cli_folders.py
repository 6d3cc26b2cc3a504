"""explain-folder: what it prints and writes, and that a job which was killed goes on."""

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlexplain.cli import main
from tests.digit_files import digits_folder

ROOT = Path(__file__).parents[1]
PICTURES = 200
SLOW = ["--method", "rise", "--set", "samples=300"]
"""Long enough to be killed in the middle."""


def called(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(["explain-folder", *map(str, arguments)])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def places(out: Path) -> list[int]:
    """Of the whole lines."""
    try:
        text = (out / "answers.jsonl").read_text()
    except FileNotFoundError:
        return []
    return [json.loads(line)["place"] for line in text.splitlines(True) if line.endswith("\n")]


def test_it_prints_and_writes_what_was_found(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = digits_folder(tmp_path / "in", 30, {"3/=cmd.png": b"no picture"})
    out = tmp_path / "out"
    status, text, errors = called(capsys, folder, "--model", "digits-cnn", "--out", out)
    assert status == 1  # one file could not be read
    assert errors.startswith("dlexplain: 3/=cmd.png is text, not a picture")
    assert len(errors.splitlines()) == 1
    assert text.splitlines()[0] == "in: 31 pictures, Grad-CAM by digits-cnn"
    assert "Accuracy: " in text and "n = 30" in text
    with (out / "answers.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 30
    assert set(rows[0]) >= {"picture", "class", "probability", "entropy_bits", "truth", "verdict"}
    with Image.open(out / "contact-sheet.png") as sheet:
        assert sheet.width > 1000
    assert (out / "report.html").read_bytes().startswith(b"<!doctype html>")
    assert json.loads((out / "recipe.json").read_text())["method"] == "grad-cam"

    status, text, errors = called(capsys, folder, "--model", "digits-cnn", "--out", out)
    assert (status, len(errors.splitlines())) == (2, 1)
    assert "has answers of an earlier job" in errors
    again = ("--model", "digits-cnn", "--out", out, "--resume", "--json")
    status, text, _ = called(capsys, folder, *again)
    told = json.loads(text)
    assert (status, told["done_earlier"], told["pictures"], len(told["answers"])) == (1, 31, 30, 30)
    status, _, errors = called(capsys, folder, *again, "--method", "saliency")
    assert status == 2
    assert "another question: its method is grad-cam, not saliency" in errors


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--method", "gradcm"], 'unknown method "gradcm"'),
        (["--set", "steps=3"], 'unknown parameter "steps"'),
        (["--set", "steps"], "--set takes KEY=VALUE"),
        (["--fit", "middle"], 'fit is "middle"'),
        (["--rival", "cifar10-cnn"], "a rival of the same classes is accepted"),
        (["--rival", "nobody"], 'unknown picture classifier "nobody"'),
    ],
)
def test_a_wrong_call_is_one_sentence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], words: str
) -> None:
    folder = digits_folder(tmp_path / "in", 2)
    usual = ["--model", "digits-cnn", "--out", tmp_path / "out"]
    status, _, errors = called(capsys, folder, *usual, *arguments)
    assert status == 2
    assert words in errors
    assert len(errors.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.slow  # tests/test_cli_trust.py kills a job that is kept alike
def test_a_killed_job_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    folder = digits_folder(tmp_path / "in", PICTURES)
    environment = {**os.environ, "DLEXPLAIN_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}

    def command(out: Path, *more: str) -> list[str]:
        words = [sys.executable, "-m", "dlexplain", "explain-folder", str(folder)]
        return [*words, "--model", "digits-cnn", *SLOW, "--out", str(out), *more]

    out, whole = tmp_path / "out", tmp_path / "whole"
    process = subprocess.Popen(
        command(out), cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    stop = time.monotonic() + 120
    while not places(out):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < stop
        time.sleep(0.02)
    process.kill()  # SIGKILL: nothing of it can tidy up
    process.communicate()
    before = places(out)
    assert 0 < len(before) < PICTURES

    def run(*words: str) -> str:
        done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    told = run(*command(out, "--resume"))
    assert f"{PICTURES} pictures, {len(before)} of them done earlier" in told
    run(*command(whole))
    assert places(out)[: len(before)] == before
    assert sorted(places(out)) == list(range(PICTURES))  # each once
    same(out, whole)


def same(out: Path, whole: Path) -> None:
    """The answers of two folders, map by map."""
    found, expected = (
        list(csv.DictReader((each / "answers.csv").read_text().splitlines()))
        for each in (out, whole)
    )
    assert len(found) == len(expected) == PICTURES
    for one, other in zip(found, expected, strict=True):
        for key in ("picture", "class", "truth", "verdict", "digest"):
            assert one[key] == other[key]
        assert float(one["probability"]) == pytest.approx(float(other["probability"]), rel=1e-5)
        maps = [
            np.load(each / row["map_file"])[int(row["map_row"])]
            for each, row in ((out, one), (whole, other))
        ]
        np.testing.assert_allclose(*maps, rtol=1e-3, atol=1e-5)
