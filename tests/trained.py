"""Small runs, trained for real once a test process, in its home folder.

A test that has deleted every run gets new ones.
"""

from dlexplain.services.training.catalogue import RunSpec, complete
from dlexplain.services.training.inline import inline_queue
from dlexplain.settings import settings
from tests.finished import states

_KNOWN: dict[str, str] = {}
"""Name -> the id of the run that was trained."""


def digits_run(seed: int = 0, epochs: int = 3) -> str:
    """The id of a finished run of the CNN on digits; a second or two once torch is there."""
    spec = RunSpec(
        task="classify-image",
        model="cnn",
        data="digits",
        model_params={"width": 8, "blocks": 2, "dense": 32},
        training={
            "epochs": epochs,
            "batch_size": 64,
            "learning_rate": 0.01,
            "precision": "float32",
        },
        seed=seed,
        name=f"digits {seed}",
    )
    return trained_run(spec)


def filmed_run() -> str:
    """The same of one that kept its weights on its way."""
    spec = RunSpec(
        task="classify-image",
        model="cnn",
        data="digits",
        model_params={"width": 8, "blocks": 2, "dense": 32},
        training={
            "epochs": 3,
            "batch_size": 64,
            "learning_rate": 0.01,
            "precision": "float32",
            "keep_every": 1,
        },
        name="digits, filmed",
    )
    return trained_run(spec)


def macrodata_run() -> str:
    """The id of a finished run of the LSTM on the quarterly US series."""
    spec = RunSpec(
        task="forecast",
        model="lstm-forecaster",
        data="macrodata",
        task_params={"window": 8, "horizon": 4},
        model_params={"hidden": 8},
        training={"epochs": 2, "batch_size": 32, "precision": "float32"},
        name="economy",
    )
    return trained_run(spec)


def trained_run(spec: RunSpec) -> str:
    """The id of its finished run, trained unless it was before; told apart by name."""
    known = _KNOWN.get(spec.name)
    if known and any(row.id == known for row in states().all()):
        return known
    row = inline_queue(settings().home).submit(complete(spec))
    assert row.state == "finished", row.why
    _KNOWN[spec.name] = row.id
    return row.id
