"""What tasks say of a teacher: its parameters, and which model can be one."""

from collections.abc import Mapping, Sequence
from typing import Any

from dlexplain.errors import BadInput
from dlexplain.params import choice, number, text


def teacher_field(whose: str) -> Any:
    """whose  what it must share with the student, such as "of the same classes" """
    return text(
        "",
        "Teacher",
        help=f"A trained model {whose}, from the zoo or a finished run, whose answers are learned "
        "beside the labels (Hinton et al. 2015); none if empty.",
    )


def share_field() -> Any:
    return number(
        0.9,
        "Teacher's share",
        low=0.0,
        high=1.0,
        step=0.05,
        help="Of the loss, where there is a teacher; the rest is the labels'.",
    )


def temperature_field(label: str = "Temperature") -> Any:
    return number(
        2.0,
        label,
        low=0.5,
        high=20.0,
        step=0.5,
        help="By which both answers are softened before they are compared.",
    )


def hidden_field() -> Any:
    return choice(
        "none",
        "Teacher's hidden state",
        ("none", "cosine", "mse"),
        help="Learn also the state from which the teacher's last layer answers, through a linear "
        "map that is learned along where the widths differ: by its direction (Sanh et al. 2019), "
        "or by the mean squared difference (Romero et al. 2015).",
    )


def hidden_weight_field() -> Any:
    return number(
        0.1,
        "Its weight",
        low=0.0,
        high=100.0,
        step=0.1,
        help="Of the distance between the two states, which is added to the loss.",
    )


def check_classes(
    theirs: Mapping[str, Any], classes: Sequence[str], name: str = "the teacher"
) -> None:
    """Raises BadInput for a teacher, by the facts of its data, of other classes."""
    known = list(theirs.get("classes", ()))
    if known != list(classes):
        raise BadInput(
            f"{name} knows {len(known)} classes ({', '.join(known[:3])} …), the data have "
            f"{len(classes)} ({', '.join(list(classes)[:3])} …); they must be the same"
        )
