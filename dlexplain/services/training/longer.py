"""A finished run that goes on for more epochs: a new run that begins with its weights."""

from dataclasses import replace

from dlexplain.errors import BadInput, RunError
from dlexplain.execution.spec import RunSpec
from dlexplain.results import RunRecord
from dlexplain.services.training.parents import TRANSFERS, begun_with
from dlexplain.services.training.runs import launch, run
from dlexplain.tasks.private import is_private

MOST_EPOCHS = 1000
DIFFERS = (
    "a new run begins with the weights of this one; its optimiser and its learning-rate schedule "
    "begin anew, so the curve is not that of one long run"
)


def can_train_longer(record: RunRecord) -> bool:
    """Whether it is finished, of a task whose runs may begin with a model's weights, and has the
    network that its architecture builds."""
    return (
        record.state == "finished"
        and record.task in TRANSFERS
        and not record.spec.get("compression")
        and not is_private(record.spec["training"])
    )


def longer_spec(record: RunRecord, epochs: int) -> RunSpec:
    """The same training with the run as its parent; with no teacher, whose part is done.

    Raises RunError for a run that cannot be trained longer, BadInput for a number of epochs that is
    not from 1 to MOST_EPOCHS.
    """
    if not can_train_longer(record):
        why = (
            f"is {record.state}; resume it, and train longer when it is finished"
            if record.state != "finished"
            else "cannot be begun with; finished runs can, whose task hands weights on and that "
            "were neither compressed nor trained privately"
        )
        raise RunError(f"run {record.id} {why}")
    if not 1 <= epochs <= MOST_EPOCHS:
        raise BadInput(f"epochs is {epochs}; it takes a whole number from 1 to {MOST_EPOCHS}")
    spec = begun_with(record.id)
    more = "1 epoch more" if epochs == 1 else f"{epochs} epochs more"
    return replace(
        spec,
        training={**spec.training, "epochs": epochs},
        shortcut=dict(record.spec["shortcut"]),
        transfer=dict(record.spec.get("transfer") or {}),
        name=f"{record.name}, {more}"[:120],
    )


def train_longer(wanted: str, epochs: int) -> RunRecord:
    """Queue it; raises as `longer_spec` and `launch` do."""
    return launch(longer_spec(run(wanted), epochs))
