"""Does a defence by preprocessing hold against an attack that knows of it?"""

import streamlit as st

from dlexplain.errors import DlexplainError
from dlexplain.language import tr
from dlexplain.services.attack.defence_shipped import shipped
from dlexplain.services.pictures.cards import TASK
from dlexplain.ui.address import to_address
from dlexplain.ui.data_path import given_path
from dlexplain.ui.defence_result import show_result
from dlexplain.ui.glossary import glossary
from dlexplain.ui.markdown import literal
from dlexplain.ui.models import choose_model
from dlexplain.ui.pictures import OWN

MODEL, OPENED = "defence-model", "defence-opened"


def main() -> None:
    st.title(tr("Does the defence hold?"), help=glossary("adversarial training", "robust accuracy"))
    arrived = MODEL not in st.session_state
    entry = choose_model([TASK], MODEL, arrived, own=OWN)
    if entry is None:
        return
    if "defence" in st.query_params:
        st.session_state[OPENED] = True
    if not st.session_state.get(OPENED):
        along = shipped(entry.name)
        if along is not None:
            show_result(along)
        (st.caption if along else st.info)(
            tr(
                "A picture can be compressed or rounded before the model sees it, which takes "
                "small "
                "changes off. You will see how many of 50 test pictures then withstand an "
                "attack, and "
                "how many when the attacker knows of it."
            )
        )
        st.button(
            tr("Measure it with other settings" if along else "Try it"),
            type="primary", icon=":material/play_arrow:",
            on_click=lambda: st.session_state.__setitem__(OPENED, True),
        )  # fmt: skip
        to_address({"model": entry.name})
        return
    with st.spinner(tr("Loading…")):  # torch is imported from here on
        from dlexplain.ui import cache
        from dlexplain.ui.defence import choose_defence, show_defence
    try:
        model = cache.model(entry.name)
    except DlexplainError as error:
        st.error(literal(tr(error)))
        return
    answer = st.container()
    question = choose_defence(arrived, given_path(entry.data))
    with answer:
        show_defence(model, question)
    with st.expander(tr("What the three attacks are, and what defends instead")):
        st.markdown(
            tr(
                "**Without the defence** the attack is made against the model, and the model sees "
                "what comes out. **One that does not know of it** is the same, but the defence "
                "changes "
                "what the model sees: this is how such defences were shown to work. **One that "
                "knows "
                "of it** goes through the defence at every step, and takes its gradient for that "
                "of "
                "the identity ([Athalye et al. 2018](https://arxiv.org/abs/1802.00420)).\n\n"
                "What changes a model's accuracy under such attacks is adversarial training, an "
                "option "
                "of picture classifiers on **Train > Launch**, and, with a guarantee, randomised "
                "smoothing."
            )
        )
    to_address({"model": entry.name, "defence": question.defence})


main()
