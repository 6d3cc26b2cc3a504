"""Which past values of which series moved the forecast at a chosen horizon."""

import json
from functools import partial

import streamlit as st

from dlexplain.errors import BadInput
from dlexplain.figures.series_explanations import (
    plot_by_lag,
    plot_by_series,
    plot_compared,
    plot_series_attribution,
)
from dlexplain.registry import Registry
from dlexplain.results import SeriesAttribution, about_of, csv_of
from dlexplain.results.words import capital
from dlexplain.services.explaining import MethodInfo
from dlexplain.services.forecast.explain import WHAT, Question, answer, series_method_infos
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries
from dlexplain.services.forecast.wording import change_text, explained
from dlexplain.services.jobs import Job
from dlexplain.ui.address import from_address
from dlexplain.ui.live import live
from dlexplain.ui.markdown import literal
from dlexplain.ui.methods import choose_methods, method_params
from dlexplain.ui.progress import show_progress
from dlexplain.ui.session import start

SLOT, STEP, WHICH, METHODS = (f"forecast-{x}" for x in ("why", "step", "what", "methods"))
FIRST = ("integrated-gradients", "shap-sampling")
FIGURE = {"displayModeBar": False, "scrollZoom": False}
Jobs = list[Job[SeriesAttribution]]


def show_why(
    model: LoadedForecaster, given: GivenSeries, row: int, target: int, arrived: bool
) -> dict[str, str | None]:
    """The view; returns what of it is to be in the address."""
    known = _known()
    step, what = _asked(model, arrived)
    chosen = choose_methods(known, FIRST, arrived, METHODS)
    params = method_params(f"forecast-{model.name}", known, chosen)
    if not chosen:
        st.info("Choose at least one method.")
        return {}
    question = Question(model, given, row, target, step, what)
    asked = question.key([[name, params[name]] for name in chosen])
    jobs = _jobs(asked, [Job(known[name].title, partial(answer, question, name, params[name]))
                         for name in chosen])  # fmt: skip
    _live(jobs, model.targets[target])
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
    from_address("step", partial(_step, steps), arrived, STEP)
    from_address("what", _what, arrived, WHICH)
    if st.session_state.get(STEP) not in steps:
        st.session_state[STEP] = steps[-1]
    st.session_state.setdefault(WHICH, "median")
    left, right = st.columns(2, vertical_alignment="bottom")
    step = left.select_slider(
        "Periods ahead", steps, key=STEP, persist_state="session",
        help="Of the forecast that is explained.",
    ) if len(steps) > 1 else 1  # fmt: skip
    what = right.selectbox(
        "What is explained", list(WHAT), key=WHICH, persist_state="session",
        format_func=lambda name: capital(WHAT[name]),
        help="The forecast, or how sure the model is: what widens an interval speaks for doubt.",
    )  # fmt: skip
    return int(step), str(what)


def _step(steps: list[int], text: str) -> int:
    if not text.isdecimal() or int(text) not in steps:
        raise BadInput(f'step is "{text}"; it takes a whole number from 1 to {steps[-1]}')
    return int(text)


def _what(text: str) -> str:
    if text not in WHAT:
        raise BadInput(f'what is "{text}"; {", ".join(WHAT)} are accepted')
    return text


def _jobs(question: str, fresh: Jobs) -> Jobs:
    """The session's jobs for this question, started where it is new."""
    known = st.session_state.get(SLOT)
    if known is not None and known[0] == question:
        jobs: Jobs = known[1]
        return jobs
    for job in known[1] if known is not None else ():
        job.cancel()
    st.session_state[SLOT] = (question, fresh)
    start(fresh)
    return fresh


def _live(jobs: Jobs, name: str) -> None:
    for place, job in enumerate(jobs):
        with st.container(border=True):
            live(partial(_card, job, place, name), partial(_active, [job]), partial(_active, [job]))
    live(partial(_together, jobs), partial(_active, jobs), partial(_active, jobs))


def _active(jobs: Jobs) -> bool:
    return any(job.active for job in jobs)


def _together(jobs: Jobs) -> None:
    """What needs all answers."""
    if _active(jobs):
        return
    done = [job.result for job in jobs if job.result is not None]
    if len(done) > 1:
        st.subheader("By series, method beside method")
        st.plotly_chart(plot_compared(done), config=FIGURE, key="forecast-compared")
        st.caption(
            "Methods with different baselines answer different questions: what this past adds "
            "to a past without news, or to the usual past; so they need not agree."
        )
    if done:
        with st.container(horizontal=True):
            _downloads(done)


def _downloads(done: list[SeriesAttribution]) -> None:
    st.download_button(
        "CSV", lambda: csv_of([row for one in done for row in one.rows()]),
        "forecast-why.csv", "text/csv", key="forecast-why-csv",
        icon=":material/download:", on_click="ignore", type="tertiary",
        help="A row a method, series and period: its value and the input.",
    )  # fmt: skip
    st.download_button(
        "JSON", lambda: json.dumps([one.to_dict() for one in done], indent=1),
        "forecast-why.json", "application/json", key="forecast-why-json",
        icon=":material/download:", on_click="ignore", type="tertiary",
    )  # fmt: skip


def _card(job: Job[SeriesAttribution], place: int, name: str) -> None:
    found = job.result
    if found is None:
        st.markdown(f"**{job.title}**")
        if job.active:
            show_progress(job, f"forecast-{place}")
        elif job.state == "failed":
            st.error(literal(job.error))
        else:
            st.caption("Cancelled.")
        return
    st.markdown(f"**{literal(found.title)}**: {_sentence(found)}")
    st.plotly_chart(plot_series_attribution(found), config=FIGURE, key=f"forecast-map-{place}")
    left, right = st.columns(2)
    with left:
        st.plotly_chart(plot_by_series(found), config=FIGURE, key=f"forecast-by-series-{place}")
    with right:
        st.plotly_chart(plot_by_lag(found), config=FIGURE, key=f"forecast-by-lag-{place}")
    facts = [f"{found.evaluations:,} evaluations", f"{found.seconds:.2f} s"]
    if found.completeness_error is not None:
        facts.append(f"completeness error {found.completeness_error:.2%}")
    raised = "raised the forecast" if found.what == "median" else "widened the interval"
    st.caption(
        f"Red {raised}, blue did the contrary. {', '.join(facts)}."
        + (f" {literal(found.note)}" if found.note else "")
    )


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
    name = about_of(found.about, found.target).title
    return f"{literal(explained(found, name))} {shared}. {most}"


def _compared(found: SeriesAttribution) -> str:
    """What the baselines give, in words."""
    if found.params.get("baseline") == "average":
        return "what a past without news would give, each series at its mean in training"
    if found.params.get("baseline") == "window":
        return "what each series at its mean in this window would give"
    return "what earlier windows of the series give on average"
