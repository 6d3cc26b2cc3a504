"""The dashboard's keeper of the queue outlives whatever goes wrong."""

import logging
import sqlite3

import pytest

from dlexplain.ui.start import look_for_ever


class Over(BaseException):
    """The end of the test."""


def test_the_keeper_goes_on_after_any_error(caplog: pytest.LogCaptureFixture) -> None:
    locked = sqlite3.OperationalError("database is locked")
    outcomes = iter([locked, locked, None, locked, RuntimeError("odd"), None])
    looked: list[object] = []

    def look() -> None:
        try:
            outcome = next(outcomes)
        except StopIteration:
            raise Over from None
        looked.append(outcome)
        if outcome is not None:
            raise outcome

    with caplog.at_level(logging.WARNING), pytest.raises(Over):
        look_for_ever(look, lambda: None)
    assert len(looked) == 6
    said = [record.getMessage().rpartition(": ")[2] for record in caplog.records]
    assert said == ["database is locked", "database is locked", "odd"]
