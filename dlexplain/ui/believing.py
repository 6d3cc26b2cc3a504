"""Which of the shown maps to believe: their facts in a table, and the model as the judge of two."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st

from dlexplain.errors import BadInput
from dlexplain.language import in_words, tr
from dlexplain.results import Arbitration, Badge, MapAgreement
from dlexplain.results.trust_words import verdict
from dlexplain.services.jobs import Job, Progress
from dlexplain.services.quality.believing import RULE, advice, agree, fact_of, least_alike, order_of
from dlexplain.services.quality.shipped import largest
from dlexplain.ui.badge import fact_told
from dlexplain.ui.jobs import Asked, asked_all, result_of
from dlexplain.ui.live import drawn_before, live
from dlexplain.ui.markdown import literal
from dlexplain.ui.methods import add_method

Settle = Callable[[Any, Any, Progress], Arbitration]
"""Which of two explanations is right where they differ most."""
Show = Callable[[Any, Any, Arbitration], None]
"""Draws the places that were covered."""
FACTS = {"faithful": "Faithful", "stable": "Stable", "depends": "Depends on the model"}
LEAST = 2


def show_believing(
    found: Asked[Any],
    settle: Settle,
    show: Show,
    consensus: Callable[[MapAgreement], None],
    methods: str,
) -> None:
    """Below the answers of several methods, once all are judged.

    consensus  draws what the maps say together;  methods  the key of the methods' picker
    """
    if len(found.jobs) < LEAST:
        return

    def judged() -> tuple[bool, ...]:
        return tuple(_badge(found, index) is not None for index in range(len(found.jobs)))

    live(
        lambda: _draw(found, settle, show, consensus, methods),
        version=lambda: (found.active, judged()),
        active=lambda: found.active or _judging(found),
    )


def _asked(found: Asked[Any], index: int) -> Asked[Badge] | None:
    asked: Asked[Badge] | None = st.session_state.get(f"badge-{found.slot}-{index}")
    same = asked is not None and asked.question[2] == id(found.jobs[index].result)
    return asked if same else None


def _badge(found: Asked[Any], index: int) -> Badge | None:
    asked = _asked(found, index)
    return asked.job.result if asked is not None else None


def _judging(found: Asked[Any]) -> bool:
    every = (_asked(found, index) for index in range(len(found.jobs)))
    return any(asked is not None and asked.active for asked in every)


def _draw(
    found: Asked[Any],
    settle: Settle,
    show: Show,
    consensus: Callable[[MapAgreement], None],
    methods: str,
) -> None:
    pairs = [(job.result, _badge(found, index)) for index, job in enumerate(found.jobs)]
    judged = [(result, badge) for result, badge in pairs if badge is not None]
    if found.active or _judging(found) or len(judged) < LEAST:
        return
    results, badges = zip(*judged, strict=True)
    titles = [result.title for result in results]
    st.subheader(tr("Which should I believe?"))
    st.markdown(f"**{literal(tr(advice(titles, badges)))}**")
    rows = [
        {"Method": titles[place]}
        | {title: fact_told(fact_of(badges[place], name)) for name, title in FACTS.items()}
        for place in order_of(badges)
    ]
    st.table(in_words(rows), border="horizontal")
    st.caption(tr(RULE))
    _over_many(results, methods)
    try:
        together = agree(results)
    except BadInput as error:
        st.caption(literal(tr(str(error))))
        return
    first, second = least_alike(together)
    alike = f"{together.correlations[first, second]:.2f}".replace("-", "−")
    consensus(together)
    st.markdown(
        tr(
            f"**{literal(titles[first])}** and **{literal(titles[second])}** are the least alike "
            f"(rank correlation {alike}, {together.overlaps[first, second]:.0%} of the most marked "
            "tenth in common)."
        )
    )
    _settle(found, (results[first], results[second]), settle, show)


def _over_many(results: Sequence[Any], methods: str) -> None:
    """What is known of the methods over many inputs: one may well say otherwise. The recommended
    one is a press away."""
    table = largest(results[0].model)
    if table is None:
        return
    told = tr("One input may say otherwise than many.")
    st.caption(f"{told} {literal(tr(verdict(table)))}")
    best = next((one for one in table.methods if one.name == table.recommended), None)
    if best is not None and best.name not in [result.method for result in results]:
        st.button(
            tr(f"Explain by {best.title} too"),
            key=f"recommended-{methods}-{drawn_before()}",
            icon=":material/add:",
            on_click=partial(add_method, methods, best.name),
        )


def _settle(found: Asked[Any], two: tuple[Any, Any], settle: Settle, show: Show) -> None:
    key, wanted = f"settle-{found.slot}", (found.question, id(two[0]), id(two[1]))
    if st.session_state.get(f"{key}-asked") != wanted:
        st.button(
            tr("Let the model decide where they differ most"),
            key=f"{key}-button-{drawn_before()}",
            icon=":material/gavel:",
            on_click=partial(st.session_state.__setitem__, f"{key}-asked", wanted),
            help=tr(
                "The smallest part that one ranks most above the other is covered, and the other "
                "way round: the larger loss shows which is right there."
            ),
        )
        return

    def make() -> Job[Arbitration]:
        return Job("The model's answer", lambda progress: settle(*two, progress))

    asked = asked_all(key, wanted, [make])
    live(
        lambda: _settled(asked, two, show),
        version=lambda: asked.active,
        active=lambda: asked.active,
    )


def _settled(asked: Asked[Arbitration], two: tuple[Any, Any], show: Show) -> None:
    found = result_of(asked)
    if found is None:
        return
    st.markdown(literal(tr(told(found, two[0].title, two[1].title))))
    if found.size:
        show(two[0], two[1], found)


def told(found: Arbitration, first: str, second: str) -> str:
    """What came of it, in words."""
    if not found.size:
        return "The two maps rank all parts alike."
    losses = (found.first_loss, found.second_loss)
    a, b = (f"{loss:.3f}".replace("-", "−") for loss in losses)
    low, high = (f"{end:.3f}".replace("-", "−") for end in found.random)
    said = (
        f"Covering what {first} ranks most above {second} costs the answer {a}, the other way "
        f"round {b}; covers at random places of that size {low} to {high} (n = {found.n})."
    )
    if not found.winner:
        return f"{said} The two are not told apart, up to the largest cover that was tried."
    return f"{said} There, {first if found.winner == 'first' else second} is right."
