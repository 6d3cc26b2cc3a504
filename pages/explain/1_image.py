"""A picture goes in, its classes and the parts that decided come out."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.results.words import capital
from dlexplain.services.pictures.cards import TASK
from dlexplain.ui.markdown import literal
from dlexplain.ui.models import choose_model
from dlexplain.ui.pictures import arrived, choose_picture

if TYPE_CHECKING:
    from dlexplain.results import Attribution, ClassName, Prediction
    from dlexplain.services.pictures.models import LoadedModel
    from dlexplain.services.pictures.sources import Picture
    from dlexplain.trained.catalogue import ModelEntry
    from dlexplain.ui.pictures import Choice
    from dlexplain.ui.state import Answers, Request

COLUMNS = 3
FIGURE = {"displayModeBar": False, "scrollZoom": False}
WORDS = ("none", "one", "two", "three", "four", "five")


def main() -> None:
    st.title("Explain a picture")
    opened = arrived()
    entry = choose_model([TASK], "model", opened)
    if entry is None:
        return
    choice = choose_picture(entry, opened)
    if choice.picture is None:
        st.info(
            "Drop a picture of your own above, or open **Samples**. You will see its classes, "
            "and then which parts of it decided.",
            icon=":material/arrow_upward:",
        )
        return
    # torch is imported from here on, so the empty page is there at once.
    from dlexplain.ui import cache
    from dlexplain.ui.fitting import fit_address, show_seen
    from dlexplain.ui.question import ask, share

    try:
        model = cache.model(entry.name)
    except DlexplainError as error:
        st.error(literal(error))
        return
    seen, classes = st.columns([1, 2], gap="large", vertical_alignment="center")
    with seen:
        picture = show_seen(model, choice.picture, opened)
    prediction = cache.prediction(model.name, picture)
    with classes:
        show_prediction(entry, model, choice, prediction)
    request = ask(model, picture, prediction, opened)
    share(model, {**choice.address, **fit_address(picture)})
    if request is not None:
        show_answers(model, picture, prediction, request)


def show_prediction(
    entry: "ModelEntry", model: "LoadedModel", choice: "Choice", prediction: "Prediction"
) -> None:
    from dlexplain.figures.prediction import plot_prediction

    best = prediction.scores[0]
    st.subheader(f"{literal(best.name.label)}, {best.probability:.1%}")
    if choice.truth is not None:
        show_verdict(model, prediction, choice.truth)
    if definition := model.class_definition(best.name.index):
        st.caption(literal(capital(definition)))
    st.plotly_chart(plot_prediction(prediction), config=FIGURE, key="prediction")
    shown, title = len(prediction.scores), model.class_list.title
    of = f"{WORDS[shown]} best of {title}" if shown < len(model.classes) else f"all {title}"
    st.caption(f"{literal(entry.title)} on {model.device}, {literal(of)}")


def show_verdict(model: "LoadedModel", prediction: "Prediction", truth: "ClassName") -> None:
    """Whether the model is right, where it knows the class."""
    label = f"**{literal(truth.label)}**"
    if truth not in model.classes:
        st.markdown(f"Its data set calls it {label}, a class that this model does not have.")
    elif prediction.scores[0].name == truth:
        st.markdown(f":green[:material/check_circle:] The model is right: it is {label}.")
    else:
        st.markdown(f":red[:material/cancel:] The model is wrong: it is {label}.")


def show_answers(
    model: "LoadedModel", picture: "Picture", prediction: "Prediction", request: "Request"
) -> None:
    from dlexplain.ui import cache
    from dlexplain.ui.attribution_card import map_options, show_card, show_enlarged
    from dlexplain.ui.live import live
    from dlexplain.ui.state import again, answer, picture_job

    job_of = partial(picture_job, model, picture)
    answers = answer(st.session_state, request, job_of)
    map_options()
    known, view = cache.methods(model.name), model.view(picture)
    for first in range(0, len(answers.jobs), COLUMNS):
        row = range(first, min(first + COLUMNS, len(answers.jobs)))
        columns = st.columns(COLUMNS)
        for column in columns[len(row) :]:
            column.empty()  # where an earlier question had a card
        for column, place in zip(columns, row, strict=False):
            with column, st.container(border=True):
                signed = known[request.asks[place].method].signed
                repeat = partial(again, answers, place, job_of)
                show_card(answers.jobs[place], view, signed, str(place), repeat)
    live(
        partial(download_all, prediction, answers),
        version=lambda: answers.active,
        active=lambda: answers.active,
    )
    show_enlarged()


def download_all(prediction: "Prediction", answers: "Answers[Attribution]") -> None:
    done = [job.result for job in answers.jobs if job.result is not None]
    if answers.active or not done:
        return
    st.download_button(
        "Download everything",
        partial(_bundle, prediction, done),
        file_name="dlexplain.zip",
        mime="application/zip",
        icon=":material/download:",
        on_click="ignore",
        help="Maps as PNG and NPZ, and a JSON with all it takes to repeat them.",
    )


def _bundle(prediction: "Prediction", done: "list[Attribution]") -> bytes:
    from dlexplain.figures.overlay import attribution_png
    from dlexplain.services.pictures.bundle import bundle, stem

    return bundle(prediction, done, {stem(result): attribution_png(result) for result in done})


main()
