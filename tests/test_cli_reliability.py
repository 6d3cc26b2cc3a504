"""The commands calibration, out-of-distribution and smoothing: what they print and write."""

import csv
import json
from pathlib import Path

import pytest

from dlexplain.cli import main


def called(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main([str(one) for one in arguments])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_calibration(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "bins.csv"
    status, text, errors = called(capsys, "calibration", "digits-cnn", "--csv", file)
    assert status == 0
    assert all("inputs" in line for line in errors.splitlines())
    lines = text.splitlines()
    assert lines[0].startswith("digits-cnn: 180 pictures, Digits, 8 × 8, grey: test pictures")
    assert "ECE" in lines[1] and "by chance" in lines[1] and "temperature" in lines[2]
    with file.open() as opened:
        assert len(list(csv.DictReader(opened))) == 30
    status, text, _ = called(capsys, "calibration", "digits-cnn", "--json")
    told = json.loads(text)
    assert (status, told["n"], len(told["before"]["bins"])) == (0, 180, 15)


def test_out_of_distribution(capsys: pytest.CaptureFixture[str]) -> None:
    status, text, _ = called(capsys, "out-of-distribution", "digits-cnn", "--count", 30)
    assert status == 0
    assert text.count("AUROC") == 16 + 2 and text.count("n = 30") == 16 + 1
    status, text, _ = called(
        capsys, "out-of-distribution", "digits-cnn", "--count", 30, "--seed", 1, "--json"
    )
    assert (status, json.loads(text)["seed"]) == (0, 1)


def test_smoothing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    few = ["smoothing", "digits-cnn", "--count", 4, "--samples", 40, "--sigma", 0.1]
    status, text, _ = called(capsys, *few, "--out", tmp_path / "out")
    assert status == 0
    assert text.splitlines()[0].startswith("digits-cnn: 4 pictures")
    status, _, errors = called(capsys, *few, "--out", tmp_path / "out")
    assert status == 2 and "has answers of an earlier job" in errors
    status, text, _ = called(capsys, *few, "--out", tmp_path / "out", "--resume", "--json")
    assert status == 0
    assert json.loads(text) == json.loads((tmp_path / "out" / "smoothing.json").read_text())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["calibration", "nobody"], 'unknown model "nobody"'),
        (["calibration", "mnist-gan"], "has no probabilities of classes"),
        (["calibration", "digits-cnn", "--count", "3"], "too few; 40 are needed"),
        (["out-of-distribution", "sst2-cnn"], "reads texts"),
        (["smoothing", "digits-cnn", "--sigma", "0"], "sigma is 0; above 0"),
        (["smoothing", "digits-cnn", "--data", "/nowhere"], "/nowhere"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    status, _, errors = called(capsys, *arguments)
    assert status == 2
    assert words in errors and len(errors.splitlines()) == 1
