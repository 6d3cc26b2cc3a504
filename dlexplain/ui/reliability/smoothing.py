"""Randomised smoothing: the question, its job, and the certified accuracy as it grows."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import streamlit as st

from dlexplain.figures.reliability import plot_certified
from dlexplain.language import in_words, tr
from dlexplain.results import CertifiedAccuracy
from dlexplain.services.jobs import Progress
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.address import from_address, number_between, whole_number
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.jobs import Asked
from dlexplain.ui.live import drawn_before
from dlexplain.ui.markdown import literal
from dlexplain.ui.measuring import begin_growing, pressed_to_start
from dlexplain.ui.reliability.question import DATA_HELP, file_stem, told_where

SLOT = "smoothing"
DATA, SIGMA, SAMPLES, COUNT = (f"smoothing-{one}" for one in ("data", "sigma", "samples", "count"))
QUARTERS = 5
"""Rows of the table, a radius of 0.25 apart."""
MEANING = """
The **smoothed** classifier adds Gaussian noise to the picture, asks the model many times and
says the class that comes most often. How often it comes bounds how far the picture must be
changed before another class can win: within the **radius** σ Φ⁻¹(p), where p is the lower end
of an exact (Clopper and Pearson) interval of that class's share, no change of that L2 length
turns the smoothed class, whatever the attack (Cohen et al. 2019).

Each certificate is wrong with a chance of at most 0.1%. It is one of the *smoothed* classifier,
which costs as many evaluations as there are samples, and is often less right than the model
itself: a model that was not trained with noise does not know noisy pictures. In L∞ it says next
to nothing.
"""


@dataclass(frozen=True)
class Question:
    """As the service takes it."""

    model: str
    data: str
    sigma: float
    samples: int
    count: int

    @property
    def address(self) -> dict[str, str | None]:
        numbers = {"samples": str(self.samples), "count": str(self.count)}
        return {"data": self.data, "sigma": f"{self.sigma:g}", **numbers}


def job_of(model: str) -> Asked[CertifiedAccuracy] | None:
    """What this session has asked about the model last."""
    found: Asked[CertifiedAccuracy] | None = st.session_state.get(SLOT)
    return found if found is not None and found.question.model == model else None


def choose_question(entry: ModelEntry, arrived: bool) -> Question:
    state = st.session_state
    for key, usual in ((SIGMA, 0.25), (SAMPLES, 1000), (COUNT, 100)):
        state.setdefault(key, usual)
    from_address("data", str, arrived, DATA)
    from_address("sigma", number_between("sigma", 0.01, 2), arrived, SIGMA)
    from_address("samples", whole_number("samples", 50, 100_000), arrived, SAMPLES)
    from_address("count", whole_number("count", 2, 10_000), arrived, COUNT)
    data = st.text_input(
        tr("Other data"),
        key=DATA,
        persist_state="session",
        placeholder=tr("The model's own test pictures"),
        help=tr(DATA_HELP[entry.task]),
    )
    first, second, third = st.columns(3)
    sigma = first.number_input(
        tr("Noise σ"), 0.01, 2.0, key=SIGMA, persist_state="session", step=0.05,
        help=tr("Deviation, where 0 is black and 1 white. More noise certifies further, of fewer."),
    )  # fmt: skip
    samples = second.number_input(
        tr("Samples"), 50, 100_000, key=SAMPLES, persist_state="session", step=500,
        help=tr("Of each picture. More certify further: 1,000 reach 2.5 σ at most."),
    )  # fmt: skip
    count = third.number_input(
        tr("How many pictures"), 2, 10_000, key=COUNT, persist_state="session", step=100,
        help=tr("Drawn by chance. More make narrower intervals and take longer."),
    )  # fmt: skip
    return Question(entry.name, data.strip(), float(sigma), int(samples), int(count))


def start(question: Question) -> None:
    """The button, and the job that it starts; what an earlier attempt has done is gone on with."""
    if not pressed_to_start("Certify", job_of(question.model), "certificate"):
        return

    def work(progress: Progress, tell: Callable[[CertifiedAccuracy], None]) -> CertifiedAccuracy:
        from dlexplain.services.reliability.smoothing import smoothing

        return smoothing(
            question.model,
            question.data,
            question.sigma,
            question.samples,
            question.count,
            progress=progress,
            tell=tell,
        )

    begin_growing(SLOT, question, "Smoothing", work)
    st.rerun()


def show_certified(found: CertifiedAccuracy) -> None:
    whole = found.n >= found.found
    told = literal(tr(found.told))
    st.info(
        f"**{tr(told)}**"
        if whole
        else tr(f"{found.n:,d} of {found.found:,d} pictures so far. {told}"),
        icon=":material/verified_user:" if whole else ":material/hourglass_top:",
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        chart(plot_certified(found), "certified", told=found.told)
    with right:
        st.dataframe(
            in_words([_row(found, quarter * found.sigma / 2) for quarter in range(QUARTERS)]),
            hide_index=True,
            height="content",
        )
        st.caption(
            tr(
                f"{found.n:,d} pictures, {literal(found.data)}; {found.first:,d} samples to choose "
                f"the class and {found.samples:,d} to certify it, each at {1 - found.alpha:.1%}. "
                "Brackets and band: Wilson's 95% interval over pictures."
            )
        )
        st.caption(tr(told_where(found)))
        if found.notes:
            st.caption(tr("  \n".join(map(literal, found.notes))))
        with st.container(horizontal=True):
            key, stem = f"smoothing-{drawn_before()}", file_stem("smoothing", found.model)
            download("CSV", found.to_csv, f"{stem}.csv", f"{key}-csv", "A row a picture.")
            download("JSON", partial(found.to_dict), f"{stem}.json", f"{key}-json")


def _row(found: CertifiedAccuracy, radius: float) -> dict[str, object]:
    share, low, high = found.accuracy(radius)
    return {
        "Radius": f"{radius:.3f}",
        "Right and certified": f"{share:.1%} [{low:.1%}, {high:.1%}]",
    }
