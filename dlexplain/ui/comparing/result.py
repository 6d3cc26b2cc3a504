"""How far two models' reasons drift apart, on a page: the answer, charts, maps side by side."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import streamlit as st

from dlexplain.figures.model_comparison import plot_class_drift, plot_model_comparison
from dlexplain.language import in_words, sentences, tr
from dlexplain.results import ModelComparison
from dlexplain.results.model_comparison import SHOWN, ComparedExample
from dlexplain.results.model_comparison_words import MEANS, number, verdict
from dlexplain.results.words import capital
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.comparing.examples import show_examples
from dlexplain.ui.glossary import glossary, show_explained
from dlexplain.ui.markdown import literal
from dlexplain.ui.reporting import offer_report

SECTION = "compare-models-section"
MOST, FLIPS = "Drift most", "Class flipped"
EXPLAINED = (
    "The **most marked tenth** are the places of the largest |value| in each map: how many of them "
    "are so in both; by chance a tenth. The **control** says how much of the drift is none of the "
    "second model's doing: the same training from another seed, another model, or the method's own "
    "random draws. What counts is the paired difference on the same examples. Means have bootstrap "
    "95% intervals over the examples, shares Wilson's. "
    "Alike maps may both be wrong, and two models may be right for different reasons: the drift "
    "says that reasons changed, not that they became worse. It is of this method, and of these "
    "examples. A map all of whose values are the same has no order and is left out."
)


def show_result(found: ModelComparison, key: str, whole: bool = True) -> None:
    """All of it. key  of its charts
    whole  with what may be drawn once in a run: downloads, choices"""
    _answer(found)
    drift, classes = st.columns([3, 2], gap="large")
    with drift:
        st.markdown(tr("**How far the reasons drift**"), help=glossary("drift of reasons"))
        chart(plot_model_comparison(found), f"{key}-drift", told=verdict(found))
        st.caption(
            tr(
                f"A dot is one of the {literal(found.noun)}; orange, the two say different "
                "classes. "
                "Diamond: the mean with its 95% interval."
            )
        )
    with classes:
        _numbers(found)
    if not whole:
        return
    _side_by_side(found, key)
    if len(found.classes) > 1:
        st.markdown(tr("**Classes that lost most**"))
        chart(plot_class_drift(found), f"{key}-classes")
        of = "Of the right class" if found.labelled else f"Of what {literal(found.model)} says"
        st.caption(tr(f"{of}; bars: a bootstrap 95% interval, of three and more."))
    with st.expander(tr("Each example")):
        st.dataframe(in_words(_rows(found)), hide_index=True)
    _facts(found)
    _downloads(found)
    with st.expander(tr("What these numbers say, and what they cannot")):
        show_explained(f"{tr(MEANS)} {tr(EXPLAINED)}")


def _answer(found: ModelComparison) -> None:
    if found.done < found.found:
        st.info(
            tr(f"Of {found.found:,d} {literal(found.noun)} so far {found.done:,d} are compared."),
            icon=":material/hourglass_top:",
        )
    st.info(f"**{literal(tr(verdict(found)))}**", icon=":material/balance:")
    if found.notes:
        st.caption(tr("  \n".join(map(literal, found.notes))))


def _numbers(found: ModelComparison) -> None:
    """Tables whose cells break their lines, so that a phone shows all columns."""
    if found.changes:
        st.markdown(tr("**What became of the classes**"))
        st.table(
            in_words([
                {"": tr(one.title), "n": str(one.count), "Share, 95% interval": str(one.share)}
                for one in found.changes
            ]),
            border="horizontal", hide_index=True,
        )  # fmt: skip
    st.markdown(tr("**In numbers**"))
    st.table(
        in_words(
            [
                {"": capital(tr(name)), "Mean, 95% interval": number(value)}
                for name, value in found.means()
            ]
        ),
        border="horizontal", hide_index=True,
    )  # fmt: skip


def _side_by_side(found: ModelComparison, key: str) -> None:
    known = {one.place for one in found.shown}
    lists: dict[str, Sequence[ComparedExample]] = {
        MOST: [one for one in found.lost_most[:SHOWN] if one.place in known],
        FLIPS: [one for one in found.flipped[:SHOWN] if one.place in known],
    }
    offered = [name for name, examples in lists.items() if examples]
    if not offered:
        return
    st.markdown(tr("**Side by side**"))
    chosen = offered[0]
    if len(offered) > 1:
        chosen = str(
            st.segmented_control(
                tr("Which examples"), offered, key=SECTION, format_func=tr, default=offered[0],
                required=True, label_visibility="collapsed",
            )
        )  # fmt: skip
    show_examples(found, lists[chosen], f"{key}-{offered.index(chosen)}")


def _rows(found: ModelComparison) -> list[dict[str, Any]]:
    """A row an example, the largest drift first."""
    rows = []
    for one in sorted(found.examples, key=lambda each: -(each.drift or -1.0)):
        row: dict[str, Any] = {"Example": one.name, "Explained": one.target}
        names = (found.model, found.other, found.control or "the control")
        row |= {f"{name} says": said for name, said in zip(names, one.said, strict=False)}
        row |= {"Drift": _rounded(one.drift), "Marked tenth in common": _rounded(one.top)}
        if found.control_kind != "none":
            row["Control's drift"] = _rounded(one.control_drift)
        rows.append(row)
    return rows


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _facts(found: ModelComparison) -> None:
    what = f"{found.done:,d} {literal(found.noun)}: {literal(found.data)}."
    machine = f"{literal(found.date[:10])}, {literal(found.machine)}"
    told = sentences((what, f"{literal(found.title)}.", machine))
    st.caption(f"{told}: `{found.command.replace('`', '')}`")


def _downloads(found: ModelComparison) -> None:
    names = f"{found.model}-{found.other}"
    stem = f"comparison-{''.join(c if c.isalnum() or c in '-.' else '-' for c in names)}"
    with st.container(horizontal=True):
        download("CSV", found.to_csv, f"{stem}.csv", "comparison-csv", "A row an example.")
        download("JSON", partial(ModelComparison.to_dict, found), f"{stem}.json", "comparison-json")
        offer_report(lambda: [found], "comparison")
