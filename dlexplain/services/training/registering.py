"""A finished run's model in MLflow's registry, under a name, with an alias such as "production".

Waits for MLflow, so a command of its own or Python calls it, never a page.
"""

import re

from dlexplain.errors import BadInput, RunError
from dlexplain.execution.delivery import reason, tell_here
from dlexplain.execution.store import Tracking
from dlexplain.execution.telling import mark, untold
from dlexplain.services.training.runs import run
from dlexplain.settings import settings

NAME = re.compile(r"[^/:.%\"'\x00-\x1f]{1,200}")
"""What MLflow takes for the name of a model."""
ALIAS = re.compile(r"(?!latest$|[vV]\d+$)[A-Za-z][\w-]{0,99}")
"""Its aliases; some words are its own."""


def register(wanted: str, name: str, alias: str = "") -> str:
    """Add a run's model as a version of a registered model, made where it is not there; returns
    the version.

    alias  moved to this version, such as "staging" or "production", which MLflow has in place of
           stages; "" none
    Raises RunError for a run that is not finished, or where MLflow does not take it; BadInput for a
    name or an alias that MLflow does not accept.
    """
    if not NAME.fullmatch(name.strip()):
        raise BadInput(
            f'the name is "{name}"; it takes 1 to 200 letters without / : . % and quotes'
        )
    if alias and not ALIAS.fullmatch(alias):
        raise BadInput(
            f'the alias is "{alias}"; it takes letters, digits, _ and - after a letter, not latest '
            "and not v1"
        )
    record = run(wanted)
    if record.state != "finished":
        raise RunError(f"run {record.id} is {record.state}; finished ones can be registered")
    home = settings().home
    tracking = Tracking(home, settings().tracking_uri)
    try:
        if not record.tracking:
            mark(home, record.id)
        if record.id in untold(home):  # its file, which comes last, may be missing there
            tell_here(home, tracking, record.id)
            record = run(record.id)
        return tracking.register(record.tracking, record.id, name.strip(), alias)
    except Exception as error:  # a server that is away raises many kinds
        raise RunError(
            f"MLflow at {tracking.place} has not registered it: {reason(error)}"
        ) from error
