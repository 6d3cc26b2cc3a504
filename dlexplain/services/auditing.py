"""Who did what, and when: a log to which every change on a dashboard with sign-in adds a line."""

from dlexplain.execution.paths import states_file
from dlexplain.execution.rows import Audited
from dlexplain.execution.states import States, has_states
from dlexplain.people import here, signs_in
from dlexplain.rights import check
from dlexplain.settings import settings

LONGEST = 200
"""Letters of a detail that are kept."""
MOST = 1_000
"""Lines that are read at once."""


def note_audit(what: str, target: str, detail: str = "") -> None:
    """Add a line on what who asks does; nothing where nobody signs in."""
    person = here()
    if person.email or signs_in():
        States(states_file(settings().home)).audit(person.email, what, target, detail[:LONGEST])


def audited(who: str = "") -> list[Audited]:
    """The last lines, the latest first, of one person or of all; raises NotAllowed but for an
    admin."""
    check("audit")
    file = states_file(settings().home)
    return States(file).audited(MOST, who or None) if has_states(file) else []
