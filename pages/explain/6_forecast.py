"""A forecaster's forecasts, from any origin, beside plain ones, and what drove them."""

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dlexplain.errors import DlexplainError
from dlexplain.language import shown_by, tr
from dlexplain.trained.catalogue import default
from dlexplain.ui.address import from_address, one_of, to_address
from dlexplain.ui.forecast.choice import (
    TASK,
    choose_both,
    choose_origin,
    choose_target,
)
from dlexplain.ui.forecast.unseen import UNSEEN, address_of_unseen
from dlexplain.ui.gallery import show_first
from dlexplain.ui.layout import answer_first
from dlexplain.ui.markdown import literal

if TYPE_CHECKING:
    from dlexplain.services.forecast.sources import GivenSeries
    from dlexplain.trained.catalogue import ModelEntry

VIEWS = {
    "forecast": "Forecast",
    "why": "Why",
    "change": "What if",
    "inside": "Inside",
    "backtest": "Backtest",
}
VIEW = "forecast-view"
# Of the page's address, what has it open on something else than the front page's example.
IN_ADDRESS = ("series", "view", "origin", "target", "intervals")


def main() -> None:
    st.title(tr("What drove the forecast?"))
    arrived = VIEW not in st.session_state
    answer, settings = answer_first()
    if not set(IN_ADDRESS) & set(st.query_params):
        with answer:
            show_first("forecast", {}, st.query_params.get("model", default(TASK).name))
    with settings:
        entry, given = choose_both(arrived, zero_shot=True, stacked=True)
        of_series, of_origin = st.container(), st.container()
    with answer:
        show(arrived, entry, given, of_series, of_origin)


def show(
    arrived: bool,
    entry: "ModelEntry | None",
    given: "GivenSeries | None",
    of_series: DeltaGenerator,
    of_origin: DeltaGenerator,
) -> None:
    """The view that is chosen; its series and its origin are chosen in the two places."""
    if entry is None:
        return
    from_address("view", one_of("view", VIEWS), arrived, VIEW)
    # Set at each run: where there are no series yet the view is not drawn, and would be forgotten.
    st.session_state[VIEW] = st.session_state.get(VIEW) or "forecast"
    source = st.session_state["forecast-source"]
    address: dict[str, str | None] = {"model": entry.name, "series": source}
    if source == UNSEEN:
        address |= address_of_unseen()
    if given is None:
        to_address(address)
        return
    with st.spinner(tr("Loading…")):  # torch is imported from here on
        from dlexplain.services.forecast.forecasting import origins
        from dlexplain.ui.forecast import cache
    try:
        model = cache.model(entry.name).scaled_for(given)
    except DlexplainError as error:
        st.error(literal(tr(error)))
        return
    view = st.segmented_control(
        tr("View"),
        list(VIEWS),
        format_func=shown_by(VIEWS.__getitem__),
        key=VIEW,
        required=True,
        label_visibility="collapsed",
    )
    view = view or "forecast"
    kept: dict[str, str | None] = {"view": None if view == "forecast" else view}
    target = 0
    if view != "inside":
        with of_series:
            target = choose_target(model.targets, model.about, arrived)
        kept["target"] = model.targets[target]
    if view == "backtest":
        from dlexplain.ui.forecast.tested import show_backtest

        show_backtest(model, given, target)
    else:
        with of_origin:
            row = choose_origin(given, origins(model, given), arrived)
        kept["origin"] = str(given.data.dates[row])
        if view == "forecast":
            from dlexplain.ui.forecast.told import show_forecast

            kept |= show_forecast(model, given, row, target, arrived)
        elif view == "why":
            from dlexplain.ui.forecast.why import show_why

            kept |= show_why(model, given, row, target, arrived)
        elif view == "inside":
            from dlexplain.ui.forecast.inside import show_inside

            show_inside(model, given, row)
        else:
            from dlexplain.ui.forecast.change import show_change

            kept |= show_change(model, given, row, target, arrived)
    to_address(address | kept)


main()
