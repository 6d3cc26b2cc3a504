"""An attack on the explanation: the class stays, the map moves."""

from functools import partial

import streamlit as st

from dlexplain.figures.overlay import page_image
from dlexplain.language import tr
from dlexplain.results.attacks import MovedMap
from dlexplain.services.attack.explanation import EPSILON, attack_explanation
from dlexplain.services.jobs import Progress
from dlexplain.services.pictures.explain import usual_method
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sources import Picture
from dlexplain.ui import cache
from dlexplain.ui.cards import download
from dlexplain.ui.jobs import Asked, asked, result_of, show_live
from dlexplain.ui.live import drawn_before
from dlexplain.ui.markdown import literal

SLOT, WANTED, METHOD = "attack-moved", "attack-moved-wanted", "attack-moved-method"


def show_moved(model: LoadedModel, picture: Picture) -> None:
    """A switch; and behind it the answer, or the progress towards it."""
    st.subheader(tr("Can the explanation be fooled too?"))
    if not model.prepared.differentiable:
        st.caption(tr("This model has no gradients, by which its map would be moved."))
        return
    wanted = st.toggle(
        tr("Keep the class and move the map"),
        key=WANTED,
        help=tr(
            "Looks for a change as small as above that leaves the class alone and sends the map "
            "of gradients elsewhere (Ghorbani et al. 2019). A map that can be moved so says less "
            "about "
            "the model than it seems to."
        ),
    )
    if not wanted:
        return
    known = cache.methods(model.name)
    first, second = st.columns([2, 1])
    usual = usual_method(model)
    method = first.selectbox(
        tr("Method whose map is compared"),
        list(known),
        index=list(known).index(usual) if usual in known else 0,
        format_func=lambda one: tr(known[one].title),
        key=f"{METHOD}-{model.name}",
        help=tr("What is attacked is the map of gradients; other maps may move less."),
    )
    levels = second.number_input(
        tr("Budget, of 255"), 0.1, 255.0, 255 * EPSILON, 1.0, key="attack-moved-linf",
        help=tr("Levels of 256 by which each value may change."),
    )  # fmt: skip

    def work(progress: Progress) -> MovedMap:
        return attack_explanation(model, picture, method, float(levels) / 255, progress=progress)

    key = (model.prepared.fingerprint, picture.key, method, levels)
    show_live(_draw, asked(SLOT, key, "The attack on the map", work))


def _draw(found: Asked[MovedMap]) -> None:
    moved = result_of(found)
    if moved is None:
        return
    st.markdown(f"**{literal(tr(moved.told))}**")
    columns = st.columns(2)
    shown = ((moved.before, "before", moved.after), (moved.after, "after", moved.before))
    for column, (one, when, other) in zip(columns, shown, strict=True):
        rival = other.heatmap
        pixels, _ = page_image(one.picture, one.heatmap, one.signed, rival=rival)
        caption = f"why {one.target.label}, {when}, on one scale"
        column.image(pixels, caption=literal(caption), width="stretch", alt=tr(f"Map: {caption}"))
    alike = f"{moved.correlation:.2f}".replace("-", "−")
    st.caption(
        tr(
            f"Rank correlation of the two maps {alike}; of the map of gradients itself "
            f"{moved.attacked:.0%} of the most marked tenth stays. {moved.evaluations:,d} "
            "evaluations "
            f"in {moved.seconds:.1f} s, n = 1."
        )
    )
    key = f"attack-moved-{drawn_before()}-json"
    download("JSON", partial(moved.to_dict), "moved-map.json", key)
