"""Series over time: made stationary, scaled, split by time.

McCracken and Ng, "FRED-MD: A Monthly Database for Macroeconomic Research", 2016,
https://doi.org/10.1080/07350015.2015.1086655, define the transform codes used here.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dlexplain.data.base import SeriesData, digest_of
from dlexplain.data.tables import Table, some
from dlexplain.errors import DataError
from dlexplain.results.words import iso_date, period_text

LARGEST_INPUT = 5.0
"""Scaled inputs are cut to plus and minus this; April 2020 would else be 50."""
LOG_CODES = (4, 5, 6)
READ_AS = {
    1: "a level",
    2: "a change",
    3: "the change of a change",
    4: "a logarithm",
    5: "a growth rate",
    6: "the change of a growth rate",
    7: "the change of a growth rate",
}
_DATE = re.compile(r"\d{4}(-\d\d){0,2}")


def transform(values: NDArray[np.float64], code: int) -> NDArray[np.float64]:
    """FRED-MD's stationary forms, (time,) -> (time,); the first values, without a past, are NaN.

    1 x, 2 first difference, 3 second difference, 4 log x, 5 and 6 first and second difference of
    log x, 7 first difference of the relative change. Raises DataError for another code, a
    logarithm of what is not above zero, or a change relative to zero.
    """
    row = _refused(values, code)
    if row is not None:
        raise DataError(f"row {row + 1} is {values[row]:g}; {_accepted(code)}")
    match code:
        case 1:
            return values.astype(np.float64)
        case 2:
            return _difference(values)
        case 3:
            return _difference(_difference(values))
        case 4:
            return np.log(values)
        case 5:
            return _difference(np.log(values))
        case 6:
            return _difference(_difference(np.log(values)))
        case 7:
            before = np.concatenate([[np.nan], values[:-1]])
            return _difference(values / before - 1)
    raise DataError(f"transform code is {code}; 1 to 7 are known")


def _refused(values: NDArray[np.float64], code: int) -> int | None:
    """The row of a value that the transform does not take, if there is one."""
    if code in LOG_CODES and np.nanmin(values) <= 0:
        return int(np.nanargmin(values))
    if code == 7 and (values[:-1] == 0).any():
        return int(np.flatnonzero(values[:-1] == 0)[0])
    return None


def _accepted(code: int) -> str:
    which = "be above 0" if code in LOG_CODES else "not be 0"
    return f"it is read as {READ_AS[code]}, so each value must {which}"


def _difference(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([[np.nan], np.diff(values)])


def make_series(
    table: Table,
    codes: Mapping[str, int],
    targets: Sequence[str],
    starts: tuple[int, int],
) -> SeriesData:
    """Transform each series by its code (2, a difference, where none is given) and scale it.

    starts  first rows of the validation and of the test part
    Raises DataError for an unknown target, a part without rows, a series whose transform is not
    defined, or one that never changes in the training part.
    """
    unknown = [name for name in targets if name not in table.names]
    if unknown:
        raise DataError(f"there is no series {unknown[0]}; there are {some(table.names)}")
    if not 0 < starts[0] < starts[1] < len(table.dates):
        raise DataError(
            f"validation starts at row {starts[0]} and testing at row {starts[1]} of "
            f"{len(table.dates)}, {table.dates[0]} to {table.dates[-1]}; each part needs rows"
        )
    still = [n for i, n in enumerate(table.names) if np.ptp(table.values[: starts[0], i]) == 0]
    if still:
        raise DataError(f'series "{still[0]}" never changes in the training part; leave it out')
    every = tuple(codes.get(name, 2) for name in table.names)
    stationary = stationary_form(table, every)
    known = stationary[: starts[0]]
    mean, scale = np.nanmean(known, axis=0), np.nanstd(known, axis=0)
    scale = scale_or_one(mean, scale)
    places = tuple(table.names.index(name) for name in targets)
    return SeriesData(
        dates=table.dates,
        levels=table.values,
        inputs=scaled_inputs(stationary, mean, scale),
        names=table.names,
        targets=places,
        logs=tuple(codes.get(name, 2) in LOG_CODES for name in targets),
        starts=starts,
        period=table.period,
        digest=digest_of(table.values),
        codes=every,
        input_scale=(mean, scale),
        notes=table.notes,
    )


def stationary_form(table: Table, codes: Sequence[int]) -> NDArray[np.float64]:
    """(time, series) by each series' code; raises DataError where that is not defined."""
    found = []
    for values, code, name in zip(table.values.T, codes, table.names, strict=True):
        row = _refused(values, code)
        if row is not None:
            when = period_text(table.dates[row], table.period)
            raise DataError(f'series "{name}" is {values[row]:g} in {when}; {_accepted(code)}')
        found.append(_stationary(values, code, name))
    return np.stack(found, axis=1)


def scaled_inputs(
    stationary: NDArray[np.float64], mean: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(time, series) as a model sees it; 0 where a difference has no past."""
    scaled = np.clip((stationary - mean) / scale, -LARGEST_INPUT, LARGEST_INPUT)
    return np.nan_to_num(scaled, nan=0.0)


def _stationary(values: NDArray[np.float64], code: int, name: str) -> NDArray[np.float64]:
    try:
        return transform(values, code)
    except DataError as error:
        raise DataError(f'series "{name}": {error}') from error


def scale_or_one(mean: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """`scale`, but the mean's size, or 1, where nothing but rounding varies (a straight line)."""
    size = np.abs(mean)
    return np.where(scale > 1e-9 * size, scale, np.where(size > 0, size, 1.0))


def place_of(dates: NDArray[np.datetime64], text: str) -> int:
    """The first row at or after a date such as 2015-01, 2015Q1 or 31.01.2015.

    Raises DataError for what is no date.
    """
    said = iso_date(text)
    try:
        if not _DATE.fullmatch(said):
            raise ValueError(text)
        wanted = np.datetime64(said, "D")
    except ValueError as error:
        raise DataError(f'"{text}" is no date; such as 2015-01 is accepted') from error
    return int(np.searchsorted(dates, wanted))


def names_in(text: str) -> list[str]:
    """The names in a comma-separated list, each once."""
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
