"""The lab's answer: what the model says with and without the mark, which methods point at it."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dlexplain.figures.coloured_text import coloured_text
from dlexplain.figures.overlay import page_image
from dlexplain.figures.shortcuts import plot_marked_series, plot_masses
from dlexplain.language import tr
from dlexplain.results import Attribution, SeriesAttribution, TextAttribution
from dlexplain.results.shortcuts import SHARE, MarkedExample, ShortcutTest
from dlexplain.results.words import capital, csv_of
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.jobs import Asked, result_of
from dlexplain.ui.markdown import literal

WIDTHS = {"picture": 165, "text": 360, "series": 360}
"""Of a map on the page, in pixels: two pictures beside each other on a phone."""
EXAMPLE = "lab-example"


def show_answer(kind: str, found: Asked[ShortcutTest]) -> None:
    """Live; kind  picture, text or series"""
    tested = result_of(found, "steps", starting="Asking the model with and without the mark …")
    if tested is None:
        return
    show_tested(kind, tested)


def show_tested(kind: str, tested: ShortcutTest) -> None:
    """The sentence, what the model says, what methods mark; one that came along has no maps."""
    if tested.told:
        st.markdown(f"**{literal(tr(tested.told))}**")
    show_scores(tested)
    if tested.methods:
        show_masses(tested)
    if tested.examples:
        show_examples(kind, tested)
    for note in tested.notes:
        st.info(literal(tr(note)))
    _downloads(tested)


def show_scores(tested: ShortcutTest) -> None:
    """What the model says, in cards."""
    st.markdown(tr(f"Planted: {literal(tested.planted)}."))
    with st.container(horizontal=True, gap="small"):
        for score in tested.scores:
            with st.container(border=True, width=240):
                value = f"{score.value:.1%}" if score.unit == SHARE else f"{score.value:.3f}"
                st.markdown(f":small[{literal(tr(score.title))}]")  # a metric's label is cut
                st.metric(literal(tr(score.title)), value, label_visibility="collapsed")
                within = score.told.partition(" ")[2]
                unit = "" if score.unit == SHARE else f", {score.unit}"
                st.caption(literal(f"{within}{unit}"))


def show_masses(tested: ShortcutTest) -> None:
    """The bars of every method."""
    count = len(tested.names)
    st.subheader(tr("Which methods point at the mark"))
    chart(plot_masses(tested), "lab-masses")
    st.caption(
        tr(
            f"The share of what speaks for the answer that lies in the mark: mean of {count} test "
            f"examples with 95% intervals by the bootstrap. Of {tested.against:,} examples with "
            "the "
            f"mark where it is wrong, it turned the answer of {tested.turned:,}; those explained "
            "are "
            "drawn from these, so that the mark has surely decided. Grey is no better than chance. "
            "Other evidence may speak for the answer besides, so 100% is not what every map must "
            "reach: compare the methods."
        )
    )
    if tested.refused:
        with st.expander(tr(f"{len(tested.refused)} not asked"), icon=":material/block:"):
            for why in tested.refused:
                st.markdown(literal(tr(why)))


def show_examples(kind: str, tested: ShortcutTest) -> None:
    """Some examples with the maps of all methods over them, the best first."""
    st.subheader(tr("Where they look"))
    st.caption(tr("With each map the share of it that lies in the mark."))
    names = [example.name for example in tested.examples]
    chosen = st.selectbox(
        tr("Example"),
        range(len(names)),
        format_func=lambda place: tr(_told(tested.examples[place])),
        key=EXAMPLE,
    )
    example = tested.examples[chosen or 0]
    mass = {one.method: one.values[chosen or 0] for one in tested.methods}
    rows = [one for one in tested.methods if one.method in example.maps]
    with st.container(horizontal=True, gap="medium"):
        for one in rows:
            with st.container(width=WIDTHS[kind]):
                st.markdown(f"**{literal(tr(one.title))}** {mass[one.method]:.0%}")
                _draw(example.maps[one.method], example.mask, f"lab-map-{one.method}")


def _told(example: MarkedExample) -> str:
    return f"{capital(example.name)}: {example.before}, with the mark {example.after}"


def _draw(found: object, mask: NDArray[np.bool_], key: str) -> None:
    if isinstance(found, Attribution):
        image, _ = page_image(found.picture, found.heatmap, found.signed, mask=mask)
        st.image(image, width="stretch", alt=tr(f"{found.title}, the planted mark outlined"))
    elif isinstance(found, TextAttribution):
        st.html(coloured_text(found))
    elif isinstance(found, SeriesAttribution):
        chart(plot_marked_series(found, mask), key)


def _downloads(tested: ShortcutTest) -> None:
    stem = f"shortcut-{tested.model.rpartition('/')[2]}"
    with st.container(horizontal=True):
        download(
            "CSV",
            lambda: csv_of(tested.rows()),
            f"{stem}.csv",
            "lab-csv",
            "A row a method and example: its relevance mass.",
        )
        download("JSON", tested.to_dict, f"{stem}.json", "lab-json")
