"""The answers of the chosen methods about one picture, as cards beside each other."""

from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dlexplain.figures.overlay import page_image
from dlexplain.language import tr
from dlexplain.registry import Registry
from dlexplain.results import Arbitration, Attribution, MapAgreement
from dlexplain.services.explaining import MethodInfo
from dlexplain.services.jobs import Progress
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sources import Picture
from dlexplain.services.quality.badges import picture_badge
from dlexplain.services.quality.believing import settle_picture
from dlexplain.services.quality.curves import picture_curve
from dlexplain.ui.attribution_card import map_options, picture_job, show_map
from dlexplain.ui.badge import Judge
from dlexplain.ui.believing import show_believing
from dlexplain.ui.jobs import Asked, asked_all
from dlexplain.ui.methods import Request

COLUMNS = 3
CONSENSUS = {
    "Together": "Together: the mean of the maps' ranks of each place",
    "Apart": "Apart: the deviation of these ranks, large where the maps disagree",
}


def judge_of(model: LoadedModel, picture: Picture) -> Judge:
    """Measures maps of the picture."""
    return Judge(
        model.prepared.modality,
        partial(picture_badge, model, picture),
        partial(picture_curve, model, picture),
    )


def show_which(answers: Asked[Attribution], model: LoadedModel, picture: Picture) -> None:
    """Which of the maps to believe, what they say together, and who is right where two differ."""
    view = model.view(picture)

    def settle(first: Attribution, second: Attribution, progress: Progress) -> Arbitration:
        return settle_picture(model, picture, first, second, progress)

    def consensus(found: MapAgreement) -> None:
        together, apart, _ = st.columns(COLUMNS)
        for column, name, values in (
            (together, "Together", found.consensus),
            (apart, "Apart", found.spread),
        ):
            image, _ = page_image(view, values.astype(np.float32), False)
            told = CONSENSUS[name]
            column.image(image, width="stretch", caption=tr(told), alt=tr(f"Map: {told}"))

    show_believing(answers, settle, partial(_show_covers, view), consensus, "methods")


def _show_covers(
    view: NDArray[np.uint8], first: Attribution, second: Attribution, found: Arbitration
) -> None:
    columns = st.columns(COLUMNS)
    for column, one, corner, loss in zip(
        columns,
        (first, second),
        (found.first, found.second),
        (found.first_loss, found.second_loss),
        strict=False,
    ):
        mask = np.zeros(view.shape[:2], bool)
        mask[corner[0] : corner[0] + found.size, corner[1] : corner[1] + found.size] = True
        image, _ = page_image(view, None, False, mask=mask)
        lost = f"{loss:.3f}".replace("-", "−")
        told = f"{one.title} marks it: covering costs {lost}"
        column.image(image, width="stretch", caption=tr(told), alt=tr(f"A covered square; {told}"))


def show_maps(
    model: LoadedModel, picture: Picture, request: Request, known: Registry[MethodInfo]
) -> Asked[Attribution]:
    """A card a method, answered by jobs; known  the methods that the model allows"""
    makers = [partial(picture_job, model, picture, request, ask) for ask in request.asks]
    answers = asked_all("answers", request, makers, request.is_slow)
    cards = st.container()
    map_options()  # which stand below what they change
    view, judge = model.view(picture), judge_of(model, picture)
    for first in range(0, len(makers), COLUMNS):
        row = range(first, min(first + COLUMNS, len(makers)))
        columns = cards.columns(COLUMNS)
        for column in columns[len(row) :]:
            column.empty()  # where an earlier question had a card
        for column, index in zip(columns, row, strict=False):
            with column, st.container(border=True):
                signed = known[request.asks[index].method].signed
                show_map(answers, index, view, signed, mask=model.mask, judge=judge)
    return answers
