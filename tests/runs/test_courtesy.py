"""How a background process gives way."""

import os
import subprocess
import sys

import pytest

from dlexplain.runs.courtesy import AUTOGROUP

ASK = """
import os
from dlexplain.runs.courtesy import AUTOGROUP, give_way
give_way(7)
print(os.nice(0), AUTOGROUP.read_text().split()[-1] if AUTOGROUP.exists() else "none")
"""


def ask(own_session: bool) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        start_new_session=own_session,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.split()


def test_a_process_with_a_session_of_its_own_makes_all_of_it_give_way() -> None:
    nice, group = ask(own_session=True)
    assert int(nice) == min(19, os.nice(0) + 7)
    if not AUTOGROUP.exists():
        pytest.skip("this system has no autogroups")
    assert group == "7"


def test_a_process_in_anothers_session_leaves_that_as_it_is() -> None:
    before = AUTOGROUP.read_text().split()[-1] if AUTOGROUP.exists() else "none"
    assert ask(own_session=False) == [str(min(19, os.nice(0) + 7)), before]
