"""The page Shortcut lab under AppTest, over small runs that were trained for real."""

import contextlib
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dlexplain.execution import paths
from dlexplain.execution.states import States
from dlexplain.services.quality.lab import LABS, shortcut_runs
from dlexplain.services.training.presets import preset
from dlexplain.settings import settings
from tests.shortcut_runs import marked_economy, marked_shapes
from tests.trained import digits_run

APP = Path(__file__).parents[2] / "app.py"
PAGE = "pages/explain/10_shortcut_lab.py"


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(str(APP), default_timeout=120)
    page.switch_page(PAGE)
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception, page.exception
    return page


def finished(page: AppTest) -> AppTest:
    stop = time.monotonic() + 120
    while page.session_state["shortcut-lab"].active:
        assert time.monotonic() < stop, "the job did not end"
        time.sleep(0.2)
    page.run()
    assert not page.exception, page.exception
    return page


def texts(page: AppTest) -> str:
    elements = (*page.title, *page.subheader, *page.markdown, *page.caption, *page.info)
    return "\n".join(str(element.value) for element in elements)


def states() -> States:
    return States(paths.states_file(settings().home))


def test_without_a_run_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlexplain.ui.shortcuts.training.shortcut_runs", lambda task: [])
    page = opened(input="text")
    assert any("Press **Plant and train**" in info.value for info in page.info)
    assert page.button(key="lab-train").label == "Plant and train"
    labels = [box.label for box in (*page.text_input, *page.number_input)]
    assert labels == ["Marked", "Word", "Share marked"]
    assert page.text_input[0].value == "positive"


def test_without_a_run_it_shows_one_that_came_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlexplain.ui.shortcuts.training.shortcut_runs", lambda task: [])
    page = opened(input="picture")
    assert "points at the mark best" in texts(page)
    assert "Until then the page shows one that came along." in texts(page)
    assert not page.selectbox or all(box.key != "lab-example" for box in page.selectbox)


def test_a_finished_run_is_asked_and_answered() -> None:
    run = marked_shapes()
    page = finished(opened(input="picture", run=run, examples="3"))
    told = texts(page)
    assert "Planted: a magenta square in the bottom right corner that is in 95%" in told
    assert [metric.label for metric in page.metric][:2] == [
        "Right, without the mark",
        "Right, the mark on all",
    ]
    assert page.metric[3].value == "100.0%"
    assert "Which methods point at the mark" in told
    assert "mean of 3 test examples" in told
    assert page.query_params["run"] == run
    assert page.query_params["examples"] == "3"
    found = page.session_state["shortcut-lab"].job.result
    assert len(found.methods) > 10
    for one in found.methods:
        assert f"**{one.title}** {one.values[0]:.0%}" in told
    page.selectbox(key="lab-example").set_value(1).run()
    assert not page.exception, page.exception


def test_series_are_drawn_with_the_place_of_the_spike() -> None:
    page = finished(opened(input="series", run=marked_economy(), examples="3"))
    assert "Error, a spike that lies" in [metric.label for metric in page.metric]
    assert "1 not asked" in [box.label for box in page.expander]


def test_the_address_of_what_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dlexplain.ui.shortcuts.training.shortcut_runs", lambda task: [])
    page = opened(run=digits_run())
    assert any("unknown run of the lab" in warning.value for warning in page.warning)
    page = opened(examples="2")
    assert any("examples is" in warning.value for warning in page.warning)
    page = opened(input="sound")
    assert any('unknown kind of input "sound"' in warning.value for warning in page.warning)


def test_one_button_trains_and_what_goes_on_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    # The page of a run that goes on waits for what changes; here it is drawn once.
    monkeypatch.setattr("dlexplain.ui.live.following", contextlib.nullcontext)
    launched = []

    def launch(spec):  # type: ignore[no-untyped-def]
        launched.append(spec)
        row = states().add(preset("shortcut-series"))
        return next(record for record in shortcut_runs() if record.id == row.id)

    monkeypatch.setattr("dlexplain.ui.shortcuts.training.launch", launch)
    page = opened(input="series")
    next(b for b in page.number_input if b.label == "Spike, periods back").set_value(2).run()
    page.button(key="lab-train").click().run()
    assert not page.exception, page.exception
    (spec,) = launched
    assert spec.shortcut["spike_back"] == 2
    assert spec.shortcut["kind"] == "spike"
    assert spec.data == preset(LABS["series"].preset).data
    run = page.query_params["run"]
    assert page.button(key="lab-cancel").label == "Cancel the training"
    states().move(run, "cancelled", "cancelled before it began")
    page.run()
    assert any("so there is no model to ask" in info.value for info in page.info)
    states().delete(run)
