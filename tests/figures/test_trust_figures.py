"""Figures of a table of trust show its very numbers."""

import math
from dataclasses import replace

import numpy as np
import pytest

from dlexplain.figures.scales import BLUE, INK, ORANGE
from dlexplain.figures.trust import plot_cells, plot_ranks
from dlexplain.figures.trust_cost import _box, _free_places, _meet, plot_cost
from dlexplain.results import TrustTable
from tests.trust_tables import GAINS, RANKS, table

ALIKE = {"lrp": 0.1, "grad-cam": 0.1, "guided-backprop": 0.8, "rise": 0.0}


def test_ranks_have_their_places_groups_and_difference() -> None:
    figure = plot_ranks(table(ALIKE))
    assert figure == table(ALIKE).plot()
    points = figure.data[0]
    assert list(points.x) == sorted(RANKS.values())
    assert list(points.marker.color) == [BLUE, INK, ORANGE, INK]
    assert points.customdata[2] == "Guided-Backprop ✗"
    *groups, difference = figure.layout.shapes
    assert [(s.y0, s.y1) for s in groups] == [
        (-0.2, 1.2),
        (0.8, 2.2),
    ]  # joins 1st and 2nd, 2nd, 3rd
    assert difference.x1 - difference.x0 == pytest.approx(1.0)
    assert figure.layout.annotations[0].text == "critical difference 1.00"


def test_cells_are_coloured_by_their_column_and_its_better_end() -> None:
    heat = plot_cells(table(ALIKE)).data[0]
    assert [row[0] for row in heat.text] == ["0.300", "0.200", "0.150", "−0.050"]
    spread = GAINS["lrp"] - GAINS["rise"]
    expected = [(g - GAINS["rise"]) / spread for g in GAINS.values()]
    assert heat.z[:, 0] == pytest.approx(expected)
    assert set(heat.z[:, 1]) == {0.5}  # neither end of sparseness is better
    assert heat.z[:, 2] == pytest.approx([1 - v / 0.8 for v in ALIKE.values()])
    assert heat.customdata[0][0] == "0.300 probability [0.280 to 0.320], n = 30, more is better"


def test_costs_have_intervals_on_a_log_axis() -> None:
    figure = plot_cost(table())
    points = figure.data[0]
    assert figure.layout.xaxis.type == "log"
    assert list(points.x) == pytest.approx([0.01, 0.02, 0.03, 0.04])
    assert np.allclose(points.error_y.array, 0.2)
    assert list(points.error_x.arrayminus) == pytest.approx([0.005, 0.015, 0.025, 0.035])
    assert list(figure.layout.xaxis.tickvals)[:2] == [0.01, 0.03]


def test_no_name_is_written_over_another() -> None:
    names = [f"A method's name {index}" for index in range(60)]
    x, y = [0.01] * 60, [1 + index / 10 for index in range(60)]
    places = _free_places(names, x, y)
    assert places[0] == "top right" and "" in places
    boxes = [
        _box(place, 190, 32 + 256 * (value - 1) / 5.9, 6.5 * len(name))
        for name, value, place in zip(names, y, places, strict=True)
        if place
    ]
    assert not any(_meet(a, b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_a_table_without_a_ranking_or_a_value_is_drawn() -> None:
    found = table()
    without = replace(
        found,
        ranking=None,
        methods=tuple(replace(m, rank=None, seconds=math.nan) for m in found.methods),
        cells=tuple(replace(c, mean=None, low=None, high=None, why="gone") for c in found.cells),
    )
    assert isinstance(without, TrustTable)
    assert len(plot_ranks(without).data[0].x) == len(plot_cost(without).data[0].x) == 0
    heat = plot_cells(without).data[0]
    assert np.isnan(heat.z).all() and heat.customdata[0][0] == "gone" and heat.text[0][0] == "–"
