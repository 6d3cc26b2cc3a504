"""What an attack found: the pictures, the classes, the smallest budget, the maps."""

import io
from functools import partial
from typing import Any

import streamlit as st
from PIL import Image

from dlexplain.figures.attacks import magnified
from dlexplain.figures.overlay import page_image
from dlexplain.language import tr
from dlexplain.results import AttackResult, Attribution, ClassScore
from dlexplain.results.attacks import smallest_told
from dlexplain.services.attack.maps import MapsOfAttack, maps_of
from dlexplain.services.attack.pictures import attack
from dlexplain.services.jobs import Progress
from dlexplain.services.pictures.explain import usual_method
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sources import Picture
from dlexplain.ui import cache
from dlexplain.ui.attack.question import Question
from dlexplain.ui.cards import download
from dlexplain.ui.glossary import glossary
from dlexplain.ui.jobs import Asked, asked, result_of, show_live
from dlexplain.ui.live import drawn_before
from dlexplain.ui.markdown import literal

SLOT, MAPS, MAP = "attack", "attack-maps", "attack-map"
SHOWN = 3
"""Classes that are named."""


def show_attack(model: LoadedModel, picture: Picture, question: Question) -> None:
    """The answer, or the progress towards it."""

    def work(progress: Progress) -> AttackResult:
        params: dict[str, Any] = dict(question.params)
        return attack(
            model, picture, question.method, question.epsilon, question.norm, question.label,
            question.target, question.smallest, progress=progress, **params,
        )  # fmt: skip

    found = asked(SLOT, (model.prepared.fingerprint, picture.key, question), "The attack", work)
    show_live(partial(_draw, model, question.smallest), found)


def _draw(model: LoadedModel, smallest: bool, found: Asked[AttackResult]) -> None:
    result = result_of(found)
    if result is None:
        return
    told = literal(result.told)
    if result.already or not result.success:
        st.info(f"**{tr(told)}**", icon=":material/shield:")
    else:
        st.warning(f"**{tr(told)}**", icon=":material/warning:")
    if result.already:
        return
    change, factor = magnified(result)
    columns = st.columns(3)
    shown = (
        (result.picture, "what the model saw", result.before),
        (change, f"what was added, × {factor}", ()),
        (result.saved, "what it was shown", result.after),
    )
    for column, (pixels, caption, scores) in zip(columns, shown, strict=True):
        image, _ = page_image(pixels, None, False)
        column.image(image, caption=tr(caption), width="stretch", alt=tr(f"Picture: {caption}"))
        if scores:
            column.markdown(tr(_classes(scores)))
    _facts(result, smallest)
    _maps(model, result)


def _classes(scores: tuple[ClassScore, ...]) -> str:
    return "  \n".join(f"{literal(s.name.label)} {s.probability:.1%}" for s in scores[:SHOWN])


def _facts(result: AttackResult, asked_for_smallest: bool) -> None:
    lines = [
        f"Changed by {255 * result.linf:.3g}/255 at most, length {result.l2:.3g}, "
        f"{result.pixels:,d} pixels; "
        f"{result.evaluations:,d} evaluations in {result.seconds:.1f} s."
    ]
    if result.success and not result.saved_success:
        lines.append("Saved as a file, in 256 levels, it fools the model no more.")
    if result.smallest is not None or asked_for_smallest:
        lines.append(f"Smallest budget: {smallest_told(result.norm, result.smallest)}.")
    st.caption(tr("  \n".join(lines)))
    with st.container(horizontal=True):
        key = f"attack-{drawn_before()}"
        download("PNG", partial(_png, result), "attacked.png", f"{key}-png", "The changed picture.")
        download("JSON", result.to_dict, "attack.json", f"{key}-json")


def _png(result: AttackResult) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(result.saved).save(buffer, "PNG")
    return buffer.getvalue()


def _maps(model: LoadedModel, result: AttackResult) -> None:
    """Why the right class, before and after, on one scale; and why what is said then."""
    known = cache.methods(model.name)
    usual = usual_method(model)
    st.subheader(
        tr("Does the explanation notice?"), help=glossary("rank correlation", "top-k intersection")
    )
    name = f"{MAP}-{drawn_before()}"
    method = st.selectbox(
        tr("Method"),
        list(known),
        index=list(known).index(st.session_state.get(MAP, usual))
        if st.session_state.get(MAP, usual) in known
        else 0,
        format_func=lambda one: tr(known[one].title),
        key=name,
        on_change=lambda: st.session_state.__setitem__(MAP, st.session_state[name]),
    )

    def work(progress: Progress) -> MapsOfAttack:
        return maps_of(model, result, method, progress)

    asked_for = asked(MAPS, (id(result), method), "The maps", work)
    show_live(_draw_maps, asked_for)


def _draw_maps(found: Asked[MapsOfAttack]) -> None:
    maps = result_of(found)
    if maps is None:
        return
    before, after, instead = maps.before, maps.after, maps.instead
    columns = st.columns(3 if instead is not after else 2)
    shown: list[tuple[Attribution, str, Attribution | None]] = [
        (before, f"why {before.target.label}, before", after),
        (after, f"why {after.target.label}, after, on the same scale", before),
        (instead, f"why {instead.target.label}, after", None),
    ]
    for column, (one, caption, other) in zip(columns, shown, strict=False):
        rival = None if other is None else other.heatmap
        pixels, _ = page_image(one.picture, one.heatmap, one.signed, rival=rival)
        column.image(
            pixels, caption=tr(literal(caption)), width="stretch", alt=tr(f"Map: {caption}")
        )
    if maps.correlation is None or maps.overlap is None:
        st.caption(tr("One of the maps says nothing, so the two cannot be compared."))
        return
    alike = f"{maps.correlation:.2f}".replace("-", "−")
    st.caption(
        tr(
            f"The maps of {literal(before.target.label)} before and after: rank correlation "
            f"{alike}, "
            f"{maps.overlap:.0%} of the most marked tenth in common (by chance 10%), n = 1."
        )
    )
