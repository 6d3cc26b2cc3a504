"""Series that a forecaster never saw, without training: zero-shot; no torch here.

Oreshkin et al., "Meta-learning framework with applications to zero-shot time-series forecasting",
2021, https://arxiv.org/abs/2002.02887, forecast series by a network that was trained on others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from dlexplain.data.base import DATA, DataSpec, SeriesData, silent
from dlexplain.data.given_table import check_facts, check_period, one_csv, read_unknown, table_of
from dlexplain.data.own_scales import by_own_scales, scales_told
from dlexplain.data.series_about import about_series
from dlexplain.data.tables import Table, column_names, some
from dlexplain.errors import BadInput, DataError, NoSeries
from dlexplain.execution import paths
from dlexplain.params import parse
from dlexplain.results import SeriesAbout
from dlexplain.services.forecast.sources import EXAMPLE, OWN, GivenSeries
from dlexplain.settings import local_path, settings
from dlexplain.trained.folder import Trained

Columns = str | Sequence[str]
"""Names, or names with commas between."""


def read_unseen(
    model: Trained, source: Path | str | bytes, columns: Columns, name: str = "the CSV"
) -> GivenSeries:
    """Columns that stand for the model's series, in its order, by scales of their own.

    source  the path or bytes of a CSV, a data set such as macrodata or fred-md, or "own" for that
            of the model; name, what messages call bytes
    Raises BadInput for another number of columns than the model reads or made-up series, DataError
    for what cannot be read.
    """
    check_facts(model.facts)
    names = columns.split(",") if isinstance(columns, str) else columns
    wanted = [name.strip() for name in names if name.strip()]
    check_columns(model, wanted)
    if source == EXAMPLE:
        raise BadInput(
            "made-up series are drawn like the model's own, so none is new to it; a CSV or one of "
            f"{', '.join(data_sets())} is accepted"
        )
    own = source in ("", OWN)
    if own or (isinstance(source, str) and source in data_sets()):
        spec = DATA[model.spec.data if own else str(source)]
        params = dict(model.spec.data_params) if own else {}
        about: Mapping[str, SeriesAbout]
        table, title, about = _loaded(spec, params, wanted), spec.title, about_series(spec.name)
    else:
        table, title = _read(source, wanted, name)
        about = {}
    window, horizon = (int(model.spec.task_params[key]) for key in ("window", "horizon"))
    check_period(table, model.facts, title)
    data, facts = by_own_scales(table, model.facts, window, horizon, title)
    data = replace(data, notes=(*scales_told(data, model.facts), *data.notes))
    scales = "by scales of its own" if len(wanted) == 1 else "by scales of their own"
    return GivenSeries(f"{some(wanted, 3)} of {title}, {scales}", data, facts, about)


def check_columns(model: Trained, wanted: Sequence[str]) -> None:
    """Raise BadInput where they are not one a series of the model."""
    own = list(map(str, model.facts["series"]))
    twice = [name for name in wanted if list(wanted).count(name) > 1]
    if twice:
        raise BadInput(f'column "{twice[0]}" is named more than once; each stands for one series')
    if len(wanted) == len(own):
        return
    if len(own) == 1:
        raise BadInput(
            f"{model.name} reads one series and {len(wanted)} are named; forecast them one by one"
        )
    raise BadInput(
        f"{model.name} cannot forecast {some(wanted, 3)} alone: it reads {len(own)} series at once "
        "and what it says of one hangs on the others; name a column that stands for each, in this "
        f"order: {', '.join(own)}"
    )


def data_sets() -> dict[str, DataSpec]:
    """Data sets with more series than are read at once, by name."""
    return {name: DATA[name] for name in DATA if DATA[name].columns is not None}


def columns_of(source: str | bytes) -> tuple[str, ...]:
    """Names of the series of a data set or of a CSV's bytes; raises DataError."""
    if isinstance(source, bytes):
        return column_names(source)
    spec = data_sets()[source]
    assert spec.columns is not None
    params, folder = _params(spec, {}), paths.data_folder(settings().home)
    _check_there(spec, params, folder)
    return spec.columns(params, folder)


def is_there(name: str) -> bool:
    """Whether a data set can be read now."""
    spec = data_sets()[name]
    return spec.status(_params(spec, {}), paths.data_folder(settings().home)).there


def _check_there(spec: DataSpec, params: Any, folder: Path) -> None:
    status = spec.status(params, folder)
    if not status.there:
        raise DataError(f"{spec.title} is not here: {status.how}")


def _read(source: Path | str | bytes, wanted: list[str], name: str) -> tuple[Table, str]:
    """Of a CSV, and what it is called."""
    if not isinstance(source, bytes):
        source = one_csv(local_path(source))
        name = source.name
    try:
        return read_unknown(source, wanted), name
    except NoSeries as error:
        raise NoSeries(f"{name}: {error}") from error


def _loaded(spec: DataSpec, given: Mapping[str, Any], wanted: list[str]) -> Table:
    """Of a data set that is here: nothing is fetched."""
    asked = {"series": ", ".join(wanted), "targets": ", ".join(wanted)}
    params, folder = _params(spec, {**given, **asked}), paths.data_folder(settings().home)
    _check_there(spec, params, folder)
    loaded = spec.load(params, folder, silent)
    if not isinstance(loaded, SeriesData):
        raise DataError(f"{spec.title} are no series")
    return table_of(loaded)


def _params(spec: DataSpec, given: Mapping[str, Any]) -> Any:
    return parse(spec.Params, given)
