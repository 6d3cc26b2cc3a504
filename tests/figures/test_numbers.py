"""How figures write numbers: in full, never with plotly's letters for powers of ten."""

import re
from pathlib import Path

import numpy as np
import pytest

import dlexplain.figures
from dlexplain.figures.compare import plot_parallel, plot_scatter, spread_widely
from dlexplain.figures.curves import plot_curves
from dlexplain.figures.scales import NUMBERS
from dlexplain.figures.share_axis import share_axis
from dlexplain.figures.tested import plot_confusion
from dlexplain.results import ClassificationTest, Curve

FULL = {"exponentformat": "power", "minexponent": 5, "separatethousands": True}


def test_axes_and_colour_bars_write_numbers_in_full() -> None:
    assert NUMBERS == FULL
    steps, rates = np.arange(3), np.array([5e-4, 2e-4, 1e-4])
    drawn = plot_curves([Curve("a", "a", "train/learning_rate", steps, rates, 1.0 * steps)])
    for axis in (drawn.layout.xaxis, drawn.layout.yaxis):
        assert {key: axis[key] for key in FULL} == FULL
    drawn = plot_parallel({"training.epochs": ["1", "2"]}, "loss", [2e-4, 5e-4])
    assert {key: drawn.data[0].line.colorbar[key] for key in FULL} == FULL
    assert drawn.data[0].line.colorbar.title.text == "loss"


def test_every_figure_is_made_where_numbers_are_written_in_full() -> None:
    """Another go.Figure(...) in figures/ would show 0.0005 as 500µ: call new_figure."""
    folder = Path(dlexplain.figures.__file__).parent
    made = [f.name for f in folder.glob("*.py") if re.search(r"go\.Figure\(", f.read_text())]
    assert made == ["scales.py"]


def test_learning_rates_have_a_log_axis_with_a_tick_each() -> None:
    columns = {
        "training.learning_rate": ["0.1", "0.001", "0.01"],
        "training.epochs": ["3", "4", "5"],
    }
    rates, epochs, metric = (
        plot_parallel(columns, "validation/loss", [1.0, 2.0, 3.0]).data[0].dimensions
    )
    assert rates.label == "learning_rate (log)"
    assert list(rates["values"]) == [-1, -3, -2]
    assert list(rates.tickvals) == [-3, -2, -1]
    assert list(rates.ticktext) == ["0.001", "0.01", "0.1"]
    assert (epochs.label, list(epochs["values"])) == ("epochs", [3, 4, 5])
    assert metric.label == "validation/loss"


def test_what_cannot_have_a_log_axis_has_none() -> None:
    assert spread_widely(["0.1", "0.001"]) and spread_widely(["1", "10"])
    for texts in (["0", "0.1"], ["-1", "10"], ["1", "9"], ["adam", "sgd"], ["nan", "1"], [""], []):
        assert not spread_widely(texts)
    drawn = plot_scatter("training.learning_rate", ["0", "0.1"], "loss", [1, 2], ["a", "b"])
    assert drawn.layout.xaxis.type == "linear"


def test_many_values_have_ticks_at_powers_of_ten() -> None:
    texts = [f"{10 ** (-4 + 0.3 * place):.6g}" for place in range(12)]
    (rates, _) = (
        plot_parallel({"training.learning_rate": texts}, "loss", [1.0] * 12).data[0].dimensions
    )
    assert list(rates.ticktext) == ["0.0001", "0.001", "0.01", "0.1"]


def test_a_part_of_the_class_is_written_as_a_part() -> None:
    none = np.empty(0, np.int64)
    found = ClassificationTest(
        ("cat", "dog"), np.array([[3, 1], [0, 0]]), np.empty((0, 1, 1, 1), np.uint8), none, none,
        none.astype(np.float32),
    )  # fmt: skip
    assert plot_confusion(found).data[0].text.tolist() == [["75%", "25%"], ["0%", "0%"]]
    assert plot_confusion(found, share=False).data[0].text.tolist() == [[3, 1], [0, 0]]


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ((), [0, 0.25, 0.5, 0.75, 1]),
        ((0.0, 1.0), [0, 0.25, 0.5, 0.75, 1]),
        ((0.676, 0.972, 0.979, None), [0.6, 0.7, 0.8, 0.9, 1]),
        ((0.931, 0.938), [0.93, 0.94]),
        ((0.031, 0.12, float("nan")), [0.02, 0.04, 0.06, 0.08, 0.1, 0.12]),
        ((1.0,), [0.99, 1]),
        ((0.0,), [0, 0.01]),
    ],
)
def test_an_axis_of_shares_has_a_label_at_both_ends_and_all_between(
    values: tuple[float | None, ...], ticks: list[float]
) -> None:
    axis = share_axis("right", values)
    assert axis["tickvals"] == pytest.approx(ticks)
    assert axis["ticktext"] == [f"{tick:.0%}" for tick in ticks]
    low, high = axis["range"]
    assert low <= ticks[0] and ticks[-1] < high  # the last label is not at the edge


def test_axes_from_nothing_to_all_are_made_in_one_place() -> None:
    """Of its own, plotly leaves the label of 100% out where it is at the edge."""
    folder = Path(dlexplain.figures.__file__).parent
    own = [
        file.name
        for file in folder.glob("*.py")
        if re.search(r'"range": \[0(\.0)?, 1(\.0[12])?\]', file.read_text())
        and '".0%"' in file.read_text()
    ]
    assert own == []
