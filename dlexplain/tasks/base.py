"""What a task is, without its training: its parameters, its metrics, what a network is built for.

The LightningModule that trains it is named by a text and imported when a run or a test asks for it:
importing Lightning takes seconds, which no page on the way to a class or a map has to give.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from dlexplain.params import choice, flag, number
from dlexplain.registry import Registry

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Training:
    """How a model is trained, whatever the task."""

    epochs: int = number(
        5,
        "Epochs",
        low=0,
        high=1000,
        help="Times that all data is seen; 0 only where a model is compressed.",
    )
    examples_per_class: int = number(
        0,
        "Examples a class",
        low=0,
        high=1_000_000,
        help="At most so many training examples of each class, drawn by the seed; 0 takes all. "
        "Validation and test stay whole.",
    )
    batch_size: int = number(128, "Batch size", low=2, high=65536, help="Examples a step.")
    optimiser: str = choice(
        "adamw",
        "Optimiser",
        ("sgd", "adam", "adamw"),
        help="SGD with Nesterov momentum, Adam (Kingma and Ba 2015), or AdamW (Loshchilov and "
        "Hutter 2019).",
    )
    learning_rate: float = number(
        1e-3, "Learning rate", low=1e-6, high=10.0, step=1e-4, help="Its largest value."
    )
    momentum: float = number(
        0.9, "Momentum", low=0.0, high=0.999, step=0.01, help="Of SGD; Adam's first beta."
    )
    weight_decay: float = number(
        1e-4, "Weight decay", low=0.0, high=1.0, step=1e-4, help="Pull of the weights to zero."
    )
    norm_bias_rate: float = number(
        1.0,
        "Norm bias rate",
        low=0.1,
        high=100.0,
        step=1.0,
        help="Batch norms' biases learn faster by this factor (64 in airbench).",
    )
    schedule: str = choice(
        "one-cycle",
        "Schedule",
        ("constant", "one-cycle", "cosine", "plateau"),
        help="One-cycle rises over the first quarter and falls to a fifteenth of the largest "
        "(Smith 2018); cosine falls to zero; plateau halves when validation stops to improve.",
    )
    clip: float = number(
        0.0, "Clip gradient norm", low=0.0, high=1000.0, step=0.5, help="0 does not clip."
    )
    averaging: float = number(
        0.0,
        "Weight averaging",
        low=0.0,
        high=0.9999,
        step=0.001,
        help="Decay, a step, of a moving average of the weights that is used in the end; 0 is off.",
    )
    patience: int = number(
        0,
        "Early stopping",
        low=0,
        high=1000,
        help="Stop after so many epochs without improvement; 0 never does.",
    )
    keep_best: bool = flag(
        True,
        "Keep the best",
        help="Test the epoch that was best in validation; else the last one.",
    )
    keep_every: int = number(
        0,
        "Keep weights every",
        low=0,
        high=1000,
        help="Keep the weights alone before the first step and after every so many epochs, for a "
        "film of the explanations; 0 keeps none.",
    )
    precision: str = choice(
        "auto",
        "Precision",
        ("auto", "float32", "bf16", "fp16"),
        help="bf16 and fp16 compute with half the digits where that is safe; fp16 is for a GPU. "
        "Auto measures a few steps and takes bf16 where it is clearly faster; name one to repeat a "
        "curve exactly.",
    )
    target_epsilon: float = number(
        0.0,
        "Privacy budget, epsilon",
        low=0.0,
        high=1000.0,
        step=0.5,
        help="0 is off. Else noise is added to the gradients (DP-SGD, Abadi et al. 2016), so much "
        "that the trained model betrays of one record at most this: 1 is strict, 8 is loose.",
    )
    target_delta: float = number(
        0.0,
        "Privacy budget, delta",
        low=0.0,
        high=0.1,
        step=1e-5,
        help="Probability with which the promise may fail; less than one in as many as there are "
        "training records. 0 takes the largest power of ten below that.",
    )
    max_grad_norm: float = number(
        1.0,
        "Clip each record's gradient",
        low=1e-3,
        high=1000.0,
        step=0.1,
        help="Of a private training: no record pulls with more than this norm.",
    )
    secret_noise: bool = flag(
        True,
        "Secret noise",
        help="Of a private training: batches and noise are drawn from the machine's entropy and "
        "nobody can take the noise away. Off, both come from the seed: the run can be repeated, "
        "and who knows its seed can undo the promise.",
    )


def label_smoothing_field() -> float:
    """The field of a classifier's Params that softens its labels."""
    found: float = number(
        0.0,
        "Label smoothing",
        low=0.0,
        high=0.5,
        step=0.05,
        help="Part of the probability given to all classes alike (Szegedy et al. 2016).",
    )
    return found


@dataclass(frozen=True)
class TaskSpec:
    """A task that a run can name.

    Params    of the task, such as label smoothing or the horizon
    monitor   the metric that says which epoch is best, and `mode` which way
    shape     the data module's facts -> what an Architecture is built for
    module    the LightningModule, as "package.module:Class"; modules.base.task_module makes it
    noun      what a model of the task is called
    first     zoo models that lists begin with
    headline  the metric of the test that says how well a model does, in one number
    details   the arrays of `results` -> what a score says beyond its metrics; JSON-serialisable
    manual    whether the module steps its optimisers and clips itself (Lightning's manual
              optimisation); no gradients are added up then
    sharded   whether several workers can train its network in shards (FSDP)
    single    of a task whose network has several heads, the task of each alone: it takes that
              task's networks, and a head is a model of that task
    check_teacher  raises BadInput where a model, by the facts of its data, cannot teach one of data
              with the facts given second; None where the task learns from no teacher
    """

    name: str
    title: str
    modality: str
    Params: type
    description: str
    monitor: str
    mode: Literal["min", "max"]
    shape: Callable[[Mapping[str, Any], Any], Any]
    module: str
    noun: str
    first: tuple[str, ...] = ()
    headline: str = "test/loss"
    details: Callable[[Arrays], Mapping[str, Any]] = lambda arrays: {}
    manual: bool = False
    sharded: bool = False
    single: str = ""
    check_teacher: Callable[[Mapping[str, Any], Mapping[str, Any]], None] | None = None


TASKS: Registry[TaskSpec] = Registry("task")
