"""Which past values of which series moved the forecast at a chosen horizon."""

from functools import partial
from typing import Any

import streamlit as st

from dlexplain.figures.forecasts import series_title
from dlexplain.figures.series_explanations import (
    plot_by_lag,
    plot_by_series,
    plot_compared,
    plot_series_attribution,
)
from dlexplain.language import tr
from dlexplain.params import Value
from dlexplain.registry import Registry
from dlexplain.results import Arbitration, SeriesAttribution, csv_of
from dlexplain.results.words import capital
from dlexplain.services.explaining import MethodInfo
from dlexplain.services.forecast.explain import WHAT, Question, answer, series_method_infos
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries
from dlexplain.services.forecast.wording import change_text, explained
from dlexplain.services.jobs import Job
from dlexplain.services.quality.badges import series_badge
from dlexplain.services.quality.believing import settle_series
from dlexplain.services.quality.curves import series_curve
from dlexplain.ui.address import from_address, one_of, whole_number
from dlexplain.ui.badge import Judge
from dlexplain.ui.believing import show_believing
from dlexplain.ui.cards import download, show_card
from dlexplain.ui.charts import chart
from dlexplain.ui.forecast import cache
from dlexplain.ui.jobs import Asked, asked_all, show_live
from dlexplain.ui.markdown import literal
from dlexplain.ui.methods import choose_methods, method_params
from dlexplain.ui.palettes import chosen_palette, palette_option
from dlexplain.ui.reporting import answered, offer_report

SLOT, STEP, WHICH, METHODS = (f"forecast-{x}" for x in ("why", "step", "what", "methods"))
FIRST = ("integrated-gradients", "shap-sampling")


def show_why(
    model: LoadedForecaster, given: GivenSeries, row: int, target: int, arrived: bool
) -> dict[str, str | None]:
    """The view; returns what of it is to be in the address."""
    known = _known()
    step, what = _asked(model, arrived)
    chosen = choose_methods(known, FIRST, arrived, METHODS, model.name)
    params = method_params(f"forecast-{model.name}", known, chosen)
    if not chosen:
        st.info(tr("Choose at least one method."))
        return {}
    question = Question(model, given, row, target, step, what)
    makers = [partial(_job, question, known[name].title, name, params[name]) for name in chosen]
    about = question.key([[name, params[name]] for name in chosen])
    answers = asked_all(SLOT, about, makers)
    modality, curve = model.prepared.modality, partial(series_curve, question)
    judge = Judge(modality, partial(series_badge, question), curve)
    for index in range(len(chosen)):
        with st.container(border=True):
            show_card(answers, index, partial(_draw, index), lambda result: None, judge=judge)
    show_live(partial(_together, question), answers)
    settle = partial(settle_series, question)
    show_believing(answers, settle, _show_covered, lambda found: None, METHODS)
    address: dict[str, str | None] = {
        "step": str(step),
        "what": None if what == "median" else what,
        METHODS: None if tuple(chosen) == FIRST else ",".join(chosen),
    }
    return address


@st.cache_resource(max_entries=1, show_spinner=False)
def _known() -> Registry[MethodInfo]:
    known: Registry[MethodInfo] = Registry("method of series")
    for info in series_method_infos():
        known.add(info.name, info)
    return known


def _asked(model: LoadedForecaster, arrived: bool) -> tuple[int, str]:
    steps = list(range(1, model.horizon + 1))
    from_address("step", whole_number("step", 1, steps[-1]), arrived, STEP)
    from_address("what", one_of("quantity", WHAT), arrived, WHICH)
    if st.session_state.get(STEP) not in steps:
        st.session_state[STEP] = steps[-1]
    st.session_state.setdefault(WHICH, "median")
    left, right, colours = st.columns([5, 4, 2], vertical_alignment="bottom")
    with colours:
        palette_option()
    step = left.select_slider(
        tr("Periods ahead"), steps, key=STEP, persist_state="session",
        help=tr("Of the forecast that is explained."),
    ) if len(steps) > 1 else 1  # fmt: skip
    what = right.selectbox(
        tr("What is explained"),
        list(WHAT),
        key=WHICH,
        persist_state="session",
        format_func=lambda name: tr(capital(WHAT[name])),
        help=tr(
            "The forecast, or how sure the model is: what widens an interval speaks for doubt."
        ),
    )
    return int(step), str(what)


def _job(
    question: Question, title: str, method: str, params: dict[str, Value]
) -> Job[SeriesAttribution]:
    return Job(title, partial(answer, question, method, params))


def _together(question: Question, answers: Asked[SeriesAttribution]) -> None:
    """What needs all answers."""
    if answers.active:
        return
    done = [job.result for job in answers.jobs if job.result is not None]
    if len(done) > 1:
        st.subheader(tr("By series, all methods"))
        chart(plot_compared(done), "forecast-compared")
        st.caption(
            tr(
                "Methods with different baselines answer different questions: what this past adds "
                "to a past without news, or to the usual past; so they need not agree."
            )
        )
    if done:
        with st.container(horizontal=True):
            _downloads(done)
            offer_report(partial(_results, question, answers), "series")


def _results(question: Question, answers: Asked[SeriesAttribution]) -> list[Any]:
    """What a report is made of: the forecast, and what moved it."""
    told = cache.forecast(question.model, question.given, question.row, True)
    return [told, *answered(answers)]


def _show_covered(first: SeriesAttribution, second: SeriesAttribution, found: Arbitration) -> None:
    """Which values were taken away; parts are counted series by series, the latest first."""
    window = len(first.dates)
    for one, parts in ((first, found.first), (second, found.second)):
        said = [
            f"{one.names[part // window]} {str(one.dates[window - 1 - part % window])[:7]}"
            for part in parts
        ]
        st.caption(literal(tr(f"{one.title} marks: {', '.join(said)}")))


def _downloads(done: list[SeriesAttribution]) -> None:
    download(
        "CSV",
        lambda: csv_of([row for one in done for row in one.rows()]),
        "forecast-why.csv",
        "forecast-why-csv",
        "A row a method, series and period: its value and the input.",
    )
    download(
        "JSON", lambda: [one.to_dict() for one in done], "forecast-why.json", "forecast-why-json"
    )


def _draw(index: int, job: Job[SeriesAttribution]) -> None:
    found = job.result
    if found is None:
        st.markdown(f"**{tr(job.title)}**")
        return
    st.markdown(f"**{literal(tr(found.title))}**: {tr(_sentence(found))}")
    palette = chosen_palette()
    figure = plot_series_attribution(found, None, palette)
    chart(figure, f"forecast-map-{index}", told=f"{found.title}.")
    left, right = st.columns(2)
    with left:
        chart(plot_by_series(found, palette), f"forecast-by-series-{index}")
    with right:
        chart(plot_by_lag(found, palette), f"forecast-by-lag-{index}")
    raised = "raised the forecast" if found.what == "median" else "widened the interval"
    st.caption(tr(f"{capital(palette.warm)} {raised}, {palette.cool} did the contrary."))


def _sentence(found: SeriesAttribution) -> str:
    """What is shared out, in words."""
    best = max(range(len(found.names)), key=lambda place: abs(found.by_series[place]))
    most = f"{literal(found.names[best])} moves it most, by "
    most += f"{change_text(found.by_series[best], found, signed=True)}."
    total = change_text(found.total, found, signed=True)
    shared = f"The values below sum to {total}"
    if found.baseline is not None:
        start = change_text(found.baseline, found, signed=found.what == "median")
        shared = f"From a baseline of {start}, {_compared(found)}, the values below add {total}"
    name = series_title(found.about, found.target)
    return f"{literal(explained(found, name))} {shared}. {most}"


def _compared(found: SeriesAttribution) -> str:
    """What the baselines give, in words."""
    if found.params.get("baseline") == "average":
        return "what a past without news would give, each series at its mean in training"
    if found.params.get("baseline") == "window":
        return "what each series at its mean in this window would give"
    return "what earlier windows of the series give on average"
