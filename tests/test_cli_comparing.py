"""The command compare-models: what it prints and writes, its exit status, wrong calls."""

import csv
import json
from pathlib import Path

import pytest

import dlexplain.services.comparing.shipped as shipping
from dlexplain.cli import main
from dlexplain.results import ModelComparison


def called(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(["compare-models", *map(str, arguments)])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


@pytest.fixture(scope="module")
def digits(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Two runs of one training from two seeds."""
    from tests.trained import digits_run

    runs = digits_run(), digits_run(seed=1, epochs=2)
    return [*runs, "--method", "saliency", "--count", "8"]


def test_the_exit_status_is_of_the_limit(
    capsys: pytest.CaptureFixture[str], digits: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    status, text, _ = called(capsys, *digits, "--out", out)
    assert status == 0
    assert "rank correlation of the maps" in text and "examples that drift most:" in text
    found = ModelComparison.from_dict(json.loads((out / "comparison.json").read_text()))
    assert found.command.endswith("--method saliency --count 8 --seed 0")
    drift = found.drift.value or 0.0
    assert drift > 0.01
    again = ["--out", out, "--resume"]
    status, text, errors = called(capsys, *digits, *again, "--max-drift", drift + 0.001)
    assert (status, errors) == (0, "")
    assert "is within the limit" in text
    status, text, errors = called(capsys, *digits, *again, "--max-drift", 0, "--json")
    assert status == 1
    assert f"drift {drift:.2f} [" in errors and "is above the limit 0" in errors
    assert len(errors.splitlines()) == 1
    assert ModelComparison.from_dict(json.loads(text)).drift == found.drift
    same = [digits[0], digits[0], *digits[2:], "--max-drift", "0"]
    assert called(capsys, *same)[0] == 0


def test_csv_and_shipping(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    digits: list[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(shipping, "_folder", lambda: tmp_path / "compared")
    file = tmp_path / "rows.csv"
    own = ["digits-cnn", "digits-cnn", *digits[2:]]
    status, text, _ = called(capsys, *own, "--csv", file, "--ship")
    assert status == 0
    assert f"shipped: {tmp_path / 'compared'}" in text
    with file.open() as opened:
        rows = list(csv.DictReader(opened))
    assert len(rows) == 8 and rows[0]["drift"] == "0.0"
    status, text, _ = called(capsys, *own, "--csv", "-")
    assert text == file.read_text()
    found = shipping.shipped("digits-cnn", "digits-cnn")
    assert [one.method for one in found] == ["saliency"]
    status, _, errors = called(capsys, *digits, "--ship")
    assert status == 2
    assert "comes not with dlexplain" in errors


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["digits-cnn", "nobody"], 'unknown model "nobody"'),
        (["digits-cnn", "cifar10-cnn"], "have other classes"),
        (["digits-cnn", "sst2-cnn"], "two models of one task are compared"),
        (["digits-cnn", "digits-cnn", "--max-drift", "3"], "the largest drift is 3; a number"),
        (["digits-cnn", "digits-cnn", "--method", "gradcam"], 'did you mean "grad-cam"?'),
        (["digits-cnn", "digits-cnn", "--count", "1"], "count is 1; a whole number from 3"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    status, _, errors = called(capsys, *arguments)
    assert status == 2
    assert words in errors
    assert len(errors.splitlines()) == 1
