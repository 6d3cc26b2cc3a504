"""How a background process gives way."""

import os
import subprocess
import sys

import pytest

from dlexplain.execution.process import AUTOGROUP

ASK = """
import os
from dlexplain.execution.process import AUTOGROUP, lower_priority
lower_priority(7)
print(os.nice(0))
print(AUTOGROUP.read_text() if AUTOGROUP.exists() else "")
"""


def ask(own_session: bool) -> tuple[int, str]:
    """The niceness of a process that gave way, and what the system says of its session's group;
    nothing on systems without groups and of a session that is in none, as in some containers."""
    done = subprocess.run(
        [sys.executable, "-c", ASK],
        start_new_session=own_session,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    nice, _, group = done.stdout.partition("\n")
    return int(nice), group.strip()


def test_a_process_with_a_session_of_its_own_makes_all_of_it_give_way() -> None:
    nice, group = ask(own_session=True)
    assert nice == min(19, os.nice(0) + 7)
    if not group:
        pytest.skip("this system puts no session in a group")
    assert group.split()[-1] == "7"


def test_a_process_in_anothers_session_leaves_that_as_it_is() -> None:
    before = AUTOGROUP.read_text().strip() if AUTOGROUP.exists() else ""
    assert ask(own_session=False) == (min(19, os.nice(0) + 7), before)
