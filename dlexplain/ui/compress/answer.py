"""What compressed versions of a model cost and how good they are: table, front, facts."""

import streamlit as st

from dlexplain.figures.compression import plot_front
from dlexplain.language import in_words, shown_by, tr
from dlexplain.results.compression import COSTS, Compression
from dlexplain.results.words import sentence
from dlexplain.trained.catalogue import entries
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.glossary import show_explained
from dlexplain.ui.live import drawn_before
from dlexplain.ui.markdown import literal

BY, LOOK = "compress-by", "compress-look"
EXPLAINED = (
    "**Times** are of this machine's processor. In each turn every model computes, one after the "
    "other and in alternating order, so that what disturbs the machine disturbs all; the median "
    "over turns stands there with its 95% interval. **Times as fast** is the original's time over "
    "the model's in the same turn. The **best batch** is that of most examples a second. **Size** "
    "is what a run writes: each number in the type that the network computes with; **zipped** "
    "shows what zeros save. Zeros alone make no network faster: it multiplies by them. **Memory** "
    "is what a process grows by that loads the model and lets it compute. **Processor seconds** a "
    "thousand examples are a proxy of energy: no electricity was measured.\n\n"
    "The **front** joins the models that no other dominates: none is as cheap and better. Its "
    "**knee** is the point farthest above the line between its ends, both axes scaled to 0 to 1 "
    "([Satopaa et al. 2011](https://doi.org/10.1109/ICDCSW.2011.20)): left of it the score falls "
    "fast. Where intervals overlap, neither is shown to be better."
)


def show_result(found: Compression, key: str, whole: bool = True) -> None:
    """All of it. key  of its charts;  whole  with what may be drawn once in a run: choices,
    downloads"""
    if found.done < found.found:
        st.info(
            tr(f"{found.done:,d} of {found.found:,d} turns are measured so far."),
            icon=":material/hourglass_top:",
        )
    st.info(f"**{literal(tr(found.told))}**", icon=":material/compress:")
    by = _by() if whole else "latency"
    chart(plot_front(found, by), f"{key}-front-{by}", told=found.told)
    labels = {m.name: m.label for m in found.models}
    knee = found.knee(by)
    if knee is not None:
        st.caption(tr(f"The knee by {literal(COSTS[by])}: {literal(labels[knee])}."))
    st.dataframe(
        in_words(found.rows()),
        hide_index=True,
        height="content",
        column_config=in_words({"Model": st.column_config.TextColumn(width="medium", pinned=True)}),
    )
    for note in found.notes:
        st.caption(literal(tr(sentence(note))))
    st.caption(
        tr(
            f"An example is {literal(found.inputs)}; {found.done:,d} turns on "
            f"{literal(found.machine.told)}; {literal(found.date[:16].replace('T', ' '))} UTC."
        )
    )
    if whole:
        _downloads(found)
        _look(found)
        with st.expander(tr("What these numbers say, and what they cannot")):
            show_explained(EXPLAINED)


def _by() -> str:
    chosen = st.segmented_control(
        tr("Cost"), list(COSTS), default="latency", key=BY, required=True,
        format_func=shown_by({"latency": "Time", "best batch": "Time in batches", "size": "Size",
                     "zipped": "Size, zipped"}.__getitem__),
        label_visibility="collapsed",
    )  # fmt: skip
    return str(chosen)


def _downloads(found: Compression) -> None:
    name = found.model.replace("/", "-")[-40:]
    with st.container(horizontal=True):
        download("CSV", found.to_csv, f"compression-{name}.csv", f"csv-{drawn_before()}")
        download("JSON", found.to_dict, f"compression-{name}.json", f"json-{drawn_before()}")
        download(
            "Front",
            lambda: plot_front(found).to_html(),
            f"front-{name}.html",
            f"front-{drawn_before()}",
        )


def _look(found: Compression) -> None:
    """From a row to the run, and to how its reasons changed, where the run is here."""
    here = {entry.name for entry in entries(found.task)}
    others = {m.name: m for m in found.models[1:] if m.name in here}
    if not others:
        if len(found.models) > 1:
            st.caption(
                tr(
                    "The runs of these versions are not on this machine; make versions of your own "
                    "below to open them and to compare their reasons."
                )
            )
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            tr("Look closer at"), list(others), key=LOOK, persist_state="session", width=320,
            format_func=lambda one: tr(others[one].label),
        )  # fmt: skip
        st.page_link(
            "pages/train/2_runs.py", label=tr("Its run"), icon=":material/monitoring:",
            query_params={"run": name},
        )  # fmt: skip
        st.page_link(
            "pages/explain/11_compare_models.py", label=tr("Which reasons survived"),
            icon=":material/difference:", query_params={"a": found.model, "b": name},
        )  # fmt: skip
