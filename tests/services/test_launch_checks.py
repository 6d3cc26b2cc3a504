"""Data that cannot be trained on are refused at launch, in the loader's words, nothing queued."""

import os
import time
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from dlexplain.cli import main
from dlexplain.data.sets import text_file
from dlexplain.errors import DataError
from dlexplain.execution.paths import states_file
from dlexplain.execution.states import States
from dlexplain.services.training import balance
from dlexplain.services.training import runs as service
from dlexplain.services.training.catalogue import RunSpec, complete
from dlexplain.settings import settings

GIVEN = {
    "picture-folder": (
        "classify-image", "cnn", b"a,b\n1,2\n",
        "{path} is no ZIP that can be read (File is not a zip file); a folder or ZIP of "
        "class-named folders is accepted",
    ),
    "csv-texts": (
        "classify-text", "text-cnn", b"review,label\ngood,1\n",
        '{path} has no column "text"; it has review, label',
    ),
    "text-file": (
        "language-model", "rnn-lm", "Caf\u00e9 ".encode("latin-1") * 3000,
        "{path} is not UTF-8 text: byte 0xe9 at place 3 is none of it; save it as UTF-8",
    ),
    "csv-series": (
        "forecast", "lstm-forecaster", b"day,price\n2020-01-01,1\n2020-01-02,2\n",
        "the CSV has 2 rows; at least 60 are needed",
    ),
    "tsv-pairs": (
        "translate", "gru-attention", b"no tab here\n",
        "{path} has no line of source<TAB>target",
    ),
}  # fmt: skip


def queued() -> int:
    return len(States(states_file(settings().home)).all())


def refused(file: Path, data: str) -> tuple[RunSpec, str]:
    task, model, content, told = GIVEN[data]
    file.write_bytes(content)
    return RunSpec(task, model, data, data_params={"path": str(file)}), told.format(path=file)


@pytest.mark.parametrize("data", GIVEN)
def test_launch_refuses_in_the_words_of_the_loader(
    data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec, told = refused(tmp_path / "given", data)
    before = queued()
    with pytest.raises(DataError) as raised:
        service.train(spec)
    assert str(raised.value) == told
    options = ["--task", spec.task, "--data", data, "--model", spec.model]
    for more in ([], ["--json"]):
        assert main(["train", *options, "--data-path", str(tmp_path / "given"), *more]) == 2
        said = capsys.readouterr()
        assert said.err == f"dlexplain: {told}\n"
        assert said.out == ""
    assert queued() == before


def good(file: Path) -> RunSpec:
    file.write_text("text,label\n" + "".join(f"film {n},{'ab'[n % 2]}\n" for n in range(40)))
    return complete(
        RunSpec("classify-text", "text-cnn", "csv-texts", data_params={"path": str(file)})
    )


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the data that were read, one a reading."""
    read: list[str] = []
    balanced = balance._balance

    def counted(asked: Any) -> Any:
        read.append(asked.data)
        time.sleep(0.2)  # for another to ask meanwhile
        return balanced(asked)

    monkeypatch.setattr(balance, "_balance", counted)
    return read


def test_data_are_read_once_for_all_who_ask_and_again_when_they_change(
    tmp_path: Path, readings: list[str]
) -> None:
    spec = good(tmp_path / "a.csv")
    asking = [Thread(target=balance.check_data, args=(spec,)) for _ in range(3)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    found = balance.class_balance(spec)
    assert found is not None and sum(found.sizes.values()) == 40
    assert readings == ["csv-texts"]
    with (tmp_path / "a.csv").open("a") as file:
        file.write("one more,a\n")
    found = balance.class_balance(spec)
    assert found is not None and sum(found.sizes.values()) == 41
    assert len(readings) == 2


def test_what_was_refused_is_read_again_once_it_is_mended(tmp_path: Path) -> None:
    spec, told = refused(tmp_path / "given", "csv-texts")
    spec = complete(spec)
    for _ in range(2):
        with pytest.raises(DataError) as raised:
            balance.check_data(spec)
        assert str(raised.value) == told
    good(tmp_path / "given")
    balance.check_data(spec)


def test_nothing_is_fetched_or_read_where_no_path_is_given(readings: list[str]) -> None:
    for task, model, data in (
        ("forecast", "lstm-forecaster", "fred-md"),
        ("forecast", "lstm-forecaster", "macrodata"),
        ("classify-text", "text-cnn", "sst2"),
    ):
        balance.check_data(complete(RunSpec(task, model, data)))
    assert balance.class_balance(complete(RunSpec("classify-text", "text-cnn", "sst2"))) is None
    assert readings == []


def test_a_pipe_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    params = {"path": str(tmp_path / "pipe")}
    with pytest.raises(DataError, match="pipe is neither a file nor a folder"):
        service.launch(RunSpec("classify-text", "text-cnn", "csv-texts", data_params=params))


def test_the_tokens_of_a_text_are_learnt_at_launch_only_where_they_may_be_too_few(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt = []
    learn = text_file.learn_corpus

    def counted(*given: Any) -> Any:
        learnt.append(given)
        return learn(*given)

    monkeypatch.setattr(text_file, "learn_corpus", counted)
    file = tmp_path / "a.txt"
    params = {"path": str(file), "tokeniser": "word"}
    spec = complete(RunSpec("language-model", "rnn-lm", "text-file", data_params=params))
    file.write_text("so it goes on and on\n" * 2000)
    balance.check_data(spec)
    assert learnt == []
    file.write_text("goes" * 20_000)
    with pytest.raises(DataError, match="the text is too short: a part of it has"):
        balance.check_data(spec)
    assert len(learnt) == 1
