"""Which colours maps have: chosen once, for the session and the address."""

import streamlit as st

from dlexplain.figures.scales import PALETTES, STANDARD, Palette
from dlexplain.language import tr
from dlexplain.ui.address import DRAWN_IN, from_address, one_of


def palette_option() -> None:
    """Drawn in the line of the other options of maps."""
    from_address(DRAWN_IN, one_of("palette", PALETTES))
    st.selectbox(
        tr("Colours"),
        list(PALETTES),
        format_func=lambda name: tr(PALETTES[name].title),
        key=DRAWN_IN,
        persist_state="session",
        width=150,
        help=tr(
            "Of maps, texts and series. The colour-blind can tell each pair apart; orange and "
            "purple, with Cividis where there is no sign, differ in light as well."
        ),
    )


def chosen_palette() -> Palette:
    return PALETTES.get(st.session_state.get(DRAWN_IN) or "", STANDARD)
