"""What a page says beside its answer: what is damaged or cannot be used, and where to go on."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from dlexplain.errors import NotSignedIn, StatesError
from dlexplain.language import tr
from dlexplain.services.health import remade_told
from dlexplain.services.machine import home_problem
from dlexplain.services.training.parents import TRANSFERS
from dlexplain.services.training.runs import damaged_runs
from dlexplain.trained.zoo import damaged_zoo
from dlexplain.ui.markdown import literal

TOLD_SECONDS = 7 * 86_400
"""How long every page says that the file of all runs was made anew; `doctor` says it for longer."""


@contextmanager
def states_told() -> Iterator[None]:
    """Around what looks at runs; also as a decorator."""
    try:
        yield
    except NotSignedIn:  # the sign-in has ended meanwhile, which the page of app.py tells
        st.rerun()
    except StatesError as error:
        st.error(literal(tr(home_problem() or str(error))))


def tell_left_out() -> None:
    """Boxes below the page: of what is damaged, and of a loss; none where all is whole."""
    told = [*damaged_zoo(), *damaged_runs()]
    if told:
        lines = "".join(f"\n- {literal(problem)}" for problem in told)
        st.warning(tr(f"Left out of the lists, since their files are damaged:\n{lines}"))
    if told_of := remade_told(TOLD_SECONDS):
        st.warning(literal(tr(told_of)))


PAGES = {
    "classify-image": ("Explain pictures with it", "pages/explain/1_image.py", "model"),
    "classify-text": ("Explain texts with it", "pages/explain/2_text.py", "classifier"),
    "multi-task": ("Explain pictures with it", "pages/explain/1_image.py", "model"),
    "multi-task-text": ("Explain texts with it", "pages/explain/2_text.py", "classifier"),
    "language-model": ("Write with it", "pages/generate/2_writing.py", "model"),
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
    if st.button(tr(label), icon=":material/visibility:", key=key):
        st.switch_page(page, query_params={parameter: name})


def train_on_link(task: str, name: str, key: str) -> None:
    """A button to the page Launch, with a run that begins with the model's weights."""
    if task not in TRANSFERS:
        return
    if st.button(
        tr("Train on from this"),
        icon=":material/school:",
        key=key,
        help=tr("A run that begins with its weights: on other data, or on these again."),
    ):
        st.switch_page("pages/train/1_launch.py", query_params={"parent": name})
