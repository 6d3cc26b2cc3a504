"""One sample closely: is it a copy, how real does the discriminator hold it, and why?"""

from functools import partial

import numpy as np
import streamlit as st

from dlexplain.figures.attribution import plot_attribution
from dlexplain.figures.latent_sheets import png, sheet
from dlexplain.figures.overlay import enlarged
from dlexplain.language import shown_by, tr
from dlexplain.results import Attribution, Neighbours, Samples
from dlexplain.results.latents import Floats
from dlexplain.services.latent.discriminator import WHY, why_real
from dlexplain.services.latent.models import LatentModel
from dlexplain.services.latent.nearest import TrainingPictures, training_pictures
from dlexplain.ui.charts import chart
from dlexplain.ui.jobs import Asked, asked, result_of, show_live
from dlexplain.ui.latent import cache
from dlexplain.ui.latent.encoded import READING
from dlexplain.ui.markdown import literal

SIDE = 200
COPY = 0.01
"""Part of test pictures that are as near to a training picture, below which it is a copy."""
NEAREST, REAL = "latent-nearest", "latent-real"


def show_one(model: LatentModel, found: Samples, place: int, logits: Floats) -> None:
    """The sample, large, and how real it seems.

    logits  (count,) the discriminator's of all samples; () where there is none
    """
    label = found.label(place)
    asked_for = f", asked for: {literal(label)}" if label else ""
    st.markdown(tr(f"**Picture {place + 1}**{asked_for}"))
    st.image(enlarged(found.pixels[place]), width=SIDE, alt=tr(f"Sample {place + 1}"))
    if not len(logits):
        return
    st.metric(
        tr("Discriminator"),
        logit_text(logits[place]),
        border=True,
        width="content",
        help=tr("Its logit: the larger, the more real it holds the picture")
        + (tr(" and the more of the class asked for.") if model.asked else "."),
    )
    rank, middle = int((logits > logits[place]).sum()) + 1, logit_text(float(np.median(logits)))
    st.caption(tr(f"The {_nth(rank)} most real of these {len(logits)}, whose median is {middle}."))


def show_nearest(model: LatentModel, found: Samples, place: int, path: str, has_data: bool) -> None:
    """The training pictures that are nearest to it."""
    st.subheader(tr("Is it a copy?"))
    if has_data:
        _nearest(model, found, place, path)
    else:
        st.caption(
            tr(
                "Its nearest training pictures would show it, but the data set is not here: open "
                "**The "
                "data set is not here** above."
            )
        )


def _nearest(model: LatentModel, found: Samples, place: int, path: str) -> None:
    work = asked(
        NEAREST,
        (model.fingerprint, path),
        "Looking through the training pictures",
        lambda progress: training_pictures(model, path, progress),
    )
    show_live(partial(_neighbours, model, found, place, path), work)


def _neighbours(
    model: LatentModel, found: Samples, place: int, path: str, work: Asked[TrainingPictures]
) -> None:
    near = result_of(work, "pictures", starting=READING)
    if near is None:
        return
    known = cache.neighbours(model, path, near, found.pixels[place])
    nearest = png(sheet(known.pixels, len(known.pixels)))
    st.image(nearest, width="stretch", alt=tr("The nearest training pictures, the nearest first"))
    st.markdown(tr(_verdict(known)))
    st.caption(
        tr(f"Euclidean distance of pixels, over {known.looked_at:,} training pictures: ")
        + tr(", ".join(f"{one:.1f}" for one in known.distances))
        + f". {literal(tr(known.note))}"
    )


def _verdict(known: Neighbours) -> str:
    usual = float(np.median(known.usual))
    text = (
        f"The nearest is {known.distances[0]:.1f} away; a test picture's nearest, {usual:.1f} "
        f"(median), and {known.nearer:.0%} of test pictures are nearer than this sample. "
    )
    if known.nearer < COPY:
        return text + "That is suspiciously near: **it may be a copy**."
    return text + "**It is no copy**, as far as pixels tell."


def show_why(model: LatentModel, found: Samples, place: int) -> None:
    """Which of its pixels convinced the discriminator."""
    st.subheader(tr("What convinced the discriminator"))
    method = st.segmented_control(
        tr("By"),
        list(WHY),
        default=next(iter(WHY)),
        format_func=shown_by(WHY.__getitem__),
        key="latent-why",
        required=True,
        label_visibility="collapsed",
    )
    label = int(found.labels[place]) if len(found.labels) else None
    request = (model.fingerprint, found.pixels[place].tobytes(), label, method)
    work = asked(
        REAL,
        request,
        "Asking the discriminator",
        lambda progress: why_real(
            model, found.pixels[place], label, method or next(iter(WHY)), progress
        ),
    )
    show_live(_map, work)


def _map(work: Asked[Attribution]) -> None:
    result = result_of(work)
    if result is None:
        return
    chart(plot_attribution(result, 0.7, "both", 260), "latent-why-map", told=result.class_question)
    complete = (
        f" Completeness error {result.completeness_error:.1%}."
        if result.completeness_error is not None
        else ""
    )
    note = f" {literal(result.note)}" if result.note else ""
    st.caption(tr(f"Red pixels spoke for real, blue ones against.{complete}{note}"))


def logit_text(value: float) -> str:
    """ "−0.10 logits" """
    return f"{value:+.2f} logits".replace("-", "−")


def _nth(place: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(place % 10 if place // 10 % 10 != 1 else 0, "th")
    return f"{place}{ending}"
