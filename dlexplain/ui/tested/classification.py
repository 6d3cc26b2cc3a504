"""The confusion matrix of a picture classifier, and its worst mistakes."""

import io

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from dlexplain.language import tr
from dlexplain.results import ClassificationTest
from dlexplain.ui.charts import chart
from dlexplain.ui.markdown import literal
from dlexplain.ui.tested.base import show

SIDE = 96
SHOWN = 12
"""Mistakes; as many as stand beside the matrix."""


@show.register
def show_classification(found: ClassificationTest) -> None:
    from dlexplain.figures.tested import plot_confusion

    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader(tr("Confusion"))
        how = st.segmented_control(
            tr("Show"),
            ["part of class", "count"],
            default="part of class",
            required=True,
            key="confusion-how",
            label_visibility="collapsed",
            format_func=tr,
        )
        chart(plot_confusion(found, how != "count"), "confusion")
    with right:
        st.subheader(tr("Worst mistakes"))
        if not len(found.pixels):
            st.success(tr("No mistake in the test."))
            return
        st.caption(tr("The surest of the wrong ones."))
        classes = found.classes
        with st.container(horizontal=True, gap="small"):
            for pixels, label, predicted, probability in zip(
                found.pixels[:SHOWN],
                found.labels,
                found.predicted,
                found.probabilities,
                strict=False,
            ):
                st.image(
                    _png(pixels),
                    caption=tr(
                        f"predicted {literal(classes[predicted])} ({probability:.0%}), "
                        f"is {literal(classes[label])}"
                    ),
                    width=SIDE,
                    alt=tr(f"Test picture of {classes[label]}"),
                )


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """(side, side, 1 or 3) -> PNG, enlarged without blur."""
    shown = pixels[..., 0] if pixels.shape[-1] == 1 else pixels
    image = Image.fromarray(shown).resize((2 * SIDE, 2 * SIDE), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
