"""What a model sees in a picture: its classes, and whether it is right where that is known."""

import streamlit as st

from dlexplain.figures.prediction import plot_prediction
from dlexplain.language import tr
from dlexplain.results import ClassName, Prediction
from dlexplain.results.words import capital
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.reliability.unlike import unlike
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.charts import chart
from dlexplain.ui.markdown import literal

WORDS = ("none", "one", "two", "three", "four", "five")


def show_prediction(
    entry: ModelEntry, model: LoadedModel, truth: ClassName | None, prediction: Prediction
) -> None:
    best = prediction.scores[0]
    st.subheader(f"{literal(best.name.label)}, {best.probability:.1%}")
    if truth is not None:
        show_verdict(model, prediction, truth)
    if definition := model.class_definition(best.name.index):
        st.caption(literal(tr(capital(definition))))
    told = f"{best.name.label}, {best.probability:.1%}."
    chart(plot_prediction(prediction), f"prediction-{model.name}", told=told)
    shown, title = len(prediction.scores), model.class_list.title
    of = (
        f"the {WORDS[shown]} most probable of {title}"
        if shown < len(model.classes)
        else f"all {title}"
    )
    notes = "".join(f"; {literal(note)}" for note in model.spec.notes)
    st.caption(tr(f"{literal(entry.title)}, computed on {model.device}; {literal(of)}{notes}"))
    if other := unlike(prediction, model.prepared.fingerprint):
        st.caption(literal(tr(other)))


def show_verdict(model: LoadedModel, prediction: Prediction, truth: ClassName) -> None:
    """Whether the model is right, where it knows the class."""
    label = f"**{literal(truth.label)}**"
    if truth not in model.classes:
        st.markdown(tr(f"Its data set calls it {label}, a class that this model does not have."))
    elif prediction.scores[0].name == truth:
        st.markdown(":green[:material/check_circle:] " + tr(f"The model is right: it is {label}."))
    else:
        st.markdown(":red[:material/cancel:] " + tr(f"The model is wrong: it is {label}."))
