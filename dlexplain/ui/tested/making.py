"""Pictures that a model made anew or from nothing, beside real ones."""

import io

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from dlexplain.language import tr
from dlexplain.results import GeneratedPictures, Reconstructions
from dlexplain.ui.charts import chart
from dlexplain.ui.glossary import glossary
from dlexplain.ui.tested.base import show

WIDTH = 560
IN_A_ROW = 8
REAL_ROWS = 4


@show.register
def show_reconstructions(found: Reconstructions) -> None:
    from dlexplain.figures.making import pairs, plot_kl, plot_latent

    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(tr("Reconstructed"))
        noisy = "what it was shown, with noise, " if len(found.inputs) else ""
        st.caption(tr(f"Test pictures; below each {noisy and noisy + 'and '}what the model made."))
        st.image(_png(pairs(found)), width=WIDTH, alt=tr("Test pictures and what the model made"))
    if not len(found.kl):
        return
    with right:
        st.subheader(tr("Drawn from the prior"), help=glossary("prior"))
        st.caption(tr("New pictures, decoded from standard normal numbers."))
        st.image(_png(_rows(found.samples)), width=WIDTH, alt=tr("Pictures drawn from the prior"))
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(tr("What each dimension carries"), help=glossary("KL divergence"))
        chart(plot_kl(found), "kl")
    if len(found.kl) > 1 and len(found.means):
        with right:
            st.subheader(tr("Latent space"), help=glossary("latent space"))
            chart(plot_latent(found), "latent")


@show.register
def show_generated(found: GeneratedPictures) -> None:
    from dlexplain.figures.making import plot_classes

    left, right = st.columns(2, gap="large")
    with left:
        st.subheader(tr("Generated"), help=glossary("FID"))
        st.image(_png(_rows(found.samples)), width=WIDTH, alt=tr("Generated pictures"))
    with right:
        st.subheader(tr("Real"))
        every = max(1, len(found.real) // (REAL_ROWS * IN_A_ROW))  # of all classes
        real = _rows(found.real[::every][: REAL_ROWS * IN_A_ROW])
        st.image(_png(real), width=WIDTH, alt=tr("Real pictures"))
        st.subheader(tr("Predicted classes"))
        st.caption(
            tr(
                "A small classifier, trained on real pictures for this test, says of each sample "
                "what "
                "it is; counted are those of which it is more than 90% sure. The dotted line is an "
                "even share."
            )
        )
        chart(plot_classes(found), "classes")


def _rows(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    from dlexplain.figures.making import grid

    row = min(IN_A_ROW, len(pixels))
    return grid([pixels[first : first + row] for first in range(0, len(pixels) - row + 1, row)])


def _png(pixels: NDArray[np.uint8]) -> bytes:
    """Enlarged without blur."""
    factor = max(1, 2 * WIDTH // pixels.shape[1])
    size = (pixels.shape[1] * factor, pixels.shape[0] * factor)
    buffer = io.BytesIO()
    Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST).save(buffer, "PNG")
    return buffer.getvalue()
