"""Two picture classifiers beside each other: the same question, maps on one scale, how alike."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import streamlit as st

from dlexplain.language import tr
from dlexplain.results import Attribution, Prediction
from dlexplain.services.jobs import Job
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.similarity import similarity
from dlexplain.services.pictures.sources import Picture
from dlexplain.ui import cache
from dlexplain.ui.attribution_card import EACH, map_options, picture_job, scale_option, show_map
from dlexplain.ui.jobs import Asked, asked_all
from dlexplain.ui.live import live
from dlexplain.ui.markdown import literal
from dlexplain.ui.methods import Ask, Request, asks_of

FAINT = 0.2
"""Of the stronger map, below which the other one is hardly seen on its scale."""
SIMILARITY_HELP = (
    "SSIM compares the maps' structure, each divided by its largest value; Spearman the order of "
    "all places; the last the places that count most. Alike maps can both be wrong."
)


@dataclass(frozen=True)
class Second:
    """The question as it is put to the second model.

    asks  in the order of the first's; None where the second does not allow the method
    note  what had to be changed of it
    """

    request: Request
    asks: tuple[Ask | None, ...]
    note: str


def question_to(
    second: LoadedModel, first: LoadedModel, request: Request, prediction: Prediction
) -> Second:
    """The first's question, about the class of the same label, by the methods that suit the second.

    prediction  of the second: where it does not have the class, its most probable one is explained
    """
    wanted = first.classes[request.target].label
    target, note = _index(second, wanted), ""
    if target is None:
        target = prediction.scores[0].name.index
        note = (
            f"It has no class “{wanted}”; its most probable one, "
            f"“{second.classes[target].label}”, is explained."
        )
    other = None if request.contrast is None else first.classes[request.contrast].label
    contrast = None if other is None else _index(second, other)
    if other is not None and (contrast is None or contrast == target):
        contrast, note = None, f"{note} It has no second class “{other}”.".strip()
    known = cache.methods(second.name)
    asks = tuple(_ask(second, first, ask) if ask.method in known else None for ask in request.asks)
    asked = replace(
        request,
        model=second.name,
        target=target,
        contrast=contrast,
        asks=tuple(ask for ask in asks if ask is not None),
    )
    return Second(asked, asks, note)


def _index(model: LoadedModel, label: str) -> int | None:
    found = [name.index for name in model.classes if name.label.casefold() == label.casefold()]
    return found[0] if found else None


def _ask(second: LoadedModel, first: LoadedModel, ask: Ask) -> Ask:
    """With the second's own defaults but for what the visitor has changed."""
    usual = {
        key: spec.default for key, spec in cache.methods(first.name)[ask.method].params.items()
    }
    changed = {key: value for key, value in ask.params if value != usual[key]}
    known = cache.methods(second.name)
    own = {key: spec.default for key, spec in known[ask.method].params.items()}
    return asks_of(known, [ask.method], {ask.method: own | changed})[0]


def show_pairs(
    models: tuple[LoadedModel, LoadedModel], picture: Picture, request: Request, second: Second
) -> Asked[Attribution]:
    """A row for each method: the two maps, and how alike they are."""
    makers: list[Callable[[], Job[Attribution]]] = []
    places: list[range] = []
    for ask, other in zip(request.asks, second.asks, strict=True):
        pair = [(0, request, ask)] + ([(1, second.request, other)] if other else [])
        places.append(range(len(makers), len(makers) + len(pair)))
        makers += [partial(picture_job, models[i], picture, r, a) for i, r, a in pair]
    slow = [request.is_slow(index) for index, row in enumerate(places) for _ in row]
    answers = asked_all("answers", (request, second), makers, slow.__getitem__)
    map_options()
    shared = scale_option()
    known, views = cache.methods(request.model), [model.view(picture) for model in models]
    for ask, row in zip(request.asks, places, strict=True):
        columns = st.columns(3)
        for side, index in enumerate(row):
            with columns[side], st.container(border=True):
                other_index = row[1 - side] if len(row) == 2 and shared else None
                title = models[side].spec.title
                signed = known[ask.method].signed
                show_map(answers, index, views[side], signed, title, other_index)
        if len(row) == 2:
            with columns[2], st.container(border=True):
                _show_similarity(answers, row, models, picture, shared)
        else:
            columns[1].info(tr(f"{literal(models[1].spec.title)} does not allow {ask.title}."))
    return answers


def _show_similarity(
    answers: Asked[Attribution],
    row: range,
    models: tuple[LoadedModel, LoadedModel],
    picture: Picture,
    shared: bool,
) -> None:
    jobs = [answers.jobs[index] for index in row]

    def show() -> None:
        one, other = (job.result for job in jobs)
        if one is None or other is None:
            return
        found = similarity(one, other, (models[0].seen_part(picture), models[1].seen_part(picture)))
        st.markdown(tr("**How alike**"), help=tr(SIMILARITY_HELP))
        for name, value in found.told.items():
            st.metric(tr(name), value)
        st.caption(tr(f"Compared on {found.side} × {found.side} places that both saw."))
        sizes = sorted((float(abs(one.heatmap).max()), float(abs(other.heatmap).max())))
        if shared and sizes[0] < FAINT * sizes[1]:
            st.caption(
                tr(
                    f"One map is {sizes[1] / max(sizes[0], 1e-12):,.0f} times as strong as the "
                    "other, "
                    f"which is hardly seen on one scale: choose “{EACH}” above."
                )
            )

    live(
        show,
        version=lambda: tuple(job.active for job in jobs),
        active=lambda: any(job.active for job in jobs),
    )
