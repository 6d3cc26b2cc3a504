"""What an attack on a text found: both versions, the classes, the words, the maps."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from dlexplain.figures.coloured_text import coloured_text, strongest
from dlexplain.figures.text_attacks import marked_after, marked_before
from dlexplain.language import in_words, tr
from dlexplain.params import Value
from dlexplain.results import ClassScore, TextAttackResult, csv_of
from dlexplain.services.attack.text_maps import USUAL, TextMapsOfAttack, text_maps_of
from dlexplain.services.attack.texts import attack_text
from dlexplain.services.jobs import Progress
from dlexplain.services.texts.models import TextModel
from dlexplain.ui.cards import download
from dlexplain.ui.jobs import Asked, asked, result_of, show_live
from dlexplain.ui.live import drawn_before
from dlexplain.ui.markdown import literal
from dlexplain.ui.texts import cache

SLOT, MAPS, MAP = "attack-text", "attack-text-maps", "attack-text-map"
SHOWN = 3
"""Classes that are named."""


@dataclass(frozen=True)
class TextQuestion:
    """As `dlexplain.services.attack.texts.attack_text` takes it."""

    method: str
    queries: int
    label: int | None
    target: int | None
    seed: int
    params: tuple[tuple[str, Value], ...]


def show_text_attack(model: TextModel, text: str, question: TextQuestion) -> None:
    """The answer, or the progress towards it."""

    def work(progress: Progress) -> TextAttackResult:
        params: dict[str, Any] = dict(question.params)
        return attack_text(
            model, text, question.method, question.queries, question.label, question.target,
            question.seed, progress, **params,
        )  # fmt: skip

    about = (model.prepared.fingerprint, cache.digest(text), question)
    show_live(partial(_draw, model), asked(SLOT, about, "The attack", work))


def _draw(model: TextModel, found: Asked[TextAttackResult]) -> None:
    result = result_of(found, "queries at most")
    if result is None:
        return
    told = literal(result.told)
    if result.success:
        st.warning(f"**{tr(told)}**", icon=":material/warning:")
    else:
        st.info(f"**{tr(told)}**", icon=":material/shield:")
    if result.already:
        return
    shown = (
        ("What the model read", marked_before(result), result.before),
        ("What it was shown", marked_after(result), result.after),
    )
    for column, (title, html, scores) in zip(st.columns(2, gap="large"), shown, strict=True):
        with column:
            st.markdown(f"**{tr(title)}**")
            st.html(html)
            st.markdown(tr(_classes(scores)))
    _facts(result)
    if result.changes:
        _maps(model, result)


def _classes(scores: tuple[ClassScore, ...]) -> str:
    return "  \n".join(f"{literal(s.name.label)} {literal(s.text)}" for s in scores[:SHOWN])


def _facts(result: TextAttackResult) -> None:
    st.caption(
        tr(
            f"{len(result.changes)} of {result.words:,d} words changed; {result.queries:,d} of "
            f"{result.budget:,d} queries in {result.seconds:.1f} s. Read both: whether a person "
            "would "
            "say the same of them is not measured."
        )
    )
    key = f"attack-text-{drawn_before()}"
    if result.changes:
        with st.expander(tr("Word by word"), icon=":material/table:"):
            st.dataframe(in_words(_table(result)), hide_index=True, key=f"{key}-table")
    with st.container(horizontal=True):
        download("JSON", result.to_dict, "attack.json", f"{key}-json")
        download(
            "CSV", lambda: csv_of(_table(result)), "attack.csv", f"{key}-csv",
            "A row a changed word.",
        )  # fmt: skip


def _table(result: TextAttackResult) -> list[dict[str, Any]]:
    """A row a changed word; a similarity where the attack looked at word vectors."""
    known = any(one.similarity is not None for one in result.changes)
    return [
        {"word": one.place + 1, "before": one.old, "after": one.new or "(left out)"}
        | ({"similarity": one.similarity} if known else {})
        for one in result.changes
    ]


def _maps(model: TextModel, result: TextAttackResult) -> None:
    """Why the right class, before and after, on one scale."""
    known = list(cache.text_methods(model.name))
    titles = cache.text_methods(model.name)
    st.subheader(tr("Does the explanation notice?"))
    name, kept = f"{MAP}-{drawn_before()}", st.session_state.get(MAP, USUAL)
    method = st.selectbox(
        tr("Method"),
        known,
        index=known.index(kept) if kept in known else 0,
        format_func=lambda one: tr(titles[one].title),
        key=name,
        on_change=lambda: st.session_state.__setitem__(MAP, st.session_state[name]),
    )

    def work(progress: Progress) -> TextMapsOfAttack:
        return text_maps_of(model, result, method, progress)

    show_live(_draw_maps, asked(MAPS, (id(result), method), "The maps", work))


def _draw_maps(found: Asked[TextMapsOfAttack]) -> None:
    maps = result_of(found)
    if maps is None:
        return
    top = max(strongest(one.values) for one in (maps.before, maps.after))
    both = (("before", maps.before), ("after, on the same scale", maps.after))
    for column, (when, one) in zip(st.columns(2, gap="large"), both, strict=True):
        with column:
            st.markdown(tr(f"why {literal(one.class_question)}, {when}"))
            st.html(coloured_text(one, top=top))
    st.caption(
        tr("Red speaks for the class, blue against it; orange has no sign. ") + tr(_compared(maps))
    )


def _compared(maps: TextMapsOfAttack) -> str:
    if maps.correlation is None:
        return "The two have too few words in common, or one says nothing, to be compared."
    alike = f"{maps.correlation:.2f}".replace("-", "−")
    return f"Rank correlation of {maps.words:,d} words before and after: {alike}, one text."
