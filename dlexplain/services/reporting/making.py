"""Any result as a report: `dx.report`."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from dlexplain.errors import BadInput, DlexplainError
from dlexplain.results import (
    Attribution,
    Badge,
    Curve,
    ModelComparison,
    Prediction,
    Quality,
    RunRecord,
    SeriesAttribution,
    SeriesForecast,
    TextAttribution,
    TextPrediction,
    TrustTable,
)
from dlexplain.results.explained import (
    ExplainedPicture,
    ExplainedSeries,
    ExplainedText,
    FollowedRun,
    MeasuredFact,
    fact_of_quality,
    facts_of_badge,
)
from dlexplain.results.reports import FORMATS, About, Report, report_of
from dlexplain.results.series import about_of as series_about
from dlexplain.results.without import Without
from dlexplain.results.without_words import sentence
from dlexplain.services.forecast.wording import explained
from dlexplain.services.reporting import repeating
from dlexplain.services.reporting.about import about_of, card_of, told_methods
from dlexplain.services.reporting.notebook import report_notebook  # registers the format
from dlexplain.services.reporting.store import keep as keep_report
from dlexplain.services.training import runs
from dlexplain.services.training.test_results import results_of
from dlexplain.settings import output_path

__all__ = ["make_report", "report", "report_notebook", "write_report"]
MOST_GROUPS = 4
"""Of curves, in a run's report."""
R = TypeVar("R")
TAKES = (
    "it takes explanations of one picture, text or forecast, with what the model said and what was "
    "measured of them; or one comparison of models, one run or one table of trust"
)


def report(*results: Any, to: str | Path = "", keep: bool = False) -> Report:
    """Results as one report: the question, the answer, figures, what was measured, and what it
    takes to repeat it.

    results  explanations of one input, in any order with the prediction of it, with badges or
             metrics of the explanation before them; or one ModelComparison, TrustTable, RunRecord
             or report
    to       a file that is written: .html (interactive, one file, nothing fetched), .pdf, or
             .ipynb, a notebook that repeats it
    keep     whether it is put among the reports of the page Reports

    Raises BadInput.
    """
    if to:
        ending_of(to)
    made = results[0] if len(results) == 1 and isinstance(results[0], Report) else None
    made = made or make_report(results)
    if to:
        write_report(made, to)
    if keep:
        keep_report(made)
    return made


def ending_of(file: str | Path) -> str:
    """ "html", "pdf" or "ipynb"; raises BadInput for another name."""
    ending = Path(file).suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        known = ", ".join(f".{name}" for name in sorted(FORMATS))
        raise BadInput(f'"{file}" is no file of a report; its name ends in one of {known}')
    return ending


def write_report(made: Report, file: str | Path) -> Path:
    """Into a file of one of the formats; raises BadInput where the disk does not take it."""
    ending, path = ending_of(file), output_path(file)
    try:
        path.write_bytes(FORMATS[ending](made))
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror or error}") from error
    return path


def make_report(results: Sequence[Any]) -> Report:
    """The same without files."""
    if not results:
        raise BadInput(f"a report of nothing was asked for; {TAKES}")
    one = results[0] if len(results) == 1 else None
    if isinstance(one, ModelComparison):
        return _comparison(one)
    if isinstance(one, TrustTable):
        return _trust(one)
    if isinstance(one, RunRecord):
        return _run(one)
    measured = measured_of(results)
    reason = next((sentence(one) for one in _all(results, Without)), "")
    if maps := _all(results, Attribution):
        return picture_report(maps, _all(results, Prediction), measured, reason)
    if texts := _all(results, TextAttribution):
        said = next(iter(_all(results, TextPrediction)), None)
        return text_report(texts, said, measured, reason)
    if series := _all(results, SeriesAttribution):
        return series_report(series, next(iter(_all(results, SeriesForecast)), None), measured)
    names = ", ".join(dict.fromkeys(type(one).__name__ for one in results))
    raise BadInput(f"there is no report of {names}; {TAKES}")


def _all(results: Sequence[Any], kind: type[R]) -> tuple[R, ...]:
    return tuple(one for one in results if isinstance(one, kind))


def measured_of(results: Sequence[Any]) -> tuple[MeasuredFact, ...]:
    """Badges and metrics are of the explanation that stands before them."""
    found: list[MeasuredFact] = []
    title = ""
    for one in results:
        if isinstance(one, Attribution | TextAttribution | SeriesAttribution):
            title = one.title
        elif isinstance(one, Badge):
            found += facts_of_badge(title, one)
        elif isinstance(one, Quality):
            found.append(fact_of_quality(title, one))
    return tuple(found)


def picture_report(
    maps: tuple[Attribution, ...],
    predictions: tuple[Prediction, ...] = (),
    measured: tuple[MeasuredFact, ...] = (),
    reason: str = "",
) -> Report:
    """Of maps of one picture, by one or two models; raises BadInput of several pictures."""
    _one_input([one.path for one in maps], "picture")
    kind = "box" if maps[0].part else "picture"
    about = about_of(
        ((one.model, one.model_fingerprint) for one in maps),
        ((kind, one.method, one.params) for one in maps),
        [repeating.picture_command(one) for one in maps],
        () if maps[0].part else repeating.picture_code(maps),
    )
    return report_of(ExplainedPicture(maps, predictions, measured, reason), about)


def text_report(
    maps: tuple[TextAttribution, ...],
    prediction: TextPrediction | None = None,
    measured: tuple[MeasuredFact, ...] = (),
    reason: str = "",
) -> Report:
    """Likewise of one text."""
    _one_input([one.text for one in maps], "text")
    kind = "token" if maps[0].place >= 0 else "text"
    about = about_of(
        ((one.model, one.model_fingerprint) for one in maps),
        ((kind, one.method, one.params) for one in maps),
        [repeating.text_command(one) for one in maps],
        repeating.text_code(maps),
    )
    return report_of(ExplainedText(maps, prediction, measured, reason), about)


def series_report(
    maps: tuple[SeriesAttribution, ...],
    forecast: SeriesForecast | None = None,
    measured: tuple[MeasuredFact, ...] = (),
) -> Report:
    """Likewise of one forecast."""
    _one_input([f"{one.target} {one.step} {one.dates[-1]}" for one in maps], "forecast")
    about = about_of(
        ((one.model, one.model_fingerprint) for one in maps),
        (("series", one.method, one.params) for one in maps),
        [repeating.series_command(one) for one in maps],
        repeating.series_code(maps),
    )
    first = maps[0]
    said = explained(first, series_about(first.about, first.target).title)
    return report_of(ExplainedSeries(maps, said, forecast, measured), about)


def _one_input(names: Sequence[str], what: str) -> None:
    if len(set(names)) > 1:
        first, second = list(dict.fromkeys(names))[:2]
        raise BadInput(
            f'a report is of one {what}; these are of "{first}" and of "{second}": make one of each'
        )


def _comparison(found: ModelComparison) -> Report:
    models = filter(None, (found.model, found.other, found.control))
    prints = (*found.fingerprints, "", "", "")
    about = _of_measurement(
        found,
        cards=tuple(card_of(name, print_) for name, print_ in zip(models, prints, strict=False)),
        methods=tuple(told_methods([(found.modality, found.method, found.params)])),
        seed=f"The examples are drawn from seed {found.seed}.",
        python=repeating.comparison_code(found),
    )
    return report_of(found, about)


def _trust(table: TrustTable) -> Report:
    asked = [(table.modality, one.name, one.params) for one in table.methods]
    about = _of_measurement(
        table,
        cards=(card_of(table.model, table.model_fingerprint),),
        methods=tuple(told_methods(asked)),
        seed=f"The examples, and what is drawn at random, are drawn from seed {table.seed}.",
        python=repeating.trust_code(table),
    )
    return report_of(table, about)


def _of_measurement(found: ModelComparison | TrustTable, **more: Any) -> About:
    """With what a measurement over many examples says of itself."""
    return About(
        versions=found.versions,
        commands=(found.command,),
        date=found.date,
        machine=found.machine,
        **more,
    )


def _run(record: RunRecord) -> Report:
    try:
        tested = results_of(record)
    except DlexplainError:
        tested = None
    about = about_of([(record.id, "")], [], (), repeating.run_code(record))
    seed = record.spec.get("seed", 0)
    drawn = f"First weights and the order of the examples are drawn from seed {seed}."
    found = FollowedRun(record, curve_groups(record), tested)
    return report_of(found, replace(about, seed=drawn))


def curve_groups(record: RunRecord) -> tuple[tuple[Curve, ...], ...]:
    """A run's curves: training and validation of one metric together, the monitored one first."""
    groups: dict[str, list[Curve]] = {}
    for key in runs.metric_keys([record]):
        if key.startswith("test/"):
            continue
        for curve in runs.curves([record], key):
            if len(curve) > 1:
                groups.setdefault(key.rpartition("/")[2], []).append(curve)
    first = record.monitor.rpartition("/")[2]
    order = sorted(groups, key=lambda name: (name != first, name != "loss", name))
    return tuple(tuple(groups[name]) for name in order[:MOST_GROUPS])
