"""Where a vision Transformer looks: the picture, one patch of it in focus, and heads or rollout."""

from pathlib import Path

import numpy as np
import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.figures.attention_heads import plot_board, plot_facts
from dlexplain.figures.overlay import PAGE_SIDE, page_image
from dlexplain.figures.patches import plot_patches
from dlexplain.language import tr
from dlexplain.results import HeadFacts, PatchWeights, PictureAttention
from dlexplain.results.words import capital
from dlexplain.services.pictures.attention import (
    class_attention,
    patch_head_facts,
    rollout,
)
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sources import Picture
from dlexplain.ui import cache
from dlexplain.ui.address import from_address, to_address, whole_number
from dlexplain.ui.attention.choice import HEAD, LAYER, MOST, OF, PICTURE, PICTURE_MODEL, choose_view
from dlexplain.ui.attribution_card import STRENGTH, scale_html
from dlexplain.ui.charts import chart
from dlexplain.ui.markdown import literal
from dlexplain.ui.pictures import Choice

VIEW, PATCH, CLASS, THROUGH = "patch-view", "patch", "patch-class", "patch-rollout"
VIEWS = {
    "all": ":material/grid_view: All heads",
    "head": ":material/center_focus_strong: One head",
    "rollout": ":material/stacked_line_chart: Rollout",
    "class": ":material/category: For a class",
    "numbers": ":material/bar_chart: Entropy and distance",
}
BOARD, PATCHES = "patch-heads", "patch-grid"


def show(name: str, choice: Choice, opened: bool) -> None:
    """Everything below the choice of the model and of the picture."""
    assert choice.picture is not None
    try:
        model = cache.model(name)
        maps = cache.attention(model.name, choice.picture)
        view = choose_view(opened, VIEW, VIEWS)
        place = _settle(maps, opened)
        patch = _patch(maps, opened)
        found = _found(view, model, choice.picture, maps, place)
    except DlexplainError as error:
        st.error(literal(tr(error)))
        return
    facts = patch_head_facts(maps)
    if view == "numbers":
        _show_numbers(facts)
    else:
        _show_both(view, model, maps, found, patch)
    if view == "all":
        _show_all(maps, facts, patch, place)
    st.download_button(
        tr("Weights"),
        maps.to_npz,
        f"attention-{Path(model.name).name}.npz",
        "application/octet-stream",
        icon=":material/download:",
        on_click="ignore",
        help=tr(
            "NPZ: attention (layers, heads, tokens, tokens), the picture, and which tokens are "
            "read for the class."
        ),
    )
    to_address(
        {
            OF: PICTURE,
            PICTURE_MODEL: model.name,
            **choice.address,
            VIEW: view,
            LAYER: str(place[0] + 1),
            HEAD: str(place[1] + 1),
            PATCH: None if patch is None else str(patch + 1),
        }
    )


def _settle(maps: PictureAttention, opened: bool) -> tuple[int, int]:
    """Layer and head in the session, from 1, such as the model has; at first the last layer's
    first."""
    for key in (LAYER, HEAD):
        from_address(key, whole_number(key, 1, MOST), opened)
    state, (layers, heads) = st.session_state, maps.weights.shape[:2]
    for key, first, most in ((LAYER, layers, layers), (HEAD, 1, heads)):
        state[key] = min(max(1, state.get(key, first)), most)
    return state[LAYER] - 1, state[HEAD] - 1


def _patch(maps: PictureAttention, opened: bool) -> int | None:
    """The one in focus, from 0, or None for what is read for the class."""
    from_address(PATCH, lambda text: whole_number(PATCH, 1, MOST)(text) - 1, opened)
    patch = st.session_state.get(PATCH)
    if patch is not None and patch >= maps.side**2:
        patch = st.session_state[PATCH] = None
    return patch


def _found(
    view: str,
    model: LoadedModel,
    picture: Picture,
    maps: PictureAttention,
    place: tuple[int, int],
) -> PatchWeights:
    """What is laid over the picture; its own controls are drawn."""
    if view == "rollout":
        count = len(maps.weights)
        st.session_state[THROUGH] = min(st.session_state.get(THROUGH, count), count)
        through = count
        if count > 1:
            through = st.slider(tr("Through layer"), 1, count, key=THROUGH, persist_state="session")
        return rollout(maps, through)
    if view == "class":
        titles = list(model.class_titles)
        best = cache.prediction(model.name, picture).scores[0].name
        state = st.session_state
        state[CLASS] = state[CLASS] if state.get(CLASS) in titles else None
        chosen = st.selectbox(
            tr("Class"),
            titles,
            index=None,
            placeholder=tr(f"{best.label}, the most probable (or type any class)"),
            key=CLASS,
            persist_state="session",
        )
        target = best.index if chosen is None else titles.index(chosen)
        return class_attention(model, picture, maps, target)
    if view == "head":
        layers, heads = maps.weights.shape[:2]
        columns = st.columns(2, gap="large")
        for column, key, most in zip(columns, (LAYER, HEAD), (layers, heads), strict=True):
            if most > 1:
                column.slider(tr(capital(key)), 1, most, key=key, persist_state="session")
        place = st.session_state[LAYER] - 1, st.session_state[HEAD] - 1
    return maps.one_head(*place)


def _show_both(
    view: str, model: LoadedModel, maps: PictureAttention, found: PatchWeights, patch: int | None
) -> None:
    """The picture, on which a patch is chosen, and what is looked at from there."""
    left, right = st.columns(2, gap="large")
    chart(
        plot_patches(maps.picture, maps.side, patch),
        PATCHES,
        left,
        on_select=_take_clicked,
        selection_mode="points",
    )
    with left:
        st.selectbox(
            tr("Seen from"),
            list(range(maps.side**2)),
            format_func=lambda n: tr(
                f"the patch in row {n // maps.side + 1}, column {n % maps.side + 1}"
            ),
            index=None,
            placeholder=tr(f"{_readers(maps)} (or click a patch)"),
            key=PATCH,
            persist_state="session",
        )
    grid = found.seen_from(patch)
    image, scale = page_image(maps.picture, grid, False, STRENGTH / 100, smooth=False)
    with right:
        st.image(image, width=PAGE_SIDE, alt=tr(f"Where it looks: {found.title}"))
        st.html(
            f"<div style='max-width:{PAGE_SIDE}px'>"
            + scale_html(scale, STRENGTH / 100, UNITS.get(view, "part of attention"))
            + "</div>"
        )
        st.caption(f"{literal(tr(found.title))}. {_told(view, found, maps, patch)}")


UNITS = {"class": "logits"}


def _told(view: str, found: PatchWeights, maps: PictureAttention, patch: int | None) -> str:
    rest = found.front_share(patch)
    front = f" {rest:.0%} of it is on {_front(maps)}, which is no patch." if maps.front else ""
    if view == "rollout":
        return (
            "Heads are averaged and followed through the layers: R = Π (A + I) / 2, [Abnar and "
            f"Zuidema 2020](https://arxiv.org/abs/2005.00928).{front}"
        )
    if view == "class":
        return (
            "Weights that raise the class's score, followed through the layers, [Chefer, Gur and "
            f"Wolf 2021](https://arxiv.org/abs/2103.15679).{front}"
        )
    return f"Attention shows where a head looks, not what that is worth to the class.{front}"


def _front(maps: PictureAttention) -> str:
    more = f" and {maps.front - 1} more" if maps.front > 1 else ""
    return f"the class token{more}"


def _readers(maps: PictureAttention) -> str:
    count = int(maps.read.sum())
    if maps.front and maps.read[0] and count == 1:
        return "the class token"
    return f"the {count} tokens that are read for the class"


def _take_clicked() -> None:
    points = st.session_state[PATCHES]["selection"]["points"]
    if points:
        st.session_state[PATCH] = int(points[0]["point_index"])


def _show_all(
    maps: PictureAttention, facts: HeadFacts, patch: int | None, place: tuple[int, int]
) -> None:
    chart(
        plot_board(maps.seen_from(patch), facts, place, square=True),
        BOARD,
        on_select=_open_clicked,
        selection_mode="points",
    )
    st.caption(
        tr(
            "Each square is a head: what it looks at in the picture, the lighter the more, on a "
            "scale "
            "of its own. Above is the one that is framed; click another."
        )
    )


def _open_clicked() -> None:
    points = st.session_state[BOARD]["selection"]["points"]
    if points:
        layer, head = points[0]["customdata"][:2]
        st.session_state[LAYER], st.session_state[HEAD] = int(layer), int(head)


def _show_numbers(facts: HeadFacts) -> None:
    entropy, distance = st.columns(2, gap="large")
    with entropy:
        st.markdown(tr("**Entropy**"))
        st.caption(
            tr(f"0 bits: all attention on one token; {np.log2(facts.tokens):.2f} bits: all alike.")
        )
        chart(plot_facts(facts, "entropy"), "patch-entropy")
    with distance:
        st.markdown(tr("**Distance**"))
        st.caption(
            tr(
                "How many patches away a head looks, weighed by its attention: early layers have "
                "near-sighted heads ([Dosovitskiy et al. 2021](https://arxiv.org/abs/2010.11929))."
            )
        )
        chart(plot_facts(facts, "distance"), "patch-distance")
