"""The curves behind a metric."""

import numpy as np
import pytest

from dlexplain.figures.quality import plot_quality
from dlexplain.figures.scales import BLUE
from dlexplain.results import LayerCurve, Measurement, Quality, RemovalCurve

SHARES = np.array([0.0, 0.5, 1.0])


def quality(*curves: RemovalCurve | LayerCurve, unit: str = "probability") -> Quality:
    found = Measurement(-0.25, -0.5, 0.0, 2, curves)
    return Quality("deletion", "Deletion", "faithfulness", True, unit, {}, found, 9, 0.5)


def test_the_map_is_drawn_over_random_ones_and_their_mean() -> None:
    random = np.array([[0.9, 0.8, 0.1], [0.9, 0.4, 0.1]])
    found = quality(RemovalCurve("without it", SHARES, np.array([0.9, 0.2, 0.1]), random))
    one, other, mean, own = found.plot().data
    assert (list(one.y), list(other.y)) == (list(random[0]), list(random[1]))
    assert list(mean.y) == pytest.approx([0.9, 0.6, 0.1])
    assert mean.name == "random maps, n = 2"
    assert (own.line.color, list(own.x), list(own.y)) == (BLUE, list(SHARES), [0.9, 0.2, 0.1])
    assert found.plot().layout.xaxis.title.text == "share taken away"
    assert found.plot().layout.yaxis.tickformat == ".0%"


def test_what_is_put_back_and_measured_in_a_unit_says_so() -> None:
    found = quality(RemovalCurve("with it alone", SHARES, SHARES, SHARES[None]), unit="%")
    layout = plot_quality(found).layout
    assert layout.xaxis.title.text == "share that the model is given"
    assert (layout.yaxis.title.text, layout.yaxis.tickformat) == ("%", None)


def test_of_random_weights_a_bar_a_step() -> None:
    similarities = np.array([[0.8, -0.2, 0.0], [0.6, -0.4, 0.2]])
    figure = plot_quality(quality(LayerCurve("similarity", ("fc", "conv2", "conv1"), similarities)))
    assert list(figure.data[0].y) == pytest.approx([0.7, -0.3, 0.1])
    assert list(figure.data[0].customdata) == ["fc", "conv2", "conv1"]
    assert figure.layout.yaxis.range[0] < -0.3


def test_one_number_has_no_curve() -> None:
    with pytest.raises(ValueError, match="Deletion has no curve: it is one number, -0.25"):
        quality().plot()


def test_it_is_told_with_its_interval_and_better_end() -> None:
    told = "Deletion: −0.25 [−0.5 to 0] probability, n = 2; more is better."
    assert quality().told == told
