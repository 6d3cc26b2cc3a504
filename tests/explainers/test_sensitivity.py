"""Sobol' indices and HSIC: known functions of the mask, scipy's indices, and the matrix formula."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor, nn

from dlexplain.explainers.batching import Target
from dlexplain.explainers.designs import pair, shares, switches
from dlexplain.explainers.inputs.picture import cells
from dlexplain.explainers.methods.hsic import dependences
from dlexplain.explainers.methods.sobol import total_indices
from tests.explainers.test_texts import OF_WORDS, SENTENCE, WEIGHTS, SumOfWords, run_on, values_of
from tests.tiny import conv_net, explain, fixed, linear_net, picture, prepared

WHITE = torch.ones(1, 3, 32, 32)
"""Over black, -1, a cell that is there by the share m has the value 2 m - 1."""


class OfCells(nn.Module):
    """Class 1's score is a function of the four quarters' means, each from -1 to 1."""

    def forward(self, x: Tensor) -> Tensor:
        quarters = nn.functional.avg_pool2d(x.mean(1, keepdim=True), 16).flatten(1)  # (batch, 4)
        score = self.score(*quarters.double().T)
        return torch.stack([torch.zeros_like(score), score], dim=1)


class Linear(OfCells):
    def score(self, a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
        return 3 * a - 2 * b + c + 10


class Product(OfCells):
    """Π (1 + e_i v_i / 2)"""

    def score(self, a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
        return (1 + a) * (1 + b / 2) * (1 + c / 4)


class Ishigami(OfCells):
    """Ishigami, Homma 1990; a part of each of the first and third acts only with the other."""

    def score(self, a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
        x, y, z = torch.pi * a, torch.pi * b, torch.pi * c
        return x.sin() + 7 * y.sin() ** 2 + 0.1 * z**4 * x.sin()


def of_product() -> list[float]:
    # Of independent factors of mean 1 and variances v: ST_i = v_i Π_{j≠i} (1 + v_j) / (Π (1 + v_j)
    # - 1); a value of -1 to 1 has the variance 1/3.
    v = np.array([1, 1 / 4, 1 / 16, 0]) / 3
    return list(v / (1 + v) * np.prod(1 + v) / (np.prod(1 + v) - 1))


KNOWN = {
    Linear: [9 / 14, 4 / 14, 1 / 14, 0],
    Product: of_product(),
    Ishigami: [0.5576, 0.4424, 0.2437, 0],
}


def quarters(values: np.ndarray) -> list[float]:
    """(1, 32, 32) of a grid of two by two: one value each."""
    found = [values[0, 16 * i : 16 * i + 16, 16 * j : 16 * j + 16] for i in (0, 1) for j in (0, 1)]
    assert all(np.ptp(part) == 0 for part in found)
    return [float(part[0, 0]) for part in found]


@pytest.mark.parametrize("net", KNOWN)
def test_sobol_indices_of_functions_with_known_ones(net: type[OfCells]) -> None:
    params = {"baseline": "black", "grid": 2, "designs": 1024}
    several = [explain(net(), "sobol", WHITE, seed=seed, **params) for seed in range(4)]
    mean = np.mean([quarters(found.values) for found in several], axis=0)
    assert mean == pytest.approx(KNOWN[net], abs=0.025)
    found = several[0]
    assert found.values[0, 31, 31] == 0  # the fourth is not read
    assert found.evaluations == 1024 * (4 + 2)
    assert not found.signed
    assert found.values.min() >= 0


def test_sobol_indices_are_scipys() -> None:
    a, b = pair(64, 3, soft=True, seed=0)

    def f(x: Tensor) -> Tensor:  # (n, 3) -> (n,)
        return (x[:, 0] * x[:, 1] + (3 * x[:, 2]).sin() + 0.5 * x[:, 0]).double()

    anew = [torch.where(torch.arange(3) == i, b, a) for i in range(3)]
    of_a, of_b, of_anew = f(a), f(b), torch.stack([f(one) for one in anew])
    known = {"f_A": of_a[None].numpy(), "f_B": of_b[None].numpy(), "f_AB": of_anew[:, None].numpy()}
    expected = stats.sobol_indices(func=known, n=64).total_order.flatten()
    found = total_indices(torch.cat([of_a, of_b]), of_anew - of_a)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_parts_that_act_only_together_have_total_indices_and_no_hsic() -> None:
    a, b = pair(1024, 3, soft=False, seed=0)

    def either(on: Tensor) -> Tensor:
        return (on[:, 0] != on[:, 1]).double()

    anew = torch.stack([torch.where(torch.arange(3) == i, b, a) for i in range(3)])
    changes = torch.stack([either(one) for one in anew]) - either(a)
    found = total_indices(either(torch.cat([a, b])), changes)
    assert found.tolist() == pytest.approx([1, 1, 0], abs=0.06)
    alone = dependences(a, either(a))
    assert alone.max() < 0.001  # (1 - e^-0.5) / 4 = 0.098 of a part that decides by itself


def words_of(method: str, **params: int) -> list[float]:
    return values_of(method, run_on(SumOfWords(), SENTENCE, OF_WORDS), **params).values.tolist()


def test_words_that_add_up_share_the_variance_by_their_weights_squared() -> None:
    squares = [0.0, *[WEIGHTS[word] ** 2 for word in SENTENCE[1:]]]
    found = words_of("sobol", designs=1024)
    assert found == pytest.approx([s / sum(squares) for s in squares], abs=0.04)
    assert found[:2] == [0, 0]  # a mark, which stays, and a word of weight 0
    by_hsic = words_of("hsic", samples=1000)
    assert np.argsort(by_hsic)[-2:].tolist() == [3, 2]  # bad, great


def test_hsic_is_the_trace_of_its_matrices() -> None:
    on = switches(40, 5, np.random.default_rng(0))
    score = (2 * on[:, 0] + on[:, 1] * on[:, 2] + 0.3 * torch.arange(40) / 40).double()
    y, n = score.numpy(), 40
    distances = np.abs(y[:, None] - y)
    width = np.median(distances[np.triu_indices(n, 1)])
    ones = np.eye(n) - 1 / n
    kernel = np.exp(-(distances**2) / (2 * width**2))
    expected = [
        np.trace((m[:, None] == m).astype(float) @ ones @ kernel @ ones) / (n - 1) ** 2
        for m in on.T.numpy()
    ]
    np.testing.assert_allclose(dependences(on, score), expected, rtol=1e-9)
    # Less a half it is the same: constants go in the centring.
    half = np.trace(((on[:, :1] == on[:, 0]).numpy() - 0.5) @ ones @ kernel @ ones) / (n - 1) ** 2
    assert half == pytest.approx(expected[0])


class OneCell(OfCells):
    """The last quarter alone: its score is -1 or 1."""

    def score(self, a: Tensor, b: Tensor, c: Tensor, d: Tensor) -> Tensor:
        return d + 1e-9 * a  # as rounding would


def test_the_hsic_of_a_part_that_is_the_score_by_hand() -> None:
    # With two scores, in half of the rows each, H L H = (1 - e^-0.5) / 2 s s' of signs s, and K =
    # s s' / 2: the trace is (1 - e^-0.5) / 4 n².
    n = 64
    found = explain(OneCell(), "hsic", WHITE, baseline="black", grid=2, samples=n)
    expected = (1 - np.exp(-0.5)) / 4 * (n / (n - 1)) ** 2
    values = quarters(found.values)
    assert values[3] == pytest.approx(expected, rel=1e-5)
    assert max(values[:3]) < 0.1 * expected
    assert found.evaluations == n


class OnePatch(nn.Module):
    """Class 1's score is the mean of the cell [8:16, 16:24]; the rest is not read."""

    def forward(self, x: Tensor) -> Tensor:
        seen = x[:, :, 8:16, 16:24].mean(dim=(1, 2, 3))
        return torch.stack([torch.zeros_like(seen), seen], dim=1)


@pytest.mark.parametrize(("method", "few"), [("sobol", {"designs": 8}), ("hsic", {"samples": 128})])
def test_the_one_cell_that_is_read_stands_out(method: str, few: dict[str, int]) -> None:
    found = explain(OnePatch(), method, WHITE, baseline="black", grid=4, **few).values[0]
    inside = found[8:16, 16:24]
    assert np.ptp(inside) == 0
    rest = found.copy()
    rest[8:16, 16:24] = 0
    assert inside[0, 0] > 5 * rest.max()
    if method == "sobol":
        assert rest.max() == 0
    with_contrast = explain(
        OnePatch(), method, WHITE, Target(0, 1), baseline="black", grid=4, **few
    ).values[0]
    np.testing.assert_allclose(with_contrast, found, atol=1e-6)  # a sign is of no matter


@pytest.mark.parametrize(
    ("method", "few"), [("sobol", {"designs": 8, "grid": 4}), ("hsic", {"samples": 50})]
)
def test_chunks_of_any_size_and_a_seed_give_the_same(method: str, few: dict[str, int]) -> None:
    model = prepared(conv_net())
    one = explain(model, method, chunks=fixed(model, 3), **few)
    two = explain(model, method, chunks=fixed(model, 16), **few)
    np.testing.assert_allclose(one.values, two.values, rtol=1e-4, atol=1e-6)
    other = explain(model, method, seed=1, **few)
    assert not np.allclose(other.values, one.values, atol=1e-4)


def test_a_score_that_never_changes_has_no_variance_to_share() -> None:
    net = linear_net()
    net[1].weight.data[:] = 0
    for method, few in (("sobol", {"designs": 8}), ("hsic", {"samples": 20})):
        found = explain(net, method, picture(), **few)
        assert (found.values == 0).all()
        assert "Every value is 0" in found.note


def test_columns_of_a_design_are_balanced_and_none_is_another() -> None:
    on = switches(32, 128, np.random.default_rng(0))
    assert (on.sum(0) == 16).all()
    signs = 2 * on - 1
    alike = (signs.T @ signs).abs() - 32 * torch.eye(128)
    assert alike.max() < 32
    # The reason: a Sobol' sequence, rounded, has 16 columns and their opposites.
    rounded = 2 * (shares(32, 128, np.random.default_rng(0)) < 0.5).float() - 1
    different = (rounded * rounded[0]).unique(dim=1)
    assert different.shape[1] <= 16


def test_the_second_design_follows_none_of_the_first() -> None:
    first, second = pair(32, 64, soft=True, seed=3)
    assert (first.shape, second.shape) == ((32, 64), (32, 64))
    both = torch.corrcoef(torch.cat([first, second], 1).T)[:64, 64:]
    assert both.abs().max() < 0.8  # of one sequence of 128 columns, up to 0.97
    assert both.diagonal().abs().mean() < 0.2
    again = pair(32, 64, soft=True, seed=3)
    assert torch.equal(again[0], first) and torch.equal(again[1], second)


def test_cells_share_a_picture_out() -> None:
    labels = cells(5, 6, 2)
    assert labels.tolist() == [[0, 0, 0, 1, 1, 1]] * 3 + [[2, 2, 2, 3, 3, 3]] * 2
