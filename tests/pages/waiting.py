"""Waiting for the jobs of a page."""

import time

from streamlit.testing.v1 import AppTest

SECONDS = 90


def ended(page: AppTest, *slots: str) -> AppTest:
    """The page once the jobs in these slots of its session have ended, one after the other."""
    stop = time.monotonic() + SECONDS
    for slot in slots:
        while slot in page.session_state and page.session_state[slot].active:
            assert time.monotonic() < stop, "the job did not end"
            time.sleep(0.05)
        page.run()
        assert not page.exception
    return page
