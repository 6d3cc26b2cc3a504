"""Two maps that differ are told apart by the model itself."""

import torch

from dlexplain.evaluation.arbiter import arbitrate
from dlexplain.evaluation.case import Case
from tests.evaluation.cases import LinearPictures, picture_input, series_input

SIDE = 32
PATTERN = (-1.0) ** (torch.arange(SIDE)[:, None] + torch.arange(SIDE))
"""What a blur takes away."""


def two_maps() -> tuple[Case, Case]:
    """Of a model that sees rows and columns 4 to 9: a map of these, and one of 20 to 25."""
    weights = torch.zeros((3, SIDE, SIDE))
    weights[:, 4:10, 4:10] = 0.03 * PATTERN[4:10, 4:10]
    given = picture_input(LinearPictures(weights), (0.5 + 0.4 * PATTERN).expand(1, 3, -1, -1))
    right, wrong = torch.zeros((1, SIDE, SIDE)), torch.zeros((1, SIDE, SIDE))
    right[:, 4:10, 4:10] = 1
    wrong[:, 20:26, 20:26] = 1
    return Case(given, right, False), Case(given, wrong, False)


def test_the_right_map_wins_from_either_side() -> None:
    right, wrong = two_maps()
    found = arbitrate(right, wrong)
    assert found.winner == "first"
    assert arbitrate(wrong, right).winner == "second"
    assert found.first_loss > found.random[1] or found.first_loss > 0.1
    assert abs(found.second_loss) < 1e-4
    assert 4 <= found.first[0] <= 9
    assert 20 - found.size < found.second[0] <= 25


def test_equal_maps_are_not_told_apart() -> None:
    right, _ = two_maps()
    found = arbitrate(right, right)
    assert (found.winner, found.size) == ("", 0)


def test_a_model_that_sees_neither_place_decides_nothing() -> None:
    right, wrong = two_maps()
    weights = torch.zeros((3, SIDE, SIDE))
    given = picture_input(LinearPictures(weights), torch.rand((1, 3, SIDE, SIDE)))
    found = arbitrate(Case(given, right.values, False), Case(given, wrong.values, False))
    assert found.winner == ""
    assert (found.first_loss, found.second_loss) == (0.0, 0.0)


def test_of_a_forecast_single_values() -> None:
    weights = torch.zeros((8, 3))
    weights[2, 1] = 5.0
    given = series_input(weights)
    given.x[0, 2, 1] = 1.0
    right, wrong = torch.zeros((8, 3)), torch.zeros((8, 3))
    right[2, 1], wrong[6, 0] = 1.0, 1.0
    found = arbitrate(Case(given, right, True), Case(given, wrong, True))
    assert found.winner == "first"
    assert found.first_loss == 5.0
