"""What an attack on a forecast found: the changed past, both forecasts, chance, the maps."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from dlexplain.figures.series_attacks import plot_past_change, plot_series_attack
from dlexplain.figures.series_explanations import plot_series_attribution
from dlexplain.language import tr
from dlexplain.params import Value
from dlexplain.results import SeriesAttackResult, csv_of
from dlexplain.services.attack.series import attack_series
from dlexplain.services.attack.series_maps import USUAL, SeriesMapsOfAttack, series_maps_of
from dlexplain.services.forecast.explain import series_method_infos
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.forecast.sources import GivenSeries
from dlexplain.services.jobs import Progress
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.jobs import Asked, asked, result_of, show_live
from dlexplain.ui.live import drawn_before
from dlexplain.ui.markdown import literal

SLOT, MAPS, MAP = "attack-series", "attack-series-maps", "attack-series-map"


@dataclass(frozen=True)
class SeriesQuestion:
    """As `dlexplain.services.attack.series.attack_series` takes it."""

    method: str
    epsilon: float
    direction: str
    step: int | None
    seed: int
    params: tuple[tuple[str, Value], ...]


def show_series_attack(
    model: LoadedForecaster,
    given: GivenSeries,
    row: int,
    target: str,
    question: SeriesQuestion,
) -> None:
    """The answer, or the progress towards it."""
    origin = str(given.data.dates[row])

    def work(progress: Progress) -> SeriesAttackResult:
        params: dict[str, Any] = dict(question.params)
        return attack_series(
            model, given, question.method, question.epsilon, question.direction, target,
            question.step, origin, seed=question.seed, progress=progress, **params,
        )  # fmt: skip

    about = (model.prepared.fingerprint, given.digest, row, target, question)
    show_live(partial(_draw, model, given), asked(SLOT, about, "The attack", work))


def _draw(model: LoadedForecaster, given: GivenSeries, found: Asked[SeriesAttackResult]) -> None:
    result = result_of(found)
    if result is None:
        return
    st.warning(f"**{literal(tr(result.told))}**", icon=":material/warning:")
    st.caption(literal(tr(result.random_told)))
    chart(plot_series_attack(result), "attack-series-forecast")
    st.markdown(tr("**What was added to the past**, in standard deviations of each series"))
    chart(plot_past_change(result), "attack-series-past")
    st.caption(
        tr(
            "What is changed is what the model sees: each series after its transform, such as "
            "growth. "
            "The level at the origin stays, so that it is the levels before it that are revised. "
            f"{result.evaluations:,d} evaluations in {result.seconds:.1f} s."
        )
    )
    key = f"attack-series-{drawn_before()}"
    with st.container(horizontal=True):
        download("JSON", result.to_dict, "attack.json", f"{key}-json")
        download(
            "CSV", lambda: csv_of(result.rows()), "attack.csv", f"{key}-csv",
            "A row a series and period: before, after, and what was added.",
        )  # fmt: skip
    _maps(model, given, result)


def _maps(model: LoadedForecaster, given: GivenSeries, result: SeriesAttackResult) -> None:
    """Why the forecast, before and after, on one scale."""
    known = {info.name: info for info in series_method_infos()}
    st.subheader(tr("Does the explanation notice?"))
    name, kept = f"{MAP}-{drawn_before()}", st.session_state.get(MAP, USUAL)
    method = st.selectbox(
        tr("Method"),
        list(known),
        index=list(known).index(kept) if kept in known else 0,
        format_func=lambda one: tr(known[one].title),
        key=name,
        on_change=lambda: st.session_state.__setitem__(MAP, st.session_state[name]),
    )

    def work(progress: Progress) -> SeriesMapsOfAttack:
        return series_maps_of(model, given, result, method, progress)

    show_live(partial(_draw_maps, result), asked(MAPS, (id(result), method), "The maps", work))


def _draw_maps(result: SeriesAttackResult, found: Asked[SeriesMapsOfAttack]) -> None:
    maps = result_of(found)
    if maps is None:
        return
    both = ((maps.before, maps.after, "before"), (maps.after, maps.before, "after"))
    for one, other, when in both:
        st.markdown(tr(f"why the forecast, {result.horizon_told}, **{when}**"))
        chart(plot_series_attribution(one, other), f"attack-series-map-{when}")
    told = "Red raised the forecast, blue lowered it; both are on one scale. "
    if maps.correlation is None:
        st.caption(tr(told) + tr("One of the maps says nothing, so the two cannot be compared."))
        return
    alike = f"{maps.correlation:.2f}".replace("-", "−")
    count = maps.before.values.size
    st.caption(tr(f"{told}Rank correlation of {count:,d} values before and after: {alike}, n = 1."))
