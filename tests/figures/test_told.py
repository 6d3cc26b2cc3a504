"""A figure's sentence holds its own numbers."""

import numpy as np
import plotly.graph_objects as go
import pytest

from dlexplain.figures.told import figure_told


def test_bars_tell_their_highest_and_lowest() -> None:
    bars = {"type": "bar", "x": ["espresso", "cup", "mug"], "y": [0.9412, 0.01, 0.02]}
    figure = go.Figure(bars, {"yaxis": {"title": {"text": "probability"}}})
    told = "Bars of probability: highest espresso, 0.941; lowest cup, 0.01."
    assert figure_told(figure) == told


def test_lying_bars_tell_what_their_ticks_say() -> None:
    bars = {"type": "bar", "orientation": "h", "y": ["0", "1"], "x": [-2.0, 1.5]}
    ticks = {"tickvals": ["0", "1"], "ticktext": ["<b>dull</b>", "great"]}
    figure = go.Figure(bars, {"yaxis": ticks, "xaxis": {"title": {"text": "logits"}}})
    assert figure_told(figure) == "Bars of logits: highest great, 1.5; lowest dull, −2."


def test_lines_tell_their_ends_and_only_some_by_name() -> None:
    lines = [
        {"type": "scatter", "mode": "lines", "name": f"run {n}", "x": [1, 2], "y": [n, 2 * n]}
        for n in range(1, 7)
    ]
    layout = {"xaxis": {"title": {"text": "epoch"}}, "yaxis": {"title": {"text": "loss"}}}
    assert figure_told(go.Figure(lines, layout)) == (
        "Lines of loss against epoch: run 1 from 1 to 2; run 2 from 2 to 4; run 3 from 3 to 6; "
        "run 4 from 4 to 8, and 2 more."
    )


def test_a_heat_map_tells_its_size_and_values_and_leaves_out_what_is_none() -> None:
    figure = go.Figure({"type": "heatmap", "z": [[0.5, np.nan, 2], [1, 1, -1]]})
    assert figure_told(figure) == "Heat map of 2 × 3, values from −1 to 2."


def test_points_a_title_and_words_in_the_figure() -> None:
    figure = go.Figure(
        [
            {"type": "scatter", "mode": "markers", "x": [1, 2, 3], "y": [4, 6, 5]},
            {"type": "scatter", "mode": "text", "x": [1], "y": [1], "text": ["note"]},
        ],
        {"title": {"text": "Cost"}},
    )
    assert figure_told(figure) == "Cost: points: 3 from 4 to 6."


def test_points_to_the_right_and_bands_around_lines() -> None:
    points = {"type": "scatter", "mode": "markers", "x": [4.3, 4.9], "y": [0, 1]}
    ticks = {"tickvals": [0, 1], "ticktext": ["LRP", "Grad-CAM"]}
    figure = go.Figure(points, {"xaxis": {"title": {"text": "mean rank"}}, "yaxis": ticks})
    assert figure_told(figure) == "Points of mean rank: highest Grad-CAM, 4.9; lowest LRP, 4.3."
    band = {"type": "scatter", "x": [1, 2, 1], "y": [0, 9, 0], "fill": "toself", "name": "band"}
    line = {"type": "scatter", "x": [1, 2], "y": [3, 4]}
    assert figure_told(go.Figure([band, line])) == "Lines: from 3 to 4."


@pytest.mark.parametrize("y", [[], [None, None]])
def test_what_has_no_values_says_what_it_is(y: list[None]) -> None:
    assert figure_told(go.Figure({"type": "bar", "x": ["a", "b"][: len(y)], "y": y})) == "Bars."
    assert figure_told(go.Figure()) == "An empty chart."


def test_dates_and_very_small_or_large_numbers() -> None:
    line = {"type": "scatter", "x": ["2005-01-01", "2005-04-01"], "y": [0.00002, 12_345_678]}
    assert figure_told(go.Figure(line)) == "Lines: from 2e−05 to 1.2e+07."
    bar = {"type": "bar", "x": ["a", "b"], "y": [12_345.6, 0]}
    assert figure_told(go.Figure(bar)) == "Bars: highest a, 12,346; lowest b, 0."
