"""Varied examples: trainings of other presets, and what augmentation adds to them.

Each is like the preset that it is named after, so that the two beside each other on the compare
page say what the augmentation is worth there; benchmarks/augmentation.py measures each kind alone.
"""

from typing import Any

from dlexplain.params import Value
from dlexplain.services.training.presets import making, pictures, series, texts  # noqa: F401
from dlexplain.services.training.presets.base import PRESETS, Case, add_preset

CASE: Case = "Varied examples"
OWN = ("task", "model", "data", "task_params", "model_params", "data_params", "training")


def _like(name: str, **augmentation: Value) -> dict[str, Any]:
    """The spec of another preset, also varied in this way."""
    spec = PRESETS[name].spec
    fields = {field: getattr(spec, field) for field in OWN}
    return {**fields, "augmentation": {**spec.augmentation, **augmentation}}


add_preset(
    "mnist-cnn-generated",
    "MNIST, with generated digits",
    "mnist-cnn, which also learns from half as many digits that mnist-gan writes.",
    case=CASE,
    about=60,
    **_like("mnist-cnn", generated_by="mnist-gan", generated_part=0.5),
)
add_preset(
    "cifar10-cnn-mixed",
    "CIFAR-10, RandAugment and CutMix",
    "cifar10-cnn, with two operations on each picture and a rectangle of another one in it.",
    case=CASE,
    about=900,
    **_like("cifar10-cnn", randaugment=2, cutmix=1.0),
)
add_preset(
    "tweets-cnn-words",
    "Tweets, words left out and swapped",
    "tweets-cnn, from whose tweets a tenth of the words is left out while others change places.",
    case=CASE,
    about=80,
    **_like("tweets-cnn", word_dropout=0.1, word_swaps=0.1),
)
add_preset(
    "macrodata-lstm-warped",
    "US economy, jitter and warped windows",
    "macrodata-lstm, whose windows pass a little faster or slower in parts, with noise on them.",
    case=CASE,
    about=40,
    **_like("macrodata-lstm", jitter=0.1, warping=0.3),
)
