"""A states file that cannot be used is a sentence on the page."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dlexplain.execution.paths import states_file
from dlexplain.execution.states import States
from dlexplain.settings import settings
from dlexplain.ui import notices
from tests.execution.small import SERIES


def page() -> None:
    from dlexplain.errors import StatesError
    from dlexplain.ui.notices import states_told

    @states_told()
    def shown() -> None:
        raise StatesError("runs_of_*mine*.sqlite is locked")

    shown()


def test_it_is_said_as_it_is() -> None:
    drawn = AppTest.from_function(page).run()
    assert not drawn.exception
    assert [box.value for box in drawn.error] == [r"runs_of\_\*mine\*.sqlite is locked"]


def left_out() -> None:
    from dlexplain.ui.notices import tell_left_out

    tell_left_out()


def test_a_states_file_that_was_made_anew_is_said_on_the_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLEXPLAIN_HOME", str(tmp_path))
    settings.cache_clear()
    try:
        states = States(states_file(tmp_path))
        states.add(SERIES)
        assert not AppTest.from_function(left_out).run().warning
        states.file.write_text("no database")
        (box,) = AppTest.from_function(left_out).run().warning
        assert "runs that were found again: 1" in box.value
        monkeypatch.setattr(notices, "TOLD_SECONDS", 0)
        assert not AppTest.from_function(left_out).run().warning
    finally:
        monkeypatch.undo()
        settings.cache_clear()
