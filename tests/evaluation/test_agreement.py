"""Agreement of maps by hand and by scipy."""

import json

import numpy as np
import pytest
from scipy.stats import spearmanr

from dlexplain.errors import BadInput
from dlexplain.evaluation.agreement import agreement, consensus, correlations, overlaps
from dlexplain.evaluation.ranks import top_intersection


def maps(count: int = 4, places: int = 60) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, places))


def test_correlations_are_scipys() -> None:
    drawn = maps().round(1)  # with equal values
    np.testing.assert_allclose(correlations(drawn), spearmanr(drawn, axis=1)[0], atol=1e-12)


def test_overlaps_are_intersections() -> None:
    drawn = maps()
    found = overlaps(drawn, 0.2)
    for i, one in enumerate(drawn):
        for j, other in enumerate(drawn):
            assert found[i, j] == pytest.approx(top_intersection(one, other, 0.2))
    assert found.diagonal().tolist() == [1, 1, 1, 1]


def test_equal_values_count_in_part() -> None:
    level = np.array([[2.0, 1, 1, 0], [0, 2, 1, 1]])
    # the largest two of the first: the first place, and half of the second and the third each;
    # of the second: the second place, and half of the third and the fourth
    assert overlaps(level, 0.5)[0, 1] == pytest.approx((0.5 + 0.5) / 2)
    assert overlaps(level, 0.5)[0, 0] == 1


def test_the_consensus_by_hand() -> None:
    three = np.array([[0.0, 5, 9], [1, 2, 3], [3, 1, 2]])
    together, spread = consensus(three)
    assert together.tolist() == pytest.approx([1 / 3, 1 / 3, 2.5 / 3])
    assert spread.tolist() == pytest.approx(
        [np.std([0, 0, 1]), np.std([0.5, 0.5, 0]), np.std([1, 1, 0.5])]
    )


def test_maps_that_are_one_agree_and_opposite_ones_do_not() -> None:
    one = maps(1).reshape(6, 10)
    found = agreement(np.stack([one, one**3, -one]), ("a", "b", "c"))
    assert found.correlations[0].tolist() == pytest.approx([1, 1, -1])
    assert found.overlaps[0].tolist() == pytest.approx([1, 1, 0])
    assert found.consensus.shape == found.spread.shape == (6, 10)
    same = agreement(np.stack([one, one]), ("a", "b"))
    assert same.spread.max() == 0
    assert (same.consensus.min(), same.consensus.max()) == (0, 1)
    assert json.loads(json.dumps(found.to_dict()))["methods"] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("given", "names", "said"),
    [
        (maps(1), ("a",), "1 maps are too few to agree; two are needed"),
        (maps(2), ("a",), "2 maps are given and 1 names of methods"),
        (maps(2, 1), ("a", "b"), "the maps have one place, of which there is no order"),
        (np.stack([maps()[0], np.ones(60)]), ("a", "b"), "all values of b are 1: it says nothing"),
        (np.stack([maps()[0] * np.nan, maps()[0]]), ("a", "b"), "60 of the 60 values of a are not"),
    ],
)
def test_what_cannot_agree_is_told(given: np.ndarray, names: tuple[str, ...], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        agreement(given, names)
