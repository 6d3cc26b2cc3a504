"""The command trust: what it prints and writes, and that a job which was killed goes on."""

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dlexplain.cli import main
from dlexplain.execution import paths
from dlexplain.results import TrustTable

ROOT = Path(__file__).parents[1]
BOTH = "deletion,insertion"
FEW = ["digits-cnn", "--methods", "saliency,lrp", "--metrics", BOTH, "--count", "4"]
LONG = ["digits-cnn", "--methods", "rise,lrp,saliency", "--count", "60"]
MAPS = 180


def called(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(["trust", *map(str, arguments)])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_it_prints_and_writes_a_table(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    status, text, errors = called(capsys, *FEW, "--out", out)
    assert status == 0
    assert all(line.split()[1:4] == ["of", "8", "maps"] for line in errors.splitlines())
    lines = text.splitlines()
    assert lines[0] == "digits-cnn: 4 pictures, Digits, 8 × 8, grey: test pictures"
    assert lines[1].split() == ["rank", "seconds", "Deletion", "Insertion"]
    assert "recommended" in text and "Friedman's test: chi-squared" in text
    kept = TrustTable.from_dict(json.loads((out / "trust.json").read_text()))
    assert [m.name for m in kept.methods] == ["saliency", "lrp"]
    with (out / "trust.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    assert float(rows[0]["mean"]) == pytest.approx(kept.cell("saliency", "deletion").mean)
    assert kept.command == (
        f"python -m dlexplain trust digits-cnn --methods saliency,lrp --metrics {BOTH} "
        "--count 4 --seed 0"
    )
    status, _, errors = called(capsys, *FEW, "--out", out)
    assert (status, len(errors.splitlines())) == (2, 1)
    assert "has answers of an earlier job" in errors
    status, text, _ = called(capsys, *FEW, "--out", out, "--resume", "--json")
    again = json.loads(text)
    assert (status, again["done"], again["cells"]) == (0, 4, json.loads(json.dumps(
        kept.to_dict()))["cells"])  # fmt: skip


def test_ship_puts_it_beside_the_model(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo = tmp_path / "zoo"
    zoo.mkdir()
    (zoo / "digits-cnn").symlink_to(paths.zoo_folder() / "digits-cnn")
    monkeypatch.setattr(paths, "zoo_folder", lambda: zoo)
    here = tmp_path / "trust.json"
    monkeypatch.setattr("dlexplain.services.quality.shipped._zoo_file", lambda model: here)
    status, text, _ = called(capsys, *FEW, "--ship")
    assert status == 0 and f"shipped: {here}" in text
    assert TrustTable.from_dict(json.loads(here.read_text())).model == "digits-cnn"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody"], 'unknown model "nobody"'),
        (["digits-cnn", "--methods", "gradcm"], 'unknown method "gradcm"'),
        (["digits-cnn", "--metrics", "deletoin"], 'did you mean "deletion"?'),
        (["digits-cnn", "--count", "-1"], "count is -1; a whole number from 3"),
        (["digits-cnn", "--data", "/nowhere"], "/nowhere"),
        (["mnist-gan"], "a LatentModel is not judged"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    status, _, errors = called(capsys, *arguments)
    assert status == 2
    assert words in errors and len(errors.splitlines()) == 1


def test_a_killed_job_goes_on_as_if_nothing_had_been(tmp_path: Path) -> None:
    environment = {**os.environ, "DLEXPLAIN_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}

    def command(out: Path, *more: str) -> list[str]:
        return [sys.executable, "-m", "dlexplain", "trust", *LONG, "--out", str(out), *more]

    def done(out: Path) -> list[tuple[int, str]]:
        try:
            text = (out / "answers.jsonl").read_text()
        except FileNotFoundError:
            return []
        lines = [json.loads(line) for line in text.splitlines(True) if line.endswith("\n")]
        return [(line["place"], line["method"]) for line in lines]

    out, whole = tmp_path / "out", tmp_path / "whole"
    process = subprocess.Popen(
        command(out), cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    stop = time.monotonic() + 120
    while not done(out):
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < stop
        time.sleep(0.02)
    process.kill()  # SIGKILL: nothing of it can tidy up
    process.communicate()
    before = done(out)
    assert 0 < len(before) < MAPS

    def run(*words: str) -> Any:
        made = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert made.returncode == 0, made.stderr
        return json.loads(made.stdout)

    found, expected = run(*command(out, "--resume", "--json")), run(*command(whole, "--json"))
    assert done(out)[: len(before)] == before
    assert len(set(done(out))) == len(done(out)) == MAPS  # each once
    same(found, expected)


def same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Two tables, but for their times."""
    assert found["recommended"] == expected["recommended"]
    assert found["ranking"]["p"] == pytest.approx(expected["ranking"]["p"], rel=1e-3)
    for one, other in zip(found["cells"], expected["cells"], strict=True):
        assert (one["method"], one["metric"], one["n"]) == (
            other["method"], other["metric"], other["n"]
        )  # fmt: skip
        for key in ("mean", "low", "high"):
            assert one[key] == pytest.approx(other[key], abs=1e-4)
    for one, other in zip(found["methods"], expected["methods"], strict=True):
        assert one["rank"] == pytest.approx(other["rank"], abs=1e-6)
        assert one["params"] == other["params"]
