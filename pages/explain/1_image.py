"""A picture goes in, its classes and the parts that decided come out."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.results.words import capital
from dlexplain.services.pictures.model_list import model_entries
from dlexplain.ui.markdown import literal
from dlexplain.ui.model_choice import choose_model
from dlexplain.ui.pictures import arrived, choose_picture

if TYPE_CHECKING:
    from dlexplain.results import Attribution, ClassName, Prediction
    from dlexplain.services.jobs import Job
    from dlexplain.services.pictures.model_list import ModelEntry
    from dlexplain.services.pictures.models import LoadedModel
    from dlexplain.services.pictures.sources import Picture
    from dlexplain.ui.pictures import Choice
    from dlexplain.ui.state import Answers, Ask, Request

SIGNS = {"both": "Both", "positive": "Only for", "negative": "Only against"}
POLL_SECONDS = 0.5
COLUMNS = 3
FIGURE = {"displayModeBar": False, "scrollZoom": False}
WORDS = ("none", "one", "two", "three", "four", "five")


def main() -> None:
    st.title("Explain a picture")
    opened, entries = arrived(), model_entries()  # at every run: a run may just have finished
    entry = choose_model(entries, opened)
    choice = choose_picture(entry, entries, opened)
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
        st.error(str(error))
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
    st.caption(f"{literal(entry.title)} on {model.device}, {of}")


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
    from dlexplain.ui.state import answer, picture_job

    answers = answer(st.session_state, request, partial(picture_job, model, picture))
    strength, sign, _ = st.columns([2, 2, 1], gap="large", vertical_alignment="bottom")
    strength.slider(
        "Overlay", 0, 100, 60, 5, format="%d%%", key="strength",
        help="0% shows the picture alone, 100% the map alone.",
    )  # fmt: skip
    sign.segmented_control(
        "Evidence", list(SIGNS), default="both", format_func=SIGNS.__getitem__, key="sign",
        required=True, help="Signed maps: red speaks for the class, blue against it.",
    )  # fmt: skip
    live = st.fragment(cards, run_every=POLL_SECONDS if answers.active else None)
    live(model, picture, prediction, answers)


def cards(
    model: "LoadedModel",
    picture: "Picture",
    prediction: "Prediction",
    answers: "Answers[Attribution]",
) -> None:
    was_active = answers.active
    places = list(range(len(answers.jobs)))
    for first in range(0, len(places), COLUMNS):
        columns = st.columns(COLUMNS)
        for column, place in zip(columns, places[first : first + COLUMNS], strict=False):
            with column, st.container(border=True):
                card(model, picture, answers, place)
    done = [job.result for job in answers.jobs if job.result is not None]
    st.download_button(
        "Download everything",
        lambda: _bundle(prediction, done),
        file_name="dlexplain.zip",
        mime="application/zip",
        disabled=was_active or not done,
        icon=":material/download:",
        on_click="ignore",
        help="Maps as PNG and NPZ, and a JSON with all it takes to repeat them.",
    )
    if st.session_state.get("polling") and not was_active:
        st.session_state["polling"] = False
        st.rerun()
    st.session_state["polling"] = was_active


def card(
    model: "LoadedModel", picture: "Picture", answers: "Answers[Attribution]", place: int
) -> None:
    from dlexplain.figures.attribution import map_figure, plot_attribution
    from dlexplain.ui.progress import show_progress

    job, method = answers.jobs[place], answers.request.asks[place]
    strength, sign = st.session_state["strength"] / 100, st.session_state["sign"] or "both"
    title = f"**{job.title}**"
    if job.result is not None:
        title += "  \n" + f":small[{literal(job.result.class_question)}]"
        figure = plot_attribution(job.result, strength, sign)
    else:
        title += "  \n" + f":small[{_waiting_text(job)}]"
        figure = map_figure(model.view(picture), job.snapshot.preview, _signed(model, method),
                            strength)  # fmt: skip
    st.markdown(title)
    st.plotly_chart(figure, config=FIGURE, key=f"map-{place}")
    if job.active:
        show_progress(job, str(place))
    elif job.result is not None:
        _facts(job.result, place)
    else:
        _stopped(model, picture, answers, place)


def _signed(model: "LoadedModel", method: "Ask") -> bool:
    from dlexplain.ui import cache

    return cache.methods(model.name)[method.method].signed


def _waiting_text(job: "Job[Attribution]") -> str:
    if job.state == "running" and job.snapshot.preview is not None:
        return "first coarse map"
    return {"waiting": "waiting its turn", "running": "computing"}.get(job.state, job.state)


def _facts(result: "Attribution", place: int) -> None:
    from dlexplain.figures.overlay import overlay_png
    from dlexplain.results.words import capital
    from dlexplain.services.pictures.bundle import stem

    plural = "" if result.evaluations == 1 else "s"
    facts = [f"{result.seconds:.2f} s", f"{result.evaluations:,} evaluation{plural}"]
    if result.completeness_error is not None:
        facts.append(f"completeness error {result.completeness_error:.1%}")
    if result.way:
        facts.insert(0, capital(result.way))
    st.caption(", ".join(facts) + ("  \n" + result.note if result.note else ""))
    strength, sign = st.session_state["strength"] / 100, st.session_state["sign"] or "both"
    downloads = (("PNG", "image/png", lambda: overlay_png(result, strength, sign)),
                 ("NPZ", "application/octet-stream", result.to_npz))  # fmt: skip
    with st.container(horizontal=True):
        for kind, mime, make in downloads:
            st.download_button(
                kind,
                make,
                file_name=f"{stem(result)}.{kind.lower()}",
                mime=mime,
                key=f"{kind}-{place}",
                icon=":material/download:",
                on_click="ignore",
                type="tertiary",
            )


def _stopped(
    model: "LoadedModel", picture: "Picture", answers: "Answers[Attribution]", place: int
) -> None:
    from dlexplain.ui.state import again, picture_job

    job = answers.jobs[place]
    if job.state == "failed":
        st.error(job.error)
    else:
        st.caption("Cancelled.")
    if st.button("Run again", key=f"again-{place}", icon=":material/refresh:", type="tertiary"):
        again(answers, place, partial(picture_job, model, picture))
        st.rerun()


def _bundle(prediction: "Prediction", done: "list[Attribution]") -> bytes:
    from dlexplain.figures.overlay import overlay_png
    from dlexplain.services.pictures.bundle import bundle, stem

    return bundle(prediction, done, {stem(result): overlay_png(result) for result in done})


main()
