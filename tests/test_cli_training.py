"""Training on the command line: what it prints, and its exit status."""

import json
from pathlib import Path

import pytest

from dlexplain.cli import main
from dlexplain.services.training import runs as service
from tests.trained import digits_run


def test_a_run_is_trained_to_its_end_in_a_process_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = "train --task classify-image --data digits --model cnn --wait --json --seed 5"
    sets = ["--set", "epochs=2", "--set", "model.width=4", "--set", "precision=float32"]
    assert main([*words.split(), *sets]) == 0
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert (told["state"], told["spec"]["seed"]) == ("finished", 5)
    assert told["spec"]["training"]["epochs"] == 2
    assert "finished" in captured.err
    assert main(["run", told["id"], "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    assert [change["state"] for change in whole["changes"]] == ["queued", "running", "finished"]
    assert whole["card"]["metrics"]["test/accuracy"] == whole["metrics"]["test/accuracy"]


def test_runs_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    run = digits_run()
    assert main(["runs"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.startswith(run))
    assert "finished" in line
    assert "validation/accuracy" in line
    assert main(["runs", "--json"]) == 0
    assert run in {record["id"] for record in json.loads(capsys.readouterr().out)}


def test_everything_wrong_with_a_call_is_told_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    words = "train --task classify-image --data digits --model cnn --set epochs=0 --device tpu"
    assert main(words.split()) == 2
    text = capsys.readouterr().err
    assert 'epochs is "0"; 1 to 1000 are accepted, 0 where a model is compressed' in text
    assert 'device is "tpu"' in text
    assert text.count("\n") == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("train", "--task, --data, --model missing"),
        ("train --preset nothing", "digits-cnn"),
        ("train --preset digits-cnn --spec x.json", "choose one"),
        ("train --spec /nowhere.json", "/nowhere.json cannot be read"),
        ("train --preset digits-cnn --data-path /x", "takes no path"),
        ("train --preset digits-cnn --set epochs", "KEY=VALUE"),
        ("train --preset fred-lstm --data-path /nowhere", "/nowhere is not there"),
        ("train --task forecast --data csv-series --model lstm-forecaster", "path of a CSV"),
        ("run nothing", 'unknown run "nothing"'),
        ("cancel nothing", 'unknown run "nothing"'),
        ("resume nothing", 'unknown run "nothing"'),
    ],
)
def test_wrong_calls_exit_with_2(words: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words.split()) == 2
    assert told in capsys.readouterr().err


def test_a_finished_run_can_neither_be_cancelled_nor_resumed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for command in ("cancel", "resume"):
        assert main([command, digits_run()]) == 1
        assert "finished" in capsys.readouterr().err


def test_a_spec_file_is_taken_and_a_damaged_one_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "spec.json"
    spec = dict(service.run(digits_run()).spec) | {"model": "cnnn"}
    file.write_text(json.dumps(spec))
    assert main(["train", "--spec", str(file)]) == 2
    assert 'model is "cnnn"' in capsys.readouterr().err
    file.write_text("[1, 2")
    assert main(["train", "--spec", str(file)]) == 2
    assert "no JSON" in capsys.readouterr().err


def test_data_says_what_is_there_and_how_to_get_the_rest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["data", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    rows = {row["name"]: row for row in told["data"]}
    assert rows["digits"]["there"]
    assert "fetches it once from http" in rows["cifar10"]["how"] or rows["cifar10"]["there"]
    assert "cifar10-quick" in {preset["name"] for preset in told["presets"]}
