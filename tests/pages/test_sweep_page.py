"""The page Sweep: it says what to do, shows what trials found, and starts, stops and extends."""

from pathlib import Path

import pytest
from optuna.storages import InMemoryStorage
from streamlit.testing.v1 import AppTest

from dlexplain.services.sweeps.controller import Controller
from dlexplain.services.sweeps.spec import SweepSpec, sweep_spec
from dlexplain.services.sweeps.store import SweepFiles, SweepState, this_process
from dlexplain.settings import settings
from tests.pages.apps import said
from tests.pages.test_pages import ROOT
from tests.services.sweeps.test_controller import VARY, peak
from tests.sweeping import BASE, FakeRuns, without_controllers


@pytest.fixture(autouse=True)
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return without_controllers(tmp_path, monkeypatch)


def opened(**query: str) -> AppTest:
    # Without app.py, which would wait for as long as a sweep is at work.
    page = AppTest.from_file(str(ROOT / "pages/train/5_sweep.py"), default_timeout=90)
    page.query_params.update(query)
    page.run()
    assert not page.exception
    return page


def swept(spec: SweepSpec, sweep: str = "abc12345") -> SweepFiles:
    files = SweepFiles.make(settings().home, sweep, spec)
    Controller(files, FakeRuns(peak), 0, InMemoryStorage()).run()
    return files


def section(page: AppTest, name: str) -> AppTest:
    page.segmented_control(key="sweep-section-abc12345").set_value(name).run()
    assert not page.exception
    return page


def test_an_empty_page_says_what_to_do_and_starts_a_sweep(begun: list[str]) -> None:
    page = opened()
    assert "There is no sweep yet. Choose below what is trained and which fields vary" in said(page)
    assert "sweep start --preset digits-cnn --vary" in page.code[0].value
    next(b for b in page.button if b.label == "Start the sweep").click().run()
    assert not page.exception
    assert len(begun) == 1
    assert begun == [page.query_params["sweep"]]
    assert "No trial has finished yet" in said(page)


def test_what_cannot_be_varied_is_told_in_a_sentence() -> None:
    page = opened()
    page.text_input(key="sweep-vary-digits-cnn-training.learning_rate").set_value("0..99").run()
    assert 'learning_rate is "99"; it takes a number from' in said(page)
    assert "Start the sweep" not in [b.label for b in page.button]


def test_a_finished_sweep_begins_with_its_best() -> None:
    found = swept(sweep_spec(BASE, VARY, "random", "asha", trials=12)).sweep()
    page = opened(sweep="abc")
    text = said(page)
    assert "Its 12 trials are done." in text
    best = found.best
    assert best is not None
    assert f"in trial {best.number}." in text
    assert f"Chosen as the best of {len(found.finished)} finished trial" in text
    assert page.metric[0].value == found.aim.told(best.values[0])
    assert "n = 143" in text
    assert "of 12 full trials" in text
    for name in ("Parameters", "Trials", "Optuna"):
        section(page, name)
    assert "optuna-dashboard sqlite" in page.code[0].value
    table = section(page, "Trials").dataframe[0].value
    assert list(table["Trial"]) == list(range(12))[::-1]
    assert table["Run"].iloc[-1] == f"runs?run={found.trials[0].run}"


def test_two_aims_begin_with_their_front() -> None:
    swept(sweep_spec(BASE, ["width=4,8,16"], "grid", aims=["test/accuracy", "parameters"]))
    page = opened(sweep="abc12345")
    assert "Of a trial on the front no other is at least as good in both" in said(page)
    assert "so the test is no fair test of it any more" in said(page)


def test_buttons_do_what_they_say(begun: list[str]) -> None:
    files = swept(sweep_spec(BASE, VARY, "random", trials=3))
    page = opened(sweep="abc12345")
    page.number_input(key="more-abc12345").set_value(2).run()
    page.button(key="Extend the sweep-abc12345").click().run()
    assert (files.budget.trials, begun) == (5, ["abc12345"])
    page.button(key="Stop-abc12345").click().run()
    assert files.stop_wished
    files.write_state(this_process(SweepState("stopped", "stopped by the user")))
    page.run()
    page.button(key="Resume-abc12345").click().run()
    assert begun == ["abc12345"] * 2
    assert not page.exception


def test_an_address_of_a_sweep_that_is_not_here_is_told() -> None:
    assert 'unknown sweep "nothing"' in said(opened(sweep="nothing"))
    assert 'unknown run "nothing"' in said(opened(run="nothing"))
