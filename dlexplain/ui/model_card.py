"""The card of a user's own picture classifier, above what it says."""

import streamlit as st

from dlexplain.figures.overlay import enlarged
from dlexplain.language import in_words, tr
from dlexplain.services.pictures.model_card import model_facts, under_normalisations
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sources import Picture
from dlexplain.ui.markdown import literal

UNKNOWN = (
    "How pixels are normalised was not said, so they go in from 0 to 1 as they are. Wrong "
    "normalisation is the commonest reason for a wrong answer; this is what the model says of the "
    "picture under each of the usual ones."
)


def show_model_card(model: LoadedModel, picture: Picture) -> None:
    """Facts, what the model sees, and the effect of its normalisation where none was given."""
    known = model.spec.preprocessing.known
    with st.expander(tr("Model card"), icon=":material/badge:", expanded=not known):
        facts, seen = st.columns([2, 1], gap="large")
        for name, value in model_facts(model).items():
            facts.markdown(f"**{tr(name)}**: {literal(tr(value))}")
        for note in model.spec.notes:
            facts.caption(literal(tr(f"{note[:1].upper()}{note[1:]}.")))
        view = model.view(picture)
        seen.image(
            enlarged(view),
            width=224,
            caption=tr(f"What the model sees, {len(view)} × {len(view)}"),
            alt=tr("The picture as the model sees it"),
        )
        if known:
            return
        st.warning(tr(UNKNOWN))
        rows = [
            {
                "Normalisation": effect.title,
                **{
                    f"{place}.": f"{score.name.label}, {score.probability:.0%}"
                    for place, score in enumerate(effect.scores, start=1)
                },
                "Entropy, bits": round(effect.entropy, 2),
            }
            for effect in under_normalisations(model, picture)
        ]
        st.dataframe(in_words(rows), hide_index=True, width="stretch")
        st.caption(
            tr(
                "The surest row is a hint, not a proof. Say the right one where the model is "
                "brought "
                "in: `mean` and `std`."
            )
        )
