"""What the model betrays of one record, and what models do that were trained privately."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from dlexplain.figures.privacy import epsilon_told, plot_losses
from dlexplain.language import in_words, shown_by, tr
from dlexplain.results.privacy import PrivacyReport, counted
from dlexplain.results.privacy_cost import PrivacyTrade
from dlexplain.services.pictures.data import load_pictures
from dlexplain.services.privacy.shipped import shipped_trade
from dlexplain.trained.catalogue import find
from dlexplain.ui.charts import chart
from dlexplain.ui.markdown import literal

KINDS = {"member": "of the training set", "other": "not of it"}
SIDE = 160
"""Of the record's picture on the page, pixels."""


def show_record(report: PrivacyReport, path: str) -> None:
    """One record: its picture, its loss among the others, and the same with privacy."""
    st.subheader(tr("One record"))
    key = "privacy-record"
    first, second = st.columns([1, 2], vertical_alignment="bottom")
    kind = first.segmented_control(
        tr("Record"), list(KINDS), default="member", format_func=shown_by(KINDS.__getitem__),
        required=True,
        key=f"{key}-kind",
    )  # fmt: skip
    member = kind != "other"
    order = np.argsort(-(report.members if member else report.others))
    rank = second.slider(
        tr("Which, the largest loss first"),
        1,
        report.count,
        1,
        key=f"{key}-rank-{kind}",
    )
    place = int(order[rank - 1])
    found = report.record(member, place)
    pixels, label = _picture(report, path, member, found.place)
    left, right = st.columns([1, 3], gap="large", vertical_alignment="center")
    with left:
        caption = f"{literal(label)}, record {found.place + 1}"
        st.image(
            _larger(pixels), caption=tr(caption), width=SIDE, alt=tr(f"The record, of {label}")
        )
    with right:
        st.markdown(literal(tr(found.told)))
        for name, score in found.scores.items():
            if name == "lira":
                what = "a member" if score > 0 else "another record"
                st.caption(tr(f"Likelihood ratio: e^{score:.2f}, which speaks for {what}."))
        chart(plot_losses(report, found.loss), f"{key}-losses")
    trade = shipped_trade(report.data)
    if trade is not None:
        _with_privacy(report, trade, member, place)


def _picture(
    report: PrivacyReport, path: str, member: bool, place: int
) -> tuple[NDArray[np.uint8], str]:
    spec = find(report.model).trained.spec
    data = load_pictures(spec.data, spec.data_params, path)
    part = data.train if member else data.test
    return part.pixels[place], str(data.classes[int(part.labels[place])])


def _larger(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Each pixel as a square, (height, width, channels), grey without its channel."""
    times = max(1, SIDE // pixels.shape[0])
    big = pixels.repeat(times, 0).repeat(times, 1)
    return big[..., 0] if big.shape[2] == 1 else big


def _with_privacy(report: PrivacyReport, trade: PrivacyTrade, member: bool, place: int) -> None:
    """The record's loss in trainings that differ in their noise alone, where it is among those."""
    known = trade.member_places if member else trade.other_places
    own = int((report.member_places if member else report.other_places)[place])
    if own not in known:
        return
    at = known.index(own)
    rows = [_row("this model", report.members, report.others, member, place)]
    for epsilon in reversed(trade.epsilons):
        one = next(t for t in trade.of(epsilon) if t.members)
        name = "without noise" if epsilon is None else f"epsilon {epsilon_told(epsilon)}"
        members, others = np.array(one.members), np.array(one.others)
        rows.append(_row(name, members, others, member, at))
    st.dataframe(in_words(rows), hide_index=True, width="stretch")
    st.caption(
        tr(
            "The same record in trainings that come along and differ in their noise alone (one "
            "seed); "
            "the record itself is not counted. Where members and others have such a loss equally "
            "often, the loss says nothing of whether the record was there."
        )
    )


def _row(
    name: str, members: NDArray[np.float64], others: NDArray[np.float64], member: bool, at: int
) -> dict[str, str]:
    loss = float((members if member else others)[at])
    return {
        "Training": tr(name),
        "Loss": f"{loss:.3g}",
        "Members with such a loss or more": tr(_above(members, loss, member)),
        "Others with such a loss or more": tr(_above(others, loss, not member)),
    }


def _above(losses: NDArray[np.float64], loss: float, own: bool) -> str:
    """Beside the record itself."""
    return counted(int((losses >= loss).sum()) - own, len(losses) - own)
