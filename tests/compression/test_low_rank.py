"""Energy is kept as asked; a matrix of that rank loses nothing; what cannot be factored stays."""

import pytest
import torch
from torch import nn

from dlexplain.compression.low_rank import Params
from dlexplain.compression.modules.low_rank import Factors, LowRank, _factors, rank_of
from dlexplain.errors import BadInput
from tests.compression.nets import built, inputs_of, numbers


def of_rank(rank: int, outputs: int = 40, inputs: int = 30) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    left = torch.randn(outputs, rank, generator=generator)
    return left @ torch.randn(rank, inputs, generator=generator)


def test_the_rank_is_the_least_that_keeps_the_energy() -> None:
    values = torch.tensor([4.0, 2.0, 2.0, 1.0])  # squares 16, 4, 4, 1 of 25
    assert [rank_of(values, energy) for energy in (0.6, 0.64, 0.65, 0.8, 0.95, 0.97, 1.0)] == [
        1, 1, 2, 2, 3, 4, 4,
    ]  # fmt: skip
    assert rank_of(torch.rand(50).sort(descending=True).values, 1.0) <= 50


def test_the_energy_is_kept_and_told() -> None:
    network = nn.Sequential(nn.Linear(30, 40))
    with torch.no_grad():
        network[0].weight.copy_(of_rank(30) * torch.logspace(0, -3, 30))
    weight = network[0].weight.detach().clone()
    way = LowRank(Params(energy=0.9))
    way.prepare(network, None)
    product = (network[0][1].weight @ network[0][0].weight).detach()  # type: ignore[index,operator]
    lost = (weight - product).square().sum() / weight.square().sum()
    (row,) = way.layers(network)
    assert float(1 - lost) == pytest.approx(float(row["energy kept"]), abs=1e-5)
    assert float(row["energy kept"]) >= 0.9
    squares = torch.linalg.svdvals(weight.double()).square()
    rank = int(row["rank"])
    assert float(squares[: rank - 1].sum() / squares.sum()) < 0.9  # one fewer would not do
    assert row["weights"] == rank * 70 == numbers(network) - 40
    assert way.facts(network)["energy_kept"] == pytest.approx(float(row["energy kept"]))


@pytest.mark.parametrize(
    ("layer", "x"),
    [
        (nn.Linear(30, 40), torch.randn(5, 30)),
        (nn.Conv2d(10, 40, 3, stride=2, padding=1), torch.randn(2, 10, 9, 9)),
        (nn.Conv2d(10, 40, 3, padding="same", padding_mode="reflect"), torch.randn(2, 10, 9, 9)),
        (nn.Conv1d(10, 40, 3, dilation=2, bias=False), torch.randn(2, 10, 12)),
    ],
)
def test_full_energy_gives_the_same_answers(layer: nn.Module, x: torch.Tensor) -> None:
    """Where the matrix has few ranks, and where all of them are taken."""
    network = nn.Sequential(layer)
    weight: torch.Tensor = layer.weight  # type: ignore[assignment]
    with torch.no_grad():
        weight.copy_(of_rank(4, 40, weight[0].numel()).view_as(weight))
        expected = network(x)
        way = LowRank(Params(energy=0.99999))
        way.prepare(network, None)
        assert way.ranks == {"0": 4}
        torch.testing.assert_close(network(x), expected, atol=1e-4, rtol=1e-4)


def test_all_ranks_give_the_same_matrix() -> None:
    layer = nn.Linear(6, 4)
    left, values, right = torch.linalg.svd(layer.weight.detach(), full_matrices=False)
    first, second = _factors(layer, 4)
    with torch.no_grad():
        first.weight.copy_(values[:, None] * right)
        second.weight.copy_(left)
        second.bias.copy_(layer.bias)
        x = torch.randn(3, 6)
        torch.testing.assert_close(Factors(first, second)(x), layer(x))


def test_recurrent_shared_and_frozen_matrices_stay() -> None:
    network = nn.ModuleDict(
        {
            "table": nn.Embedding(30, 20),
            "cell": nn.LSTM(20, 20),
            "line": nn.Linear(20, 20),
            "out": nn.Linear(20, 30, bias=False),
            "still": nn.Linear(20, 20),
        }
    )
    network["out"].weight = network["table"].weight
    network["still"].requires_grad_(False)
    way = LowRank(Params(energy=0.3))
    way.prepare(network, None)
    assert list(way.ranks) == ["line"]
    notes = " ".join(way.notes)
    assert "cell, whose recurrent" in notes
    assert "out, whose matrix another layer shares" in notes
    with pytest.raises(BadInput, match="nothing to factor"):
        LowRank(Params()).prepare(nn.Sequential(nn.LSTM(4, 4)), None)
    with pytest.raises(BadInput, match="no layer gets smaller with 99.9%"):
        LowRank(Params(energy=0.999)).prepare(nn.Sequential(nn.Linear(20, 20)), None)


def test_a_transformer_layer_computes_with_the_factors() -> None:
    layer = nn.TransformerEncoderLayer(16, 2, 64, dropout=0.0, batch_first=True)
    network = nn.Sequential(layer).eval()
    with torch.no_grad():
        layer.linear1.weight.copy_(of_rank(2, 64, 16))
        x = torch.randn(2, 5, 16)
        before = network(x)
        way = LowRank(Params(energy=0.99999))
        way.prepare(network, None)
        assert "0.linear1" in way.ranks
        torch.testing.assert_close(network(x), before, atol=1e-4, rtol=1e-4)


def test_a_whole_network_is_smaller_and_similar() -> None:
    network = built("text-cnn")
    x = inputs_of("text-cnn")
    with torch.no_grad():
        before = network(x)
        size = numbers(network)
        LowRank(Params(energy=0.7)).prepare(network, None)
        assert numbers(network) < size
        assert (network(x) - before).norm() < before.norm()
