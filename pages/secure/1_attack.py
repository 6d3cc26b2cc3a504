"""How easily is an answer changed by little, and does the explanation notice?"""

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.services.pictures.cards import TASK
from dlexplain.ui.address import to_address
from dlexplain.ui.attack.inputs import INPUT, choose_input
from dlexplain.ui.markdown import literal
from dlexplain.ui.models import choose_model
from dlexplain.ui.pictures import OWN, choose_picture

MODEL = "attack-model"


def main() -> None:
    st.title("How easily is it fooled?")
    kind = choose_input(INPUT not in st.session_state)
    if kind == "picture":
        attack_picture()
        return
    with st.spinner("Loading…"):  # torch is imported from here on
        from dlexplain.ui.attack.series import attack_forecasts
        from dlexplain.ui.attack.texts import attack_texts
    (attack_texts if kind == "text" else attack_forecasts)()


def attack_picture() -> None:
    """The page's part for pictures."""
    opened = MODEL not in st.session_state
    entry = choose_model([TASK], MODEL, opened, own=OWN)
    if entry is None:
        return
    choice = choose_picture(entry, opened)
    if choice.picture is None:
        st.info(
            "Drop a picture of your own above, or open **Samples**. You will see how little of it "
            "has to change for another class, and whether its explanation changes too.",
            icon=":material/arrow_upward:",
        )
        to_address({"model": entry.name})
        return
    with st.spinner("Loading…"):  # torch is imported from here on
        from dlexplain.ui import cache
        from dlexplain.ui.attack.moved import show_moved
        from dlexplain.ui.attack.question import choose_attack
        from dlexplain.ui.attack.result import show_attack
        from dlexplain.ui.fitting import fit_address, show_seen
        from dlexplain.ui.prediction import show_prediction
    try:
        model = cache.model(entry.name)
    except DlexplainError as error:
        st.error(literal(error))
        return
    seen, classes = st.columns([1, 2], gap="large", vertical_alignment="center")
    with seen:
        picture = show_seen(model, choice.picture, opened)
    with classes:
        show_prediction(entry, model, choice.truth, cache.prediction(model.name, picture))
    answer = st.container()
    question = choose_attack(model, choice.truth, opened)
    with answer:
        show_attack(model, picture, question)
    show_moved(model, picture)
    address = {**choice.address, **fit_address(picture), **question.address}
    to_address({"model": entry.name, **address})


main()
