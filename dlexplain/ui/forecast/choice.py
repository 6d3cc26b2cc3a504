"""Choosing a forecaster, its series, the origin and the series in question; no torch here."""

from collections.abc import Mapping, Sequence

import streamlit as st

from dlexplain.errors import BadInput, DlexplainError
from dlexplain.language import Later, shown_by, tr
from dlexplain.results import SeriesAbout, iso_date, period_text
from dlexplain.services.forecast.sources import (
    EXAMPLE,
    OWN,
    GivenSeries,
    SeriesSource,
    default_source,
    example_csv,
    read_csv,
    read_source,
    sources,
)
from dlexplain.trained.catalogue import ModelEntry, find
from dlexplain.ui.address import from_address, one_of, told_above
from dlexplain.ui.forecast.fetching import offer_fetching
from dlexplain.ui.forecast.unseen import MEGABYTES, UNSEEN, choose_unseen
from dlexplain.ui.markdown import literal
from dlexplain.ui.models import choose_model

MODEL, SOURCE, FILE = "forecast-model", "forecast-source", "forecast-file"
ORIGIN, TARGET = "forecast-origin", "forecast-target"
TASK, UPLOAD = "forecast", "upload"
MOST_ORIGINS = 2000
"""Of the slider: the latest, where daily series have more."""


def choose_both(
    arrived: bool, zero_shot: bool = False, stacked: bool = False
) -> tuple[ModelEntry | None, GivenSeries | None]:
    """The pickers of a forecaster and of its series, beside each other, with what is wrong above
    them; None for what is not there.

    stacked  whether the two stand above each other, where the place is narrow
    """
    with told_above():
        left, right = (st.container(), st.container()) if stacked else st.columns(2, gap="small")
        with left:
            entry = choose_forecaster(arrived)
        if entry is None:
            return None, None
        with right:
            return entry, choose_series(entry, arrived, zero_shot)


def choose_forecaster(arrived: bool) -> ModelEntry | None:
    """The picker; None where there is no model."""
    return choose_model([TASK], MODEL, arrived, "Forecaster")


def choose_series(entry: ModelEntry, arrived: bool, zero_shot: bool = False) -> GivenSeries | None:
    """The picker and what goes with it; None where nothing can be read, which has been told.

    zero_shot  whether series that the model never saw are offered too
    """
    try:
        key = _choose_source(entry, arrived, zero_shot)
        if key == UNSEEN:
            return choose_unseen(entry, arrived)
        if key == UPLOAD:
            return _uploaded(entry)
        model = entry.trained
        own = sources(model)[0]
        if key == OWN and not own.there:
            offer_fetching(entry, own)
            return None
        given = _source_of(entry.name, key, model.weights.stat().st_mtime_ns)
    except (DlexplainError, OSError) as error:
        st.error(literal(tr(error)))
        return None
    if key == EXAMPLE:
        st.info(
            tr(
                "These series are drawn at random, to try the page with: they say nothing of the "
                "world."
            )
            + tr(_where(own)),
            icon=":material/casino:",
        )
    return given


def _choose_source(entry: ModelEntry, arrived: bool, zero_shot: bool) -> str:
    model = entry.trained
    titles = {source.key: source.title for source in sources(model)} | {UPLOAD: "Your own CSV"}
    if zero_shot:
        titles[UNSEEN] = "Series that it never saw (zero-shot)"
    from_address("series", one_of("series", tuple(titles)), arrived, SOURCE)
    # Of another model the series begin anew, where nothing was uploaded for it.
    if st.session_state.get("forecast-of") != entry.name and not (
        arrived and "series" in st.query_params
    ):
        kept = st.session_state.get(SOURCE)
        st.session_state[SOURCE] = kept if kept in (UPLOAD, UNSEEN) else default_source(model)
    st.session_state["forecast-of"] = entry.name
    if st.session_state.get(SOURCE) not in titles:
        st.session_state[SOURCE] = default_source(model)
    return str(
        st.selectbox(
            tr("Series"),
            list(titles),
            format_func=shown_by(titles.__getitem__),
            key=SOURCE,
            persist_state="session",
            help=tr(
                "What the model was trained on, where it is here; made-up series of the same "
                "form; or a CSV with a column of dates and the model's series."
            )
            + (tr(" Zero-shot: any others, by scales of their own.") if zero_shot else ""),
        )
    )


def _where(own: SeriesSource) -> str:
    title = literal(own.title)
    if own.there:
        return f" **{title}** above has real ones."
    return f" For real ones choose **{title}** above, or upload them as a CSV."


@st.cache_resource(max_entries=16, show_spinner=Later("Reading the series…"))
def _source_of(name: str, key: str, version: int) -> GivenSeries:
    return read_source(find(name, TASK).trained, key)


def _uploaded(entry: ModelEntry) -> GivenSeries | None:
    model = entry.trained
    names = literal(", ".join(model.facts["series"]))
    file = st.file_uploader(
        tr(f"A CSV with a column of dates and: {names}"),
        type=["csv", "txt"],
        key=FILE,
        max_upload_size=MEGABYTES,
    )
    st.download_button(
        tr("An example of the file"),
        lambda: example_csv(model),
        f"{entry.name}-example.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
        type="tertiary",
        help=tr("Made-up series in the form that this model reads."),
    )
    if file is None:
        st.info(
            tr(
                "Drop a CSV above: one row a period, oldest first or last, with the series "
                f"{names}."
            )
            + (tr(" FRED-MD's own file is read as it is.") if entry.data == "fred-md" else ""),
            icon=":material/arrow_upward:",
        )
        return None
    return _read(entry.name, file.name, file.getvalue())


@st.cache_resource(max_entries=8, show_spinner=Later("Reading the series…"))
def _read(model: str, name: str, content: bytes) -> GivenSeries:
    return read_csv(find(model, TASK).trained, content, name)


def choose_origin(given: GivenSeries, rows: range, arrived: bool) -> int:
    """The slider back in time; returns the row of the last period that the model sees."""
    rows = rows[-MOST_ORIGINS:]
    dates = [str(given.data.dates[row]) for row in rows]
    period = given.data.period
    from_address("origin", lambda text: _date(text, dates, period), arrived, ORIGIN)
    if st.session_state.get(ORIGIN) not in dates:
        st.session_state[ORIGIN] = _first_origin(given, rows, dates)
    if len(dates) == 1:
        return rows[0]
    chosen = st.select_slider(
        tr("Forecast made in"),
        dates,
        key=ORIGIN,
        persist_state="session",
        format_func=lambda date: tr(period_text(date, period)),
        help=tr(
            "The last period that the model sees. Move it back to see what it would have said."
        ),
    )
    return rows[dates.index(str(chosen))]


def _first_origin(given: GivenSeries, rows: range, dates: list[str]) -> str:
    """Two years before the end, so that one sees what came."""
    back = min(2 * given.data.period, len(rows) - 1, 24)
    return dates[-1 - back]


def _date(text: str, dates: list[str], period: int) -> str:
    if iso_date(text) in dates:
        return iso_date(text)
    written = [period_text(date, period) for date in dates]
    if text in written:
        return dates[written.index(text)]
    raise BadInput(f'origin is "{text}"; {written[0]} to {written[-1]} is accepted')


def choose_target(names: Sequence[str], known: Mapping[str, SeriesAbout], arrived: bool) -> int:
    """The series that is looked at; `known` says what some measure."""
    from_address("target", lambda text: _name(text, names), arrived, TARGET)
    if st.session_state.get(TARGET) not in names:
        st.session_state[TARGET] = names[0]
    chosen = st.segmented_control(
        tr("Series that is forecast"),
        list(names),
        format_func=literal,
        key=TARGET,
        required=True,
        persist_state="session",
    )
    name = chosen or names[0]
    if name in known:
        st.caption(f"{literal(name)}: {literal(tr(known[name].text))}.")
    return list(names).index(name)


def _name(text: str, names: Sequence[str]) -> str:
    if text in names:
        return text
    raise BadInput(f'the model does not forecast "{text}"; it forecasts {", ".join(names)}')
