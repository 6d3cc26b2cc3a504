"""Below the answer: what privacy costs, pictures that the model gives itself, planted secrets."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dlexplain.figures.making import grid
from dlexplain.figures.privacy import plot_exposure, plot_trade
from dlexplain.language import tr
from dlexplain.results.canaries import CanaryTest
from dlexplain.results.inversion import Inversion
from dlexplain.services.privacy.shipped import shipped_trade
from dlexplain.trained.catalogue import ModelEntry
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.glossary import glossary
from dlexplain.ui.jobs import Asked, asked, known, result_of, show_live
from dlexplain.ui.live import drawn_before
from dlexplain.ui.markdown import literal

if TYPE_CHECKING:
    from dlexplain.services.jobs import Progress

INVERSION, CANARIES, SEEDS = "privacy-inversion", "privacy-canaries", "privacy-canary-seeds"


def show_cost() -> None:
    """The figure that comes along: accuracy and betrayal against epsilon."""
    trade = shipped_trade()
    if trade is None:
        return
    st.subheader(tr("What privacy costs"), help=glossary("differential privacy"))
    least, none = trade.epsilons[0], trade.epsilons[-1]
    (strict, *_), (free, *_) = (trade.summary(e, "accuracy") for e in (least, none))
    (auc, *_), (loose, *_) = (trade.summary(e, "auc") for e in (least, none))
    st.markdown(
        tr(
            f"Digits, the same network with and without noise: accuracy falls from {free:.1%} to "
            f"{strict:.1%} at epsilon {least:g}, and the AUC of the loss attack from {loose:.3f} "
            "to "
            f"{auc:.3f}, where 0.5 is chance."
        )
    )
    left, right = st.columns(2, gap="large")
    with left:
        chart(plot_trade(trade, "accuracy"), "privacy-accuracy")
    with right:
        chart(plot_trade(trade, "auc"), "privacy-auc")
    seeds = len(trade.of(least))
    st.caption(
        tr(
            f"{seeds} trainings of each (points), mean and 95% interval by Student's t (orange); "
            f"accuracy on {trade.test:,d} test digits, AUC of {trade.count:,d} members and as many "
            f"others each. Delta {trade.delta:g}. Made by `{literal(trade.command)}`."
        )
    )
    with st.container(horizontal=True):
        download("JSON", trade.to_dict, "privacy-cost.json", "privacy-cost-json")
    st.caption(
        tr(
            "To train a model privately, give a **Privacy budget, epsilon** on the page "
            "**Launch**; "
            "what is spent is a curve of the run."
        )
    )


def show_inversion(entry: ModelEntry, path: str) -> None:
    """A picture of each class as the model itself gives it, when asked for."""
    st.subheader(tr("What the model itself thinks a class looks like"))
    question = (entry.name, path)
    found = known(INVERSION, question)
    if found is None:
        st.caption(
            tr(
                "From grey, a picture of each class is changed until the model is sure of it, "
                "and is "
                "put beside the mean training picture of the class."
            )
        )
        if st.button(tr("Make the pictures"), icon=":material/gradient:", key="privacy-invert"):
            found = asked(INVERSION, question, "Model inversion", partial(_invert, question))
    if found is not None:
        show_live(_draw_inversion, found)


def _invert(question: tuple[str, str], progress: "Progress") -> Inversion:
    from dlexplain.services.privacy.inversion import invert  # torch, in the job's thread

    return invert(*question, progress=progress)


def _draw_inversion(found: Asked[Inversion]) -> None:
    result = result_of(found, "steps", starting="Starting from grey")
    if result is None:
        return
    st.markdown(f"**{literal(tr(result.told))}**")
    with st.container(horizontal=True, gap="small"):
        for place, name in enumerate(result.classes):
            both = grid([result.pictures[place : place + 1], result.means[place : place + 1]])
            times = max(1, 96 // both.shape[1])
            with st.container(width=112):
                pair = f"{name}: what the model gives, and the mean training picture"
                st.image(both.repeat(times, 0).repeat(times, 1), width=96, alt=tr(pair))
                alike = f"{result.correlations[place]:.2f}".replace("-", "−")
                st.caption(f"{literal(name)}: {tr(alike)}")
    st.caption(
        tr(
            "Above the picture that the model gives, below the mean training picture; their "
            f"correlation. The model is sure of each by {result.probabilities.min():.0%} at "
            "least. It "
            "shows what the model looks for in a class, not any single record: a picture that "
            "convinces the model need not look like anything it has seen."
        )
    )
    with st.container(horizontal=True):
        key = f"privacy-inversion-{drawn_before()}"
        download("JSON", result.to_dict, "inversion.json", f"{key}-json")


def show_canaries() -> None:
    """A secret planted in a text, and how much of it a language model remembers, when asked for."""
    st.subheader(tr("A secret in a text"), help=glossary("exposure"))
    seeds = int(
        st.number_input(
            tr("Trainings of each"), 1, 10, 3, key=SEEDS,
            help=tr("With other secrets; each training takes some seconds."),
        )
    )  # fmt: skip
    found = known(CANARIES, seeds)
    if found is None:
        st.caption(
            tr(
                "A sentence with a secret of four letters is put 0, 1, 10 and 100 times into a "
                "text, "
                "and a tiny language model is trained on each. The more surely it writes the "
                "secret "
                "rather than any other word of such letters, the more it has remembered."
            )
        )
        if st.button(tr("Plant and train"), icon=":material/key:", key="privacy-plant"):
            found = asked(CANARIES, seeds, "Canaries", partial(_plant, seeds))
    if found is not None:
        show_live(_draw_canaries, found)


def _plant(seeds: int, progress: "Progress") -> CanaryTest:
    from dlexplain.services.privacy.canaries import canaries  # torch, in the job's thread

    return canaries(seeds=seeds, progress=progress)


def _draw_canaries(found: Asked[CanaryTest]) -> None:
    result = result_of(found, "epochs", starting="Reading the text")
    if result is None:
        return
    st.markdown(f"**{literal(tr(result.told))}**")
    chart(plot_exposure(result), "privacy-exposure")
    st.caption(
        tr(
            f"Exposure: log2 of {result.candidates:,d} possible secrets - log2 of the rank of "
            "the true "
            "one. One that was never seen has 1.4 bits on average; the dashed line is one that the "
            "model finds likeliest of all."
        )
    )
    with st.container(horizontal=True):
        download("JSON", result.to_dict, "canaries.json", f"privacy-canaries-{drawn_before()}-json")
