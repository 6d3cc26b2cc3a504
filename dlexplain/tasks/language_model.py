"""Language modelling: each token from those before it; perplexity over a whole text.

Trained by truncated backpropagation through time: a window's gradient stops at its beginning, its
state goes on from the window before. Mikolov et al., "Extensions of recurrent neural network
language model", 2011, https://doi.org/10.1109/ICASSP.2011.5947611.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlexplain.errors import BadInput
from dlexplain.networks.base import LanguageShape
from dlexplain.params import number
from dlexplain.tasks.base import TASKS, TaskSpec
from dlexplain.tasks.teaching import (
    hidden_field,
    hidden_weight_field,
    share_field,
    teacher_field,
    temperature_field,
)


@dataclass(frozen=True)
class Params:
    """Of the training and of what the model writes after its test."""

    time: int = number(
        35, "Steps back", low=1, high=2000, help="Tokens of a window; gradients go no further."
    )
    written: int = number(
        100, "Tokens to write", low=0, high=2000, help="Of each sample after the test."
    )
    temperature: float = number(
        0.8,
        "Temperature",
        low=0.0,
        high=5.0,
        step=0.1,
        help="Of the samples; lower is surer, 0 takes the likeliest token each time.",
    )
    teacher: str = teacher_field("of the same tokens")
    teacher_share: float = share_field()
    teacher_temperature: float = temperature_field("Teacher's temperature")
    hidden: str = hidden_field()
    hidden_weight: float = hidden_weight_field()


def _shape(facts: Mapping[str, Any], params: Params) -> LanguageShape:
    return LanguageShape(int(facts["vocabulary"]))


def check_teacher(theirs: Mapping[str, Any], own: Mapping[str, Any]) -> None:
    """Raises BadInput for a teacher, by the facts of its data, of another vocabulary."""
    for fact, what in (("tokeniser", "{} as tokens"), ("vocabulary", "{} tokens")):
        if theirs.get(fact) != own[fact]:
            raise BadInput(
                f"the teacher reads {what.format(theirs.get(fact))}, the data have "
                f"{what.format(own[fact])}; a language model learns from one of the same vocabulary"
            )


TASKS.add(
    "language-model",
    TaskSpec(
        name="language-model",
        title="Language model",
        modality="text",
        Params=Params,
        description="Say what comes next in a text, and write on.",
        monitor="validation/perplexity",
        mode="min",
        shape=_shape,
        module="dlexplain.tasks.modules.language_model:LanguageModelling",
        noun="language model",
        first=("shakespeare-lstm",),
        headline="test/perplexity",
        sharded=True,
        check_teacher=check_teacher,
    ),
)
