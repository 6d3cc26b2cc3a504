"""Several labels of one example at once: one network, whose outputs are cut into heads.

Caruana, "Multitask Learning", 1997, https://doi.org/10.1023/A:1007379606734. The network is any
classifier with as many outputs as all heads have classes together; head i reads its own part of
them. Its loss is the mean cross-entropy over the examples whose label i is known, and

    L = Σ_i w_i L_i

is minimised. The weights w are fixed, or learned: by the uncertainty of each head (Kendall, Gal and
Cipolla 2018, https://arxiv.org/abs/1705.07115), or by GradNorm (Chen et al. 2018,
https://arxiv.org/abs/1711.02257), see modules/weighting.py.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlexplain.errors import BadInput, known_names
from dlexplain.networks.base import PictureShape, TextShape
from dlexplain.params import choice, number, text
from dlexplain.tasks import classify_text
from dlexplain.tasks.base import TASKS, TaskSpec, label_smoothing_field

WEIGHTINGS = ("fixed", "uncertainty", "gradnorm")
UNKNOWN = -1
"""In the place of a label that is missing, as data.base has it."""
ALL = "accuracy_all_heads"
"""The metric that says how well the heads do together: the part of the examples of which every
label that is known was said rightly."""


def accuracy_of(head: str) -> str:
    """The name of a head's own accuracy among the metrics."""
    return f"accuracy_of_{in_metric(head)}"


def in_metric(head: str) -> str:
    """A head's name as it stands in the name of a metric."""
    return re.sub(r"\W", "_", head)


@dataclass(frozen=True, kw_only=True)
class Heads:
    """Of every task of several heads."""

    heads: str = text(
        "",
        "Heads",
        help="Names of the labels to learn, with commas between; all if empty.",
        example="All of the data",
    )
    weighting: str = choice(
        "fixed",
        "Weights of the heads",
        WEIGHTINGS,
        help="Of their losses: fixed ones; learned ones, smaller where a head's answers are "
        "uncertain (Kendall et al. 2018); or moved so that every head learns at a like pace "
        "(GradNorm, Chen et al. 2018).",
    )
    weights: str = text(
        "",
        "Fixed weights",
        help='Such as "form=2, count=0.5"; 1 of those that are not named.',
        example="1 each, or form=2",
        only=("weighting", ("fixed",)),
    )
    asymmetry: float = number(
        1.5,
        "GradNorm's asymmetry",
        low=0.0,
        high=10.0,
        step=0.1,
        help="Its α: how strongly a head that lags behind is given more weight; 0 only evens out "
        "the gradients.",
        only=("weighting", ("gradnorm",)),
    )
    weight_rate: float = number(
        0.025,
        "GradNorm's rate",
        low=1e-4,
        high=1.0,
        step=0.005,
        help="Learning rate of its weights.",
        only=("weighting", ("gradnorm",)),
    )
    cosine_every: int = number(
        20,
        "Compare gradients every, steps",
        low=0,
        high=100_000,
        help="The cosine of two heads' gradients on the weights that they share: above 0 a step "
        "for one helps the other, below 0 it hurts it. Each time costs a backward pass a head; "
        "0 is never.",
    )


@dataclass(frozen=True, kw_only=True)
class Params(Heads):
    """Of several heads of pictures, and of the loss."""

    label_smoothing: float = label_smoothing_field()


@dataclass(frozen=True, kw_only=True)
class TextParams(Heads, classify_text.Reading):
    """Of several heads of texts, how a text becomes ids, and of the loss."""


def read_weights(wanted: str, heads: Sequence[str]) -> tuple[float, ...]:
    """Of each head, from "form=2, count=0.5"; raises BadInput."""
    given: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in wanted.split(","))):
        name, _, value = (piece.strip() for piece in part.rpartition("="))
        if name not in heads:
            raise BadInput(f'weights is "{wanted}"; {known_names(name, list(heads))}')
        try:
            given[name] = float(value)
        except ValueError:
            given[name] = math.nan
        if not (math.isfinite(given[name]) and given[name] > 0):
            raise BadInput(f'the weight of {name} is "{value}"; a number above 0 is accepted')
    return tuple(given.get(head, 1.0) for head in heads)


def _outputs(facts: Mapping[str, Any]) -> int:
    return sum(len(classes) for classes in facts["heads"].values())


def _shape(facts: Mapping[str, Any], params: Params) -> PictureShape:
    return PictureShape(facts["channels"], facts["side"], _outputs(facts))


def _text_shape(facts: Mapping[str, Any], params: TextParams) -> TextShape:
    return TextShape(
        int(facts["vocabulary"]), _outputs(facts), int(facts["longest"]), params.tokeniser
    )


TASKS.add(
    "multi-task",
    TaskSpec(
        name="multi-task",
        title="Several tasks at once, pictures",
        modality="image",
        Params=Params,
        description="Learn several labels of a picture with one network, a head for each.",
        monitor=f"validation/{ALL}",
        mode="max",
        shape=_shape,
        module="dlexplain.tasks.modules.multi_task:MultiTaskPictures",
        noun="picture classifier with several heads",
        headline=f"test/{ALL}",
        single="classify-image",
    ),
)
TASKS.add(
    "multi-task-text",
    TaskSpec(
        name="multi-task-text",
        title="Several tasks at once, texts",
        modality="text",
        Params=TextParams,
        description="Learn several labels of a text with one network, a head for each.",
        monitor=f"validation/{ALL}",
        mode="max",
        shape=_text_shape,
        module="dlexplain.tasks.modules.multi_task:MultiTaskTexts",
        noun="text classifier with several heads",
        headline=f"test/{ALL}",
        single="classify-text",
    ),
)
