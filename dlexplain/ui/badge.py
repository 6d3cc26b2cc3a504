"""Whether a map can be believed: three measured facts under it, and how they were measured."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import streamlit as st

from dlexplain.figures.quality import plot_quality
from dlexplain.language import shown_by, tr
from dlexplain.results import Badge, Quality
from dlexplain.results.quality import Fact
from dlexplain.results.quality_words import verdict_of
from dlexplain.results.words import evaluations_told
from dlexplain.services.jobs import Job, Progress
from dlexplain.ui.charts import chart
from dlexplain.ui.jobs import Asked, asked, asked_all, result_of
from dlexplain.ui.live import drawn_before, live
from dlexplain.ui.markdown import literal


@dataclass(frozen=True)
class Judge:
    """Measures explanations of one input.

    modality  of the input
    facts  of an explanation;  the last argument  whether it may take as long as it takes
    curve  the same by the metric of a name, which has a curve
    """

    modality: str
    facts: Callable[[Any, Progress, bool], Badge]
    curve: Callable[[Any, str, Progress], Quality]


Colour = Literal["green", "orange", "red", "gray"]
LOOKS: dict[str, tuple[str, Colour]] = {
    "yes": (":material/check:", "green"),
    "unclear": (":material/question_mark:", "orange"),
    "no": (":material/close:", "red"),
    "not measured": (":material/remove:", "gray"),
}
LIMITS = (
    "The model has not learnt from inputs with parts taken away, so its answer also tells of what "
    "stands in their place; the random maps' parts are replaced alike. Noise that the model itself "
    "minds moves a right map too. And a faithful map can show a shortcut that the model took."
)


def fact_told(fact: Fact) -> str:
    """ "Faithful 0.31" in the reader's language."""
    number, _, unit = fact.short.rpartition(" ")
    short = tr(f"{number} points") if unit == "points" else fact.short
    return f"{tr(verdict_of(fact))} {short}".strip()


def show_badge(found: Asked[Any], index: int, judge: Judge) -> None:
    """The facts of one method's answer, measured once all answers are there."""
    live(
        lambda: _measured(found, index, judge),
        version=lambda: found.active,
        active=lambda: found.active,
    )


def measured_of(found: Asked[Any], index: int) -> Badge | None:
    """Of one method's answer, where it is measured already."""
    asked: Asked[Badge] | None = st.session_state.get(f"badge-{found.slot}-{index}")
    known = asked is not None and asked.question[2] == id(found.jobs[index].result)
    return asked.job.result if asked is not None and known else None


def _measured(found: Asked[Any], index: int, judge: Judge) -> None:
    result = found.jobs[index].result
    if found.active or result is None:
        return
    key = f"badge-{found.slot}-{index}"
    unlimited = bool(st.session_state.get(f"{key}-all") == id(result))

    def make() -> Job[Badge]:
        return Job("The facts", lambda progress: judge.facts(result, progress, unlimited))

    asked = asked_all(key, (found.question, index, id(result), unlimited), [make])
    live(
        lambda: _draw(asked, key, result, judge),
        version=lambda: asked.active,
        active=lambda: asked.active,
    )


def _draw(asked: Asked[Badge], key: str, result: Any, judge: Judge) -> None:
    if asked.active:
        st.caption(tr("Measuring whether it can be believed…"))
        return
    found = result_of(asked, key=key)
    if found is None:
        return
    with st.container(horizontal=True, gap="small"):
        for fact in found.facts:
            icon, colour = LOOKS[fact.verdict]
            st.badge(fact_told(fact), icon=icon, color=colour)
    of = asked.question[:3]  # of this answer, measured whole or not
    opened = _curve_of(key, of) is not None
    with st.expander(tr("What was measured"), opened, icon=":material/fact_check:"):
        for fact in found.facts:
            st.markdown(f"**{tr(f'{fact.title}.')}** {literal(tr(fact.told))}")
        _show_removed(found)
        took = tr(f"{evaluations_told(found.evaluations)} in {found.seconds:.1f} s.")
        st.caption(f"{tr(LIMITS)} {took}")
        _show_curve(key, of, result, judge)
        if any(fact.verdict == "not measured" for fact in found.facts):
            st.button(
                tr("Measure all three"),
                key=f"{key}-button-{drawn_before()}",
                type="tertiary",
                icon=":material/timer:",
                on_click=partial(st.session_state.__setitem__, f"{key}-all", id(result)),
                help=tr(
                    "The method is asked again twice, which takes twice as long as the map took."
                ),
            )


def _show_curve(key: str, of: Any, result: Any, judge: Judge) -> None:
    """One that is chosen, measured then.  of  tells this answer from others"""
    from dlexplain.services.quality.curves import curves_for  # torch, which the answers have needed

    titles, name, state = curves_for(judge.modality), f"{key}-curve", st.session_state
    own = f"{name}-{drawn_before()}"

    def choose() -> None:
        # The control is first drawn after the page's script and so is another one to Streamlit
        # than that of the next run: what was chosen is remembered here.
        state[f"{name}-of"] = of, state[own]

    chosen = st.segmented_control(
        tr("Curve"),
        list(titles),
        default=_curve_of(key, of),
        format_func=shown_by(titles.__getitem__),
        key=own,
        on_change=choose,
        help=tr(
            "Measured when you choose it: some 300 evaluations, or, under random weights, as long "
            "as eight maps take."
        ),
    )
    if chosen is None:
        return

    def measure(progress: Progress) -> Quality:
        return judge.curve(result, chosen, progress)

    found = asked(f"{key}-measured", (of, chosen), titles[chosen], measure)
    live(
        lambda: _draw_curve(found, f"{key}-{chosen}"),
        version=lambda: found.active,
        active=lambda: found.active,
    )


def _curve_of(key: str, of: Any) -> str | None:
    """The one that was chosen for this answer."""
    answer, chosen = st.session_state.get(f"{key}-curve-of", (None, None))
    return chosen if answer == of else None


def _draw_curve(found: Asked[Quality], key: str) -> None:
    measured = result_of(found)
    if measured is None:
        return
    from dlexplain.services.quality.curves import told_of

    chart(plot_quality(measured), key, told=measured.told)
    st.markdown(f"**{literal(tr(measured.told))}** {literal(tr(measured.found.note))}".rstrip())
    st.caption(
        tr(
            f"{literal(tr(told_of(measured.metric)))}  \n"
            f"{evaluations_told(measured.evaluations)} in {measured.seconds:.1f} s."
        )
    )


def _show_removed(found: Badge) -> None:
    """What the model was asked, and what it said."""
    unit = "%" if found.unit == "probability" else ""

    def said(place: int) -> str:
        answer = float(found.answers[place])
        value = f"{100 * answer:.1f}" if unit else f"{answer:.3g}"
        return f"{found.shares[place]:.0%} removed: {value}{unit}".replace("-", "−")

    places = range(1, len(found.shares))
    if found.pictures is not None:
        columns = st.columns(len(places))
        for column, place in zip(columns, places, strict=True):
            told = said(place)
            alt = f"The picture with its most marked parts removed; {told}"
            column.image(found.pictures[place], caption=tr(told), width="stretch", alt=tr(alt))
    for place in places if found.texts else ():
        st.markdown(f":small[{literal(tr(said(place)))}]  \n{literal(found.texts[place])}")
    if found.pictures is None and not found.texts:
        st.caption(literal("; ".join(tr(said(place)) for place in places)))
