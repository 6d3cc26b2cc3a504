"""Several labels at once, and each of them alone for comparison: the same pictures, network and
training."""

from typing import Any

from dlexplain.data.sets.mnist import HEADS as OF_DIGITS
from dlexplain.data.sets.shapes_labelled import HEADS as OF_SHAPES
from dlexplain.services.training.presets.base import Case, add_preset

CASE: Case = "Several tasks at once"
SHAPES: dict[str, Any] = {
    "model": "cnn",
    "data": "shapes-labelled",
    "model_params": {"width": 16, "dense": 64},
    "training": {
        "epochs": 20, "batch_size": 64, "learning_rate": 0.005, "precision": "float32",
    },
    "augmentation": {"flip": "random", "shift": 2},
}  # fmt: skip
MNIST: dict[str, Any] = {
    "model": "cnn",
    "data": "mnist",
    "model_params": {"width": 16, "dense": 64},
    "training": {
        "epochs": 15, "batch_size": 64, "learning_rate": 0.005, "precision": "float32",
    },
    "augmentation": {"shift": 2},
}  # fmt: skip
add_preset(
    "shapes-multitask",
    "Shapes: form, colour, texture and count at once",
    "One network with four heads; how their gradients agree is drawn over the steps.",
    case=CASE,
    zoo=True,
    task="multi-task",
    **SHAPES,
)
add_preset(
    "mnist-multitask",
    "MNIST: the digit, whether it is even, whether it is larger than four",
    "Three questions of one digit, of which the first answers the others.",
    case=CASE,
    zoo=True,
    task="multi-task",
    **MNIST,
)
for data, heads, like in (("shapes", OF_SHAPES, SHAPES), ("mnist", OF_DIGITS, MNIST)):
    for head in heads:
        add_preset(
            f"{data}-{head}-alone",
            f"Shapes: {head.replace('-', ' ')} alone"
            if data == "shapes"
            else f"MNIST: {head.replace('-', ' ')} alone",
            f"The control of {data}-multitask: the same network learns one label only.",
            case=CASE,
            about=100 if data == "shapes" else 50,
            task="classify-image",
            data_params={"head": head},
            **like,
        )
