"""Arithmetic on class means: take what makes a three from a picture, add what makes an eight."""

import numpy as np
import streamlit as st

from dlexplain.figures.latent_sheets import png, sheet
from dlexplain.figures.overlay import enlarged
from dlexplain.language import tr
from dlexplain.results import SeenPicture
from dlexplain.results.latents import Floats
from dlexplain.services.latent.codes import add_class, along_line, decode
from dlexplain.services.latent.models import LatentModel
from dlexplain.services.pictures.sources import Picture
from dlexplain.ui.cards import download
from dlexplain.ui.latent import cache
from dlexplain.ui.latent.encoded import encoded_pictures
from dlexplain.ui.markdown import literal

SIDE = 220


def show_classes(model: LatentModel, picture: Picture | SeenPicture, label: str, path: str) -> None:
    """The view."""
    encoded = encoded_pictures(model, path)
    if encoded is None:
        return
    means = encoded.class_means()
    names = list(means)
    if len(names) < 2:
        st.info(tr("The data set has one class only; arithmetic takes two."))
        return
    found = cache.reconstruction(model, picture)
    minus, plus, strength = _asked(names, label or nearest_mean(found.code, means))
    code = along_line(found.code, add_class(found.code, means, minus, plus), strength)
    made = decode(model, np.stack([means[minus], means[plus], code]))
    columns = st.columns(4)
    shown = (
        (found.copy, "Reconstruction"),
        (made[0], f"less the mean {literal(minus)}"),
        (made[1], f"plus the mean {literal(plus)}"),
        (made[2], "is this"),
    )
    for column, (pixels, caption) in zip(columns, shown, strict=True):
        column.image(
            enlarged(pixels), width=SIDE, caption=tr(caption), alt=tr(f"Picture: {caption}")
        )
    st.subheader(tr("All class means"))
    every = decode(model, np.stack(list(means.values())))
    decoded = f"What each class's mean numbers decode to: {literal(', '.join(names))}"
    means_sheet = png(sheet(every, min(10, len(every))))
    st.image(means_sheet, width="stretch", caption=tr(decoded), alt=tr("A decoded picture a class"))
    count = int((~encoded.tested).sum())
    st.caption(tr(f"Means over {count:,} training pictures. {literal(encoded.note)}"))
    download(
        "PNG",
        lambda: png(sheet(np.stack([pixels for pixels, _ in shown]))),
        f"{model.name}-arithmetic.png",
        "latent-classes-png",
    )


def nearest_mean(code: Floats, means: dict[str, Floats]) -> str:
    """The class whose mean is nearest, for a picture whose class is not known."""
    return min(means, key=lambda name: float(np.linalg.norm(code - means[name])))


def _asked(names: list[str], label: str) -> tuple[str, str, float]:
    first = names.index(label) if label in names else 0
    left, middle, right = st.columns(3)
    minus = left.selectbox(tr("Less the class"), names, first, key=f"latent-minus-{label}")
    plus = middle.selectbox(
        tr("Plus the class"), names, (first + 5) % len(names), key=f"latent-plus-{label}"
    )
    strength = right.slider(
        tr("How much"),
        0.0,
        2.0,
        1.0,
        0.1,
        key="latent-strength",
        help=tr("0 leaves the picture as it is."),
    )
    return minus, plus, float(strength)
