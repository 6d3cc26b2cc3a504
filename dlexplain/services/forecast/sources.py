"""Where a forecaster's series come from: what it was trained on, made-up ones, or a CSV."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dlexplain.data.sets  # noqa: F401, registers the data sets
from dlexplain.data.base import DATA, DataStatus, Report, SeriesData, silent
from dlexplain.data.example_series import as_csv, example_table
from dlexplain.data.given_table import (
    as_trained,
    check_facts,
    check_period,
    one_csv,
    read_given,
    table_of,
)
from dlexplain.data.tables import Table, some
from dlexplain.errors import DataError, NoSeries, UnknownName
from dlexplain.execution import paths
from dlexplain.params import parse
from dlexplain.results import SeriesAbout
from dlexplain.settings import settings
from dlexplain.trained.folder import Trained

OWN, EXAMPLE = "own", "example"
MADE_UP = "Made-up series, to try the page with"


@dataclass(frozen=True, eq=False)
class GivenSeries:
    """Series as a forecaster sees them; title says where they are from.

    facts  names and scales of the series, where they are not those of the model's training; about,
           what these measure, where that is known
    """

    title: str
    data: SeriesData
    facts: Mapping[str, Any] | None = field(default=None, repr=False)
    about: Mapping[str, SeriesAbout] = field(default_factory=dict)

    @property
    def made_up(self) -> bool:
        """Whether they are drawn at random, perhaps with changes."""
        return self.title.startswith(MADE_UP)

    @property
    def digest(self) -> str:
        """Of the values and of their dates, which are one period apart."""
        scales = "" if self.facts is None else "/own scales"
        return f"{self.data.digest}/{self.data.dates[0]}/{self.data.dates[-1]}{scales}"


@dataclass(frozen=True)
class SeriesSource:
    """Series that can be had without a file of one's own.

    there    whether they can be read now; how, where they are not, to get them
    fetched  whether `read_own` with fetch=True gets them from the internet
    """

    key: str
    title: str
    there: bool
    how: str = ""
    fetched: bool = False


def sources(model: Trained) -> tuple[SeriesSource, ...]:
    """The series that it was trained on, then made-up ones."""
    status = _status(model)
    own = SeriesSource(OWN, DATA[model.spec.data].title, status.there, status.how, status.fetched)
    return own, SeriesSource(EXAMPLE, MADE_UP, True)


def default_source(model: Trained) -> str:
    """Its own series where they are there, else made-up ones."""
    return OWN if _status(model).there else EXAMPLE


def read_source(model: Trained, key: str, report: Report = silent) -> GivenSeries:
    """Raises UnknownName for another key, DataError where the series cannot be read."""
    if key == EXAMPLE:
        return GivenSeries(MADE_UP, as_trained(_example(model), _facts(model)))
    if key == OWN:
        return read_own(model, False, report)
    raise UnknownName(f'unknown series "{key}"; known: {OWN}, {EXAMPLE}, or a CSV')


def read_own(model: Trained, fetch: bool, report: Report = silent) -> GivenSeries:
    """What it was trained on, as it is here now; `fetch` gets it where it has to be fetched."""
    spec, status = DATA[model.spec.data], _status(model)
    if not status.there and not (fetch and status.fetched):
        raise DataError(f"{spec.title} is not here: {status.how}")
    loaded = spec.load(_params(model), paths.data_folder(settings().home), report)
    if not isinstance(loaded, SeriesData):
        raise DataError(f"{spec.title} are no series")
    return _given(model, table_of(loaded), spec.title)


def read_csv(model: Trained, source: Path | bytes, name: str = "the CSV") -> GivenSeries:
    """A file with a date column and the model's series, or the folder of one such file.

    name  what messages call bytes
    Raises DataError, which names what is wrong.
    """
    if isinstance(source, Path):
        source = one_csv(source)
        name = source.name
    try:
        table = read_given(source, _facts(model), _least_rows(model), name)
    except NoSeries as error:
        learned = DATA[model.spec.data].title
        told = f"{model.name} was trained on {learned} and forecasts those series only"
        raise NoSeries(f"{error}; {told}") from error
    return GivenSeries(name, as_trained(table, _facts(model)))


def example_csv(model: Trained) -> str:
    """Made-up series as a file that the model reads."""
    return as_csv(_example(model))


def _given(model: Trained, table: Table, title: str) -> GivenSeries:
    facts = _facts(model)
    lacking = [name for name in facts["series"] if name not in table.names]
    if lacking:
        raise DataError(f"there is no series {', '.join(lacking)}; there are {some(table.names)}")
    check_period(table, facts, title)
    if len(table.dates) < _least_rows(model):
        raise DataError(f"{title} has {len(table.dates)} rows; {_least_rows(model)} are needed")
    order = [table.names.index(name) for name in facts["series"]]
    chosen = Table(
        table.dates, table.values[:, order], tuple(facts["series"]), table.period, table.notes
    )
    return GivenSeries(title, as_trained(chosen, facts))


def _example(model: Trained) -> Table:
    return example_table(_facts(model), _least_rows(model))


def _facts(model: Trained) -> dict[str, Any]:
    check_facts(model.facts)
    return model.facts


def _least_rows(model: Trained) -> int:
    return int(model.spec.task_params["window"]) + 1


def _params(model: Trained) -> Any:
    return parse(DATA[model.spec.data].Params, model.spec.data_params)


def _status(model: Trained) -> DataStatus:
    spec = DATA[model.spec.data]
    return spec.status(_params(model), paths.data_folder(settings().home))
