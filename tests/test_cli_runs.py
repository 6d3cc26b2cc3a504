"""Runs from the shell: search, rename, tag, delete; scores with their interval and n."""

import json
from collections.abc import Iterator

import pytest

from dlexplain.cli import main
from dlexplain.execution.paths import run_folder
from dlexplain.services.training import runs as service
from dlexplain.settings import settings
from tests.services.test_runs import failed_run
from tests.trained import digits_run

Out = pytest.CaptureFixture[str]


@pytest.fixture
def failed() -> Iterator[str]:
    run = failed_run()
    yield run
    if run in [record.id for record in service.runs()]:
        service.delete(run)


def found(*arguments: str, out: Out) -> list[str]:
    assert main(["runs", *arguments, "--json"]) == 0
    return [row["id"] for row in json.loads(out.readouterr().out)]


def test_runs_are_found_by_every_word_and_by_state(failed: str, capsys: Out) -> None:
    good = digits_run()
    service.tag(failed, ["Keep-me"])
    assert found("--find", "keep-me LSTM macro", out=capsys) == [failed]
    assert found("--find", failed[:5], out=capsys) == [failed]
    assert failed in found("--state", "failed", out=capsys)
    assert good not in found("--state", "failed", out=capsys)
    both = found("--state", "failed", "--state", "finished", out=capsys)
    assert {good, failed} <= set(both)
    assert main(["runs", "--find", "no such thing"]) == 0
    assert capsys.readouterr().out == f"none of {len(service.runs())} runs matches\n"


def test_a_run_is_renamed_and_tagged(failed: str, capsys: Out) -> None:
    assert main(["rename", failed[:6], " the best "]) == 0
    assert main(["tag", failed, "good", "a,b"]) == 0
    assert capsys.readouterr().out == (
        f'run {failed} is failed; its name is "the best"\n'
        f"run {failed} is failed; its tags are: good, a b\n"
    )
    record = service.run(failed)
    assert (record.name, record.tags) == ("the best", ("good", "a b"))
    assert main(["tag", failed]) == 0
    assert service.run(failed).tags == ()
    assert main(["rename", failed, "  "]) == 2
    assert service.run(failed).name == "the best"
    assert main(["rename", "nothing", "x"]) == 2


def test_only_who_is_sure_deletes_and_one_that_cannot_be_leaves_the_others(
    failed: str, capsys: Out
) -> None:
    assert main(["delete", failed]) == 2  # nobody is there to be asked
    assert "--yes" in capsys.readouterr().err
    assert service.run(failed).state == "failed"
    assert main(["delete", "nothing", failed[:7], "--yes"]) == 1
    said = capsys.readouterr()
    assert said.out == f"run {failed} is deleted\n"
    assert 'unknown run "nothing"' in said.err
    assert not run_folder(settings().home, failed).exists()
    assert failed not in [record.id for record in service.runs()]


def test_scores_are_told_with_their_interval_and_n(capsys: Out) -> None:
    run = digits_run()
    accuracy = service.run(run).metrics["test/accuracy"]
    right = round(359 * accuracy)
    assert accuracy == pytest.approx(right / 359)
    assert main(["run", run]) == 0
    (line,) = [row for row in capsys.readouterr().out.splitlines() if "test/accuracy" in row]
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(right, 359, method="wilson")
    assert line.endswith(f"[{100 * low:.1f}–{high:.1%}], n = 359")
    assert main(["runs", "--find", run]) == 0
    assert ", n = 143" in capsys.readouterr().out  # the best epoch is of the validation
    assert main(["zoo"]) == 0
    assert "accuracy 97.8% [95.7–98.9%], n = 359" in capsys.readouterr().out
    assert main(["zoo", "--json"]) == 0
    (card,) = [c for c in json.loads(capsys.readouterr().out) if c["name"] == "digits-cnn"]
    assert (card["n"], card["interval"]) == (359, pytest.approx([0.9566, 0.9887], abs=1e-3))
    assert main(["zoo", "show", "ptb-rnn"]) == 0
    said = capsys.readouterr().out
    (line,) = [row for row in said.splitlines() if "test/perplexity" in row]
    assert line.endswith("n = 73,760") and "[" not in line
