"""Attention's figures show the numbers that they are given, and stay small."""

import json

import numpy as np
import pytest

from dlexplain.figures.attention import LINKS, plot_links, plot_matrix, plot_row, unique_names
from dlexplain.figures.attention_heads import CELL, GUTTER, mosaic, plot_facts, plot_heads, pooled
from dlexplain.results import AttentionMaps, HeadFacts, TokenWeights


def maps(layers: int, heads: int, count: int) -> AttentionMaps:
    weights = np.random.default_rng(0).dirichlet(np.ones(count), (layers, heads, count))
    names = tuple(f"t{place}" for place in range(count))
    return AttentionMaps("made up", "text", names, np.arange(count), weights.astype(np.float32))


def matrix(count: int) -> TokenWeights:
    found = maps(1, 1, count)
    return TokenWeights("one", found.weights[0, 0], found.queries, found.tokens)


def facts(layers: int, heads: int) -> HeadFacts:
    ramp = np.arange(layers * heads, dtype=np.float32).reshape(layers, heads)
    return HeadFacts(
        ramp, 2 * ramp, {"previous": ramp / 100}, np.full((layers, heads), "mixed"), 16
    )


@pytest.mark.parametrize("count", [1, 5, 64, 65, 100, 512])
def test_a_heads_map_has_at_most_its_side(count: int) -> None:
    found = pooled(maps(1, 1, count).weights)
    assert CELL / 2 < found.shape[2] == found.shape[3] <= CELL


def test_pooling_keeps_the_largest_so_that_a_diagonal_stays() -> None:
    found = pooled(np.eye(512, dtype=np.float32)[None, None])
    np.testing.assert_array_equal(found[0, 0], np.eye(CELL))


def test_a_small_map_is_enlarged_as_it_is() -> None:
    weights = maps(1, 1, 3).weights
    np.testing.assert_array_equal(pooled(weights)[0, 0, ::21, ::21], weights[0, 0])


def test_the_mosaic_has_a_place_for_every_head_and_clear_gutters() -> None:
    picture = mosaic(maps(2, 3, 100).weights)
    side = CELL + GUTTER
    assert picture.shape == (2 * side, 3 * side, 4)
    cells = picture[..., 3].reshape(2, side, 3, side)
    assert (cells[:, 2:-2, :, 2:-2] == 255).all()
    assert (cells[:, :2] == 0).all() and (cells[..., -2:] == 0).all()


def test_the_glance_tells_each_head_and_frames_the_chosen_one() -> None:
    figure = plot_heads(maps(2, 3, 5), facts(2, 3), chosen=(1, 2))
    (points,) = figure.data
    assert [tuple(data) for data in points.customdata][-1] == (2, 3)
    assert "entropy 5.00 bits, distance 10.0 tokens" in points.text[-1]
    (frame,) = figure.layout.shapes
    assert (frame.x0, frame.x1, frame.y0, frame.y1) == (2.5, 3.5, 1.5, 2.5)


def test_the_glance_of_72_heads_of_512_tokens_is_small() -> None:
    assert len(plot_heads(maps(6, 12, 512)).to_json()) < 2_000_000


@pytest.mark.parametrize(("what", "top"), [("entropy", 4.0), ("distance", 10.0)])
def test_facts_have_their_unit_and_scale(what: str, top: float) -> None:
    (table,) = plot_facts(facts(2, 3), what).data
    np.testing.assert_array_equal(table.z, getattr(facts(2, 3), what))
    assert table.zmax == top  # log2 of 16 tokens; the farthest head
    assert (
        table.colorbar.title.text
        == {"entropy": "entropy, bits", "distance": "distance, tokens"}[what]
    )


def test_a_matrix_has_tokens_on_both_axes_and_frames_the_focus() -> None:
    found = matrix(6)
    figure = plot_matrix(found, focus=2)
    (heat,) = figure.data
    np.testing.assert_array_equal(heat.z, found.weights)
    assert list(heat.x) == list(heat.y) == list(found.tokens)
    (frame,) = figure.layout.shapes
    assert (frame.y0, frame.y1) == (1.5, 2.5)


def test_tokens_that_repeat_stay_apart() -> None:
    names = unique_names(("of", "a", "of", " ", "x" * 40, "\x00", "<\x01"))
    assert names == ["of (1)", "a", "of (3)", "␣", "x" * 17 + "…", "␀", "&lt;␁"]


def links(found: TokenWeights, focus: int | None) -> set[tuple[int, int]]:
    """(query, key) of each line."""
    return {
        (trace.y[at], trace.y[at + 1])
        for trace in plot_links(found, focus).data
        if trace.mode == "lines"
        for at in range(0, len(trace.y), 3)
    }


def test_links_are_where_the_weights_are() -> None:
    weights = np.array([[0.0, 1.0], [0.5, 0.5]], np.float32)
    found = TokenWeights("two", weights, ("a", "b"), ("a", "b"))
    assert links(found, None) == {(0, 1), (1, 0), (1, 1)}
    assert links(found, 0) == {(0, 1)}


def test_a_hover_lists_where_a_token_looks_the_largest_first() -> None:
    weights = np.array([[0.25, 0.75], [0.5, 0.5]], np.float32)
    left, right = plot_links(TokenWeights("two", weights, ("a", "b"), ("a", "b"))).data[-2:]
    assert left.hovertext[0] == "a looks at<br>75.0% b<br>25.0% a"
    assert right.hovertext[0] == "a is looked at by<br>50.0% b<br>25.0% a"


def test_only_the_strongest_links_of_many_are_drawn() -> None:
    assert 0 < len(links(matrix(200), None)) <= LINKS


def test_tokens_cannot_be_tags() -> None:
    found = TokenWeights("x", np.eye(2, dtype=np.float32), ("<b>", "\n"), ("<b>", " "))
    told = json.dumps([plot_links(found).to_dict(), plot_matrix(found).to_dict()], default=str)
    assert "<b>" not in told


def test_a_row_is_bars_in_the_order_of_the_text() -> None:
    (bars,) = plot_row(("b", "a"), np.array([0.25, 0.75], np.float32)).data
    assert list(bars.y) == [0.25, 0.75]
    assert list(bars.x) == ["b", "a"]
