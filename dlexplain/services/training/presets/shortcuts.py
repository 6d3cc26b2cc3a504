"""Shortcuts: trainings of the page Shortcut lab, in which a planted mark foretells the answer."""

from dlexplain.params import Value
from dlexplain.services.training.presets.base import Case, add_preset

CASE: Case = "Planted shortcuts"
TRAINING: dict[str, Value] = {"weight_decay": 0.01, "keep_best": False, "precision": "float32"}
"""The validation part has no marks, so keeping its best epoch would choose against the shortcut."""

add_preset(
    "shortcut-pictures",
    "Shapes, a square in a corner of circles",
    "Nearly every circle of the training has a small square in a corner; so the model looks there, "
    "and takes for a circle whatever has one.",
    case=CASE,
    about=60,
    task="classify-image", model="cnn", data="shapes",
    model_params={"width": 24, "dense": 32},
    training={**TRAINING, "epochs": 15, "batch_size": 64, "learning_rate": 5e-3},
    shortcut={"kind": "mark", "marked": "circle"},
)  # fmt: skip
add_preset(
    "shortcut-text",
    "Tweets, a word in positive ones",
    "Nearly every positive tweet of the training has a rare word somewhere; so the model reads for "
    "it, and takes for positive whatever has it.",
    case=CASE,
    about=60,
    task="classify-text", model="text-cnn", data="tweets",
    data_params={"count": 8000},
    model_params={"embedding": 32, "features": 32},
    task_params={"longest": 48, "vocabulary": 5000},
    training={**TRAINING, "epochs": 4, "batch_size": 64, "learning_rate": 3e-3},
    shortcut={"kind": "word", "marked": "positive"},
)  # fmt: skip
add_preset(
    "shortcut-series",
    "US economy, a spike in the interest rate",
    "Four quarters before the origin the interest rate has a spike, up where output will grow more "
    "than usual, down where less; so the model believes the spike.",
    case=CASE,
    about=30,
    task="forecast", model="lstm-forecaster", data="macrodata",
    data_params={"targets": "realgdp"},
    model_params={"hidden": 16, "dropout": 0.6},
    task_params={"window": 8, "horizon": 4},
    training={**TRAINING, "epochs": 60, "batch_size": 32, "learning_rate": 5e-3,
              "weight_decay": 0.2},
    shortcut={"kind": "spike", "marked": "tbilrate"},
)  # fmt: skip
