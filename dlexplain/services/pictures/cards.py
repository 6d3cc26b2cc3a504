"""What a trained picture classifier's card says of its input; no torch here."""

import math
from dataclasses import dataclass
from typing import Any

from dlexplain.errors import WeightsError
from dlexplain.execution.spec import RunSpec
from dlexplain.services.trained.models import Trained

TASK = "classify-image"


@dataclass(frozen=True)
class PictureCard:
    """A picture classifier's card.

    channels, side  of its input; one channel is grey
    mean, scale     its input is (pixel - mean) / scale
    """

    spec: RunSpec
    channels: int
    side: int
    classes: tuple[str, ...]
    mean: float
    scale: float


def picture_card(model: Trained) -> PictureCard:
    """Raises WeightsError, one sentence, where the card is missing, damaged or of another task."""
    spec, facts = model.spec, model.facts
    try:
        return _picture_card(spec, facts)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise WeightsError(f"the card of {model.owner} is damaged: {why}") from error


def _picture_card(spec: RunSpec, facts: dict[str, Any]) -> PictureCard:
    if spec.task != TASK:
        raise ValueError(f'its task is "{spec.task}", not {TASK}')
    channels, side = int(facts["channels"]), int(facts["side"])
    mean, scale = float(facts["mean"]), float(facts["scale"])
    if channels not in (1, 3) or side < 1:
        raise ValueError(f"it has {channels} channels of side {side}")
    if not (math.isfinite(mean) and math.isfinite(scale) and scale > 0):
        raise ValueError(f"its mean is {mean:g} and its scale {scale:g}")
    classes = tuple(str(label) for label in facts["classes"])
    if not classes:
        raise ValueError("it has no classes")
    return PictureCard(spec, channels, side, classes, mean, scale)
