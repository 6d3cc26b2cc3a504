"""Small runs with a planted shortcut, trained for real once a test process."""

from dlexplain.services.quality.lab import LABS
from dlexplain.services.training.catalogue import RunSpec
from tests.trained import trained_run


def marked_shapes(kind: str = "mark") -> str:
    """The id of a finished run on small shapes, whose circles have a square in a corner, or a tint:
    too short to learn what a circle is, so the mark is all that it knows."""
    spec = RunSpec(
        task="classify-image",
        model="cnn",
        data="shapes",
        data_params={"side": 16, "count": 600},
        model_params={"width": 8, "blocks": 2, "dense": 32},
        training={
            "epochs": 6, "batch_size": 64, "learning_rate": 0.01, "precision": "float32",
            "keep_best": False,
        },
        shortcut={"kind": kind, "marked": "circle", "mark_size": 3},
        name=f"marked shapes, {kind}",
    )  # fmt: skip
    return trained_run(spec)


def marked_tweets() -> str:
    """Likewise on few tweets, of which the positive ones have a word more."""
    lab = LABS["text"]
    spec = RunSpec(
        task="classify-text",
        model="text-cnn",
        data="tweets",
        data_params={"count": 3000},
        model_params={"embedding": 16, "features": 16},
        task_params={"longest": 32, "vocabulary": 2000},
        training={
            "epochs": 8, "batch_size": 64, "learning_rate": 0.01, "precision": "float32",
            "keep_best": False,
        },
        shortcut=lab.first,
        name="marked tweets",
    )  # fmt: skip
    return trained_run(spec)


def marked_economy() -> str:
    """The preset itself, which takes seconds."""
    return trained_run(LABS["series"].spec(LABS["series"].first))
