"""A text goes in, its class and the words that decided come out."""

from functools import partial
from typing import TYPE_CHECKING, Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dlexplain.errors import BadInput, DlexplainError
from dlexplain.language import joined, shown_by, tr
from dlexplain.ui.address import from_address, one_of, to_address
from dlexplain.ui.charts import chart
from dlexplain.ui.gallery import show_first
from dlexplain.ui.glossary import glossary
from dlexplain.ui.layout import answer_first
from dlexplain.ui.markdown import literal
from dlexplain.ui.texts.choice import (
    IN_ADDRESS,
    TOKENS,
    choose_classifier,
    choose_text,
    examples,
)
from dlexplain.ui.words import tokens_told

if TYPE_CHECKING:
    from dlexplain.results import TextPrediction
    from dlexplain.services.texts.models import TextModel
    from dlexplain.trained.catalogue import ModelEntry
    from dlexplain.ui.methods import Request

ONE, TWO, TABLE = "One text", "Two texts", "A table of texts"
MODES = {"one": ONE, "two": TWO, "table": TABLE}
MANY_UNKNOWN = 0.3  # share of unknown tokens from which the page warns


def main() -> None:
    st.title(tr("Explain a text"))
    arrived = "classifier" not in st.session_state
    answer, settings = answer_first(input_here=True)
    with settings:
        chosen, beside = choose_classifier(arrived, stacked=True)
    if chosen is None:
        return
    if chosen.task == TOKENS:
        with answer:
            labelled(chosen, beside, arrived, settings)
        share(chosen)
        return
    from_address("mode", one_of("mode", MODES), arrived)
    st.session_state.setdefault("mode", "one")
    with settings:
        mode = st.segmented_control(
            tr("Explain"),
            list(MODES),
            format_func=shown_by(MODES.__getitem__),
            key="mode",
            required=True,
            label_visibility="collapsed",
        )
    with answer:
        if mode == "two":
            two_texts(chosen, beside, arrived, settings)
        elif mode == "table":
            table(chosen, beside)
        else:
            one_text(chosen, beside, arrived, settings)
    share(chosen)


def share(model: "ModelEntry") -> None:
    """Keep what was chosen in the page's address; long texts stay out of it."""
    state = st.session_state
    texts = {key: state.get(key) for key in ("text", "other")}
    short = {key: text for key, text in texts.items() if text and len(text) <= IN_ADDRESS}
    names = ("classifier", "beside", "class", "rather")
    chosen = {key: state.get(key) for key in names}
    mode = None if state.get("mode") == "one" else state.get("mode")
    methods = ",".join(state.get("by", []))
    word = state.get("word") if model.task == TOKENS else None
    to_address({**chosen, "mode": None if model.task == TOKENS else mode,
                "text": short.get("text"), "by": methods,
                "word": None if word is None else str(word + 1),
                "other": short.get("other") if mode == "two" else None})  # fmt: skip


def load(model: "ModelEntry") -> Any:
    """A TextModel or a TokenModel, by its task; None where it cannot be loaded, which is said."""
    # torch is imported from here on, so the empty page is there at once.
    try:
        with st.spinner(tr("Loading the model…")):
            from dlexplain.ui.texts import cache as text_cache

            return text_cache.classifier(model.name)
    except DlexplainError as error:
        st.error(literal(tr(error)))
        return None


def predicted(model: "TextModel", text: str) -> "TextPrediction | None":
    from dlexplain.ui.texts import cache as text_cache

    try:
        return text_cache.text_prediction(model.name, text)
    except BadInput as error:
        st.error(tr(_sentence(str(error))))
        return None


def _sentence(text: str) -> str:
    return literal(text[:1].upper() + text[1:])


def one_text(
    chosen: "ModelEntry", beside: "ModelEntry | None", arrived: bool, settings: DeltaGenerator
) -> None:
    text = choose_text("text", "Text", examples(chosen), arrived, first=0)
    if beside is None:
        show_first("text", {"text": text}, chosen.name)
    pairs = [(m, m and load(m)) for m in (chosen, beside)]
    shown = [(trained, model) for trained, model in pairs if trained and model]
    if not shown or shown[0][0] is not chosen:
        return
    places = st.columns(len(shown), gap="large")
    predictions = []
    for column, (trained, model) in zip(places, shown, strict=True):
        with column:
            predictions.append(show_prediction(trained, model, text, model.name))
    if predictions[0] is None:
        return
    others = [model for _, model in shown[1:]]
    why(shown[0][1], text, predictions[0], arrived, others, settings)


def labelled(
    chosen: "ModelEntry", beside: "ModelEntry | None", arrived: bool, settings: DeltaGenerator
) -> None:
    """A token classifier's labels of all words, and why one of them has its label."""
    text = choose_text("text", "Text", examples(chosen), arrived, first=0)
    models = [model for entry in (chosen, beside) if entry and (model := load(entry))]
    if not models or models[0].name != chosen.name:
        return
    from dlexplain.ui.texts.labels import asked_about, choose_word, labels_of, show_labels

    found = [(model, labels) for model in models if (labels := labels_of(model, text))]
    if not found or found[0][0] is not models[0]:
        return
    word = choose_word(found[0][1], arrived)
    letter = int(found[0][1].offsets[word, 0])
    asked = []
    for column, (model, labels) in zip(st.columns(len(found), gap="large"), found, strict=True):
        with column:
            of_word, prediction = asked_about(model, labels, letter)
            asked.append(of_word)
            place = labels.places.tolist().index(of_word.place)
            st.subheader(literal(f"{labels.words[place].strip()}: {prediction.headline}"))
            show_labels(labels, place, model.name)
            told = f"{literal(model.title)} on {model.device_text}"
            st.caption(joined((told, tokens_told(labels.tokens))))
            tell_lost(labels.tokens, labels.left, labels.unknown)
            if model is models[0]:
                first = prediction
    why(asked[0], text, first, arrived, asked[1:], settings)


def show_prediction(
    trained: "ModelEntry", model: "TextModel", text: str, key: str
) -> "TextPrediction | None":
    from dlexplain.figures.text_prediction import plot_text_prediction

    prediction = predicted(model, text)
    if prediction is None:
        return None
    st.subheader(literal(tr(prediction.headline)))
    chart(plot_text_prediction(prediction), f"said-{key}")
    counted = tokens_told(prediction.tokens)
    st.caption(joined((literal(trained.title), f"on {model.device}", counted)))
    tell_lost(prediction.tokens, prediction.left, prediction.unknown)
    return prediction


def tell_lost(tokens: int, left: int, unknown: float) -> None:
    """What of the text the model does not read, or does not know."""
    if left:
        st.warning(
            tr(
                f"The model reads {tokens:,} tokens of a text; the last {left:,} of this one "
                "were left "
                "out."
            )
        )
    if unknown >= MANY_UNKNOWN:
        st.warning(
            tr(
                f"{unknown:.0%} of the tokens are unknown to this model: it may never have seen "
                "this "
                "language, and what it says of it means little."
            )
        )
    elif unknown:
        st.caption(tr(f"{unknown:.0%} of the tokens are unknown to this model."))


def why(
    model: "TextModel",
    text: str,
    prediction: "TextPrediction",
    arrived: bool,
    others: "list[TextModel]",
    settings: DeltaGenerator,
) -> None:
    """The answers; what is asked is chosen in the settings."""
    from dlexplain.services.quality.without import text_without
    from dlexplain.ui.answer_sentence import show_sentence
    from dlexplain.ui.methods import Request
    from dlexplain.ui.texts import cache as text_cache
    from dlexplain.ui.texts.answers import show_answers, view_options
    from dlexplain.ui.texts.changes import show_changes
    from dlexplain.ui.texts.question import choose_asks, choose_classes

    with settings:
        st.subheader(tr("Why?"), help=glossary("attribution", "baseline", "token"))
        target, contrast = choose_classes(model, prediction, arrived)
        asks = choose_asks(model, arrived)
    if target == contrast:
        st.error(tr("The two classes are the same; choose another one to compare with."))
        return
    if not asks:
        st.info(tr("Choose at least one method."))
        return
    told, answers = st.container(), st.container()
    view_options()  # which stand below what they change
    places = answers.columns(1 + len(others), gap="large")
    for index, (column, which) in enumerate(zip(places, [model, *others], strict=True)):
        with column:
            if others:
                st.markdown(f"**{literal(tr(which.title))}**")
            asked = text_cache.digest(f"{which.place}{text}" if which.place >= 0 else text)
            request = Request(which.name, asked, target, contrast, asks)
            wanted = _fitting(request, which, model)
            if wanted is None:
                st.info(tr("Its classes or its methods are others."))
            else:
                reading = which.read(text)
                found = show_answers(which, reading, wanted, f"answers-{index}")
                if which is model and model.place < 0:
                    with told:
                        best = prediction.scores[0].name
                        show_sentence(found, best, partial(text_without, model, reading))
    show_changes(model, model.read(text), prediction, asks)


def _fitting(request: "Request", which: "TextModel", first: "TextModel") -> "Request | None":
    """The same question to another model, where it has these classes, by what suits it."""
    from dataclasses import replace

    from dlexplain.ui.texts import cache as text_cache

    if which.classes != first.classes:
        return None
    known = text_cache.text_methods(which.name)
    asks = tuple(ask for ask in request.asks if ask.method in known)
    return replace(request, asks=asks) if asks else None


def two_texts(
    chosen: "ModelEntry", beside: "ModelEntry | None", arrived: bool, settings: DeltaGenerator
) -> None:
    from dlexplain.services.question import usual_contrast
    from dlexplain.ui.methods import Request
    from dlexplain.ui.texts import cache as text_cache

    model = load(chosen)
    if model is None:
        return
    from dlexplain.ui.texts.answers import show_answers, view_options
    from dlexplain.ui.texts.question import choose_asks

    places = st.columns(2, gap="large")
    found = []
    for index, (column, key) in enumerate(zip(places, ("text", "other"), strict=True)):
        with column:
            label = ("First text", "Second text")[index]
            text = choose_text(key, label, examples(chosen), arrived, first=index)
            found.append((text, show_prediction(chosen, model, text, key)))
    _only_one(beside)
    if any(prediction is None for _, prediction in found):
        return
    with settings:
        st.subheader(tr("Why?"), help=glossary("attribution", "baseline", "token"))
        asks = choose_asks(model, arrived)
    view_options("Both texts are drawn on one scale.")
    target = found[0][1].scores[0].name  # type: ignore[union-attr]
    other = usual_contrast(model, target.index)
    contrast = None if other is None else other.index
    for index, (column, (text, _)) in enumerate(
        zip(st.columns(2, gap="large"), found, strict=True)
    ):
        with column:
            request = Request(model.name, text_cache.digest(text), target.index, contrast, asks)
            reading, rival = (
                text_cache.reading(model.name, t) for t in (text, found[1 - index][0])
            )
            show_answers(model, reading, request, f"two-{index}", rival)


def _only_one(beside: "ModelEntry | None") -> None:
    if beside is not None:
        st.caption(tr(f"{literal(beside.title)} is compared under {ONE} only."))


def table(chosen: "ModelEntry", beside: "ModelEntry | None") -> None:
    _only_one(beside)
    model = load(chosen)
    if model is not None:
        from dlexplain.ui.texts.table import show_table

        show_table(model)


main()
