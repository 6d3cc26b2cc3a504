"""How examples are varied: some of the training part beside their variants, on demand."""

from typing import TYPE_CHECKING

import streamlit as st

from dlexplain.language import tr
from dlexplain.results.variants import PictureVariants, TextVariants, Variants
from dlexplain.services.jobs import Progress
from dlexplain.ui.jobs import Asked, asked, known, result_of, show_live
from dlexplain.ui.markdown import literal

if TYPE_CHECKING:
    from dlexplain.services.training.catalogue import RunSpec

SLOT = "variants"
GROUPS = ("data_params", "task_params", "augmentation", "shortcut")
"""Of a spec, what decides how its examples look."""


def show_variants(spec: "RunSpec") -> None:
    """What was made of exactly these settings, or a button that makes it."""
    found = known(SLOT, _question(spec))
    if found is None:
        st.markdown(
            tr(
                "Some training examples beside what the run would see of them in its first epochs, "
                "with the settings and the seed chosen here."
            )
        )
        if st.button(tr("Show examples"), icon=":material/visibility:", key="variants-show"):
            _ask(spec)
            st.rerun()
        return
    show_live(_show, found)


def _question(spec: "RunSpec") -> dict[str, object]:
    """Two specs that differ in nothing of this vary alike."""
    return {
        "task": spec.task,
        "data": spec.data,
        "seed": spec.seed,
        **{group: dict(getattr(spec, group)) for group in GROUPS},
    }


def _ask(spec: "RunSpec") -> None:
    def work(progress: Progress) -> Variants:
        from dlexplain.services.training.variants import variants_of

        return variants_of(spec)

    asked(SLOT, _question(spec), "Varying examples", work, anew=True)


def _show(found: Asked[Variants]) -> None:
    result = result_of(found, starting="Reading the data")
    if result is not None:
        show_found(result)


def show_found(found: Variants) -> None:
    from dlexplain.figures.variants import plot_series_variants, variant_texts, variant_tiles

    if not found.changed:
        st.info(
            tr("With these settings no example is varied. Choose how under Augmentation."),
            icon=":material/flip:",
        )
    if isinstance(found, PictureVariants):
        st.html(variant_tiles(found))
        st.caption(
            tr(
                "Framed: the picture as it is; beside it one variant an epoch. Below each stands "
                "what it is learned as: its class, or the labels of all heads; of two mixed "
                "pictures "
                "both count, by their part."
            )
        )
    elif isinstance(found, TextVariants):
        st.html(variant_texts(found))
        st.caption(tr("Orange words have changed places, struck ones are left out."))
    else:
        from dlexplain.ui.charts import chart

        st.caption(
            tr(
                f"{literal(found.name)}, in its deviations, in windows that end at the dates "
                "beside "
                "the axes. What is to be forecast stays as it is."
            )
        )
        chart(plot_series_variants(found), "variants")
