"""Naming the class of a picture: cross-entropy, accuracy, confusion, the worst mistakes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlexplain.errors import BadInput
from dlexplain.networks.base import PictureShape
from dlexplain.params import choice, number
from dlexplain.tasks.base import TASKS, TaskSpec, label_smoothing_field
from dlexplain.tasks.teaching import check_classes, share_field, teacher_field, temperature_field


@dataclass(frozen=True)
class Params:
    """Of the loss and of the test."""

    label_smoothing: float = label_smoothing_field()
    test_views: str = choice(
        "one",
        "Views in the test",
        ("one", "mirrored", "mirrored-shifted"),
        help="Scores of the mirrored picture, and of two shifted by a pixel, are averaged in. "
        "test/accuracy_one_view is told beside it.",
    )
    teacher: str = teacher_field("of the same classes")
    teacher_share: float = share_field()
    teacher_sees: str = choice(
        "the same",
        "The teacher sees",
        ("the same", "originals"),
        help="The very pictures that the student sees, varied and mixed alike (Beyer et al. 2022); "
        "or those of the training part as they are, each once, in the first epoch, after which the "
        "teacher costs nothing.",
    )
    temperature: float = temperature_field()
    adversary: str = choice(
        "none",
        "Adversarial training",
        ("none", "pgd", "trades"),
        help="Learn from pictures that an attack has moved against the network: from those alone "
        "(Madry et al. 2018), or from the originals with a price on how far the answer moves "
        "(TRADES, Zhang et al. 2019). test/robust_accuracy is told beside the accuracy.",
    )
    adversary_budget: float = number(
        8.0,
        "Its budget, of 255",
        low=0.25,
        high=64.0,
        step=0.25,
        help="No value of a picture is moved by more than so many of 255 levels (L∞).",
        only=("adversary", ("pgd", "trades")),
    )
    adversary_steps: int = number(
        1,
        "Its steps",
        low=1,
        high=50,
        help="Each costs a forward and a backward pass. 1 is FGSM from a random start (Wong et "
        "al. 2020); Madry et al. took 7.",
        only=("adversary", ("pgd", "trades")),
    )
    trades: float = number(
        6.0,
        "Price of TRADES",
        low=0.1,
        high=100.0,
        step=0.5,
        help="Of the distance between the answers to the original and to the moved picture. More "
        "is more robust, and less accurate.",
        only=("adversary", ("trades",)),
    )


def _shape(facts: Mapping[str, Any], params: Params) -> PictureShape:
    return PictureShape(facts["channels"], facts["side"], len(facts["classes"]))


def check_teacher(
    theirs: Mapping[str, Any], own: Mapping[str, Any], name: str = "the teacher"
) -> None:
    """Raises BadInput for a teacher, by the facts of its data, that answers something else; also
    for another model, of which `name` says what it is called, that must know the same."""
    check_classes(theirs, own["classes"], name)
    if theirs.get("channels") != own["channels"]:
        raise BadInput(
            f"{name} sees pictures of {theirs.get('channels')} channels, the data's have "
            f"{own['channels']}; they must be the same"
        )


TASKS.add(
    "classify-image",
    TaskSpec(
        name="classify-image",
        title="Picture classification",
        modality="image",
        Params=Params,
        description="Name the class of a picture.",
        monitor="validation/accuracy",
        mode="max",
        shape=_shape,
        module="dlexplain.tasks.modules.classify_image:ClassifyImage",
        noun="picture classifier",
        headline="test/accuracy",
        check_teacher=check_teacher,
    ),
)
