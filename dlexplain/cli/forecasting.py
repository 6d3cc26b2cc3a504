"""Commands of forecasters: forecast, backtest, and explain --series."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlexplain.cli.reporting import write_report
from dlexplain.cli.saying import check_params
from dlexplain.errors import BadInput
from dlexplain.results.mean_errors import measured
from dlexplain.results.words import evaluations_told
from dlexplain.settings import local_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dlexplain.cli import Commands
    from dlexplain.results import SeriesAbout, SeriesBacktest, SeriesForecast

DEFAULT_MODEL = "macrodata-lstm"
MODEL = f"a zoo model or a run's id; default: {DEFAULT_MODEL}"
SERIES = (
    'a CSV with dates and the model\'s series, "own" for what it was trained on, or "example"; '
    "default: own where that is here"
)
ZERO_SHOT = (
    "a series that the model never saw, by scales of its own: a column of the CSV, or with --csv "
    "macrodata or fred-md one of theirs; of a model of several series one for each, in its order, "
    "with commas between"
)
DEFAULT_METHOD = "integrated-gradients"
ORIGIN = "the last period that is seen, such as 2019-12 or 2019Q4; default: the last of all"


def declare(command: "Commands") -> None:
    """Add this file's commands to the parser."""
    forecast = command("forecast", _forecast, "Forecast series, with intervals, from any origin.")
    forecast.add_argument("--model", default="", metavar="NAME", help=MODEL)
    forecast.add_argument("--csv", default="", metavar="FILE", help=SERIES)
    forecast.add_argument("--origin", default="", metavar="DATE", help=ORIGIN)
    forecast.add_argument(
        "--horizon",
        type=int,
        metavar="N",
        help="periods ahead; default and at most: the model's",
    )
    forecast.add_argument(
        "--intervals",
        default="calibrated",
        choices=("calibrated", "trained"),
        help="calibrated on the model's validation period, or as trained (default %(default)s)",
    )
    forecast.add_argument("--zero-shot", default="", metavar="COLUMN", help=ZERO_SHOT)
    backtest = command(
        "backtest", _backtest, "Test forecasters beside a random walk, seasonal naive and AR."
    )
    backtest.add_argument(
        "models",
        nargs="*",
        metavar="MODEL",
        help="zoo models or runs; default: every zoo forecaster that reads the series",
    )
    backtest.add_argument("--csv", default="", metavar="FILE", help=SERIES)
    backtest.add_argument("--zero-shot", default="", metavar="COLUMN", help=ZERO_SHOT)
    backtest.add_argument(
        "--measure",
        default="mase",
        choices=("mase", "rmse", "coverage"),
        help="what the table has (default %(default)s)",
    )


def declare_explain(explain: argparse.ArgumentParser) -> None:
    """What `explain` takes of a forecast."""
    explain.add_argument("--series", metavar="FILE.csv", help=f"explain a forecast: {SERIES}")
    explain.add_argument("--origin", default="", metavar="DATE", help=f"of a forecast: {ORIGIN}")
    explain.add_argument(
        "--horizon",
        type=int,
        metavar="N",
        help="of a forecast: periods ahead; default: the model's last",
    )
    explain.add_argument(
        "--what",
        default="median",
        metavar="WHAT",
        help="of a forecast: median, or width-80 or width-95 of its interval as trained (default "
        "%(default)s)",
    )


def _forecast(args: argparse.Namespace) -> int:
    from dlexplain.results import period_text
    from dlexplain.services.forecast.forecasting import forecast

    told = forecast(args.model, args.csv, args.origin, args.horizon, args.intervals, args.zero_shot)
    _tell_made_up(args.csv, told.model, told.series)
    if args.json:
        print(json.dumps(told.to_dict(), indent=1))
        return 0
    kind = "calibrated" if told.calibrated else "as trained"
    origin = period_text(told.origin, told.period)
    part = f" ({told.part})" if told.part else ""  # made-up series lie in no period of the model
    print(f"{told.model} on {told.series}, from {origin}{part}, intervals {kind}")
    for index, name in enumerate(told.names):
        print(f"{_named(told.about, name)}, last {told.levels[-1, index]:.6g}")
        _print(told, index)
    for note in told.notes:
        print(note)
    return 0


def _print(told: "SeriesForecast", place: int) -> None:
    from dlexplain.results import period_text

    low, high = told.interval(80)
    for step, day in enumerate(told.ahead):
        truth = told.truth[step, place]
        came = f"  came {truth:.6g}" if truth == truth else ""
        print(
            f"  {period_text(day, told.period)}  {told.median[step, place]:>10.6g}  "
            f"80%: {low[step, place]:.6g} to {high[step, place]:.6g}{came}"
        )


def _tell_made_up(asked: str, model: str, series: str) -> None:
    """On stderr, where nobody asked for made-up series."""
    from dlexplain.services.forecast.sources import MADE_UP

    if not asked and series == MADE_UP:
        print(
            f"dlexplain: what {model} was trained on is not here, so its series are made up and "
            "say nothing of the world; --csv FILE takes real ones",
            file=sys.stderr,
        )


def _named(known: "Mapping[str, SeriesAbout]", name: str) -> str:
    """The series with what it measures, where that is known."""
    return f"{name} ({known[name].text})" if name in known else name


def _backtest(args: argparse.Namespace) -> int:
    from dlexplain.services.forecast.backtesting import backtest

    if args.zero_shot and not args.models:
        raise BadInput("--zero-shot needs the name of a model, whose series the columns stand for")
    found = []
    for name in args.models or _zoo(args.csv):
        result = backtest(name, args.csv, zero_shot=args.zero_shot)
        _tell_made_up(args.csv, name, result.series)
        found.append(result.to_dict())
        if not args.json:
            _print_table(result, args.measure)
    if args.json:
        print(json.dumps(found, indent=1))
    return 0


def _zoo(series: str) -> list[str]:
    """The zoo's forecasters that read these series."""
    from dlexplain.services.forecast.forecasting import series_for
    from dlexplain.services.forecast.models import LoadedForecaster
    from dlexplain.services.loading import load
    from dlexplain.trained.catalogue import entries

    names, why = [], ""
    for entry in entries(*LoadedForecaster.tasks):
        if entry.source != "zoo":
            continue
        try:
            series_for(load(LoadedForecaster, entry.name), series)
            names.append(entry.name)
        except BadInput as error:
            why = str(error)
    if not names:
        raise BadInput(f"no forecaster of the zoo reads these series: {why}")
    return names


def _print_table(result: "SeriesBacktest", measure: str) -> None:
    from dlexplain.results import period_text

    tested = result.tested
    first, last = (period_text(tested.origins[place], result.period) for place in (0, -1))
    print(
        f"{result.model} on {result.series}, {len(tested.origins)} origins, {first} to {last}: "
        f"{measure}"
    )
    for name in tested.names:
        if name in result.about:
            print(f"{name}: {result.about[name].text}")
    rows = result.coverage_rows() if measure == "coverage" else result.rows(measure)
    columns = [key for key in rows[0] if key not in ("series", "ahead")]
    widths = [max(10, len(name) + 2) for name in columns]
    print(f"{'series':14}{'ahead':>6}" + _cells(columns, widths))
    for row in rows:
        values = [f"{row[key]:.4g}" for key in columns]
        print(f"{row['series']:14}{row['ahead']:>6}" + _cells(values, widths))
    for name in tested.names if measure != "coverage" else ():
        own = [row for row in rows if row["series"] == name]
        means = [f"{sum(row[key] for row in own) / len(own):.4g}" for key in columns]
        print(f"{name:14}{'mean':>6}" + _cells(means, widths))
    if measure == "mase":
        means = [f"{mean:.4g}" for mean in result.mean_mase().values()]
        print(f"{'all':14}{'mean':>6}" + _cells(means, widths))
        _print_means(result)
    for place, name in enumerate(tested.names) if measure == "coverage" else ():
        for level, part in result.too_narrow(place).items():
            print(f"{name}: the {level}% intervals hold {part:.0%}, less than they say")
    for note in result.notes:
        print(note)
    print()


def _print_means(result: "SeriesBacktest") -> None:
    """With intervals, and what the model is better or worse by."""
    first = result.means[0]
    print(
        f"means with 95% intervals over {first.mase.n} origins, blocks of {first.block}; the model "
        "less each, below 0 where it is better"
    )
    for mean in result.means:
        more = "" if mean.more is None else f"{measured(mean.more, '+'):>28}  {mean.verdict}"
        print(f"{mean.series:14}{mean.forecaster:16}{measured(mean.mase):>24}{more}")


def _cells(texts: list[str], widths: list[int]) -> str:
    return "".join(f"{text:>{width}}" for text, width in zip(texts, widths, strict=True))


def explain(args: argparse.Namespace, params: dict[str, Any]) -> int:
    """Print each series' and each period's total, or all of it as JSON."""
    from dlexplain.results import csv_of, period_text
    from dlexplain.services.forecast.explain import explain_series, series_method_infos
    from dlexplain.services.forecast.wording import explained

    if args.png:
        raise BadInput("--png is for pictures; --out FILE.csv keeps a forecast's attribution")
    if args.out and Path(args.out).suffix.lower() != ".csv":
        raise BadInput(f'--out is "{args.out}"; of a forecast it takes a name that ends in .csv')
    if args.contrast or args.alone:
        given = "--contrast" if args.contrast else "--alone"
        raise BadInput(f"{given} is for classes; a forecast has --target, --horizon and --what")
    method = args.method or DEFAULT_METHOD
    check_params(params, method, series_method_infos())
    found = explain_series(
        args.model or "",
        args.series,
        method,
        args.target,
        args.horizon,
        args.origin,
        args.what,
        **params,
    )
    if args.report or args.keep_report:
        from dlexplain.services.forecast.forecasting import forecast

        told = forecast(args.model or "", args.series, origin=args.origin)
        write_report(args, told, found)
    if args.out:
        _write(Path(args.out), csv_of(found.rows()))
    if args.json:
        print(json.dumps(found.to_dict(), indent=1))
        return 0
    print(
        f"{found.title}, {found.step} ahead: " + explained(found, _named(found.about, found.target))
    )
    for name, value in sorted(
        zip(found.names, found.by_series.tolist(), strict=True), key=lambda pair: -abs(pair[1])
    ):
        print(f"  {value:+10.4g}{found.unit}  {name}")
    for day, value in list(zip(found.dates, found.by_lag.tolist(), strict=True))[::-1]:
        print(f"  {value:+10.4g}{found.unit}  {period_text(day, found.period)}")
    print(f"  {evaluations_told(found.evaluations)} in {found.seconds:.2f} s")
    if found.baseline is not None:
        print(f"  {found.total:+10.4g}{found.unit}  sum, from a baseline of {found.baseline:+.4g}")
    if found.completeness_error is not None:
        print(f"  completeness error {found.completeness_error:.2%}")
    if found.note:
        print(f"  {found.note}")
    return 0


def _write(path: Path, content: str) -> None:
    try:
        local_path(path).write_text(content, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}") from error
