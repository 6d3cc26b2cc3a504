"""A translation's figures: candidates, every head, what moved a token."""

from dataclasses import replace

import numpy as np

from dlexplain.figures.translation import (
    plot_chosen_row,
    plot_heads,
    plot_source_influence,
    plot_translation,
)
from dlexplain.results import Alignment, Candidate, CrossAttention, SourceInfluence, Translation

NONE = np.array([-1])


def test_candidates_are_bars_of_their_scores() -> None:
    one, other = (
        Candidate(text, (text,), (4,), NONE, log, log / 2, np.array([log], np.float32), True)
        for text, log in (("<b>Hund", -1.0), ("Katze", -3.0))
    )
    found = Translation(
        "tiny", ("en", "de"), "dog", ("dog",), (4,), NONE, (one, other), 5, 1.0, 0.0, 0, 0.1
    )
    (bars,) = plot_translation(found).data
    assert list(bars.x) == [-0.5, -1.5]
    assert list(bars.y) == ["1: &lt;b>Hund", "2: Katze"]
    assert found.plot().data == plot_translation(found).data


def test_heads_are_side_by_side() -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(3), (2, 4, 2)).astype(np.float32)
    found = CrossAttention(
        weights, 0, ("a", "(end)"), ("x", "y", "(end)"), np.array([0, -1]), np.array([0, 1, -1])
    )
    figure = plot_heads(found)
    assert len(figure.data) == 8
    np.testing.assert_array_equal(figure.data[5].z, weights[1, 1])
    assert {note.text for note in figure.layout.annotations} == {
        "layer 1", "layer 2", "head 1", "head 2", "head 3", "head 4"
    }  # fmt: skip
    only = replace(found, weights=weights[:1, :1])
    assert len(plot_heads(only).data) == 1
    assert not plot_heads(only).layout.annotations


def test_the_chosen_row_has_a_frame_and_long_ones_no_names() -> None:
    few = Alignment(np.eye(3, dtype=np.float32), ("a", "b", "c"), ("x", "y", "z"))
    (frame,) = plot_chosen_row(few, 1).layout.shapes
    assert (frame.y0, frame.y1, frame.x0, frame.x1) == (0.5, 1.5, -0.5, 2.5)
    many = Alignment(np.ones((200, 1), np.float32), ("a",) * 200, ("x",))
    assert plot_chosen_row(many, 1).layout.height == 900
    assert plot_chosen_row(many, 1).layout.yaxis.showticklabels is False


def test_influence_is_centred_on_zero() -> None:
    values = np.array([0.5, -2.0], np.float32)
    found = SourceInfluence(
        "tiny", "leave-one-out", "Leave one out", "Hund", 0, ("dog", "<"), np.array([0, 1]),
        values, -0.1, None, 3, 0.1,
    )  # fmt: skip
    (bars,) = plot_source_influence(found).data
    assert (bars.marker.cmin, bars.marker.cmax) == (-2, 2)
    assert list(bars.customdata) == ["dog", "&lt;"]
    assert not np.isnan(bars.y).any()
