"""A learning rate found by a short search, and taken over into the form by a click."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dlexplain.language import tr
from dlexplain.results.rates import RateSearch
from dlexplain.services.jobs import Progress
from dlexplain.ui.charts import chart
from dlexplain.ui.jobs import Asked, asked, known, result_of, show_live
from dlexplain.ui.rights import gate

if TYPE_CHECKING:
    from dlexplain.services.training.catalogue import RunSpec

SLOT = "learning-rate"
ABOUT = (
    "The loss, a running average over the steps, while the rate is raised from step to step with "
    "fresh weights. The dot is where it falls most steeply: a rate to begin with, not the best."
)


def show_rate_search(spec: "RunSpec", field: str) -> None:
    """A button that searches, or what was found of exactly this spec but for its rate.

    field  key of the form's field that "Use it" sets
    """
    with st.expander(tr("Find a learning rate"), icon=":material/query_stats:", key="rates"):
        found = known(SLOT, _computed(spec))
        if found is not None:
            show_live(partial(_show, field=field), found)
            return
        st.markdown(
            tr(
                "Raises the learning rate over 100 steps of this training and looks where the loss "
                "falls fastest. Nothing is kept of it."
            )
        )
        may = gate("train")
        if st.button(tr("Search"), icon=":material/query_stats:", key="find-rate", **may):
            asked(SLOT, _computed(spec), "The search", partial(_work, spec), anew=True)
            st.rerun()


def _computed(spec: "RunSpec") -> dict[str, object]:
    """What the search depends on: not the rate, whose place it takes, nor the schedule."""
    told = {key: value for key, value in spec.to_dict().items() if key != "name"}
    free = ("learning_rate", "schedule", "epochs")
    training = {key: value for key, value in spec.training.items() if key not in free}
    return {**told, "training": training}


def _work(spec: "RunSpec", progress: Progress) -> RateSearch:
    from dlexplain.services.training.rate_finding import find_rate_apart

    return find_rate_apart(spec, progress)


def _show(found: Asked[RateSearch], field: str) -> None:
    result = result_of(found, starting="Raising the learning rate …")
    if result is None:
        return
    from dlexplain.figures.rates import plot_rates

    chart(plot_rates(result), "rates")
    st.caption(tr(ABOUT) + (tr(" The search ended where the loss broke away." * result.diverged)))
    if result.suggestion is None:
        st.info(tr("The loss broke away before there was enough to say a rate from."))
        return
    st.markdown(tr(f"Suggested: **{result.suggestion:.2g}**"))
    st.button(
        tr("Use it"),
        icon=":material/check:",
        key="use-rate",
        on_click=partial(_use, field, float(f"{result.suggestion:.2g}")),
    )


def _use(field: str, rate: float) -> None:
    st.session_state[field] = rate
