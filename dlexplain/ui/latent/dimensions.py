"""One number at a time: sliders with the picture beside them, which are used, what each changes."""

import csv
import io

import numpy as np
import streamlit as st

from dlexplain.figures.latent_sheets import png
from dlexplain.figures.latents import plot_effects, plot_use
from dlexplain.figures.overlay import enlarged
from dlexplain.language import shown_by, tr
from dlexplain.results import EncodedPictures, Reconstruction, SeenPicture
from dlexplain.results.latents import Floats
from dlexplain.services.latent.codes import decode
from dlexplain.services.latent.models import LatentModel
from dlexplain.services.pictures.sources import Picture
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.glossary import glossary
from dlexplain.ui.latent import cache
from dlexplain.ui.latent.encoded import encoded_pictures

SHOWN, MOST = 6, 24
"""Sliders at first, and at most."""
REACH = 3.0
"""Standard deviations to either side that a slider goes."""
SIDE = 320
USED = 0.01
"""Nats that a dimension must carry to count as used, as in the task vae."""


def show_dimensions(
    model: LatentModel, picture: Picture | SeenPicture, path: str, has_data: bool
) -> None:
    """The view."""
    found = cache.reconstruction(model, picture)
    encoded = encoded_pictures(model, path) if has_data else None
    if has_data and encoded is None:
        return  # its progress is shown
    strengths = cache.effects(model, found.code).strengths
    order = list(encoded.most_used if encoded else map(int, np.argsort(-strengths)))
    chosen = st.multiselect(
        tr("Dimensions"),
        order,
        order[:SHOWN],
        format_func=shown_by(str),
        key=f"latent-dimensions-{model.name}",
        max_selections=MOST,
        help=tr("Each gets a slider; those that carry most come first in the list."),
    )
    st.fragment(_sliders)(model, found, encoded, chosen)
    left, right = st.columns(2, gap="large")
    with left:
        _use(encoded, found)
    with right:
        st.subheader(tr("What each changes"))
        st.caption(
            tr(
                "The decoder's gradient at this picture: red where a larger number makes the "
                "picture "
                "brighter, blue where it makes it darker. All on one scale. Dimensions count "
                "from 0, "
                "as code[0] does in Python."
            )
        )
        shown = order[:16]
        chart(plot_effects(cache.effects(model, found.code), shown), "latent-effects")
    download(
        "CSV",
        lambda: table(found, encoded, strengths),
        f"{model.name}-dimensions.csv",
        "latent-dimensions-csv",
        "Each dimension's numbers: what it is for this picture, what it "
        "carries over the data set, and how much it changes.",
    )


def _sliders(
    model: LatentModel,
    found: Reconstruction,
    encoded: EncodedPictures | None,
    chosen: list[int],
) -> None:
    """Decoded anew whenever one is moved; nothing else of the page is."""
    of = f"{model.name}-{found.code.tobytes().hex()[:24]}"
    code = found.code.copy()
    st.session_state.setdefault(f"latent-anew-{of}", 0)
    turn = st.session_state[f"latent-anew-{of}"]
    picture, moved = st.columns([1, 2], gap="large")  # first, so that a phone shows it too
    with moved:
        for order, place in enumerate(chosen):
            low, high = _reach(found, encoded, place)
            if order % 2 == 0:
                columns = st.columns(2)
            with columns[order % 2]:
                code[place] = st.slider(
                    tr(f"Dimension {place}"),
                    low,
                    high,
                    round(float(found.code[place]), 2),
                    0.05,
                    key=f"latent-slider-{of}-{turn}-{place}",
                )
        st.button(
            tr("Back to the picture's own numbers"),
            icon=":material/restart_alt:",
            key="latent-back",
            on_click=lambda: st.session_state.update({f"latent-anew-{of}": turn + 1}),
        )
    with picture:
        made = decode(model, code[None])[0]
        decoded = "What these numbers decode to"
        st.image(enlarged(made), width=SIDE, caption=tr(decoded), alt=tr("The decoded picture"))
        download("PNG", lambda: png(made), f"{model.name}-decoded.png", "latent-decoded-png")


def table(found: Reconstruction, encoded: EncodedPictures | None, strengths: Floats) -> bytes:
    """A row a dimension; what a plain autoencoder or a missing data set cannot say is left out.

    strengths  (latent,) root mean square of the decoder's gradient
    """
    columns = {"code": found.code}
    if len(found.kl):
        columns |= {"deviation": found.deviation, "kl": found.kl}
    if encoded is not None:
        columns["mean kl" if len(encoded.kl) else "variance"] = encoded.use
    columns["gradient"] = strengths
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["dimension", *columns])
    for index, numbers in enumerate(zip(*columns.values(), strict=True)):
        rows.writerow([index, *(f"{number:.6g}" for number in numbers)])
    return out.getvalue().encode()


def _reach(
    found: Reconstruction, encoded: EncodedPictures | None, place: int
) -> tuple[float, float]:
    """A slider's ends: where most pictures of the data set are, and this one."""
    here = float(found.code[place])
    middle, spread = 0.0, 1.0
    if encoded is not None:
        middle, spread = float(encoded.codes[:, place].mean()), float(encoded.spread[place])
    reach = REACH * max(spread, 0.05)
    low, high = min(middle - reach, here), max(middle + reach, here)
    return float(np.floor(low * 20) / 20), float(np.ceil(high * 20) / 20)


def _use(encoded: EncodedPictures | None, found: Reconstruction) -> None:
    st.subheader(tr("Which are used"), help=glossary("KL divergence"))
    if encoded is None:
        st.caption(tr("Seen over the data set, which is not here."))
        return
    chart(plot_use(encoded, found.kl), "latent-use")
    if len(encoded.kl):
        used = int((encoded.kl > USED).sum())
        st.caption(
            tr(
                f"{used} of {len(encoded.kl)} dimensions are used: they carry more than {USED} "
                "nats. "
                "KL(N(m, s²) || N(0, 1)) = (m² + s² - 1 - ln s²) / 2, for this picture and as the "
                f"mean of the data set, {encoded.kl.sum():.1f} nats in all."
            )
        )
    else:
        st.caption(
            tr(
                "A plain autoencoder has no prior to compare with; a dimension whose numbers "
                "hardly "
                "vary over the data set carries little."
            )
        )
