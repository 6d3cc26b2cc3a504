"""The commands privacy, privacy-cost, invert and canaries."""

import csv
import json
from pathlib import Path

import pytest
from PIL import Image

from dlexplain.cli import main


def test_privacy_as_text_json_and_csv(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "losses.csv"
    call = ["privacy", "digits-cnn", "--count", "60"]
    assert main([*call, "--csv", str(file)]) == 0
    told = capsys.readouterr().out
    assert "digits-cnn: 60 members and 60 others of digits" in told
    assert "Of 100 records, half of them from the training set" in told
    assert "Loss threshold: AUC 0." in told
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert len(rows) == 120
    assert main([*call, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["losses"]["members"][0] == pytest.approx(float(rows[0]["loss"]))
    assert found["attacks"][0]["low"] < found["attacks"][0]["auc"] < found["attacks"][0]["high"]


def test_privacy_cost(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["privacy-cost", "--epsilons", "nothing"])
    assert "is no list of budgets" in capsys.readouterr().err
    assert main(["privacy-cost", "--epsilons", "none", "--seeds", "0"]) == 2
    assert "1 epsilons and 0 seeds" in capsys.readouterr().err


def test_invert(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "digits.png"
    assert main(["invert", "digits-cnn", "--set", "steps=20", "--png", str(file)]) == 0
    assert "of 10 classes the picture is more like the mean" in capsys.readouterr().out
    with Image.open(file) as picture:
        assert picture.size == (10 * 9 + 1, 2 * 9 + 1)
    assert main(["invert", "digits-cnn", "--set", "step=20"]) == 2
    assert 'did you mean "steps"' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["privacy", "digits-cnn", "--shadows", "5"], "shadows is 5; 0 or an even number"),
        (["privacy", "digits-cmm"], 'did you mean "digits-cnn"'),
        (
            ["privacy", "digits-cnn", "--csv", "/nowhere/x.csv", "--count", "20"],
            "cannot be written",
        ),
        (["canaries", "--times", "-1"], "times is -1"),
        (["canaries", "--seeds", "0"], "seeds is 0"),
    ],
)
def test_bad_input_is_one_line(
    capsys: pytest.CaptureFixture[str], call: list[str], words: str
) -> None:
    assert main(call) == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert words in line
