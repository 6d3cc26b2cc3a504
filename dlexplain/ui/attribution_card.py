"""The answer of one method about a picture, as a card: the map, its scale, facts, downloads."""

from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dlexplain.figures.attribution import plot_attribution
from dlexplain.figures.overlay import attribution_png, page_image
from dlexplain.figures.scales import Palette, Scale, Sign
from dlexplain.figures.static import Kind
from dlexplain.language import shown_by, tr
from dlexplain.results import Attribution
from dlexplain.services.jobs import Job
from dlexplain.services.pictures.bundle import stem
from dlexplain.services.pictures.explain import cached, explain
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sources import Picture
from dlexplain.ui.badge import Judge
from dlexplain.ui.cards import download, show_card
from dlexplain.ui.charts import PRINTABLE, chart, offer_prints
from dlexplain.ui.jobs import Asked
from dlexplain.ui.live import drawn_before
from dlexplain.ui.markdown import literal
from dlexplain.ui.methods import Ask, Request
from dlexplain.ui.palettes import chosen_palette, palette_option

SIGNS = {"both": "Both", "positive": "Only for", "negative": "Only against"}
STYLES = {"smooth": "Smooth", "contours": "Lines", "raw": "Raw"}
ONE, EACH = "One", "Each its own"
ENLARGED = "enlarged-map"
STRENGTH = 80
PREVIEW_SECONDS = 1.0
"""Between two drawings of a map that is still growing."""
DRAWN = 256
"""Maps kept as drawn, for all sessions: a page is run anew at every click."""


def map_options() -> None:
    """How the cards below draw their maps; kept in the session."""
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        _map_options()


def _map_options() -> None:
    st.slider(
        tr("Overlay"),
        0,
        100,
        STRENGTH,
        5,
        format="%d%%",
        key="strength",
        width=120,
        help=tr("Opacity of the strongest values; the weaker a value, the clearer the photo."),
    )
    st.segmented_control(
        tr("Evidence"),
        list(SIGNS),
        default="both",
        format_func=shown_by(SIGNS.__getitem__),
        key="sign",
        required=True,
        help=tr(f"Signed maps: {chosen_palette().told}"),
    )
    st.segmented_control(
        tr("Detail"),
        list(STYLES),
        default="smooth",
        format_func=shown_by(STYLES.__getitem__),
        key="style",
        required=True,
        help=tr(
            "Smooth shows the mean around each pixel, as neighbouring gradients cancel out; lines "
            "join places of equal value, at a quarter, half and three quarters of the scale; raw "
            "shows "
            "every value. The numbers and downloads of values are always raw."
        ),
    )
    palette_option()


def scale_option() -> bool:
    """Whether two models' maps share a scale; kept in the session."""
    chosen = st.segmented_control(
        tr("Scale of both maps"),
        (ONE, EACH),
        default=ONE,
        key="scale",
        required=True,
        help=tr(
            "One scale shows which model's map is the stronger; where a method's values are no "
            "parts of the score, as a CAM's are not, sizes of two networks say little."
        ),
        format_func=tr,
    )
    return chosen != EACH


class Look(NamedTuple):
    """How maps are drawn, in the order in which `attribution_png` takes it."""

    strength: float
    sign: Sign
    smooth: bool
    palette: Palette
    contours: bool


def chosen_look() -> Look:
    state = st.session_state
    style = state.get("style")
    return Look(
        state.get("strength", STRENGTH) / 100,
        state.get("sign") or "both",
        style != "raw",
        chosen_palette(),
        style == "contours",
    )


def show_map(
    found: Asked[Attribution],
    index: int,
    picture: NDArray[np.uint8],
    signed: bool,
    of: str = "",
    rival: int | None = None,
    mask: NDArray[np.bool_] | None = None,
    judge: Judge | None = None,
) -> None:
    """One method's answer, live: a first coarse map, then the map itself.

    picture  what the model sees, (height, width, 3) uint8
    signed   whether the method's values have a sign
    of       whose map it is, where there are two models
    rival    the place of the answer with which it shares its scale
    mask     the places of a box or a region, which are outlined
    judge    measures whether it can be believed
    """

    def other() -> Attribution | None:
        return None if rival is None else found.jobs[rival].result

    show_card(
        found,
        index,
        lambda job: _draw_map(index, job, picture, signed, of, other(), mask),
        lambda result: _actions(result, str(index)),
        version=lambda job: (job.state, id(job.snapshot.preview), job.result is None, id(other())),
        every=PREVIEW_SECONDS,
        waits=rival is not None,
        judge=judge,
    )


def _draw_map(
    index: int,
    job: Job[Attribution],
    picture: NDArray[np.uint8],
    signed: bool,
    of: str,
    rival: Attribution | None,
    mask: NDArray[np.bool_] | None,
) -> None:
    look = chosen_look()
    found = job.result
    if found is None:
        waiting = {"waiting": "waiting its turn", "running": "computing"}
        told = waiting.get(job.state, job.state)
        preview = job.snapshot.preview
        if preview is not None and job.active:
            told = "first coarse map"
        image, scale = page_image(
            picture, preview, signed, look.strength, look.sign, look.smooth, mask=mask,
            palette=look.palette, contours=look.contours and preview is not None,
        )  # fmt: skip
    else:
        told = literal(found.class_question)
        image, scale = _drawn(found, look, rival)
    told = f"{literal(of)}: {told}" if of else told
    st.markdown(f"**{tr(job.title)}**  \n:small[{tr(told)}]")
    own = f"map-{index}-{drawn_before()}"
    with st.container(key=f"{PRINTABLE}-{own}"):
        st.image(image, width="stretch", alt=f"{tr(job.title)}: {tr(told)}")
        if found is not None:
            offer_prints(partial(_printed, found, look), f"{stem(found)}-print", own)
    st.html(scale_html(scale, look.strength, tr(found.unit) if found else ""))


@lru_cache(maxsize=DRAWN)
def _drawn(found: Attribution, look: Look, rival: Attribution | None) -> tuple[bytes, Scale | None]:
    other = None if rival is None else rival.heatmap
    return page_image(
        found.picture, found.heatmap, found.signed, look.strength, look.sign, look.smooth, other,
        found.mask, look.palette, look.contours,
    )  # fmt: skip


def scale_html(scale: Scale | None, strength: float, unit: str) -> str:
    """A bar of the map's colours with the values of its ends; an empty one of the same height."""
    if scale is None:
        return '<div style="height:3.8rem"></div>'
    stops = ",".join(f"{colour} {place:.0%}" for place, colour in scale.stops(max(strength, 0.2)))
    low, high = (f"{value:.2g}".replace("-", "−") for value in (scale.low, scale.high))
    small = "font-size:.78rem;opacity:.75"
    return (
        f'<div style="height:.6rem;border-radius:3px;border:1px solid rgba(128,128,128,.35);'
        f'background:linear-gradient(90deg,{stops})"></div>'
        f'<div style="display:flex;justify-content:space-between;{small}">'
        f"<span>{low}</span><span>{unit}</span><span>{high}</span></div>"
        f'<div style="{small};margin-top:.3rem;min-height:1.2em">{scale.words}</div>'
    )


def _actions(found: Attribution, key: str) -> None:
    look = chosen_look()
    with st.container(horizontal=True):
        st.button(
            tr("Enlarge"),
            key=f"large-{key}",
            icon=":material/zoom_in:",
            type="tertiary",
            on_click=partial(st.session_state.__setitem__, ENLARGED, found),
        )
        download(
            "PNG",
            partial(attribution_png, found, *look),
            f"{stem(found)}.png",
            f"PNG-{key}",
        )
        download("NPZ", found.to_npz, f"{stem(found)}.npz", f"NPZ-{key}")


def _printed(found: Attribution, look: Look, kind: Kind) -> bytes:
    from dlexplain.figures.map_print import printed_map

    return printed_map(found, kind, *look)


def show_enlarged(answers: Asked[Attribution] | None = None) -> None:
    """The map whose button was pressed, compared closely with its picture and with the other
    methods' maps, and each value under the pointer.

    answers  among which the other maps are

    After all cards: a dialog would take the place of an element where it is drawn.
    """
    found: Attribution | None = st.session_state.pop(ENLARGED, None)
    if found is None:
        return
    look = chosen_look()
    done = [job.result for job in answers.jobs] if answers else []

    def draw() -> None:
        st.caption(literal(tr(found.class_question)))
        close, large = st.columns(2)
        if found.picture is not None:
            with close:
                _compare(found, [one for one in done if one is not None], look)
        figure = plot_attribution(found, look.strength, look.sign, 620, look.palette)
        chart(figure, "enlarged", large, f"{found.title}: {found.class_question}")
        large.caption(tr("Hold the pointer over the map to read its raw values."))

    st.dialog(tr(found.title), width="large")(draw)()


def _compare(found: Attribution, done: list[Attribution], look: Look) -> None:
    """With the maps of the same picture and question."""
    from dlexplain.ui.closely import compare_closely

    plain, _ = page_image(found.picture, None, found.signed, mask=found.mask)
    asked = found.picture_digest, found.model, found.class_question
    others = [
        one for one in done
        if one is not found and (one.picture_digest, one.model, one.class_question) == asked
    ]  # fmt: skip
    maps = [(one.title, _drawn(one, look, None)[0]) for one in (found, *others)]
    compare_closely(plain, maps, "closely")


def picture_job(
    model: LoadedModel, picture: Picture, request: Request, ask: Ask
) -> Job[Attribution]:
    """The job of one method on a picture; done at once where its answer is in memory."""
    params, target, contrast = dict(ask.params), request.target, request.contrast
    alone = contrast is None
    job: Job[Attribution] = Job(
        ask.title,
        lambda progress: explain(
            model, picture, ask.method, target, contrast, progress, None, alone, None, **params
        ),
    )
    found = cached(model, picture, ask.method, target, contrast, params)
    if found is not None:
        job.result, job.state = found, "done"
    return job
