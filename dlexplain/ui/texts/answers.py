"""The answers on the text page: a card for each method, with the text in colours."""

import csv
import io
from collections.abc import Callable
from functools import partial
from typing import cast

import streamlit as st

from dlexplain.figures.coloured_text import (
    coloured_text,
    plot_text_attribution,
    strongest,
    text_page,
)
from dlexplain.figures.scales import Sign
from dlexplain.language import shown_by, tr
from dlexplain.results import Arbitration, TextAttribution, TextPrediction
from dlexplain.services.jobs import Job, Progress
from dlexplain.services.quality.badges import text_badge
from dlexplain.services.quality.believing import settle_text
from dlexplain.services.quality.curves import text_curve
from dlexplain.services.texts.changes import words_of
from dlexplain.services.texts.explain import cached_text, classify_reading, explain_text
from dlexplain.services.texts.models import Reading, TextModel
from dlexplain.ui.badge import Judge
from dlexplain.ui.believing import show_believing
from dlexplain.ui.cards import download, show_card
from dlexplain.ui.charts import chart
from dlexplain.ui.jobs import Asked, asked_all, show_live
from dlexplain.ui.markdown import literal
from dlexplain.ui.methods import Ask, Request
from dlexplain.ui.palettes import chosen_palette, palette_option
from dlexplain.ui.reporting import answered, offer_report

SIGNS = {"both": "Both", "positive": "Only for", "negative": "Only against"}


def text_job(
    model: TextModel, reading: Reading, request: Request, ask: Ask
) -> Job[TextAttribution]:
    """The job of one method on a text."""
    params, target, contrast = dict(ask.params), request.target, request.contrast
    job: Job[TextAttribution] = Job(
        ask.title,
        lambda progress: explain_text(
            model, reading, ask.method, target, contrast, progress, alone=contrast is None, **params
        ),
    )
    found = known_answer(model, reading, request, ask)
    if found is not None:
        job.result, job.state = found, "done"
    return job


def known_answer(
    model: TextModel, reading: Reading, request: Request, ask: Ask
) -> TextAttribution | None:
    """What is in memory."""
    params = dict(ask.params)
    return cached_text(model, reading, ask.method, request.target, request.contrast, params)


def show_answers(
    model: TextModel, reading: Reading, request: Request, key: str, rival: Reading | None = None
) -> Asked[TextAttribution]:
    """One card a method, live while they are computed.

    key    of this list of answers, unique on the page
    rival  another text that is asked the same, to be drawn on the same scale
    """
    makers = [partial(text_job, model, reading, request, ask) for ask in request.asks]
    answers = asked_all(key, request, makers, request.is_slow)
    judge = Judge(
        model.prepared.modality,
        partial(text_badge, model, reading),
        partial(text_curve, model, reading),
    )

    for index, ask in enumerate(request.asks):
        rival_of = partial(known_answer, model, rival, request, ask) if rival else lambda: None
        with st.container(border=True):
            _card(answers, index, f"{key}-{index}", rival_of, judge)
    if rival is None:
        _which(answers, model, reading)
        show_live(partial(_offer_report, model, reading), answers)
    return answers


def _offer_report(model: TextModel, reading: Reading, answers: Asked[TextAttribution]) -> None:
    """Under the cards, when all are done."""
    if answers.active or all(job.result is None for job in answers.jobs):
        return
    offer_report(lambda: [*_said(model, reading), *answered(answers)], f"text-{answers.slot}")


def _said(model: TextModel, reading: Reading) -> list[TextPrediction]:
    """What the model says of the text; a token's label has no chart of its own."""
    return [] if model.place >= 0 else [classify_reading(model, reading)]


def _which(answers: Asked[TextAttribution], model: TextModel, reading: Reading) -> None:
    """Which of the methods to believe, and who is right where two differ."""

    def settle(first: TextAttribution, second: TextAttribution, progress: Progress) -> Arbitration:
        return settle_text(model, reading, first, second, progress)

    def show(first: TextAttribution, second: TextAttribution, found: Arbitration) -> None:
        words = words_of(reading)
        for one, parts in ((first, found.first), (second, found.second)):
            said = ", ".join(words[part] for part in sorted(parts))
            st.caption(tr(f"{one.title} marks: {literal(said)}"))

    show_believing(answers, settle, show, lambda found: None, "by")


def view_options(more: str = "") -> None:
    """What the cards show; kept in the session as "sign", "joined" and "bars"."""
    with st.container(horizontal=True, gap="large", vertical_alignment="bottom"):
        _options()
    st.caption(tr(f"{chosen_palette().told[:-1]}; amber has no sign. {more}".rstrip()))


def _options() -> None:
    st.segmented_control(
        tr("Evidence"),
        list(SIGNS),
        default="both",
        format_func=shown_by(SIGNS.__getitem__),
        key="sign",
        required=True,
        persist_state="session",
    )
    st.session_state.setdefault("joined", True)
    st.session_state.setdefault("bars", True)
    st.toggle(
        tr("Whole words"),
        key="joined",
        persist_state="session",
        help=tr("Pieces of one word are joined and their values added up."),
    )
    palette_option()
    st.toggle(
        tr("Bars"),
        key="bars",
        persist_state="session",
        help=tr("A bar for each word under the text."),
    )


def _card(
    answers: Asked[TextAttribution],
    index: int,
    key: str,
    rival_of: Callable[[], TextAttribution | None],
    judge: Judge,
) -> None:
    """rival_of  the other text's answer, which may come later and widens the scale"""

    def draw(job: Job[TextAttribution]) -> None:
        if job.result is None:
            st.markdown(f"**{tr(job.title)}**")
            return
        question, score, rival = job.result.class_question, job.result.explains, rival_of()
        question += f" ({score})" if score else ""
        st.markdown(f"**{tr(job.title)}**  \n:small[{literal(tr(question))}]")
        show_attribution(job.result, f"{key}-{rival is not None}", rival)

    def version(job: Job[TextAttribution]) -> object:
        return job.active, rival_of() is not None

    show_card(
        answers,
        index,
        draw,
        lambda result: show_downloads(result, key),
        version,
        waits=True,
        judge=judge,
    )


def show_attribution(
    found: TextAttribution, key: str, rival: TextAttribution | None = None
) -> None:
    """The text in colours, and its bars where wanted; on one scale with a rival."""
    shown, *others = [_as_chosen(one) for one in (found, rival) if one]
    sign = _sign()
    top = max(strongest(one.values) for one in (shown, *others)) if others else None
    st.html(coloured_text(shown, sign, top, chosen_palette()))
    if st.session_state.get("bars", True):
        told = f"{shown.title}: {shown.class_question}."
        figure = plot_text_attribution(shown, sign, top, chosen_palette())
        chart(figure, f"bars-{key}", told=told)


def _as_chosen(found: TextAttribution) -> TextAttribution:
    return found.of_words() if st.session_state.get("joined", True) else found


def _sign() -> Sign:
    return cast(Sign, st.session_state.get("sign") or "both")


def show_downloads(found: TextAttribution, key: str) -> None:
    """As JSON, CSV and a page of its own."""
    shown, sign = _as_chosen(found), _sign()
    stem = f"{found.method}-{found.target.index}"
    with st.container(horizontal=True):
        download("JSON", found.to_dict, f"{stem}.json", f"json-{key}")
        download("CSV", lambda: _csv(shown), f"{stem}.csv", f"csv-{key}")
        download(
            "HTML",
            partial(text_page, shown, sign, chosen_palette()),
            f"{stem}.html",
            f"html-{key}",
            "The text in colours, as a page of its own.",
        )


def _csv(found: TextAttribution) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["token", "start", "stop", "value"])
    for token, (start, stop), value in zip(
        found.tokens, found.offsets.tolist(), found.values.tolist(), strict=True
    ):
        writer.writerow([token, start, stop, f"{value:.6g}"])
    return buffer.getvalue()
