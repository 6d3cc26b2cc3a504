"""Owen values: by hand, against shap's Partition explainer, whatever is scored ahead."""

from typing import Any

import numpy as np
import pytest
import shap
from numpy.typing import NDArray

from dlexplain.explainers.owen import IN_VAIN, Tree, owen_values

HALVES = np.array([[0, 1], [2, 3], [4, 5], [6, 7], [9, 8], [10, 11], [12, 13]])
"""Of eight players, not evenly."""
PLAYERS = len(HALVES) + 1


class Game:
    """Worth with interactions of all orders, and what was asked."""

    def __init__(self, seed: int, players: int = PLAYERS) -> None:
        drawn = np.random.default_rng(seed)
        self.own, self.pairs = drawn.normal(size=players), drawn.normal(size=(players, players))
        self.calls: list[int] = []

    def __call__(self, on: NDArray[np.bool_]) -> NDArray[np.float64]:
        self.calls.append(len(on))
        x = on.astype(float)
        worth: NDArray[np.float64] = np.tanh(x @ self.own + ((x @ self.pairs) * x).sum(1))
        return worth


class Masker(shap.maskers.Masker):
    shape = (1, PLAYERS)
    immutable_outputs = True
    clustering = np.column_stack([HALVES, np.ones(len(HALVES)), np.zeros(len(HALVES))])

    def __call__(self, mask: Any, _row: Any) -> tuple[Any, ...]:
        return (np.asarray(mask, bool)[None],)


def shaps(game: Game, evaluations: int) -> NDArray[np.float64]:
    sizes = Tree.of(HALVES).members.sum(1)[PLAYERS:]
    masker = Masker()
    masker.clustering = np.column_stack([HALVES, np.ones(len(HALVES)), sizes])
    explainer = shap.PartitionExplainer(lambda on: game(np.asarray(on, bool))[:, None], masker)
    row = np.ones((1, PLAYERS), bool)
    found = explainer(row, max_evals=evaluations, batch_size=5, silent=True)
    return np.asarray(found.values, float).reshape(PLAYERS)


def test_two_players_share_what_they_do_together() -> None:
    worth = {(0, 0): 1.0, (1, 0): 2.0, (0, 1): 4.0, (1, 1): 9.0}

    def score(on: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.array([worth[int(a), int(b)] for a, b in on])

    values, whole, nothing = owen_values(Tree.of(np.array([[0, 1]])), score, 10, 5)
    assert (whole, nothing) == (9.0, 1.0)
    np.testing.assert_allclose(values, [(1 + 5) / 2, (3 + 7) / 2])  # alone, and after the other


def test_one_player_has_it_all() -> None:
    tree = Tree.of(np.zeros((0, 2), np.int64))
    values, whole, nothing = owen_values(tree, Game(0, players=1), 10, 5)
    np.testing.assert_allclose(values, [whole - nothing])


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("evaluations", [10, 23, 60, 400])
def test_values_are_shaps_wherever_the_evaluations_end(seed: int, evaluations: int) -> None:
    values, whole, nothing = owen_values(Tree.of(HALVES), Game(seed), evaluations, 5)
    np.testing.assert_allclose(values, shaps(Game(seed), evaluations), atol=1e-12)
    assert values.sum() == pytest.approx(whole - nothing)


@pytest.mark.parametrize("width", [2, 16, 64])
@pytest.mark.parametrize("evaluations", [23, 60])
def test_scoring_ahead_changes_no_value_and_wastes_little(width: int, evaluations: int) -> None:
    plain, ahead = Game(7), Game(7)
    tree = Tree.of(HALVES)
    expected = owen_values(tree, plain, evaluations, 5)
    found = owen_values(tree, ahead, evaluations, 5, width)
    np.testing.assert_array_equal(found[0], expected[0])
    assert sum(ahead.calls) - sum(plain.calls) <= min(width, IN_VAIN)
    assert max(ahead.calls) <= max(width, 6)
    if width == 16 and evaluations == 60:
        assert len(ahead.calls) < 0.7 * len(plain.calls)


def test_among_many_players_no_more_is_wasted() -> None:
    players, width = 60, 16
    halves = np.array([[2 * i, 2 * i + 1] for i in range(players - 1)])
    plain, ahead = Game(5, players), Game(5, players)
    expected = owen_values(Tree.of(halves), plain, 300, 5)
    found = owen_values(Tree.of(halves), ahead, 300, 5, width)
    np.testing.assert_allclose(found[0], expected[0], atol=1e-12)
    assert 0 <= sum(ahead.calls) - sum(plain.calls) <= IN_VAIN
    assert len(ahead.calls) < 0.7 * len(plain.calls)


def test_players_that_do_not_matter_cost_nothing_and_get_nothing() -> None:
    game, matter = Game(3), np.ones(PLAYERS, bool)
    matter[[0, 5]] = False

    def score(on: NDArray[np.bool_]) -> NDArray[np.float64]:
        whole = np.ones((len(on), PLAYERS), bool)
        whole[:, matter] = on
        return game(whole)

    values, whole, nothing = owen_values(Tree.of(HALVES), score, 4000, 5, 1, matter)
    np.testing.assert_allclose(values[~matter], 0, atol=1e-12)
    assert values.sum() == pytest.approx(whole - nothing)
    assert sum(game.calls) <= 2 ** int(matter.sum())


def test_where_the_evaluations_end_at_once_all_share_alike() -> None:
    values, whole, nothing = owen_values(Tree.of(HALVES), Game(1), 2, 5)
    np.testing.assert_allclose(values, (whole - nothing) / PLAYERS)
