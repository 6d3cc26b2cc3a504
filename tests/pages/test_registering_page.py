"""The button that puts a finished run into MLflow's registry."""

import contextlib
import time
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from dlexplain.execution import paths
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.store import Tracking
from dlexplain.services.training import registering
from dlexplain.services.training import runs as service
from dlexplain.settings import settings
from tests.execution.servers import refusing, server
from tests.finished import states
from tests.pages.test_train_pages import opened
from tests.services.test_runs import failed_run
from tests.trained import digits_run

BUTTON = "Register it"


def _register(page: AppTest, name: str, alias: str) -> AppTest:
    next(box for box in page.text_input if box.label == "Model").set_value(name)
    next(box for box in page.text_input if box.label == "Alias").set_value(alias)
    button = next(button for button in page.button if button.label == BUTTON)
    button.click().run()
    assert not page.exception, page.exception
    return page


@pytest.fixture
def tracker(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Have MLflow be elsewhere."""

    def at(address: str) -> None:
        monkeypatch.setenv("DLEXPLAIN_TRACKING_URI", address)
        settings.cache_clear()

    yield at
    monkeypatch.delenv("DLEXPLAIN_TRACKING_URI", raising=False)
    settings.cache_clear()


def test_a_finished_run_becomes_a_version_with_its_alias() -> None:
    run = digits_run()
    page = opened("2_runs.py", run=run)
    box = next(box for box in page.text_input if box.label == "Model")
    assert box.value == service.run(run).name
    page = _register(page, "From the page", "production")
    (told,) = [success.value for success in page.success]
    place = Tracking(settings().home).place
    assert told.replace("\\", "") == (
        f"Run {run} is version 1 of From the page in MLflow at {place}, "
        "which is now its production."
    )
    version = service._tracking().client.get_model_version_by_alias("From the page", "production")
    assert (str(version.version), version.run_id) == ("1", service.run(run).tracking)


def test_a_name_that_mlflow_does_not_take_is_one_sentence() -> None:
    page = _register(opened("2_runs.py", run=digits_run()), "a/b", "")
    assert [error.value for error in page.error] == [
        'the name is "a/b"; it takes 1 to 200 letters without / : . % and quotes'
    ]
    assert any(button.label == "Try again" for button in page.button)


def test_a_tracker_that_refuses_is_one_sentence(tracker) -> None:  # type: ignore[no-untyped-def]
    run = digits_run()
    tracker(address := refusing())
    page = _register(opened("2_runs.py", run=run), "x", "")
    host = address.removeprefix("http://")
    assert [error.value for error in page.error] == [
        f"MLflow at {host} has not registered it: connection refused"
    ]


def test_a_tracker_that_hangs_can_be_left(tracker, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    run = digits_run()
    with server() as address:
        tracker(address)
        began = time.monotonic()
        page = opened("2_runs.py", run=run)  # without waiting for MLflow
        assert time.monotonic() - began < 30
        children = []
        really = registering.subprocess.Popen

        def watched(*given, **named):  # type: ignore[no-untyped-def]
            children.append(really(*given, **named))
            return children[-1]

        monkeypatch.setattr(registering.subprocess, "Popen", watched)
        job = registering_job(page, "x")
        while not children:
            time.sleep(0.05)
        job.cancel()
        until = time.monotonic() + 20
        while job.active and time.monotonic() < until:
            time.sleep(0.05)
        assert job.state == "cancelled"
        assert children[0].poll() is not None  # and nobody goes on waiting
        page.run()
        assert "Cancelled." in [caption.value for caption in page.caption]


def registering_job(page: AppTest, name: str):  # type: ignore[no-untyped-def]
    """Of the page, which is drawn once and not followed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dlexplain.ui.live.following", contextlib.nullcontext)
        _register(page, name, "")
        return page.session_state["register"].job


def test_where_it_cannot_work_it_is_disabled_and_says_why(tracker) -> None:  # type: ignore[no-untyped-def]
    run = failed_run()
    assert registering.why_not(service.run(run)) == (
        f"run {run} is failed; finished ones can be registered"
    )
    page = opened("2_runs.py", run=run)
    assert BUTTON not in [button.label for button in page.button]
    service.delete(run)
    whole = digits_run()
    assert registering.why_not(service.run(whole)) == ""
    weights = paths.weights_file(settings().home, whole)
    weights.rename(aside := weights.with_name("aside"))
    try:
        assert "has no model.safetensors any more" in registering.why_not(service.run(whole))
        page = opened("2_runs.py", run=whole)
        assert BUTTON not in [button.label for button in page.button]
    finally:
        aside.rename(weights)


def test_a_run_that_goes_on_has_no_such_button(monkeypatch: pytest.MonkeyPatch) -> None:
    # The page of a run that goes on waits for what changes; here it is drawn once.
    monkeypatch.setattr("dlexplain.ui.live.following", contextlib.nullcontext)
    run = states().add(RunSpec.from_dict(service.run(digits_run()).spec)).id
    try:
        page = opened("2_runs.py", run=run)
        assert BUTTON not in [button.label for button in page.button]
    finally:
        states().move(run, "cancelled", "a test")
        states().delete(run)


def test_the_runs_name_is_made_one_that_mlflow_takes() -> None:
    record = replace(service.run(digits_run()), name='a/b: "c".d%')
    assert registering.registry_name(record) == "a b c d"
    assert registering.registry_name(replace(record, name="...")) == record.id
    registering.check_names(registering.registry_name(record), "staging")
