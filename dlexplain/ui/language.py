"""The reader's language: of the address, or chosen in the corner, or the browser's."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dlexplain.language import LANGUAGES, SOURCE, ask_language

PARAMETER, CHOSEN = "lang", "language"
"""In the address, and in the session."""


def speak() -> None:
    """Before anything is shown: whose language it is, from now on in this session."""
    state, asked = st.session_state, st.query_params.get(PARAMETER)
    if asked in LANGUAGES and CHOSEN not in state:
        state[CHOSEN] = asked
    state.setdefault(CHOSEN, _browsers())
    ask_language(_of_session)


def offer_languages() -> DeltaGenerator:
    """The switch in the corner, which it gives: the other language, by its own name."""
    now, corner = st.session_state[CHOSEN], st.container(key="languages", horizontal=True)
    with corner:
        for code, name in LANGUAGES.items():
            if code != now:
                st.button(name, key=f"language-{code}", type="tertiary", on_click=_choose,
                          args=(code,))  # fmt: skip
    return corner


def _choose(code: str) -> None:
    st.session_state[CHOSEN] = code
    if code == _browsers():
        st.query_params.pop(PARAMETER, None)
    else:
        st.query_params[PARAMETER] = code


def address_of_language() -> dict[str, str]:
    """What the address keeps of it: nothing where it is the browser's."""
    chosen = st.session_state.get(CHOSEN)
    return {PARAMETER: chosen} if chosen and chosen != _browsers() else {}


def _browsers() -> str:
    asked = str(st.context.locale or "").partition("-")[0]
    return asked if asked in LANGUAGES else SOURCE


def _of_session() -> str | None:
    """None outside of a session, such as in a job's thread: what is made there is for everybody."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    return st.session_state.get(CHOSEN)
