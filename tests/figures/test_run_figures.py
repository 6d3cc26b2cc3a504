"""Figures of trainings, from results made by hand; no torch."""

import subprocess
import sys

import numpy as np
import pytest

from dlexplain.figures.compare import plot_parallel, plot_scatter
from dlexplain.figures.curves import plot_curves, smooth
from dlexplain.figures.tested import plot_confusion, plot_errors, plot_forecast
from dlexplain.results import Backtest, ClassificationTest, Curve


def curve(values: list[float], run: str = "a1", name: str = "one") -> Curve:
    count = len(values)
    return Curve(
        run,
        name,
        "validation/loss",
        np.arange(1, count + 1) * 10,
        np.array(values),
        1000.0 + 30.0 * np.arange(count),
    )


def backtest() -> Backtest:
    """Two origins, horizon 2, one target; the median is the truth plus 1."""
    levels = np.arange(10, dtype=np.float32)[:, None]
    truth = np.array([[[6], [7]], [[7], [8]]], np.float32)
    spread = np.array([-2, 0, 2], np.float32)
    return Backtest(
        names=("output",),
        forecasters=("model", "random walk"),
        mase=np.array([[[1.0], [1.0]], [[1.0], [2.0]]]),
        rmse=np.array([[[1.0], [1.0]], [[1.0], [2.0]]]),
        coverage=np.ones((1, 2, 1)),
        coverage_levels=(80,),
        quantiles=(0.1, 0.5, 0.9),
        forecasts=truth[..., None] + 1 + spread,
        truth=truth,
        origins=np.array(["2000-06-01", "2000-07-01"], "datetime64[D]"),
        dates=(np.datetime64("2000-01") + np.arange(10)).astype("datetime64[D]"),
        levels=levels,
    )


def test_smoothing_by_hand() -> None:
    values = np.array([1.0, 3.0, 5.0])
    assert np.array_equal(smooth(values, 0.0), values)
    # weights 0.5 and 0.25, normalised: (0.25 * 1 + 0.5 * 3) / 0.75
    assert smooth(values, 0.5)[:2].tolist() == pytest.approx([1.0, 1.75 / 0.75])
    assert np.allclose(smooth(np.full(20, 7.0), 0.95), 7.0)


def test_curves_keep_their_points_and_name_their_axes() -> None:
    figure = plot_curves([curve([4, 2, 1]), curve([3, 3, 3], "b2")], over="step")
    assert [trace.name for trace in figure.data] == ["one (a1)", "one (b2)"]
    assert figure.data[0].x.tolist() == [10, 20, 30]
    assert figure.data[0].y.tolist() == [4, 2, 1]
    assert figure.layout.xaxis.title.text == "step"
    assert figure.layout.yaxis.title.text == "validation loss"
    assert figure.data[0].line.color != figure.data[1].line.color


def test_smoothed_curves_keep_the_measured_values_behind_them() -> None:
    figure = plot_curves([curve([4, 2, 1])], smoothing=0.5, log_y=True, over="minutes")
    measured, smoothed = figure.data
    assert measured.y.tolist() == [4, 2, 1]
    assert smoothed.y.tolist() == smooth(np.array([4.0, 2.0, 1.0]), 0.5).tolist()
    assert smoothed.x.tolist() == [0, 0.5, 1]
    assert figure.layout.yaxis.type == "log"
    assert not figure.layout.showlegend


def test_confusion_shows_counts_and_parts_of_the_true_class() -> None:
    tested = ClassificationTest(
        ("cat", "dog"),
        np.array([[3, 1], [0, 0]]),
        np.empty((0, 1, 1, 1), np.uint8),
        *(np.empty(0, np.int64),) * 2,
        np.empty(0, np.float32),
    )
    figure = plot_confusion(tested)
    assert figure.data[0].z.tolist() == [[0.75, 0.25], [0, 0]]
    assert figure.data[0].text.tolist() == [["75%", "25%"], ["0%", "0%"]]
    assert plot_confusion(tested, share=False).data[0].text.tolist() == [[3, 1], [0, 0]]
    assert plot_confusion(tested, share=False).data[0].zmax == 3
    assert (figure.layout.yaxis.title.text, figure.layout.xaxis.title.text) == (
        "actual",
        "predicted",
    )
    assert tested.plot().data[0].type == "heatmap"


def test_a_forecast_starts_at_its_origin_and_keeps_past_and_truth_apart() -> None:
    figure = plot_forecast(backtest(), origin=0)
    band, past, forecast, came = figure.data
    assert band.name == "80% interval"
    assert past.y.tolist() == [0, 1, 2, 3, 4, 5]
    assert list(forecast.y) == [5, 7, 8]
    assert list(came.y) == [5, 6, 7]
    assert str(forecast.x[0])[:10] == str(past.x[-1])[:10] == "2000-06-01"
    assert list(band.y) == [5, 9, 10, 6, 5, 5]  # up along the upper edge, back along the lower
    assert figure.layout.yaxis.title.text == "output"


def test_errors_are_drawn_for_every_forecaster_by_horizon() -> None:
    figure = plot_errors(backtest())
    assert {trace.name: list(trace.y) for trace in figure.data} == {
        "model": [1, 1],
        "random walk": [1, 2],
    }
    assert figure.data[0].x.tolist() == [1, 2]


def test_parallel_coordinates_scale_numbers_and_number_texts() -> None:
    columns = {"training.epochs": ["5", "10"], "model.activation": ["relu", "tanh"]}
    dimensions = plot_parallel(columns, "accuracy", [0.5, 0.9]).data[0].dimensions
    assert [d.label for d in dimensions] == ["epochs", "activation", "accuracy"]
    assert list(dimensions[0]["values"]) == [5, 10]
    assert list(dimensions[1]["values"]) == [0, 1]
    assert list(dimensions[1].ticktext) == ["relu", "tanh"]
    assert list(dimensions[2]["values"]) == [0.5, 0.9]


def test_a_scatter_names_its_axes_and_takes_texts_as_categories() -> None:
    figure = plot_scatter("lr", ["0.1", "0.01"], "loss", [1, 2], ["a", "b"], log_x=True)
    assert (list(figure.data[0].x), figure.layout.xaxis.type) == ([0.1, 0.01], "log")
    named = plot_scatter("kind", ["x", "y"], "loss", [1, 2], ["a", "b"], log_x=True)
    assert (list(named.data[0].x), named.layout.xaxis.type) == (["x", "y"], "category")


def test_figures_need_no_torch() -> None:
    code = "import dlexplain.figures, sys; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"
