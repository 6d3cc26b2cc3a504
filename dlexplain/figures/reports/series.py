"""The report of a forecast: what is explained, and which past values moved it."""

from dlexplain.figures.forecasts import plot_series_forecast
from dlexplain.figures.reports.making import chart_of, facts_told, measured_section
from dlexplain.figures.series_explanations import (
    plot_by_lag,
    plot_by_series,
    plot_compared,
    plot_series_attribution,
)
from dlexplain.language import tr
from dlexplain.results import SeriesAttribution, about_of, period_text
from dlexplain.results.explained import ExplainedSeries, believed
from dlexplain.results.reports import About, Part, Report, Section, Words, report_of
from dlexplain.results.words import written

WHAT = {"median": "the forecast", "width-80": "the 80% interval", "width-95": "the 95% interval"}


@report_of.register
def report_series(found: ExplainedSeries, about: About) -> Report:
    """What the model forecasts, and what moved it."""
    first = found.maps[0]
    name, date = about_of(first.about, first.target).title, period_text(first.date, first.period)
    origin = period_text(first.dates[-1], first.period)
    asked = tr(f"Which past values moved {WHAT.get(first.what, first.what)} of {name} for {date}")
    sections = [*_forecast(found), *(_why(one) for one in found.maps)]
    if len(found.maps) > 1:
        alt = tr("Bars by series for each method, side by side")
        told = tr(
            "Methods with different baselines answer different questions: what this past adds to "
            "a past without news, or to the usual past; so they need not agree."
        )
        chart = chart_of(plot_compared(found.maps), alt, told)
        sections.append(Section(tr("By series, all methods"), (chart,)))
    return Report(
        "series",
        tr(f"{name} for {date}"),
        tr(f"{asked}, as {first.model} made it in {origin}?"),
        f"{found.said} {most_told(first)} {believed(found.measured)}".strip(),
        (*sections, *measured_section(found.measured)),
        about,
    )


def most_told(found: SeriesAttribution) -> str:
    """The series that moved it most, in one sentence."""
    best = max(range(len(found.names)), key=lambda place: abs(found.by_series[place]))
    unit = found.unit or about_of(found.about, found.target).unit_of_changes
    behind = unit if unit in ("", "%") else f" {unit}"
    change = written(float(found.by_series[best]), signed=True, digits=3) + behind
    name = about_of(found.about, found.names[best]).title
    return tr(f"By {found.title}, “{name}” moved it most, by {change}.")


def _forecast(found: ExplainedSeries) -> tuple[Section, ...]:
    told, first = found.forecast, found.maps[0]
    if told is None or first.target not in told.names:
        return ()
    place = told.names.index(first.target)
    alt = tr(f"Line chart of {first.target}: its past, the forecast with intervals, and what came")
    chart = chart_of(plot_series_forecast(told, place), alt)
    notes: tuple[Part, ...] = tuple(Words(note) for note in told.notes)
    return (Section(tr("The forecast"), (chart, *notes)),)


def _why(one: SeriesAttribution) -> Section:
    raised = tr("raised the forecast") if one.what == "median" else tr("widened the interval")
    parts = (
        chart_of(
            plot_series_attribution(one),
            tr(f"Heat map, series by period: what each past value added, by {one.title}"),
            tr(f"Red {raised}, blue did the contrary. {facts_told(one)}"),
        ),
        chart_of(
            plot_by_series(one),
            tr(f"Bars: the sum for each series, by {one.title}"),
            tr("By series"),
        ),
        chart_of(
            plot_by_lag(one), tr(f"Bars: the sum for each period, by {one.title}"), tr("By period")
        ),
    )
    return Section(tr(f"What moved it: {one.title}"), parts)
