"""What if a past value had been another: the forecast before and after."""

import numpy as np
import pandas as pd
import streamlit as st

from dlexplain.errors import BadInput, DataError
from dlexplain.figures.forecasts import plot_series_forecast, plot_what_if, series_title
from dlexplain.language import in_words, tr
from dlexplain.results import PastChange, WhatIf, about_of, csv_of, iso_date, period_text
from dlexplain.results.words import sentence, written
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries
from dlexplain.ui.address import from_address
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.forecast import cache
from dlexplain.ui.markdown import literal

SERIES, DATE, VALUE, TABLE = (f"forecast-change-{x}" for x in ("series", "date", "value", "table"))
UNDO, UNDONE = "forecast-undo", "forecast-undone"
ADDRESS = "change"
"""In the address: what the three fields change."""


def show_change(
    model: LoadedForecaster, given: GivenSeries, row: int, target: int, arrived: bool
) -> dict[str, str | None]:
    """The view; returns what of it is to be in the address: the value that the fields change."""
    window = _window(model, given, row)
    _asked(model, given, row, window, arrived)
    one = _one(model, given, row, window, given.data.targets[target])
    _show(model, given, row, target, [*_table(model, given, row, window), *one])
    said = [f"{change.series}:{change.date}:{change.value!r}" for change in one]
    return {ADDRESS: said[0] if said else None}


def _show(
    model: LoadedForecaster, given: GivenSeries, row: int, target: int, changes: list[PastChange]
) -> None:
    if not changes:
        st.info(tr("Type another value above, or edit the table; the forecast then moves."))
        told = cache.forecast(model, given, row, True)
        chart(plot_series_forecast(told, target), "forecast-plain")
        return
    st.button(
        tr("Undo all changes"), key=UNDO, icon=":material/undo:", on_click=_undo, type="tertiary"
    )
    try:
        found = cache.changed(model, given, row, tuple(changes))
    except DataError as error:
        st.error(literal(tr(error)))
        return
    chart(plot_what_if(found, target), "forecast-what-if")
    st.markdown(tr(_sentence(found, target)))
    for note in found.after.notes:
        st.caption(f":material/info: {literal(tr(sentence(note)))}")
    with st.expander(tr("By how much, each period ahead"), icon=":material/table:"):
        st.dataframe(in_words(_differences(found)), hide_index=True)
    download(
        "CSV",
        lambda: csv_of(found.rows()),
        f"{model.name}-what-if.csv",
        "forecast-change-csv",
        "All series that were forecast, before and after.",
    )


def _window(model: LoadedForecaster, given: GivenSeries, row: int) -> pd.DataFrame:
    """The past that the model sees, the latest first: dates down, series across."""
    rows = slice(row + 1 - model.window, row + 1)
    frame = pd.DataFrame(given.data.levels[rows], columns=list(given.data.names))
    frame.insert(0, "date", [str(day) for day in given.data.dates[rows]])
    return frame[::-1].reset_index(drop=True)


def _asked(
    model: LoadedForecaster, given: GivenSeries, row: int, window: pd.DataFrame, arrived: bool
) -> None:
    """Set the three fields by the address, realgdp:2007Q3:14000, where that is what opened it."""

    def read(text: str) -> PastChange:
        dates = {period_text(day, given.data.period): day for day in window["date"]}
        series, date, value = [*text.rsplit(":", 2), "", ""][:3]
        date = dates.get(date, iso_date(date))
        known = series in given.data.names and date in dates.values()
        try:
            number = float(value) if known else np.nan
        except ValueError:
            number = np.nan
        if not np.isfinite(number):
            written_dates = list(dates)
            raise BadInput(
                f'{ADDRESS} is "{text}"; SERIES:PERIOD:VALUE is accepted, of a series of the model '
                f"and a period from {written_dates[-1]} to {written_dates[0]}"
            )
        return PastChange(series, date, number)

    if not arrived:
        return
    from_address(ADDRESS, read, arrived, f"{VALUE}-asked")
    change = st.session_state.pop(f"{VALUE}-asked", None)
    if change is not None:
        state = st.session_state
        state[SERIES], state[DATE] = change.series, change.date
        state[_key(VALUE, model, given, row, change.series, change.date)] = change.value


def _undo() -> None:
    """Forget what was changed of any window; a new number gives its table a new key."""
    state = st.session_state
    for key in [key for key in state if str(key).startswith((f"{VALUE}-", f"{TABLE}-"))]:
        del state[key]
    state[UNDONE] = state.get(UNDONE, 0) + 1


def _key(first: str, model: LoadedForecaster, given: GivenSeries, row: int, *more: str) -> str:
    """Of a widget whose state belongs to one window."""
    return "-".join([first, model.name, given.digest, str(row), *more])


def _one(
    model: LoadedForecaster, given: GivenSeries, row: int, window: pd.DataFrame, first: int
) -> list[PastChange]:
    """Three fields; `first` is the series that they begin with."""
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    period, names, dates = given.data.period, list(given.data.names), list(window["date"])
    for key, offered, usual in ((SERIES, names, names[first]), (DATE, dates, dates[0])):
        if st.session_state.get(key) not in offered:  # as of another model or origin
            st.session_state[key] = usual
    series = left.selectbox(tr("Past value of"), names, key=SERIES, persist_state="session")
    date = middle.selectbox(
        tr("in"),
        dates,
        key=DATE,
        format_func=lambda day: tr(period_text(day, period)),
        persist_state="session",
    )
    now = float(window.loc[window["date"] == date, series].iloc[0])
    step = float(f"{max(np.ptp(window[series]) / 10, 1e-6):.1g}")
    key = _key(VALUE, model, given, row, series, date)
    st.session_state.setdefault(key, now)
    was = f"{now:,.10g}".replace("-", "−")
    value = right.number_input(
        f"is{_unit(model, series)}",
        step=step,
        format=_format(step),
        key=key,
        persist_state="session",
        help=tr(f"It was {was}{_unit(model, series)}. What follows the origin stays as it was."),
    )
    return [] if np.isclose(value, now, rtol=1e-9) else [PastChange(series, date, float(value))]


def _table(
    model: LoadedForecaster, given: GivenSeries, row: int, window: pd.DataFrame
) -> list[PastChange]:
    key = _key(TABLE, model, given, row, str(st.session_state.get(UNDONE, 0)))
    with st.expander(tr("Edit the whole window"), icon=":material/edit:"):
        edited = st.data_editor(
            _begun(key, window, given.data.period),
            key=key,
            hide_index=True,
            disabled=["period"],
            height=320,
        )
    st.session_state[f"{key}-edited"] = edited
    found: list[PastChange] = []
    for name in given.data.names:
        moved = ~np.isclose(edited[name].astype(float), window[name], rtol=1e-9, equal_nan=True)
        found += [
            PastChange(name, str(window["date"][place]), float(edited[name].iloc[place]))
            for place in np.flatnonzero(moved)
        ]
    return found


def _begun(key: str, window: pd.DataFrame, period: int) -> pd.DataFrame:
    """What the table begins with: the window, or it as it was edited before the view changed.

    The table keeps its edits by itself for as long as it is drawn, and begins anew where what it
    is given differs.
    """
    state = st.session_state
    if key not in state:
        shown = window.rename(columns={"date": "period"})
        shown["period"] = [period_text(day, period) for day in window["date"]]
        state[f"{key}-begun"] = state.get(f"{key}-edited", shown)
    begun: pd.DataFrame = state[f"{key}-begun"]
    return begun


def _unit(model: LoadedForecaster, series: str) -> str:
    unit = about_of(model.about, series).unit
    return f" ({unit})" if unit else ""


def _format(step: float) -> str:
    decimals = max(0, -int(np.floor(np.log10(step)))) + 1
    return f"%.{min(decimals, 8)}f"


def _sentence(found: WhatIf, target: int) -> str:
    name = literal(series_title(found.before.about, found.before.names[target]))
    period = found.before.period
    before, after = (float(told.median[-1, target]) for told in (found.before, found.after))
    told = ", ".join(
        f"{literal(change.series)} of {period_text(change.date, period)} at "
        f"{written(change.value, digits=5)}"
        for change in found.changes[:4]
    )
    more = f" and {len(found.changes) - 4} more" if len(found.changes) > 4 else ""
    return (
        f"With {told}{more}, {name} in {period_text(found.before.ahead[-1], period)} is forecast "
        f"at **{written(after, digits=5)}** instead of **{written(before, digits=5)}** "
        f"({written(after - before, signed=True, digits=3)})."
    )


def _differences(found: WhatIf) -> pd.DataFrame:
    period = found.before.period
    columns = {"period": [period_text(day, period) for day in found.before.ahead]}
    return pd.DataFrame(
        columns
        | {
            f"{name}, after less before": found.difference[:, index]
            for index, name in enumerate(found.before.names)
        }
    )
