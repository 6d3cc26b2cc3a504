"""What a node needs before a run can be trained there, sent to it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dlexplain.errors import RunError
from dlexplain.execution import paths
from dlexplain.execution.clusters.carrying import (
    Place,
    send,
    send_checkpoints,
    send_run,
    texts_of,
)
from dlexplain.execution.clusters.code import model_in
from dlexplain.execution.rows import RunRow
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import States

SENT_MB = 200
"""Data that a node does not have are sent to it up to this size."""
Tell = Callable[[str], None]


def send_needed(place: Place, node: str, home: Path, row: RunRow, phase: Tell) -> dict[str, Any]:
    """Send all that; returns what of the spec is otherwise there.

    node  its name;  phase  is told what is done
    Raises RunError where a node has not what cannot be sent.
    """
    phase("sending to the cluster")
    send_checkpoints(place, home, row.id)
    texts = texts_of(row.spec.to_dict())
    for other in States(paths.states_file(home)).all():
        if other.state == "finished" and other.id in map(model_in, texts):
            send_run(place, home, other.id)
    _check_models(place, node, row.spec)
    return send_data(place, node, row.spec, phase)


def _check_models(place: Place, node: str, spec: RunSpec) -> None:
    """Raises RunError where a folder with which the run begins, or learns from, is not there;
    models by name have been sent."""
    for text in (spec.parent, str(spec.task_params.get("teacher", ""))):
        if Path(text).is_absolute() and not place.has(text):
            raise RunError(
                f'{node} has no "{text}", with which the run begins or from which it '
                "learns; put it where every node has it at this path, such as on a shared disk"
            )


def send_data(place: Place, node: str, spec: RunSpec, phase: Tell) -> dict[str, Any]:
    """What of the spec is otherwise on the node: the path of data that are sent to it."""
    path = str(spec.data_params.get("path", ""))
    if not path or place.has(path):
        return {}
    here = Path(path)
    files = [here] if here.is_file() else sorted(f for f in here.rglob("*") if f.is_file())
    size = sum(file.stat().st_size for file in files) / 1e6
    if not files or size > SENT_MB:
        much = f"its {size:,.0f} MB are more than the {SENT_MB} that are sent to a node"
        why = much if files else "it is not here either"
        raise RunError(
            f'{node} has no "{path}", and {why}; put the data where every node has them '
            "at this path, such as on a shared disk"
        )
    phase(f"sending {size:,.0f} MB of data to the cluster")
    for file in files:
        name = here.name if here.is_file() else f"{here.name}/{file.relative_to(here).as_posix()}"
        sent = send(place, file, f"given/{name}")
    root = sent if here.is_file() else sent[: sent.rindex(f"given/{here.name}/")]
    there = sent if here.is_file() else f"{root}given/{here.name}"
    return {"data_params": {"path": there}}
