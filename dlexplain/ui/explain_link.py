"""From a trained model to the page that looks into it."""

import streamlit as st

PAGES = {
    "classify-image": ("Explain pictures with it", "pages/explain/1_image.py", "model"),
    "classify-text": ("Explain texts with it", "pages/explain/2_text.py", "classifier"),
    "language-model": ("Write with it", "pages/explain/4_writing.py", "model"),
    "forecast": ("Forecast with it", "pages/explain/6_forecast.py", "model"),
    "autoencode": ("Look into its latent space", "pages/generate/1_latent.py", "model"),
    "vae": ("Look into its latent space", "pages/generate/1_latent.py", "model"),
    "gan": ("Look into its latent space", "pages/generate/1_latent.py", "model"),
    "translate": ("Translate with it", "pages/explain/5_translation.py", "model"),
}
"""Of each task: what the button says, the page, and what its address calls the model."""


def explain_link(task: str, name: str, key: str) -> None:
    """A button to the page, where there is one for the task; `name` is a zoo model's or a run's."""
    if task not in PAGES:
        return
    label, page, parameter = PAGES[task]
    if st.button(label, icon=":material/visibility:", key=key):
        st.switch_page(page, query_params={parameter: name})
