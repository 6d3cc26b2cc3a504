"""How easily is an answer changed by little, and does the explanation notice?"""

from typing import TYPE_CHECKING

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dlexplain.errors import DlexplainError
from dlexplain.language import tr
from dlexplain.services.pictures.cards import TASK
from dlexplain.ui.address import to_address, told_above
from dlexplain.ui.attack.inputs import INPUT, choose_input
from dlexplain.ui.glossary import glossary
from dlexplain.ui.layout import answer_first
from dlexplain.ui.markdown import literal
from dlexplain.ui.models import choose_model
from dlexplain.ui.pictures import OWN, Choice, choose_picture

if TYPE_CHECKING:
    from dlexplain.trained.catalogue import ModelEntry

MODEL = "attack-model"


def main() -> None:
    st.title(tr("How easily is it fooled?"), help=glossary("attack", "epsilon-ball"))
    kind = choose_input(INPUT not in st.session_state)
    if kind == "picture":
        attack_picture()
        return
    with st.spinner(tr("Loading…")):  # torch is imported from here on
        from dlexplain.ui.attack.series import attack_forecasts
        from dlexplain.ui.attack.texts import attack_texts
    (attack_texts if kind == "text" else attack_forecasts)()


def attack_picture() -> None:
    """The page's part for pictures."""
    opened = MODEL not in st.session_state
    with told_above():
        answer, settings = answer_first()
        of_picture = settings.container()
        with settings:
            entry = choose_model([TASK], MODEL, opened, own=OWN)
        if entry is None:
            return
        with of_picture:
            choice = choose_picture(entry, opened, example=True)
    if choice.picture is None:
        answer.info(
            tr(
                "Drop a picture of your own, or open **Samples**. You will see how little of it "
                "has "
                "to change for another class, and whether its explanation changes too."
            )
        )
        to_address({"model": entry.name})
        return
    with answer:
        attacked(entry, choice, opened, settings)


def attacked(entry: "ModelEntry", choice: Choice, opened: bool, settings: DeltaGenerator) -> None:
    """The picture, the attack on it, and what becomes of its explanation."""
    assert choice.picture is not None
    with st.spinner(tr("Loading…")):  # torch is imported from here on
        from dlexplain.ui import cache
        from dlexplain.ui.attack.moved import show_moved
        from dlexplain.ui.attack.question import choose_attack
        from dlexplain.ui.attack.result import show_attack
        from dlexplain.ui.fitting import fit_address, show_seen
        from dlexplain.ui.prediction import show_prediction
    try:
        model = cache.model(entry.name)
    except DlexplainError as error:
        st.error(literal(tr(error)))
        return
    seen, classes = st.columns([1, 2], gap="large", vertical_alignment="center")
    with seen:
        picture = show_seen(model, choice.picture, opened, settings)
    with classes:
        show_prediction(entry, model, choice.truth, cache.prediction(model.name, picture))
    with settings:
        question = choose_attack(model, choice.truth, opened)
    show_attack(model, picture, question)
    show_moved(model, picture)
    address = {**choice.address, **fit_address(picture), **question.address}
    to_address({"model": entry.name, **address})


main()
