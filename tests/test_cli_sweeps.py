"""Sweeps from the shell: start, list, show, stop, extend; and what is wrong with a call."""

import json
from pathlib import Path

import pytest
from optuna.storages import InMemoryStorage

from dlexplain.cli import main
from dlexplain.services.sweeps.controller import Controller
from dlexplain.services.sweeps.store import SweepFiles
from dlexplain.settings import settings
from tests.services.sweeps.test_controller import peak
from tests.sweeping import FakeRuns, without_controllers
from tests.trained import digits_run

Out = pytest.CaptureFixture[str]
START = "sweep start --preset digits-cnn --set epochs=9 --vary learning_rate=1e-4..1e-1 log"


@pytest.fixture(autouse=True)
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return without_controllers(tmp_path, monkeypatch)


def test_a_sweep_is_started_listed_shown_and_extended(begun: list[str], capsys: Out) -> None:
    assert main(["sweep"]) == 0
    assert "no sweep yet; start one: dlexplain sweep start" in capsys.readouterr().out
    assert main([*START.split(), "--pruner", "asha", "--trials", "8", "--vary", "width=4,8"]) == 0
    (sweep,) = begun
    assert (
        f"sweep {sweep} is running; look: dlexplain sweep show {sweep}" in capsys.readouterr().out
    )
    Controller(SweepFiles(settings().home, sweep), FakeRuns(peak), 0, InMemoryStorage()).run()
    assert main(["sweep", "list"]) == 0
    line = capsys.readouterr().out.splitlines()[1]
    assert line.startswith(f"{sweep}  finished        8 of 8  Sweep of Digits, the article's CNN")
    assert main(["sweep", "show", sweep[:5]]) == 0
    text = capsys.readouterr().out
    assert "tpe, pruner asha, up to 8 trials" in text
    assert "by this number itself, which flatters it" in text
    assert "optuna-dashboard sqlite:///" in text
    assert text.count("run") >= 8
    assert main(["sweep", "show", sweep, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["state"], len(told["trials"])) == ("finished", 8)
    assert told["spec"]["space"][1]["choices"] == [4, 8]
    assert main(["sweep", "extend", sweep, "--trials", "2"]) == 0
    assert main(["sweep", "stop", sweep]) == 0
    assert "it stops when its open trials are saved" in capsys.readouterr().out
    assert begun == [sweep, sweep]


def test_a_run_is_varied(begun: list[str], capsys: Out) -> None:
    words = ["sweep", "start", "--run", digits_run(), "--vary", "seed=0..9", "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["spec"]["base"]["model_params"]["width"] == 8
    assert told["id"] in begun


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("sweep show", "sweep show takes the ID of a sweep"),
        ("sweep list abc", 'sweep list takes no ID; given: "abc"'),
        ("sweep show abc", 'unknown sweep "abc"; the latest: none yet'),
        ("sweep retrain abc", "sweep retrain takes --epochs N"),
        ("sweep start --preset digits-cnn", "nothing is varied; name at least one field"),
        (START + " --trials 0", "the budget is 0 trials and 0 minutes"),
        (START + " --vary width=0,8", 'width is "0"; it takes a whole number'),
        (START + " --run x", "--run is given with --preset or --spec; choose one"),
        ("sweep start --vary seed=1,2", "--task, --data, --model missing"),
    ],
)
def test_wrong_calls_exit_with_2(words: str, told: str, begun: list[str], capsys: Out) -> None:
    assert main(words.split()) == 2
    assert told in capsys.readouterr().err
    assert begun == []
