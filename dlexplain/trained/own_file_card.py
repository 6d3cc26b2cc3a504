"""The JSON beside a picture classifier's file: its classes, and how pictures are prepared for it.

model.json of model.onnx or model.pt2 may have, as dx.wrap takes them,

    {"classes": ["cat", "dog"], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
     "resize": 256, "fit": "crop", "output": "logits", "input_shape": [3, 224, 224],
     "channels_last": false}

and that of weights

    {"architecture": "resnet9", "params": {"width": 64}, "channels": 3, "side": 32,
     "classes": ["cat", "dog"], "mean": 0.5, "std": 0.25}
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlexplain.errors import ModelError, known_names
from dlexplain.params import Value
from dlexplain.server_files import read_regular
from dlexplain.trained.own_files import WEIGHTS, beside

LARGEST = 10**6
"""Bytes of such a file."""
LARGEST_SIDE = 2048
"""Pixels."""
FITS = ("crop", "pad", "squash")
PREPARING = ("classes", "mean", "std", "resize", "fit")
OF_PROGRAMS = (*PREPARING, "output", "input_shape", "channels_last")
OF_WEIGHTS = (*PREPARING, "architecture", "params", "channels", "side")
NEEDED = ("architecture", "channels", "side", "classes")
"""Of what stands beside weights."""


@dataclass(frozen=True)
class OwnFileCard:
    """What stands in it, None or empty where nothing does. The names are those of dx.wrap.

    channels_last  whether the file takes (batch, side, side, channels)
    architecture, params, channels, side  of weights, see networks.base.ARCHITECTURES
    there          whether there is such a file at all
    """

    classes: tuple[str, ...] = ()
    mean: float | tuple[float, ...] | None = None
    std: float | tuple[float, ...] | None = None
    resize: int | None = None
    fit: str = "crop"
    output: str | int | None = None
    input_shape: tuple[int, int, int] | None = None
    channels_last: bool | None = None
    architecture: str = ""
    params: Mapping[str, Value] = field(default_factory=dict)
    channels: int = 0
    side: int = 0
    there: bool = True


def own_file_card(path: Path) -> OwnFileCard:
    """Of the model's file; an empty one where nothing lies beside it. Raises ModelError."""
    file = beside(path)
    if not file.exists():
        return OwnFileCard(there=False)
    known = OF_WEIGHTS if path.suffix.lower() == WEIGHTS else OF_PROGRAMS
    told = _read(file)
    for key in told:
        if key not in known:
            raise ModelError(f'{file.name} says "{key}"; {known_names(key, known)}')
    lacking = [key for key in NEEDED if key not in told] if known is OF_WEIGHTS else []
    if lacking:
        raise ModelError(f"{file.name} lacks {', '.join(lacking)}")
    found = {}
    for key, value in told.items():
        read, accepted = READERS[key]
        try:
            found[key] = read(value)
        except (ValueError, TypeError, OverflowError) as error:
            shown = json.dumps(value)[:40]
            raise ModelError(
                f'in {file.name} "{key}" is {shown}; {accepted} is accepted'
            ) from error
    return OwnFileCard(**found)


def _read(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise ModelError(f"{file.name} beside the model is no regular file")
    if file.stat().st_size > LARGEST:
        raise ModelError(f"{file.name} has more than {LARGEST / 1e6:g} MB, the most that is read")
    try:
        told = json.loads(read_regular(file))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{file.name} cannot be read: {error}") from error
    if not isinstance(told, dict):
        raise ModelError(f"{file.name} is no JSON object")
    return told


def _whole(least: int, most: int) -> Callable[[Any], int]:
    def read(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise ValueError
        return value

    return read


def _among(*known: Any) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not any(type(value) is type(one) and value == one for one in known):
            raise ValueError
        return value

    return read


def _classes(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(v, str) for v in value):
        raise ValueError
    return tuple(value)


def _numbers(value: Any) -> float | tuple[float, ...]:
    found = tuple(_number(one) for one in value) if isinstance(value, list) else _number(value)
    if isinstance(found, tuple) and len(found) not in (1, 3):
        raise ValueError
    return found


def _number(value: Any) -> float:
    if isinstance(value, bool) or not math.isfinite(value):
        raise ValueError
    return float(value)


def _output(value: Any) -> str | int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError
    return value


def _input_shape(value: Any) -> tuple[int, int, int]:
    channels, side, wide = value
    if side != wide:
        raise ValueError
    return _among(1, 3)(channels), _whole(1, LARGEST_SIDE)(side), side


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _params(value: Any) -> dict[str, Value]:
    if not isinstance(value, dict) or not all(isinstance(v, Value) for v in value.values()):
        raise ValueError
    return value


NUMBERS = "a finite number, or a list of one for each channel,"
SIDE = f"a whole number from 1 to {LARGEST_SIDE}"
READERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "classes": (_classes, "a list of labels in the order of the scores"),
    "mean": (_numbers, NUMBERS),
    "std": (_numbers, NUMBERS),
    "resize": (_whole(1, 2 * LARGEST_SIDE), f"a whole number from 1 to {2 * LARGEST_SIDE}"),
    "fit": (_among(*FITS), ", ".join(FITS)),
    "output": (_output, "the name or the place of the output that has the scores"),
    "input_shape": (_input_shape, "[1 or 3, side, side]"),
    "channels_last": (_among(True, False), "true or false"),
    "architecture": (_text, "an architecture's name"),
    "params": (_params, "an object of the architecture's parameters"),
    "channels": (_among(1, 3), "1 or 3"),
    "side": (_whole(1, LARGEST_SIDE), SIDE),
}
"""By name: how a value is read, and what is accepted, in words."""
