"""Differentially private training (DP-SGD): what it asks of a training, without opacus or torch.

Abadi et al., "Deep Learning with Differential Privacy", 2016, https://arxiv.org/abs/1607.00133:
each record's gradient is clipped to a norm, Gaussian noise is added to their sum, and an accountant
says how much an outsider could at most learn of one record. A training is (epsilon, delta) private
if for any two training sets that differ in one record, and any set S of trained models,

    P(model in S) <= exp(epsilon) P'(model in S) + delta
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from dlexplain.errors import BadInput
from dlexplain.params import Value
from dlexplain.tasks.base import Training

TASKS = ("classify-image", "classify-text")
"""Those whose loss is a mean over independent records."""
LEAST_BATCH = 32
"""Records a step on average. Which are in a step is drawn, and e^-32 is how often none would be."""
EPSILON, DELTA = "privacy/epsilon", "privacy/delta"
"""Metrics of a private run."""


@dataclass(frozen=True)
class Guarantee:
    """What a training promises, and by which noise.

    epsilon, delta  asked for;  clip  norm to which each record's gradient is clipped
    noise           standard deviation of the noise, in units of `clip` (the noise multiplier)
    rate            probability with which a record is in a step;  count  training records
    """

    epsilon: float
    delta: float
    clip: float
    noise: float
    rate: float
    steps: int
    count: int


def is_private(training: Mapping[str, Value]) -> bool:
    """Whether a spec's training group asks for privacy; what is no number is told elsewhere."""
    try:
        return float(training.get("target_epsilon", 0)) > 0
    except ValueError:
        return False


def delta_of(training: Training, count: int) -> float:
    """The delta asked for, or the largest power of ten below 1/count where it is 0.

    Raises BadInput from 1/count on: a training that publishes one record in `count` would do.
    """
    usual = 10.0 ** -(math.floor(math.log10(count)) + 1)
    if training.target_delta == 0:
        return usual
    if training.target_delta >= 1 / count:
        raise BadInput(
            f"target_delta is {training.target_delta:g}; with {count:,} training records less than "
            f"{1 / count:.2g} is accepted, or 0 for {usual:g}"
        )
    return training.target_delta


def problems_of_privacy(
    task: str,
    training: Training,
    task_params: Mapping[str, Value],
    augmentation: Mapping[str, Value],
) -> list[str]:
    """What of a spec would break the guarantee, or cannot be trained so; a sentence each."""
    if training.target_epsilon == 0:
        return []
    asked = f"target_epsilon is {training.target_epsilon:g}, but"
    if task not in TASKS:
        return [f"training: {asked} private training is for {' and '.join(TASKS)}"]
    wrong = []
    if training.batch_size < LEAST_BATCH:
        wrong.append(
            f"training: {asked} batch_size is {training.batch_size}; a private training takes "
            f"{LEAST_BATCH} or more"
        )
    if training.clip:
        wrong.append(
            f"training: {asked} clip is {training.clip:g}; max_grad_norm clips each record's "
            "gradient, so clip takes 0"
        )
    if training.averaging:
        wrong.append(f"training: {asked} averaging is {training.averaging:g}; it takes 0")
    if training.precision not in ("auto", "float32"):
        wrong.append(
            f'training: {asked} precision is "{training.precision}"; it takes auto or float32'
        )
    if str(task_params.get("teacher", "")):
        wrong.append(f"task: {asked} a teacher has seen the records without noise; it takes none")
    if str(task_params.get("adversary", "none")) != "none":
        wrong.append(
            f'task: {asked} adversary is "{task_params["adversary"]}", whose own gradients would '
            "be counted with the records'; it takes none"
        )
    if str(task_params.get("adversary_share", 0)) not in ("0", "0.0"):
        wrong.append(
            f"task: {asked} adversary_share is {task_params['adversary_share']}, whose own "
            "gradients would be counted with the records'; it takes 0"
        )
    wrong += [
        f"augmentation: {asked} {mixing} lets a record into another's gradient; it takes 0"
        for mixing in ("mixup", "cutmix")
        if str(augmentation.get(mixing, 0)) not in ("0", "0.0")
    ]
    if str(augmentation.get("generated_by", "")):
        wrong.append(
            f"augmentation: {asked} what generates pictures has seen records without noise; "
            "generated_by takes none"
        )
    return wrong
