"""A picture goes in, its classes and the parts that decided come out."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dlexplain.errors import DlexplainError
from dlexplain.language import tr
from dlexplain.services.pictures.cards import TASK
from dlexplain.trained.catalogue import default
from dlexplain.ui.address import told_above
from dlexplain.ui.comparing.link import offer_comparison
from dlexplain.ui.gallery import show_first
from dlexplain.ui.layout import answer_first
from dlexplain.ui.markdown import literal
from dlexplain.ui.models import choose_model, choose_second
from dlexplain.ui.pictures import OWN, Choice, arrived, choose_picture, first_sample

if TYPE_CHECKING:
    from dlexplain.results import Attribution, Prediction
    from dlexplain.trained.catalogue import ModelEntry
    from dlexplain.ui.jobs import Asked

BESIDE_HELP = "A second model, of which the same is asked: predictions and maps side by side."


def main() -> None:
    st.title(tr("Explain a picture"))
    opened = arrived()
    with told_above():
        answer, settings = answer_first()
        with answer:
            show_first("picture", *opens_on())
        of_picture, of_model = settings.container(), settings.container()
        with of_model:
            entry = choose_model([TASK], "model", opened, own=OWN)
            if entry is None:
                return
            beside = choose_second([TASK], entry, "beside", opened, OWN, BESIDE_HELP)
            OWN.ask("model")
        with of_picture:
            choice = choose_picture(entry, opened, example=True)
    if choice.picture is None:
        answer.info(
            tr(
                "Drop a picture of your own, or open **Samples**. You will see its classes, and "
                "then "
                "which parts of it decided."
            )
        )
        return
    with answer:
        explain(entry, beside, choice, opened, settings)


def opens_on() -> tuple[dict[str, str], str]:
    """The sample and the model of the page's address, or those that it opens on."""
    asked = st.query_params
    return {"sample": asked.get("sample", first_sample())}, asked.get("model", default(TASK).name)


def explain(
    entry: "ModelEntry",
    beside: "ModelEntry | None",
    choice: Choice,
    opened: bool,
    settings: DeltaGenerator,
) -> None:
    """The classes, and why; the question's widgets go into the settings."""
    # torch is imported from here on, so the empty page is there at once.
    from dlexplain.ui import cache
    from dlexplain.ui.fitting import fit_address, show_seen
    from dlexplain.ui.prediction import show_prediction
    from dlexplain.ui.question import ask, share

    try:
        model = cache.model(entry.name)
        other = cache.model(beside.name) if beside else None
    except DlexplainError as error:
        st.error(literal(tr(error)))
        return
    seen, *classes = st.columns([1, *([1, 1] if beside else [2])], gap="large")
    with seen:
        picture = show_seen(model, choice.picture, opened, settings)
    predictions = {}
    for column, shown in zip(classes, filter(None, (entry, beside)), strict=True):
        found = predictions[shown.name] = cache.prediction(shown.name, picture)
        with column:
            show_prediction(shown, cache.model(shown.name), choice.truth, found)
    prediction = predictions[model.name]
    if model.spec.own:
        from dlexplain.ui.model_card import show_model_card

        show_model_card(model, picture)
    told = st.container()
    with settings:
        request = ask(model, picture, prediction, opened)
    named = {"beside": other.name} if other else {}
    share(model, {**choice.address, **fit_address(picture), **named})
    if request is None:
        return
    offer_comparison(model.name)
    if other is None:
        from dlexplain.services.quality.without import picture_without
        from dlexplain.ui.answer_sentence import show_sentence
        from dlexplain.ui.maps import show_maps, show_which

        answers = show_maps(model, picture, request, cache.methods(model.name))
        with told:
            show_sentence(
                answers, prediction.scores[0].name, partial(picture_without, model, picture)
            )
        show_below(answers, prediction)
        if len(entry.heads) > 1:
            from dlexplain.ui.heads import show_heads

            show_heads(entry, picture, request)
        show_which(answers, model, picture)
    else:
        from dlexplain.ui.beside import question_to, show_pairs

        asked = question_to(other, model, request, predictions[other.name])
        if asked.note:
            st.caption(literal(f"{other.spec.title}: {tr(asked.note)}"))
        answers = show_pairs((model, other), picture, request, asked)
        show_below(answers, prediction, predictions[other.name])


def show_below(
    answers: "Asked[Attribution]", prediction: "Prediction", beside: "Prediction | None" = None
) -> None:
    from dlexplain.ui.attribution_card import show_enlarged
    from dlexplain.ui.jobs import show_live

    show_live(partial(download_all, prediction, beside), answers)
    show_enlarged(answers)


def download_all(
    prediction: "Prediction", beside: "Prediction | None", answers: "Asked[Attribution]"
) -> None:
    done = [job.result for job in answers.jobs if job.result is not None]
    if answers.active or not done:
        return
    from dlexplain.ui.reporting import answered, offer_report

    with st.container(horizontal=True):
        st.download_button(
            tr("Download everything"),
            partial(_bundle, prediction, beside, done),
            file_name="dlexplain.zip",
            mime="application/zip",
            icon=":material/download:",
            on_click="ignore",
            help=tr("Maps as PNG and NPZ, and a JSON with all it takes to repeat them."),
        )
        said = [one for one in (prediction, beside) if one is not None]
        offer_report(lambda: [*said, *answered(answers)], "picture")


def _bundle(
    prediction: "Prediction", beside: "Prediction | None", done: "list[Attribution]"
) -> bytes:
    from dlexplain.figures.overlay import attribution_png
    from dlexplain.services.pictures.bundle import bundle

    return bundle(prediction, done, [attribution_png(result) for result in done], beside)


main()
