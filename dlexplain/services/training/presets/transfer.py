"""Transfer: few examples of each class, with the weights of a trained model and without.

benchmarks/transfer.py trains them over amounts of data, ways and seeds: see docs/transfer.md.
"""

from typing import Any

from dlexplain.params import Value
from dlexplain.services.training.presets.base import Case, add_preset

CASE: Case = "Transfer"
TRAINING: dict[str, Value] = {
    "epochs": 8,
    "batch_size": 8,
    "keep_best": False,
    "precision": "float32",
    "examples_per_class": 50,
}
"""The validation part has more examples than the training's few, so choosing by it would cheat."""
FEW = "50 examples a class, "
DIGITS: dict[str, Any] = {
    "task": "classify-image",
    "model": "cnn",
    "data": "digits",
    "data_params": {"side": 28},
    "training": {**TRAINING, "learning_rate": 3e-3},
    "augmentation": {"shift": 2},
}
SHAPES: dict[str, Any] = {
    "task": "classify-image",
    "model": "cnn",
    "data": "shapes",
    "data_params": {"count": 2000},
    "training": {**TRAINING, "learning_rate": 3e-3},
    "augmentation": {"flip": "random", "shift": 2},
}
TWEETS: dict[str, Any] = {
    "task": "classify-text",
    "model": "text-transformer",
    "data": "tweets",
    "data_params": {"count": 8000},
    "training": {**TRAINING, "learning_rate": 1e-3, "weight_decay": 0.05, "clip": 1.0},
}


def add_pair(
    name: str, titles: tuple[str, str], parent: str, knows: str, alone: dict[str, Any], **spec: Any
) -> None:
    """A training that begins with a parent, and the same without.

    alone  what the parent says of the model and of how it reads, for the training without it
    """
    add_preset(
        name, titles[0], f"{FEW}with the weights of {parent}, {knows}.", CASE, 60,
        parent=parent, **spec,
    )  # fmt: skip
    add_preset(
        f"{name}-fresh", titles[1], f"{FEW}with fresh weights: what {name} is compared with.", CASE,
        60, **spec, **alone,
    )  # fmt: skip


add_pair(
    "transfer-digits",
    ("Small digits from MNIST", "Small digits without MNIST"),
    "mnist-cnn",
    "which knows digits by other hands",
    {"model_params": {"width": 16, "dense": 64}},
    **DIGITS,
)
add_pair(
    "transfer-shapes",
    ("Shapes from CIFAR-10", "Shapes without CIFAR-10"),
    "cifar10-cnn",
    "which knows animals and vehicles",
    {},
    **SHAPES,
)
add_pair(
    "transfer-tweets",
    ("Tweets from film reviews", "Tweets without film reviews"),
    "sst2-transformer",
    "which has read film reviews, and by its words",
    {
        "model_params": {
            "width": 128,
            "layers": 1,
            "feed_forward": 256,
            "dropout": 0.2,
            "word_dropout": 0.3,
        },
        "task_params": {"vocabulary": 10_000},
    },
    **TWEETS,
)
