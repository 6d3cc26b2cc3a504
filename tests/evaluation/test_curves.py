"""Deletion and insertion against constructed truth and hand-computed values."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from dlexplain.errors import BadInput, ParamError
from dlexplain.evaluation.base import METRICS, Metric
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.metrics import curves
from dlexplain.evaluation.random_maps import random_maps
from dlexplain.evaluation.removal import answers_without, area, ranks, steps
from tests.evaluation.cases import (
    SIDE,
    LinearPictures,
    linear_case,
    picture,
    picture_input,
    series_input,
    weights_of_pictures,
)

BOTH = ("deletion", "insertion")


def value(name: str, case: Case, **params: object) -> float:
    metric: Metric[object] = METRICS[name]
    return metric.judge(case, metric.params({"fill": "black", **params})).value


@pytest.mark.parametrize("name", BOTH)
def test_the_exact_attribution_wins_over_a_random_and_an_inverted_map(name: str) -> None:
    exact = linear_case()
    random = linear_case(torch.randn((3, SIDE, SIDE), generator=torch.Generator().manual_seed(5)))
    inverted = linear_case(-exact.values)
    best, chance, worst = (value(name, case) for case in (exact, random, inverted))
    assert best > 2 * abs(chance)
    assert worst < -2 * abs(chance)


@pytest.mark.parametrize("name", BOTH)
def test_of_a_forecast_the_same(name: str) -> None:
    weights = torch.randn((8, 3), generator=torch.Generator().manual_seed(1))
    given = series_input(weights)
    exact = weights * given.x[0]
    found = METRICS[name].judge(Case(given, exact, True), METRICS[name].params())
    worst = METRICS[name].judge(Case(given, -exact, True), METRICS[name].params())
    assert found.found.low is not None
    assert found.found.low > 0 > worst.value


@pytest.mark.parametrize("name", BOTH)
def test_a_random_map_gains_nothing_within_its_interval(name: str) -> None:
    """In 95 of 100 draws; here of 40 at least 34, which chance undercuts once in 150 times."""
    inside = 0
    metric = METRICS[name]
    for seed in range(40):
        drawn = torch.randn((3, SIDE, SIDE), generator=torch.Generator().manual_seed(1000 + seed))
        found = metric.judge(linear_case(drawn, seed), metric.params({"fill": "black"})).found
        assert found.low is not None
        assert found.high is not None
        inside += found.low <= 0 <= found.high
    assert inside >= 34


def test_the_curve_is_what_the_model_says_of_each_picture() -> None:
    """By hand: of a linear model what is left is the sum of the weights' parts that stay."""
    case = linear_case()
    shares = [0.0, 0.25, 1.0]
    found = answers_without(case, case.weights()[None], shares, "black")[0]
    contributions = case.strengths.flatten()
    kept = contributions.sort(descending=True).values
    quarter = len(kept) // 4
    for answer, left in zip(found, (kept, kept[quarter:], kept[:0]), strict=True):
        score = float(left.sum())
        assert answer == pytest.approx(1 / (1 + np.exp(-2 * score)), abs=1e-5)


def test_what_a_person_is_told_is_the_probability() -> None:
    case = linear_case()
    score = float(case.values.sum())
    assert case.said == pytest.approx(1 / (1 + np.exp(-2 * score)), abs=1e-5)
    assert case.given.told_in == "probability"


def test_equal_values_have_no_order_of_rows() -> None:
    found = ranks(torch.zeros((200, 16)), torch.Generator().manual_seed(0)).float()
    assert sorted(found[0].tolist()) == list(range(16))
    assert found.mean(0) == pytest.approx(7.5, abs=1.2)


@pytest.mark.parametrize("first", [0, 1, 3, 7, 8])
def test_the_first_places_are_those_of_the_whole_order(first: int) -> None:
    weights = torch.tensor([[0.0, 2, 2, 1, -3, 2, 0, 5], [1.0] * 8])
    whole, found = (
        ranks(weights, torch.Generator().manual_seed(4), many) for many in (None, first)
    )
    assert torch.equal(found, whole.clamp_max(first))


def test_the_largest_is_first() -> None:
    weights = torch.tensor([[0.1, 3.0, -2.0, 1.0]])
    found = ranks(weights, torch.Generator().manual_seed(0))
    assert found.tolist() == [[2, 0, 3, 1]]


def test_area_of_a_line() -> None:
    shares = steps(4, 100)
    assert shares.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert area(shares, 1 - shares) == pytest.approx(0.5)
    assert steps(16, 3).tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])


@pytest.mark.parametrize("over", ["plane", "time"])
def test_a_random_map_is_as_smooth_and_elsewhere(over: str) -> None:
    rows = torch.linspace(0, 3.14, 32)
    blob = torch.sin(rows)[:, None] * torch.sin(rows)[None] ** 4
    found = random_maps(blob, 8, torch.Generator().manual_seed(0), over)  # type: ignore[arg-type]
    axes = (0, 1) if over == "plane" else (0,)
    spectrum = torch.fft.rfftn(blob, dim=axes).abs()
    for one in found:
        theirs = torch.fft.rfftn(one, dim=axes).abs()
        if over == "time":  # the series have changed places
            spectrum, theirs = (x[0].sort().values for x in (spectrum[None], theirs[None]))
            spectrum = torch.fft.rfftn(blob, dim=axes).abs()
            theirs, expected = theirs.sort(1).values, spectrum.sort(1).values
        else:
            expected = spectrum
        torch.testing.assert_close(theirs, expected, atol=1e-3, rtol=1e-3)
        assert abs(float(torch.corrcoef(torch.stack([one.flatten(), blob.flatten()]))[0, 1])) < 0.9


def test_words_change_places() -> None:
    values = torch.tensor([3.0, 1.0, 2.0])
    found = random_maps(values, 50, torch.Generator().manual_seed(0), "places")
    assert all(sorted(row) == [1.0, 2.0, 3.0] for row in found.tolist())
    assert len({tuple(row) for row in found.tolist()}) == 6
    others = random_maps(
        torch.tensor([0.1, 0.5, 0.9]), 50, torch.Generator().manual_seed(0), "places"
    )
    torch.testing.assert_close(found.argsort(1), others.argsort(1))  # the same chance for both


def test_what_the_model_said_of_parts_is_asked_once() -> None:
    first = linear_case()
    one = METRICS["deletion"].judge(first, METRICS["deletion"].params({"points": 8}))
    asked = first.given.progress.done
    METRICS["infidelity"].judge(first, METRICS["infidelity"].params({}))
    more = first.given.progress.done - asked
    again = METRICS["deletion"].judge(first, METRICS["deletion"].params({"points": 8}))
    assert again.value == one.value
    assert first.given.progress.done == asked + more
    other = replace(first, values=-first.values, answered=first.answered, shared={})
    METRICS["infidelity"].judge(other, METRICS["infidelity"].params({}))
    assert first.given.progress.done == asked + more  # random squares, whatever a map says of them
    METRICS["deletion"].judge(other, METRICS["deletion"].params({"points": 8}))
    assert first.given.progress.done > asked + more


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (torch.full((3, SIDE, SIDE), torch.nan), "432 of the 432 values are not finite"),
        (torch.zeros((3, SIDE, SIDE)), "all values of the map are 0: it says nothing"),
        (torch.full((1, SIDE, SIDE), 2.5), "all values of the map are 2.5"),
    ],
)
def test_a_map_that_says_nothing_is_refused(values: torch.Tensor, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        linear_case(values)


def test_a_fill_of_another_kind_of_input_is_told() -> None:
    with pytest.raises(ParamError, match='fill is "drop"; of a picture blur, mean, black'):
        value("deletion", linear_case(), fill="drop")


def test_a_model_that_always_says_the_same_has_no_gain() -> None:
    """Whatever is taken away; and no division by zero."""
    weights = torch.zeros((3, SIDE, SIDE))
    given = picture_input(LinearPictures(weights), picture())
    case = Case(given, weights_of_pictures(), True)
    for name in BOTH:
        found = METRICS[name].judge(case, METRICS[name].params()).found
        assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)
        assert found.note == "The model says the same, whatever is taken away."


def test_evaluations_are_counted() -> None:
    case = linear_case()
    found = curves.Deletion().judge(case, curves.CurveParams(points=4, maps=3))
    # The picture as it is and all of it removed, which are the same of every map, and 3 shares.
    assert found.evaluations == 2 + 3 * 4
