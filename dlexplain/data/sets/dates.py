"""Dates in English words and their ISO form, made here: 3 May 1987, Sunday -> 1987-05-03.

Babel writes them by Unicode's locale data, in American and British ways. Each day is in one
part only, so a day of the test was never seen in any form.
"""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from babel.dates import format_date
from numpy.typing import NDArray

from dlexplain.data.base import DATA, DataSpec, DataStatus, Report
from dlexplain.data.pairs import PairData, Pairs, pairs_digest
from dlexplain.params import number

FIRST, LAST = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)
DAYS = (LAST - FIRST).days + 1
PATTERNS = (
    "full", "long", "medium", "EEEE d MMMM yyyy", "EEE, d MMM yyyy", "d MMM yyyy", "dd MMMM yyyy",
    "MMMM d yyyy", "MMM d, yyyy", "d. MMMM yyyy", "yyyy, MMMM d", "d MMMM, yyyy", "EEE MMM d yyyy",
    "'the' {day} 'of' MMMM yyyy", "MMMM {day}, yyyy", "{day} MMMM yyyy",
    "EEEE 'the' {day} 'of' MMMM, yyyy",
)  # fmt: skip
"""Of Babel; {day} becomes 1st, 2nd and so on. None leaves open which number is the month."""
LOCALES = ("en_US", "en_GB")
HELD_OUT = 4000
"""Days that may not be trained on, at most, for each of validation and test."""


@dataclass(frozen=True)
class Params:
    """How many are made; beyond the days of two centuries they repeat in other forms."""

    count: int = number(10_000, "Pairs", low=100, high=500_000, help="To train on.")
    held_out: int = number(
        1000, "Held out", low=20, high=HELD_OUT, help="For validation, and as many for the test."
    )
    seed: int = number(0, "Seed", low=0, high=10**6, help="Of what is drawn.")


def load(params: Params, folder: Path, report: Report) -> PairData:
    """The same pairs at every call with the same params."""
    generator = np.random.default_rng(params.seed)
    days = generator.permutation(DAYS)
    test, validation, rest = np.split(days, [params.held_out, 2 * params.held_out])
    chosen = [rest[:0]]
    while sum(map(len, chosen)) < params.count:
        chosen.append(generator.permutation(rest))
    report("writing dates", None)
    parts = [
        _pairs(part, generator)
        for part in (np.concatenate(chosen)[: params.count], validation, test)
    ]
    return PairData(parts[0], parts[1], parts[2], ("English", "ISO 8601"), pairs_digest(*parts))


def _pairs(days: NDArray[np.int64], generator: np.random.Generator) -> Pairs:
    made = list(_written(days, generator))
    return Pairs(tuple(text for text, _ in made), tuple(iso for _, iso in made))


def _written(days: NDArray[np.int64], generator: np.random.Generator) -> Iterator[tuple[str, str]]:
    patterns = generator.integers(len(PATTERNS), size=len(days))
    others = generator.integers(4, size=len(days))
    for day, pattern, other in zip(days.tolist(), patterns, others.tolist(), strict=True):
        date = FIRST + datetime.timedelta(days=day)
        wanted = PATTERNS[pattern].replace("{day}", f"'{ordinal(date.day)}'")
        text = format_date(date, wanted, locale=LOCALES[other % 2])
        yield text.lower() if other == 3 else text, date.isoformat()


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st"""
    ending = "th" if number // 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def status(params: Params, folder: Path) -> DataStatus:
    return DataStatus(True, "made when it is needed")


DATA.add(
    "dates",
    DataSpec(
        name="dates",
        title="Dates in words",
        tasks=("translate",),
        Params=Params,
        description="English dates in many forms, and the same day as ISO 8601 writes it; made "
        "here, any amount.",
        terms="made here, by Babel's locale data (Unicode licence)",
        load=load,
        status=status,
    ),
)
