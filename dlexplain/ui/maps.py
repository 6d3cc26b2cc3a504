"""The answers of the chosen methods about one picture, as cards beside each other."""

from functools import partial

import streamlit as st

from dlexplain.registry import Registry
from dlexplain.results import Attribution
from dlexplain.services.explaining import MethodInfo
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sources import Picture
from dlexplain.services.quality.badges import picture_badge
from dlexplain.ui.attribution_card import map_options, picture_job, show_map
from dlexplain.ui.badge import Judge
from dlexplain.ui.jobs import Asked, asked_all
from dlexplain.ui.methods import Request

COLUMNS = 3


def judge_of(model: LoadedModel, picture: Picture) -> Judge:
    """Measures maps of the picture."""
    return lambda found, progress, all_of_it: picture_badge(
        model, picture, found, progress, all_of_it
    )


def show_maps(
    model: LoadedModel, picture: Picture, request: Request, known: Registry[MethodInfo]
) -> Asked[Attribution]:
    """A card a method, answered by jobs; known  the methods that the model allows"""
    makers = [partial(picture_job, model, picture, request, ask) for ask in request.asks]
    answers = asked_all("answers", request, makers, request.is_slow)
    map_options()
    view, judge = model.view(picture), judge_of(model, picture)
    for first in range(0, len(makers), COLUMNS):
        row = range(first, min(first + COLUMNS, len(makers)))
        columns = st.columns(COLUMNS)
        for column in columns[len(row) :]:
            column.empty()  # where an earlier question had a card
        for column, index in zip(columns, row, strict=False):
            with column, st.container(border=True):
                signed = known[request.asks[index].method].signed
                show_map(answers, index, view, signed, mask=model.mask, judge=judge)
    return answers
