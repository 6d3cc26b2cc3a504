"""The dashboard's keeper of the queue outlives whatever goes wrong."""

import logging
import sqlite3

import pytest

from dlexplain.ui.start import look_for_ever


class Over(BaseException):
    """The end of the test."""


def test_the_keeper_goes_on_after_any_error(caplog: pytest.LogCaptureFixture) -> None:
    locked = sqlite3.OperationalError("database is locked")
    outcomes = [locked, locked, None, locked, RuntimeError("odd"), SystemExit("a library"), None]
    looked: list[object] = []

    def look() -> None:
        looked.append(outcome := outcomes[len(looked)])
        if outcome is not None:
            raise outcome

    def pause() -> None:
        if len(looked) == len(outcomes):
            raise Over

    with caplog.at_level(logging.WARNING), pytest.raises(Over):
        look_for_ever(look, pause)
    assert looked == outcomes
    said = [record.getMessage().rpartition(": ")[2] for record in caplog.records]
    assert said == ["database is locked", "database is locked", "odd", "a library"]
