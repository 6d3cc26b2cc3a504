"""Numbers and dates as plotly writes them: d3's formats, as far as figures of ours use them."""

import math
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from dlexplain.errors import BadInput

MINUS = "−"
PLAIN = 5
"""Powers of ten from which on a number is written as a power; `scales.NUMBERS` has the same."""
_D3 = re.compile(
    r"(?P<sign>\+?)(?P<comma>,?)(?:\.(?P<digits>\d+))?(?P<trim>~?)(?P<kind>[%defgrs]?)"
)
_FRACTION = re.compile(r"(?P<whole>[\d,]+)\.(?P<rest>\d+)(?P<unit>\D?)")
PREFIXES = {-3: "n", -2: "µ", -1: "m", 0: "", 1: "k", 2: "M", 3: "G", 4: "T"}
RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def formatted(value: float, pattern: str) -> str:
    """A number by a d3 format: formatted(0.125, ".0%") is "12%".

    Raises BadInput of a format that is not known here.
    """
    found = _D3.fullmatch(pattern)
    if found is None:
        raise BadInput(f'the number format "{pattern}" is not known in print')
    if not math.isfinite(value):
        return ""
    kind, comma = found["kind"], found["comma"]
    digits = int(found["digits"]) if found["digits"] else None
    text = _rounded(abs(value), kind, digits, comma)
    if found["trim"] or not kind:
        text = _trimmed(text)
    sign = MINUS if value < 0 and any(one in text for one in "123456789") else found["sign"]
    return sign + text


def _rounded(size: float, kind: str, digits: int | None, comma: str) -> str:
    if kind == "%":
        return f"{100 * size:{comma}.{6 if digits is None else digits}f}%"
    if kind == "d":
        return f"{round(size):{comma}d}"
    if kind == "f":
        return f"{size:{comma}.{6 if digits is None else digits}f}"
    if kind == "e":
        return f"{size:.{6 if digits is None else digits}e}"
    if kind == "s":
        return _with_prefix(size, 6 if digits is None else digits)
    if kind == "g":
        return f"{size:{comma}.{digits or 6}g}"
    return _significant(size, digits or (6 if kind == "r" else 12), comma)


def _significant(size: float, digits: int, comma: str) -> str:
    """Rounded to so many digits, never as a power."""
    if size == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(size)))
    return f"{round(size, digits - 1 - math.floor(math.log10(size))):{comma}.{places}f}"


def _with_prefix(size: float, digits: int) -> str:
    group = 0 if size == 0 else max(-3, min(4, math.floor(math.log10(size) / 3)))
    return _significant(size / 1000.0**group, digits, "") + PREFIXES[group]


def _trimmed(text: str) -> str:
    """Without zeros at the end of a fraction: "1.500k" -> "1.5k"."""
    found = _FRACTION.fullmatch(text)
    if found is None:
        return text
    rest = found["rest"].rstrip("0")
    return f"{found['whole']}{'.' if rest else ''}{rest}{found['unit']}"


def in_full(value: float, step: float = 0.0) -> str:
    """As `scales.NUMBERS` asks for: 12,000 and 0.00012, but 3×10⁶; step  between two ticks"""
    if value == 0 or abs(value) < step * 1e-9:
        return "0"
    power = math.floor(math.log10(abs(value)) + 1e-12)
    if abs(power) > PLAIN:
        factor = _trimmed(f"{abs(value) / 10.0**power:.4f}")
        head = "" if factor == "1" else f"{factor}×"
        text = f"{head}10{str(power).translate(RAISED)}"
    else:
        places = max(0, -math.floor(math.log10(step) + 1e-9)) if step else 12 - min(power, 12)
        text = f"{abs(value):,.{min(places + 1, 12)}f}"
        text = _trimmed(text)
    return (MINUS if value < 0 else "") + text


def dated(when: datetime, pattern: str) -> str:
    """A date by a d3 format; %q is the quarter."""
    return when.strftime(pattern.replace("%q", str((when.month + 2) // 3)))


def date_pattern(given: Mapping[str, Any], months: float) -> str:
    """The format of an axis whose ticks stand so many months apart; a day is 1/30."""
    for stop in given.get("tickformatstops") or ():
        low, high = (_months(end) for end in stop["dtickrange"])
        if (low is None or months >= low) and (high is None or months <= high):
            return str(stop["value"])
    if given.get("tickformat"):
        return str(given["tickformat"])
    if months >= 12:
        return "%Y"
    if months >= 1:
        return "%b %Y"
    return "%b %d" if months >= 1 / 31 else "%H:%M"


def _months(end: object) -> float | None:
    """ "M3" -> 3; milliseconds -> parts of a month; None stays."""
    if end is None:
        return None
    if isinstance(end, str) and end.startswith("M"):
        return float(end[1:])
    return float(str(end)) / (1000 * 60 * 60 * 24 * 30)
