"""How robust a model is, on a page: the answer, curves, tables, downloads."""

from functools import partial
from typing import Any

import streamlit as st

from dlexplain.figures.robustness import MEASURES, plot_corruptions, plot_robustness
from dlexplain.language import in_words, sentences, tr
from dlexplain.results import Robustness
from dlexplain.results.attacks import budget_told
from dlexplain.results.robustness import ClassRobustness, Estimate
from dlexplain.results.robustness_words import MEANS, verdict
from dlexplain.results.words import capital
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.glossary import glossary, show_explained
from dlexplain.ui.markdown import literal

MEASURE = "robustness-measure"
MOST_CLASSES = 50
BY_ANY = (
    " Wide and grey, all of them: what is still right whichever attack is made, each on its own."
)
EXPLAINED = (
    "An attack that fails is no proof: a stronger one may not. All numbers are of these attacks, "
    "budgets and pictures, and what is measured in L∞ says nothing of other changes, such as "
    "turning or moving. Corruptions were not chosen against this model; they are drawn anew, so "
    "means over many pictures can be compared with published ones, frost not at all. "
    "Calibration error of few pictures is above 0 also where a model is calibrated. The **rank "
    "correlation of the maps** is that of the map of the right class on the corrupted picture with "
    "that on the picture as it was: 1 is the same order of places, 0 none. A model may keep its "
    "class while its map moves."
)


def show_result(
    found: Robustness, key: str, second: Robustness | None = None, whole: bool = True
) -> None:
    """All of it. key  of its charts;  second  of another model, beside it
    whole  with what may be drawn once in a run: downloads, choices"""
    _answer(found, second)
    attacked, corrupted = st.columns(2, gap="large")
    with attacked:
        st.markdown(tr("**Under attack**"), help=glossary("attack", "epsilon-ball", "PGD"))
        if found.attacks:
            chart(plot_robustness(found, second), f"{key}-attacks", told=verdict(found))
            st.caption(
                tr("Bars: Wilson's 95% interval.") + (tr(BY_ANY) if len(found.attacks) > 1 else "")
            )
        else:
            st.caption(tr("No attack was measured."))
    with corrupted:
        st.markdown(tr("**Corrupted**"), help=glossary("corruption", "calibration error"))
        if found.corruptions:
            measure = _measure(found) if whole else "accuracy"
            told = f"{capital(MEASURES[measure])} of corrupted inputs."
            chart(plot_corruptions(found, measure, second), f"{key}-corruptions", told=told)
            st.caption(
                tr(
                    "Each line is one corruption; bars of the mean: a bootstrap 95% interval "
                    "over the "
                    "pictures."
                )
            )
        else:
            st.caption(tr("No corruption was measured."))
    if found.attacks:
        st.dataframe(in_words(_attack_rows(found, second)), hide_index=True, height="content")
    if whole:
        _tables(found)
        _facts(found)
        _downloads(found)
        with st.expander(tr("What these numbers say, and what they cannot")):
            show_explained(f"{tr(MEANS)} {tr(EXPLAINED)}")


def _answer(found: Robustness, second: Robustness | None) -> None:
    if found.done < found.found:
        st.info(
            tr(f"Of {found.found:,d} {literal(found.noun)} so far {found.done:,d} are measured."),
            icon=":material/hourglass_top:",
        )
    told = f"**{literal(tr(verdict(found)))}**"
    beside = f"  \n{literal(tr(verdict(second)))}" if second is not None else ""
    st.info(tr(told) + tr(beside), icon=":material/shield:")
    for each in (found, second):
        for flag in each.flags if each is not None else ():
            whose = f"{each.model}: " if each is not None and second is not None else ""
            st.warning(literal(tr(whose + flag.told)), icon=":material/warning:")
    if found.notes:
        st.caption(tr("  \n".join(map(literal, found.notes))))


def _measure(found: Robustness) -> str:
    known = [m for m in MEASURES if m != "map_correlation" or found.map_method]
    return str(
        st.segmented_control(
            tr("What is "
                "drawn"), known, format_func=lambda name: tr(capital(MEASURES[name])), key=MEASURE,
            default="accuracy", required=True, label_visibility="collapsed",
        )
    )  # fmt: skip


def _attack_rows(found: Robustness, second: Robustness | None) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for each in (found, second):
        for curve in each.attacks if each is not None else ():
            assert each is not None
            row: dict[str, Any] = {"Model": each.model} if second is not None else {}
            row |= {"Attack": tr(curve.title), "As they are": str(each.clean)}
            for budget, accuracy in zip(each.budgets, curve.accuracy, strict=True):
                row[budget_told(each.norm, budget)] = str(accuracy)
            rows.append(row | {"Any change": "" if curve.unbounded is None
                               else str(curve.unbounded)})  # fmt: skip
    return rows


def _tables(found: Robustness) -> None:
    if found.corruptions:
        with st.expander(tr("Each corruption")):
            st.dataframe(in_words(_corruption_rows(found)), hide_index=True, height="content")
    if len(found.classes) <= MOST_CLASSES:
        with st.expander(tr("Each class")):
            st.dataframe(
                in_words([_class_row(found, one) for one in found.classes]),
                hide_index=True, height="content",
            )  # fmt: skip
            st.caption(tr("Under attack: right whichever is made. Corrupted: the mean over all."))


def _corruption_rows(found: Robustness) -> list[dict[str, Any]]:
    return [
        {
            "Corruption": tr(one.title),
            "Family": tr(one.family),
            "Severity": one.severity,
            "Accuracy": str(one.accuracy),
            "Calibration error": None if one.ece is None else round(one.ece, 3),
            "Maps alike": _plain(one.map_correlation),
        }
        for one in found.corruptions
    ]


def _class_row(found: Robustness, one: ClassRobustness) -> dict[str, Any]:
    row: dict[str, Any] = {
        "Class": one.label, "n": one.clean.n, "As they are": str(one.clean)
    }  # fmt: skip
    for budget, attacked in zip(found.budgets, one.attacked, strict=False):
        row[budget_told(found.norm, budget)] = str(attacked)
    return row | ({"Corrupted": str(one.corrupted)} if found.corruptions else {})


def _plain(found: Estimate) -> str:
    if found.value is None:
        return "–"
    if found.low is None or found.high is None:
        return f"{found.value:.2f}"
    return f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}]".replace("-", "−")


def _facts(found: Robustness) -> None:
    maps = f"Maps by {literal(found.map_method)}." if found.map_method else ""
    what = f"{found.done:,d} {literal(found.noun)}: {literal(found.data)}."
    told = sentences((what, maps, f"{literal(found.date[:10])}, {literal(found.machine)}"))
    st.caption(f"{told}: `{found.command.replace('`', '')}`")


def _downloads(found: Robustness) -> None:
    stem = f"robustness-{''.join(c if c.isalnum() or c in '-.' else '-' for c in found.model)}"
    with st.container(horizontal=True):
        download("CSV", found.to_csv, f"{stem}.csv", "robustness-csv", "A row a number.")
        download("JSON", partial(Robustness.to_dict, found), f"{stem}.json", "robustness-json")
