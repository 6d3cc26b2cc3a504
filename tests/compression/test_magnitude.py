"""Zeros are counted, in place, of the whole network, and rise as the formula says."""

import pytest
import torch
from torch import nn

from dlexplain.compression.magnitude import Params
from dlexplain.compression.modules.magnitude import Magnitude, pruned, sparsity_at
from dlexplain.compression.modules.semi_structured import SemiStructured, two_of_four
from dlexplain.compression.modules.weights import prunable
from dlexplain.compression.semi_structured import Params as FourParams
from dlexplain.errors import BadInput, ParamError
from dlexplain.networks.base import LanguageShape
from dlexplain.networks.modules.rnn_lm import RecurrentLM
from dlexplain.networks.rnn_lm import Params as LMParams
from dlexplain.params import parse
from tests.compression.nets import built


def two_layers() -> nn.Sequential:
    """Magnitudes 1 to 6 and, in a layer of its own scale, 10 to 60."""
    network = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 3))
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[1.0, -5.0, 3.0], [-4.0, 2.0, 6.0]]))
        network[2].weight.copy_(torch.tensor([[10.0, -20.0], [-30.0, 40.0], [50.0, 60.0]]))
        network[0].bias.fill_(0.1)
    return network


def test_the_smallest_of_the_whole_network_go() -> None:
    network = two_layers()
    way = Magnitude(Params(sparsity=0.5))
    way.finish(way.prepare(network, None), None)
    assert network[0].weight.count_nonzero() == 0  # six of twelve, all in the first
    assert network[2].weight.count_nonzero() == 6
    assert network[0].bias.tolist() == pytest.approx([0.1, 0.1])
    way = Magnitude(Params(sparsity=1 / 3))
    network = way.prepare(two_layers(), None)
    assert network[0].weight.tolist() == [[0, -5, 0], [0, 0, 6]]  # type: ignore[index,union-attr]


@pytest.mark.parametrize("sparsity", [0.05, 0.5, 0.9])
def test_zeros_are_counted(sparsity: float) -> None:
    network = built("cnn")
    weights = prunable(network)
    count = sum(weight.numel() for weight in weights.values())
    assert set(weights) == {
        "features.0.weight", "features.4.weight", "classifier.0.weight", "classifier.3.weight",
    }  # fmt: skip
    way = Magnitude(Params(sparsity=sparsity))
    way.prepare(network, None)
    zeros = sum(int((weight == 0).sum()) for weight in weights.values())
    assert zeros == round(sparsity * count)
    facts = way.facts(network)
    assert facts["sparsity"] == zeros / count
    every = torch.cat([weight.flatten() for weight in network.parameters()])
    assert facts["sparsity_of_all"] == float((every == 0).double().mean())
    rows = way.layers(network)
    assert sum(int(row["zeros"]) for row in rows) == zeros
    assert [row["weights"] for row in rows] == [weight.numel() for weight in weights.values()]


def test_equal_magnitudes_do_not_make_more_zeros() -> None:
    weights = {"a": torch.ones(10), "b": -torch.ones(10)}
    masks = pruned(weights, {name: w != 0 for name, w in weights.items()}, 0.35)
    assert sum(int((~mask).sum()) for mask in masks.values()) == 7
    assert not masks["a"][:7].any()  # the first


def test_masks_hold_after_steps_and_never_let_go() -> None:
    network = built("cnn")
    way = Magnitude(Params(sparsity=0.6))
    way.prepare(network, None)
    zeros = {name: weight == 0 for name, weight in prunable(network).items()}
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.1)
    for _ in range(3):
        network(torch.randn(4, 3, 20, 20)).square().sum().backward()
        optimiser.step()
        assert any(
            bool((weight[zeros[name]] != 0).any()) for name, weight in prunable(network).items()
        )
        way.after_step(network, 0.5)
        for name, weight in prunable(network).items():
            assert torch.equal(weight == 0, zeros[name]), name


def test_gradual_sparsity_is_the_papers() -> None:
    """s_t = s_f + (s_i - s_f) (1 - (t - t_0) / (n Δt))³ with s_i = t_0 = 0 (Zhu and Gupta 2017)."""
    assert sparsity_at(0.9, 0) == 0
    assert sparsity_at(0.8, 0.5) == pytest.approx(0.7)  # 0.8 (1 - 1/8)
    assert sparsity_at(0.9, 1) == 0.9
    network = built("cnn")
    count = sum(weight.numel() for weight in prunable(network).values())
    way = Magnitude(Params(sparsity=0.9, schedule="gradual"))
    way.prepare(network, None)
    assert way.facts(network)["sparsity"] == 0
    before: dict[str, torch.Tensor] = {}
    for step in range(1, 11):
        with torch.no_grad():
            for weight in network.parameters():
                weight += 0.01 * torch.randn_like(weight)
        way.after_step(network, step / 10)
        zeros = {name: weight == 0 for name, weight in prunable(network).items()}
        found = sum(int(one.sum()) for one in zeros.values())
        assert found == round(count * 0.9 * (1 - (1 - step / 10) ** 3)), step
        assert all(bool(zeros[name][was].all()) for name, was in before.items())
        before = zeros


def test_a_training_that_ends_early_is_pruned_to_the_end() -> None:
    network = built("cnn")
    way = Magnitude(Params(sparsity=0.9, schedule="gradual"))
    way.prepare(network, None)
    way.after_step(network, 0.3)
    assert way.facts(network)["sparsity"] < 0.7
    assert way.facts(way.finish(network, None))["sparsity"] == pytest.approx(0.9, abs=1e-3)


def test_masks_and_stage_go_on_where_they_were() -> None:
    network = built("cnn")
    way = Magnitude(Params(sparsity=0.9, schedule="gradual"))
    way.prepare(network, None)
    way.after_step(network, 0.5)
    again = Magnitude(Params(sparsity=0.9, schedule="gradual"))
    again.prepare(built("cnn"), None)
    again.load_state(way.state())
    assert again.stage == way.stage == 50
    assert all(torch.equal(mask, again.masks[name]) for name, mask in way.masks.items())


def test_the_surviving_weights_are_the_first_ones() -> None:
    trained_, first = built("cnn"), built("cnn")
    with torch.no_grad():
        for weight in trained_.parameters():
            weight += torch.randn_like(weight)
    plain = Magnitude(Params(sparsity=0.7))
    plain.prepare(built("cnn"), None)
    way = Magnitude(Params(sparsity=0.7, rewind="lottery ticket"))
    way.fresh = lambda: first
    own = {name: weight.detach().clone() for name, weight in trained_.named_parameters()}
    way.prepare(trained_, None)
    masks = pruned(
        {name: own[name] for name in way.masks},
        {name: torch.ones_like(mask) for name, mask in way.masks.items()},
        0.7,
    )
    expected = dict(first.named_parameters())
    for name, weight in trained_.named_parameters():
        kept = masks.get(name, torch.ones_like(weight, dtype=torch.bool))
        assert torch.equal(weight, expected[name] * kept), name
    assert not torch.equal(way.masks["features.0.weight"], plain.masks["features.0.weight"])


def test_recurrent_matrices_are_pruned_and_a_tied_table_is_not() -> None:
    params: LMParams = parse(LMParams, {"embedding": 8, "units": 8, "layers": 1, "tied": True})
    network = RecurrentLM(LanguageShape(30), params)
    assert set(prunable(network)) == {"layers.0.weight_ih_l0", "layers.0.weight_hh_l0"}
    params = parse(LMParams, {"embedding": 8, "units": 8, "layers": 1, "tied": False})
    assert "output.weight" in prunable(RecurrentLM(LanguageShape(30), params))


def test_bad_input() -> None:
    with pytest.raises(BadInput, match="nothing to prune"):
        Magnitude(Params()).prepare(nn.Sequential(nn.BatchNorm2d(3), nn.Embedding(4, 2)), None)
    frozen = two_layers().requires_grad_(False)
    with pytest.raises(BadInput, match="nothing to prune"):
        SemiStructured(FourParams()).prepare(frozen, None)
    for value in (0, 1, 1.2, -0.5):
        with pytest.raises(
            ParamError, match=r"sparsity is .* it takes a number from 0.01 to 0.999"
        ):
            parse(Params, {"sparsity": value})
    network = two_layers()
    Magnitude(Params(sparsity=0.5)).prepare(network, None)
    with pytest.raises(BadInput, match="50.0% of the weights are zero already"):
        Magnitude(Params(sparsity=0.5)).prepare(network, None)
    with pytest.raises(BadInput, match="groups of 4"):
        SemiStructured(FourParams()).prepare(two_layers(), None)


def test_two_of_every_four_inputs_go() -> None:
    weight = torch.tensor([[4.0, -1.0, 2.0, -3.0, 0.5, 0.5, 0.5, 0.5]])
    kept = [[True, False, False, True, False, False, True, True]]
    assert two_of_four(weight).tolist() == kept
    kernel = torch.randn(6, 8, 3, 3)
    mask = two_of_four(kernel)
    assert mask.shape == kernel.shape
    for out in range(6):
        for first in (0, 4):
            group = kernel[out, first : first + 4, 1, 2].abs()
            two = set(group.argsort()[2:].tolist())
            assert {i for i in range(4) if mask[out, first + i, 1, 2]} == two


def test_the_pattern_holds_in_a_network_and_is_said() -> None:
    network = built("cnn")
    way = SemiStructured(FourParams())
    way.finish(way.prepare(network, None), None)
    with torch.no_grad():
        for weight in network.parameters():
            weight += torch.randn_like(weight)
    way.after_step(network, 0.5)
    for name in way.masks:
        weight = network.get_parameter(name)
        groups = weight.movedim(1, -1).reshape(-1, 4)
        assert ((groups == 0).sum(1) == 2).all(), name
    assert way.facts(network)["sparsity"] == 0.5
    assert any("features.0.weight, whose inputs are no multiple of 4" in n for n in way.notes)
    if not torch.cuda.is_available():
        assert any("compute capability 8.0 or more only" in note for note in way.notes)


@pytest.mark.skipif(
    not torch.cuda.is_available() or torch.cuda.get_device_capability() < (8, 0),
    reason="needs an NVIDIA GPU of compute capability 8.0",
)
def test_torchs_kernels_take_the_pattern() -> None:
    layer = nn.Linear(128, 128, bias=False)
    way = SemiStructured(FourParams())
    way.prepare(nn.Sequential(layer), None)
    half = layer.half().cuda()
    x = torch.randn(64, 128, dtype=torch.half, device="cuda")
    dense = half(x)
    half.weight = nn.Parameter(torch.sparse.to_sparse_semi_structured(half.weight.detach()))
    torch.testing.assert_close(half(x), dense, atol=1e-2, rtol=1e-2)
