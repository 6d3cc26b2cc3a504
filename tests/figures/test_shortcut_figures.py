"""The bars of relevance mass, and the frame around a spike."""

from dataclasses import replace

import numpy as np

from dlexplain.figures.scales import BLUE, INK
from dlexplain.figures.shortcuts import plot_marked_series, plot_masses
from dlexplain.results import SeriesAttribution, plot
from dlexplain.results.shortcuts import MarkedRelevance, ShortcutScore, ShortcutTest


def judged() -> ShortcutTest:
    def one(name: str, mean: float) -> MarkedRelevance:
        values = np.array([mean - 0.1, mean, mean + 0.1])
        return MarkedRelevance(name, name, "gradient", values, mean, mean - 0.1, mean + 0.1, 0, 1.0)

    score = ShortcutScore("clean", "Right", 0.5, 0.25, 0.75, 8)
    methods = (one("good", 0.8), one("poor", 0.1))
    return ShortcutTest(
        "m", "M", "d", "mark", "a square", (score,), 3, 9, methods, 0.05, names=("a", "b", "c")
    )


def test_bars_have_intervals_and_a_line_of_chance() -> None:
    figure = plot_masses(judged())
    bars = figure.data[0]
    assert list(bars.y) == ["good", "poor"]
    assert list(bars.x) == [0.8, 0.1]
    assert np.allclose(bars.error_x.array, 0.1)
    assert np.allclose(bars.error_x.arrayminus, 0.1)
    assert list(bars.marker.color) == [BLUE, INK]  # the second may be chance
    assert figure.layout.shapes[0].x0 == 0.05
    assert figure.layout.annotations[0].text == "chance 5.0%"
    assert plot(judged()).data[0].x[0] == 0.8


def test_scores_are_told_with_their_intervals() -> None:
    (score,) = judged().scores
    assert score.told == "50.0% [25.0–75.0%], n = 8"
    assert replace(score, unit="deviations").told == "0.500 [0.250–0.750], n = 8"


def test_the_spike_has_a_frame() -> None:
    dates = np.array(["2000-01", "2000-04", "2000-07"], "datetime64[D]")
    found = SeriesAttribution(
        method="x", title="X", params={}, model="m", names=("a", "b"), dates=dates,
        values=np.ones((3, 2)), inputs=np.zeros((3, 2)), target="a", step=1, date=dates[-1],
        what="median", unit="", change=0.0, completeness_error=None, evaluations=1, seconds=0.0,
        period=4,
    )  # fmt: skip
    mask = np.zeros((3, 2), bool)
    mask[1, 1] = True
    frame = plot_marked_series(found, mask).data[-1]
    assert list(frame.y) == ["b"]
    assert np.datetime64(frame.x[0], "D") == dates[1]
