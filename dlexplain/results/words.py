"""How results are told: numbers and durations in words, how sure a score is, rows as CSV."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

TURNING = "\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Characters that turn the direction of what follows, beyond their own token."""
NAMES = {
    "ar": "AR",
    "bleu": "BLEU",
    "cpu": "CPU",
    "elbo": "ELBO",
    "f1": "F1",
    "frechet": "Fréchet",
    "gpu": "GPU",
    "kl": "KL",
    "mase": "MASE",
    "mb": "MB",
    "rmse": "RMSE",
}
"""Words of metrics' keys that are not written as they stand there."""


def sentence(text: str) -> str:
    """A note or an error, which begin small and end without a stop, as a sentence."""
    return f"{capital(text)}."


MUCH = 0.1
"""Of a completeness error: from here on it is said in a sentence."""


def missed(error: float | None, because: str = "") -> str:
    """A sentence where values miss by much what they promise to sum to; else ""."""
    if error is None or error <= MUCH:
        return ""
    return f"The values miss the difference of the scores by {error:.0%}{because}."


SLOWER = 1.25
"""Times as long as float32: from here on a precision is said to be slower."""


def slower_note(precision: str, ratio: float) -> str:
    """A note where a precision takes longer than float32, `ratio` times as long; else ""."""
    if precision == "float32" or ratio < SLOWER:
        return ""
    times = f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.1f}"
    return (
        f"on this machine {precision} takes {times} times as long as float32, as a short trial "
        "showed; float32 is faster"
    )


def slower(precision: str, ratio: float) -> str:
    """The note as a sentence."""
    note = slower_note(precision, ratio)
    return sentence(note) if note else ""


def capital(text: str) -> str:
    """With a capital at its beginning."""
    return text[:1].upper() + text[1:]


def with_article(noun: str) -> str:
    """ "an object detector", "a picture classifier": by its first letter."""
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


def written(value: float, signed: bool = False, digits: int = 4) -> str:
    """ "13,321", "5.417", and signed "−1,533": whole from 1,000 on, never with an exponent."""
    size = abs(value)
    rounded = round(size) if size >= 1000 else float(f"{size:.{digits}g}")
    text = f"{rounded:,.10f}".rstrip("0").rstrip(".")
    if text == "0":
        return text
    return ("−" if value < 0 else "+" if signed else "") + text


def duration(seconds: float) -> str:
    """8 s; 3 min 20 s; 36 min; 2 h 5 min"""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        parts = (whole // 60, "min", whole % 60, "s")
    else:
        parts = (whole // 3600, "h", whole % 3600 // 60, "min")
    return "{} {} {} {}".format(*parts) if parts[2] else "{} {}".format(*parts)


def size(bytes_: float) -> str:
    """640 KB; 6.6 MB; 12 MB; 1.4 GB"""
    if bytes_ < 1e6:
        return f"{bytes_ / 1e3:.0f} KB"
    number, unit = (bytes_ / 1e6, "MB") if bytes_ < 1e9 else (bytes_ / 1e9, "GB")
    return f"{number:.2g} {unit}" if number < 10 else f"{number:.0f} {unit}"


def metric_name(key: str) -> str:
    """What a metric is called: test/frechet_distance is test Fréchet distance, bleu BLEU."""
    words = key.replace("/", " ").replace("_", " ").split()
    return " ".join(NAMES.get(word, word) for word in words)


def metric(key: str, value: float) -> str:
    """Parts of one as percent, large numbers whole, others with three digits."""
    if key.rpartition("/")[2].startswith(("accuracy", "coverage")):
        return f"{value:.1%}"
    text = f"{value:,.0f}" if 1000 <= abs(value) < 1e9 else f"{value:.3g}"
    return text.replace("-", "−")


def made_visible(text: str) -> str:
    """Control characters as pictures of themselves or by their number, but for breaks and tabs."""
    shown = []
    for character in text:
        code = ord(character)
        if code < 0x20 and character not in "\t\n":
            shown.append(chr(0x2400 + code))
        elif character in TURNING:
            shown.append(f"[U+{code:04X}]")
        elif 0x7F <= code < 0xA0:
            shown.append("\N{REPLACEMENT CHARACTER}")
        else:
            shown.append(character)
    return "".join(shown)


Z95 = 1.959963984540054
"""Standard deviations of a normal distribution around whose mean 95% lie."""
PROPORTIONS = ("accuracy", "accuracy_one_view", "accuracy_all_heads", "robust_accuracy", "exact")
"""Metrics that are a part of the examples of their split, each right or wrong by itself."""
OF_HEAD = "accuracy_of_"
"""How the names of likewise ones begin, of the heads of a network that has several."""
OVER_EXAMPLES = (
    *PROPORTIONS, "loss", "f1", "token_accuracy", "bleu", "perplexity", "error", "elbo",
    "reconstruction", "kl", "absolute_error", "mase", "rmse", "coverage",
)  # fmt: skip
"""How the names of metrics begin that are taken over all examples of their split."""
UNITS = {"elbo": "nats", "kl": "nats", "reconstruction": "nats"}
"""Of metrics that have one in all tasks."""
SPLITS = ("validation", "test")


def wilson(share: float, n: int, z: float = Z95) -> tuple[float, float]:
    """The interval of a proportion by its score test, 95% where z is not given.

        (p + z²/2n ± z √(p (1 - p) / n + z²/4n²)) / (1 + z²/n)

    share  p, the part that was right, 0 to 1;  n  examples, at least 1
    Holds at p = 0 and 1 and for small n, where p ± z √(p (1 - p) / n) does not. Wilson, Probable
    inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    if not 0 <= share <= 1 or n < 1:
        raise ValueError(f"share is {share} of {n}; a share takes 0 to 1, of 1 or more")
    middle = share + z**2 / (2 * n)
    spread = z * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    whole = 1 + z**2 / n
    return max(0.0, (middle - spread) / whole), min(1.0, (middle + spread) / whole)


def examples_of(key: str, sizes: Mapping[str, int]) -> int:
    """On how many examples a metric was measured, by its key, such as "test/accuracy".

    sizes  examples by split: pictures, texts, sentences, tokens, origins of forecasts; and by key,
           where a metric is of fewer, as labels are missing
    0 where that is not known: of training, where it is over batches, and of what is not taken over
    the examples, such as a distance of two sets.
    """
    split, _, name = key.partition("/")
    counts = split in SPLITS and name.startswith(OVER_EXAMPLES)
    return int(sizes.get(key, sizes.get(split, 0))) if counts else 0


def interval(key: str, value: float, n: int) -> tuple[float, float] | None:
    """Wilson's 95% interval of a metric that is a proportion of n examples; None for others.

    Tokens and horizons of one text or series go together, so theirs would be too narrow.
    """
    name = key.rpartition("/")[2]
    counts = name in PROPORTIONS or name.startswith(OF_HEAD)
    if not counts or n < 1 or not 0 <= value <= 1:
        return None
    return wilson(value, n)


def within(key: str, value: float, n: int) -> str:
    """The interval alone, "[37.6–96.4%]", or ""."""
    found = interval(key, value, n)
    return f"[{100 * found[0]:.1f}–{found[1]:.1%}]" if found else ""


def certainty(key: str, value: float, n: int) -> str:
    """ "[37.6–96.4%], n = 5"; without an interval "n = 73"; "" where n is 0."""
    parts = (within(key, value, n), f"n = {n:,}" if n > 0 else "")
    return ", ".join(filter(None, parts))


def scored(key: str, value: float, n: int) -> str:
    """ "80.0% [37.6–96.4%], n = 5": the metric with how sure it is."""
    sure, unit = certainty(key, value, n), UNITS.get(key.rpartition("/")[2], "")
    told = f"{metric(key, value)} {unit}".rstrip()
    return told + (" " if sure.startswith("[") else ", " if sure else "") + sure


QUARTER = re.compile(r"(\d{4})[- ]?Q([1-4])")
_DAY_FIRST = re.compile(r"(?:(\d{1,2})\.)?(\d{1,2})\.(\d{4})")


def iso_date(text: str) -> str:
    """1990-04 for 1990Q2, 2021-12-31 for 31.12.2021, 2021-12 for 12.2021; anything else stays."""
    said = text.strip()
    if found := QUARTER.fullmatch(said):
        return f"{found[1]}-{3 * int(found[2]) - 2:02d}"
    if found := _DAY_FIRST.fullmatch(said):
        day, month, year = found.groups()
        return f"{year}-{int(month):02d}" + (f"-{int(day):02d}" if day else "")
    return said


def period_text(day: np.datetime64 | str, period: int) -> str:
    """A date of a series with `period` observations a year.

    2007 of yearly, 2007Q3 of quarterly and 2007-09 of monthly series; else the date as it is.
    """
    date = str(day)[:10]
    year, month = date[:4], int(date[5:7])
    if period == 1:
        return year
    if period == 4:
        return f"{year}Q{(month + 2) // 3}"
    return date[:7] if period == 12 else date


def period_format(period: int) -> str:
    """The same for plotly, in d3's letters."""
    return {1: "%Y", 4: "%YQ%q", 12: "%Y-%m"}.get(period, "%Y-%m-%d")


def evaluations_told(count: int) -> str:
    """ "1 evaluation", "2,112 evaluations" """
    return f"{count} evaluation" if count == 1 else f"{count:,} evaluations"


def layers_told(count: int) -> str:
    """The first so many, counted from 1."""
    return "layer 1" if count == 1 else f"layers 1 to {count}"


def csv_of(rows: Sequence[Mapping[str, Any]]) -> str:
    """With a header of every column that a row has, in the order in which they come; empty where a
    row has it not."""
    buffer = io.StringIO()
    columns = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.DictWriter(buffer, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def listed(words: list[str]) -> str:
    """ "a, b and c" """
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def shortened_words(text: str, most: int) -> str:
    """On one line, cut with an ellipsis where it has more letters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
