"""From a model's page to what is known of it beside another."""

import streamlit as st

from dlexplain.language import tr
from dlexplain.services.comparing.shipped import all_shipped
from dlexplain.ui.markdown import literal

PAGE = "pages/explain/11_compare_models.py"


def offer_comparison(model: str) -> None:
    """A button for each other model with which a comparison comes along."""
    others = dict.fromkeys(one.other for one in all_shipped() if one.model == model)
    for other in others:
        if st.button(
            tr(f"Same reasons as {literal(other)}?"), icon=":material/balance:",
            key=f"compare-with-{other}", type="tertiary",
        ):  # fmt: skip
            st.switch_page(PAGE, query_params={"a": model, "b": other})
