"""A guided tour of two minutes: what can be asked here, in six steps that open on real examples.

It is offered on the front page until it was taken or declined, which the browser remembers.
"""

from dataclasses import dataclass

import streamlit as st

from dlexplain.language import tr
from dlexplain.services.gallery import examples
from dlexplain.ui.gallery import drawing
from dlexplain.ui.pages import link_to

STEP, SEEN = "tour-step", "tour-seen"
COOKIE = "dlexplain_tour"
JS = f"""
export default function() {{
    document.cookie = "{COOKIE}=seen; max-age=31536000; path=/; SameSite=Lax";
}}
"""
_remember = st.components.v2.component("dlexplain.tour", js=JS)


@dataclass(frozen=True)
class Stop:
    """One step.

    shows  the kind of an example of the gallery, on which its link opens; "" none
    page   where the link leads otherwise
    """

    title: str
    told: str
    shows: str = ""
    page: str = ""


STOPS = (
    Stop(
        "Ask a picture",
        "Drop a picture and read its class. Each map under it shows which places decided, by one "
        "method; the sentence above says what the model would say without them. Methods disagree, "
        "which is why there are several.",
        "picture",
    ),
    Stop(
        "Ask a text",
        "Red words speak for the class, blue ones against it. Change a word under **What if?** "
        "and see the answer move.",
        "text",
    ),
    Stop(
        "Ask a forecast",
        "Which series moved the forecast, and by how much. The band is where the model expects "
        "the truth eight times out of ten; what came later is drawn over it.",
        "forecast",
    ),
    Stop(
        "Look whether to believe it",
        "Every map carries three measured facts: whether it is faithful, stable, and depends on "
        "the model at all. **Trust** ranks the methods over many examples, each number with its "
        "interval and how many it is of.",
        page="explain/9_trust",
    ),
    Stop(
        "Train one of your own",
        "Choose a preset and start it. It trains in the background, goes on when the browser is "
        "closed, and is a model on every page as soon as it has ended.",
        "training",
    ),
    Stop(
        "Bring your own",
        "A Hugging Face folder, an ONNX file, weights with a spec: under **Your own model** on "
        "each page. At load its answer is held against that of its own library.",
        page="explain/1_image",
    ),
)


def offer_tour() -> None:
    """A line on the front page until the tour was taken or declined; and the tour, once begun."""
    state = st.session_state
    if state.get(SEEN):
        _remember(key="tour-remembered")
    elif st.context.cookies.get(COOKIE) != "seen" and STEP not in state:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(tr("New here?"), width="content")
            st.button(tr("Take the tour, two minutes"), key="tour", icon=":material/tour:",
                      on_click=_go, args=(0,))  # fmt: skip
            st.button(tr("Not now"), key="tour-no", type="tertiary", on_click=_end)
    if STEP in state:
        st.dialog(tr("A tour of two minutes"), width="medium", on_dismiss=_end)(_show)()


def tour_again() -> None:
    """For who wants it once more."""
    st.button(tr("Take the tour, two minutes"), key="tour-again", type="tertiary",
              icon=":material/tour:", on_click=_go, args=(0,))  # fmt: skip


def _go(step: int) -> None:
    st.session_state[STEP] = step


def _end() -> None:
    st.session_state.pop(STEP, None)
    st.session_state[SEEN] = True


def _show() -> None:
    step = st.session_state.get(STEP)
    if step is None:  # it has ended meanwhile
        st.rerun()
    stop, last = STOPS[step], len(STOPS) - 1
    st.progress((step + 1) / len(STOPS), tr(f"{step + 1} of {len(STOPS)}"))
    shown = next((one for one in examples() if one.kind == stop.shows), None)
    page, query = (shown.page, dict(shown.query)) if shown else (stop.page, {})
    told, drawn = st.columns(2) if shown else (st.container(), None)
    with told:
        st.subheader(tr(stop.title))
        st.markdown(tr(stop.told))
    if shown and drawn:
        with drawn:
            drawing(shown, "tour")
    with st.container(horizontal=True, vertical_alignment="center"):
        if step:
            st.button(tr("Back"), key=f"tour-back-{step}", on_click=_go, args=(step - 1,))
        if step < last:
            st.button(tr("Next"), key=f"tour-next-{step}", type="primary", on_click=_go,
                      args=(step + 1,))  # fmt: skip
        if page:
            link_to(page, "Try it", query)
        if st.button(tr("Done") if step == last else tr("Skip"), key=f"tour-end-{step}",
                     type="primary" if step == last else "tertiary"):  # fmt: skip
            _end()
            st.rerun()
