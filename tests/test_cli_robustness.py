"""The command robustness: what it prints, writes and ships, and wrong calls; cards that have it."""

import csv
import json
from pathlib import Path

import pytest

import dlexplain.services.attack.robustness_shipped as shipping
from dlexplain.cli import main
from dlexplain.results import Robustness

FEW = ["digits-cnn", "--count", "6", "--attack", "fgsm", "--budget", "8/255", "--budget", "0.1"]
WORSE = ["--corruption", "fog", "--severity", "2"]


def called(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(["robustness", *map(str, arguments)])
    printed = capsys.readouterr()
    return status, printed.out, printed.err


def test_it_prints_and_writes_a_result(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    status, text, _ = called(capsys, *FEW, *WORSE, "--out", out)
    assert status == 0
    lines = text.splitlines()
    assert lines[0] == "digits-cnn: 6 pictures, Digits, 8 × 8, grey: test pictures"
    assert lines[1].split()[:3] == ["as", "they", "are"]
    assert [line.split("  ")[1] for line in lines[2:4]] == [
        "FGSM, 8/255 in L∞", "FGSM, 25.5/255 in L∞",
    ]  # fmt: skip
    assert "corrupted, severity 2" in text
    found = Robustness.from_dict(json.loads((out / "robustness.json").read_text()))
    assert found.command == (
        "python -m dlexplain robustness digits-cnn --attack fgsm --corruption fog "
        "--budget 8/255 --budget 0.1 --severity 2 --count 6 --seed 0"
    )
    with (out / "robustness.csv").open() as file:
        assert next(csv.DictReader(file))["what"] == "clean"
    status, _, errors = called(capsys, *FEW, *WORSE, "--out", out)
    assert (status, len(errors.splitlines())) == (2, 1)
    assert "has answers of an earlier job" in errors
    status, text, _ = called(capsys, *FEW, *WORSE, "--out", out, "--resume", "--json")
    assert status == 0
    assert Robustness.from_dict(json.loads(text)).attacks == found.attacks


def test_ship_puts_it_beside_the_model_and_on_its_card(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "_zoo_file", lambda model: tmp_path / f"{model}.json")
    status, text, _ = called(capsys, *FEW, "--corruption", "none", "--ship")
    assert status == 0
    assert f"shipped: {tmp_path / 'digits-cnn.json'}" in text
    assert main(["zoo", "show", "digits-cnn"]) == 0
    shown = capsys.readouterr().out
    assert "robustness, 6 pictures:" in shown
    assert "FGSM, 8/255 in L∞" in shown
    assert main(["zoo", "show", "digits-cnn", "--json"]) == 0
    card = json.loads(capsys.readouterr().out)[0]
    assert card["robustness"]["FGSM, 8/255 in L∞"]["n"] == 6
    assert main(["zoo", "show", "mnist-cnn"]) == 0
    assert "robustness" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nobody"], 'unknown model "nobody"'),
        (["digits-cnn", "--attack", "pdg"], 'did you mean "pgd"?'),
        (["digits-cnn", "--budget", "0"], "the budget is 0; it has to be above 0"),
        (["digits-cnn", "--budget", "300/255"], "the budget is 1.17647"),
        (["digits-cnn", "--count", "0"], "count is 0; a whole number from 3"),
        (["digits-cnn", "--data", "/nowhere"], "/nowhere"),
        (["digits-cnn", "--attack", "none", "--corruption", "none"], "neither an attack nor"),
        (
            ["sst2-cnn"],
            "is measured over a data set; this model reads texts",
        ),
    ],
)
def test_a_wrong_call_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    status, _, errors = called(capsys, *arguments)
    assert status == 2
    assert words in errors
    assert len(errors.splitlines()) == 1
