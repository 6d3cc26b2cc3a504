"""A finished run's model in MLflow's registry, under a name, with an alias such as "production".

`register` waits for MLflow, so commands and Python call it. A page calls `register_apart`, which
has it done in a process of its own that can be ended at any time and prints what came of it, JSON:
python -m dlexplain.services.training.registering RUN NAME ALIAS.
"""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from dlexplain.errors import BadInput, DlexplainError, RunError
from dlexplain.execution import paths
from dlexplain.execution.delivery import RUN_SECONDS, reason, tell_here
from dlexplain.execution.store import Tracking
from dlexplain.execution.telling import mark, untold
from dlexplain.results import RunRecord
from dlexplain.rights import check
from dlexplain.services.auditing import note_audit
from dlexplain.services.jobs import Progress
from dlexplain.services.training.runs import run, tracker_problem
from dlexplain.settings import settings

NAME = re.compile(r"[^/:.%\"'\x00-\x1f]{1,200}")
"""What MLflow takes for the name of a model."""
NOT_NAMED = re.compile(r"[/:.%\"'\x00-\x1f]")
ALIAS = re.compile(r"(?!latest$|[vV]\d+$)[A-Za-z][\w-]{0,99}")
"""Its aliases; some words are its own."""
LOOK_SECONDS = 0.2
"""Between two looks at whether the process has ended, or somebody wishes that it ends."""


@dataclass(frozen=True)
class Registered:
    """A version of a registered model, and where."""

    run: str
    name: str
    version: str
    alias: str
    place: str

    @property
    def told(self) -> str:
        """ "run 1a2b3c4d is version 2 of digits in MLflow at localhost:5000" """
        now = f", which is now its {self.alias}" if self.alias else ""
        what = f"version {self.version} of {self.name}"
        return f"run {self.run} is {what} in MLflow at {self.place}{now}"


def why_not(record: RunRecord) -> str:
    """Why a run cannot be registered, as far as that is known without asking MLflow, or ""."""
    if record.state != "finished":
        return f"run {record.id} is {record.state}; finished ones can be registered"
    if not paths.weights_file(settings().home, record.id).is_file():
        return f"run {record.id} has no model.safetensors any more"
    return tracker_problem()


def registry_name(record: RunRecord) -> str:
    """The run's name, as MLflow takes it for a model's."""
    return " ".join(NOT_NAMED.sub(" ", record.name).split())[:200] or record.id


def register_apart(wanted: str, name: str, alias: str, progress: Progress) -> Registered:
    """The same as `register`, in a process of its own that is ended where the user cancels, or
    after 15 minutes; raises Cancelled then, and as `register` does."""
    check_names(name, alias)
    check("register", run(wanted).owner)
    words = [sys.executable, "-m", "dlexplain.services.training.registering", wanted, name, alias]
    package = str(Path(__file__).parents[3])
    known = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {
        **os.environ,
        "DLEXPLAIN_HOME": str(settings().home),
        "PYTHONPATH": os.pathsep.join(known),
    }
    place = Tracking(settings().home, settings().tracking_uri).place
    with subprocess.Popen(
        words, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as child:
        try:
            told = _answer(child, place, progress)
        finally:
            child.kill()
    if "version" not in told:
        raise RunError(str(told.get("problem", f"MLflow at {place} has not registered it")))
    note_audit("register", f"run {wanted}", name)
    return Registered(wanted, name.strip(), str(told["version"]), alias, place)


def _answer(child: "subprocess.Popen[bytes]", place: str, progress: Progress) -> dict[str, object]:
    """What the process printed; raises Cancelled, or RunError where it does not end."""
    until = time.monotonic() + RUN_SECONDS
    while True:
        try:
            printed = child.communicate(timeout=LOOK_SECONDS)[0]
            break
        except subprocess.TimeoutExpired:
            progress.check()
        if time.monotonic() > until:
            raise RunError(f"MLflow at {place} has not registered it: it does not answer")
    try:
        told = json.loads(printed.decode().strip().splitlines()[-1])
    except (ValueError, IndexError):
        told = None
    return told if isinstance(told, dict) else {}


def check_names(name: str, alias: str) -> None:
    """Raises BadInput for a name or an alias that MLflow does not accept."""
    if not NAME.fullmatch(name.strip()):
        raise BadInput(
            f'the name is "{name}"; it takes 1 to 200 letters without / : . % and quotes'
        )
    if alias and not ALIAS.fullmatch(alias):
        raise BadInput(
            f'the alias is "{alias}"; it takes letters, digits, _ and - after a letter, not latest '
            "and not v1"
        )


def register(wanted: str, name: str, alias: str = "") -> str:
    """Add a run's model as a version of a registered model, made where it is not there; returns
    the version.

    alias  moved to this version, such as "staging" or "production", which MLflow has in place of
           stages; "" none
    Raises RunError for a run that is not finished, or where MLflow does not take it; BadInput for a
    name or an alias that MLflow does not accept.
    """
    check_names(name, alias)
    record = run(wanted)
    check("register", record.owner)
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


def main(arguments: list[str]) -> int:
    """Register a run: its id, the model's name, an alias or ""; prints a JSON object."""
    try:
        print(json.dumps({"version": register(*arguments)}), flush=True)
    except DlexplainError as error:
        print(json.dumps({"problem": str(error)}), flush=True)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
