"""What a finished run says of its model: the card beside its weights; no torch here."""

import json
import math
from dataclasses import dataclass
from typing import Any

from dlexplain.errors import SpecError, WeightsError
from dlexplain.runs.paths import card_file
from dlexplain.runs.spec import RunSpec
from dlexplain.settings import settings


@dataclass(frozen=True)
class PictureCard:
    """A picture classifier's card.

    channels, side  of its input; one channel is grey
    mean, scale     its input is (pixel - mean) / scale
    """

    run: str
    spec: RunSpec
    channels: int
    side: int
    classes: tuple[str, ...]
    mean: float
    scale: float


def read_picture_card(run: str) -> PictureCard:
    """Raises WeightsError, one sentence, where the card is missing, damaged or of another task."""
    path = card_file(settings().home, run)
    try:
        card = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise WeightsError(f"run {run} has no {path.name}; only a whole run is a model") from error
    except (OSError, ValueError) as error:
        raise WeightsError(f"the {path.name} of run {run} cannot be read: {error}") from error
    try:
        return _picture_card(run, card)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise WeightsError(f"the {path.name} of run {run} is damaged: {why}") from error


def _picture_card(run: str, card: Any) -> PictureCard:
    try:
        spec = RunSpec.from_dict(card["spec"])
    except SpecError as error:
        raise ValueError(str(error)) from error
    if spec.task != "classify-image":
        raise ValueError(f'its task is "{spec.task}", not classify-image')
    facts = card["facts"]
    channels, side = int(facts["channels"]), int(facts["side"])
    mean, scale = float(facts["mean"]), float(facts["scale"])
    if channels not in (1, 3) or side < 1:
        raise ValueError(f"it has {channels} channels of side {side}")
    if not (math.isfinite(mean) and math.isfinite(scale) and scale > 0):
        raise ValueError(f"its mean is {mean:g} and its scale {scale:g}")
    classes = tuple(str(label) for label in facts["classes"])
    if not classes:
        raise ValueError("it has no classes")
    return PictureCard(run, spec, channels, side, classes, mean, scale)
