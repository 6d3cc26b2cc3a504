"""Naming the class of a text: cross-entropy, accuracy, macro F1, confusion, the worst mistakes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlexplain.networks.base import TextShape
from dlexplain.params import choice, flag, number
from dlexplain.tasks.base import TASKS, TaskSpec, label_smoothing_field
from dlexplain.tasks.teaching import (
    check_classes,
    hidden_field,
    hidden_weight_field,
    share_field,
    teacher_field,
    temperature_field,
)

TOKENISERS = ("word", "bpe", "character", "minilm", "own")


@dataclass(frozen=True)
class Reading:
    """How a text becomes ids, and of the loss."""

    tokeniser: str = choice(
        "word",
        "Tokens",
        TOKENISERS,
        help="Words, byte pairs or characters, learnt from the training part; or MiniLM's own "
        "word pieces, which its model needs; or own, those of the user's own backbone.",
    )
    vocabulary: int = number(
        15_000, "Vocabulary", low=50, high=100_000, help="Most tokens; the commonest are kept."
    )
    lower: bool = flag(True, "Lower case", help="Capitals are read as small letters.")
    longest: int = number(
        128, "Longest text, tokens", low=4, high=512, help="What is longer is cut."
    )
    label_smoothing: float = label_smoothing_field()


@dataclass(frozen=True)
class Params(Reading):
    """The same, and whether a text's vectors are moved against the network."""

    adversary_share: float = number(
        0.0,
        "Adversarial training",
        low=0.0,
        high=1.0,
        step=0.05,
        help="Learn also from word vectors that were moved against the network, by this share of "
        "their length (Miyato et al. 2017); 0 is off. Takes three times as long.",
    )
    teacher: str = teacher_field("of the same classes, whatever its tokens")
    teacher_share: float = share_field()
    temperature: float = temperature_field()
    hidden: str = hidden_field()
    hidden_weight: float = hidden_weight_field()


def _shape(facts: Mapping[str, Any], params: Params) -> TextShape:
    return TextShape(
        int(facts["vocabulary"]), len(facts["classes"]), int(facts["longest"]), params.tokeniser
    )


def check_teacher(theirs: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Raises BadInput for a teacher, by the facts of its data, that answers something else."""
    check_classes(theirs, own["classes"])


TASKS.add(
    "classify-text",
    TaskSpec(
        name="classify-text",
        title="Text classification",
        modality="text",
        Params=Params,
        description="Name the class of a text.",
        monitor="validation/accuracy",
        mode="max",
        shape=_shape,
        module="dlexplain.tasks.modules.classify_text:ClassifyText",
        noun="text classifier",
        first=("sst2-minilm",),
        headline="test/accuracy",
        check_teacher=check_teacher,
    ),
)
