"""The models that come trained: a table of them, and one from close by."""

import json

import streamlit as st

from dlexplain.language import in_words, tr
from dlexplain.results import ZooCard
from dlexplain.results.robustness import card_figures
from dlexplain.results.words import (
    capital,
    certainty,
    examples_of,
    metric,
    metric_name,
    sentence,
    size,
)
from dlexplain.services.attack.robustness_shipped import shipped
from dlexplain.trained.zoo_cards import trained_in, zoo_cards
from dlexplain.ui.markdown import literal
from dlexplain.ui.notices import explain_link, train_on_link
from dlexplain.ui.words import count

ADDRESS = "zoo"
"""The page's address names the model under this key."""


def show_zoo() -> None:
    """A table; the box at the left of a row opens the model."""
    cards = zoo_cards()
    if not cards:
        return
    st.subheader(tr("The zoo"))
    st.caption(tr("Models that come trained. The box at the left of a row opens its card."))
    rows = [
        {
            "Name": card.name,
            "Test": tr(card.headline_words),
            "Model": card.model,
            "Data": card.data,
            "Task": card.task,
            "Parameters": tr(count(card.parameters)),
            "On disk": size(card.bytes),
            "Trained in": tr(trained_in(card)),
        }
        for card in cards
    ]
    picked = st.dataframe(
        in_words(rows),
        key="zoo-table",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        height="content",
        column_config=in_words(
            {
                "Name": st.column_config.TextColumn(width="medium", pinned=True),
                "Model": st.column_config.TextColumn(width=175),
                "Data": st.column_config.TextColumn(width=105),
            }
        ),
    )
    chosen = picked["selection"]["rows"]
    if chosen and chosen[0] < len(cards):
        st.query_params[ADDRESS] = cards[chosen[0]].name
        st.rerun()


def leave_zoo() -> None:
    """Back to the list."""
    st.query_params.pop(ADDRESS, None)
    st.session_state.pop("zoo-table", None)


def show_zoo_card(card: ZooCard) -> None:
    """Everything that its card says, and what can be done with it."""
    st.title(literal(card.name))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(tr("zoo"), icon=":material/inventory_2:", color="blue")
        parameters = f"{count(card.parameters)} parameters"
        st.caption(literal(tr(f"{card.model} on {card.data}, task {card.task}, {parameters}")))
    for note in card.notes:
        st.info(literal(tr(note)))
    cells = [
        (metric_name(key), metric(key, card.metrics[key]), sure(card, key)) for key in _first(card)
    ]
    cells += [
        ("on disk", size(card.bytes), ""),
        ("trained in", trained_in(card), ""),
    ]
    with st.container(horizontal=True, gap="small"):
        for name, value, within in cells:
            with st.container(border=True, width="content"):
                st.metric(tr(name), value, width="content")
                if within:
                    st.caption(tr(within))
    _seeds(card)
    with st.container(horizontal=True):
        explain_link(card.task, card.name, "zoo-explain")
        if st.button(tr("Train it again"), icon=":material/play_arrow:", key="zoo-train"):
            st.switch_page("pages/train/1_launch.py", query_params={"preset": card.name})
        train_on_link(card.task, card.name, "zoo-train-on")
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(tr("Metrics"))
        rows = [_row(card, key) for key in sorted(card.metrics)]
        st.dataframe(in_words(rows), hide_index=True, height="content" if len(rows) < 14 else 520)
        st.caption(
            tr(f"Of the weights as they are stored here, in few bits. {literal(card.machine)}.")
        )
        _robustness(card)
        st.code(
            f"{card.command}\npython -m dlexplain zoo verify {card.name}",
            language="bash",
            wrap_lines=True,
        )
    with right:
        st.subheader(tr("Spec"))
        values = [{"Parameter": key, "Value": str(value)} for key, value in card.flat.items()]
        st.dataframe(in_words(values), hide_index=True, height=420)
        st.download_button(
            tr("Spec as JSON"),
            json.dumps(dict(card.spec), indent=1),
            f"{card.name}.json",
            "application/json",
            icon=":material/download:",
            on_click="ignore",
        )


def _seeds(card: ZooCard) -> None:
    """How its training does with other seeds, where that was tried."""
    if card.seeds_problem:
        st.warning(literal(tr(sentence(card.seeds_problem))))
    key = card.headline[0]
    if not (told := card.over_seeds(key)):
        return
    assert card.seeds is not None
    st.markdown(f"{capital(metric_name(key))}: {literal(tr(told))}.")
    seeds, again = card.seeds, metric(key, card.seeds.again(key))
    anew = f", where its run scored {again}" if again != metric(key, card.metrics[key]) else ""
    st.caption(
        tr(
            f"The same training with seeds {', '.join(map(str, seeds.seeds))}; here is that of "
            "seed "
            f"{seeds.shipped}, which was trained again among them{anew}. After ± stands the "
            "standard "
            "deviation of the runs; the interval is that of their mean (Student's t). Their "
            "weights "
            "are as they were trained, those here are stored in few bits."
        )
    )


def _row(card: ZooCard, key: str) -> dict[str, str]:
    told = {
        "Metric": metric_name(key),
        "Value": metric(key, card.metrics[key]),
        "95% interval, n": sure(card, key),
    }
    if card.seeds:
        told[f"Over {card.seeds.n} seeds"] = card.seeds.short(key)
    return told


def _robustness(card: ZooCard) -> None:
    """How it does under attack and corruption, where that was measured."""
    found = shipped(card.name)
    if found is None:
        return
    st.subheader(tr("Robustness"))
    rows = [
        {"Pictures": name, "Accuracy, 95% interval": str(figure), "n": figure.n}
        for name, figure in card_figures(found)
    ]
    st.dataframe(in_words(rows), hide_index=True, height="content")
    for flag in found.flags:
        st.caption(literal(tr(flag.told)))
    if st.button(tr("How robust is it?"), icon=":material/shield:", key="zoo-robustness"):
        st.switch_page("pages/secure/2_robustness.py", query_params={"model": card.name})


def sure(card: ZooCard, key: str) -> str:
    """How sure a metric of the card is."""
    return certainty(key, card.metrics[key], examples_of(key, card.sizes))


def _first(card: ZooCard) -> list[str]:
    """The headline and the same of the validation."""
    key = card.headline[0]
    validation = f"validation/{key.partition('/')[2]}"
    return [key] + [k for k in card.metrics if k == validation]
