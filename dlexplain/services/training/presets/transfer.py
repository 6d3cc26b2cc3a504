"""Transfer: few examples of each class, with the weights of a trained model and without.

benchmarks/transfer.py trains them over amounts of data, ways and seeds: see docs/transfer.md.
"""

from typing import Any

from dlexplain.params import Value
from dlexplain.services.training.presets.base import Case, add_preset

CASE: Case = "Transfer"
TRAINING: dict[str, Value] = {
    "epochs": 30, "batch_size": 32, "keep_best": False, "precision": "float32",
    "examples_per_class": 50,
}  # fmt: skip
"""The validation part has more examples than the training's few, so choosing by it would cheat."""
DIGITS: dict[str, Any] = {
    "case": CASE, "task": "classify-image", "model": "cnn", "data": "digits",
    "data_params": {"side": 28}, "model_params": {"width": 16, "dense": 64},
    "training": {**TRAINING, "learning_rate": 3e-3}, "augmentation": {"shift": 2},
}  # fmt: skip
SHAPES: dict[str, Any] = {
    "case": CASE, "task": "classify-image", "model": "cnn", "data": "shapes",
    "training": {**TRAINING, "learning_rate": 3e-3}, "augmentation": {"flip": "random", "shift": 2},
}  # fmt: skip
TWEETS: dict[str, Any] = {
    "case": CASE, "task": "classify-text", "model": "text-transformer", "data": "tweets",
    "model_params": {"width": 128, "layers": 1, "feed_forward": 256, "dropout": 0.2,
                     "word_dropout": 0.3},
    "task_params": {"vocabulary": 10_000},
    "training": {**TRAINING, "epochs": 15, "learning_rate": 1e-3, "weight_decay": 0.05,
                 "clip": 1.0},
}  # fmt: skip
FEW = "50 examples a class, "
add_preset(
    "transfer-digits",
    "Small digits from MNIST",
    FEW + "with the weights of mnist-cnn, which knows other people's digits.",
    about=45, parent="mnist-cnn", **DIGITS,
)  # fmt: skip
add_preset(
    "transfer-digits-fresh",
    "Small digits without MNIST",
    FEW + "with fresh weights: what transfer-digits is compared with.",
    about=45, **DIGITS,
)  # fmt: skip
add_preset(
    "transfer-shapes",
    "Shapes from CIFAR-10",
    FEW + "with the weights of cifar10-cnn, which knows animals and vehicles.",
    about=45, parent="cifar10-cnn", **SHAPES,
)  # fmt: skip
add_preset(
    "transfer-shapes-fresh",
    "Shapes without CIFAR-10",
    FEW + "with fresh weights: what transfer-shapes is compared with.",
    about=45, **SHAPES,
)  # fmt: skip
add_preset(
    "transfer-tweets",
    "Tweets from film reviews",
    FEW + "with the weights and the words of sst2-transformer.",
    about=60, parent="sst2-transformer", **TWEETS,
)  # fmt: skip
add_preset(
    "transfer-tweets-fresh",
    "Tweets without film reviews",
    FEW + "with fresh weights and words of its own: what transfer-tweets is compared with.",
    about=60, **TWEETS,
)  # fmt: skip
