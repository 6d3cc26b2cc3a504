"""The page Attack for series: which forecaster, which forecast, how far the past may move."""

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.language import shown_by, tr
from dlexplain.results.words import capital
from dlexplain.services.attack.series import (
    DIRECTIONS,
    DRAWS,
    EPSILON,
    MOST_EPSILON,
    known_series_attacks,
)
from dlexplain.services.forecast.forecasting import origins
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.ui.address import (
    from_address,
    number_between,
    one_of,
    to_address,
    whole_number,
)
from dlexplain.ui.attack.series_result import SeriesQuestion, show_series_attack
from dlexplain.ui.forecast import cache
from dlexplain.ui.forecast.choice import (
    SOURCE,
    choose_both,
    choose_origin,
    choose_target,
)
from dlexplain.ui.forms import params_form
from dlexplain.ui.markdown import literal

METHOD, EPS, WAY, STEP = (
    f"attack-series-{what}" for what in ("method", "epsilon", "direction", "step")
)
ALL, LEAST = 0, 0.001
"""Of the steps: their mean. Of the budget: what the field takes."""


def attack_forecasts() -> None:
    """The page's part under its title."""
    arrived = WAY not in st.session_state
    entry, given = choose_both(arrived)
    if entry is None:
        return
    address: dict[str, str | None] = {
        "input": "series",
        "model": entry.name,
        "series": st.session_state.get(SOURCE),
    }
    if given is None:
        to_address(address)
        return
    try:
        with st.spinner(tr("Loading…")):
            model = cache.model(entry.name)
    except DlexplainError as error:
        st.error(literal(tr(error)))
        return
    target = choose_target(model.targets, model.about, arrived)
    row = choose_origin(given, origins(model, given), arrived)
    answer = st.container()
    question = choose_series_attack(model, arrived)
    with answer:
        show_series_attack(model, given, row, model.targets[target], question)
    address |= {
        "target": model.targets[target],
        "origin": str(given.data.dates[row]),
        "method": question.method,
        "epsilon": None if question.epsilon == EPSILON else f"{question.epsilon:g}",
        "direction": None if question.direction == "either" else question.direction,
        "step": None if question.step is None else str(question.step),
    }
    to_address(address)


def choose_series_attack(model: LoadedForecaster, arrived: bool) -> SeriesQuestion:
    """The settings, below the answer."""
    state, known, horizon = st.session_state, known_series_attacks(), model.horizon
    from_address("method", one_of("attack", list(known)), arrived, METHOD)
    from_address("direction", one_of("direction", DIRECTIONS), arrived, WAY)
    from_address("step", whole_number("step", 1, horizon), arrived, STEP)
    from_address("epsilon", number_between("epsilon", LEAST, MOST_EPSILON), arrived, EPS)
    state.setdefault(EPS, EPSILON)
    state.setdefault(METHOD, next(iter(known)))
    state.setdefault(WAY, "either")
    state[STEP] = state[STEP] if state.get(STEP) in range(horizon + 1) else ALL
    st.subheader(tr("The attack"))
    first, second, third = st.columns(3)
    epsilon = first.number_input(
        tr("Budget, in standard deviations"),
        LEAST,
        MOST_EPSILON,
        step=0.05,
        format="%.3f",
        key=EPS,
        persist_state="session",
        help=tr(
            "How far each past value of each series may move, in standard deviations of that "
            "series in training, after its transform (such as growth)."
        ),
    )
    direction = second.selectbox(
        tr("Which way"),
        list(DIRECTIONS),
        format_func=shown_by(capital),
        key=WAY,
        persist_state="session",
        help=tr("Up or down, or whichever moves the forecast further."),
    )
    step = third.selectbox(
        tr("Periods ahead"),
        range(horizon + 1),
        format_func=lambda at: tr("mean of all") if at == ALL else tr(str(at)),
        key=STEP,
        help=tr("Of the forecast that is moved."),
    )
    with st.expander(tr("Parameters, and what it does")):
        method = st.selectbox(
            tr("Attack"), list(known), format_func=lambda name: tr(known[name].title), key=METHOD
        )
        seed = st.number_input(
            tr("Seed"), 0, 2**31 - 1, 0, key="attack-series-seed",
            help=tr(f"Of random starts, and of the {DRAWS} random changes that it is compared "
                "with."),
        )  # fmt: skip
        params = params_form(f"attack-{method}", known[method].specs(), {})
        st.markdown(tr(known[method].description()))
        st.caption(tr(known[method].paper))
    given = tuple(sorted(params.items()))
    return SeriesQuestion(
        str(method), float(epsilon), str(direction), step or None, int(seed), given
    )
