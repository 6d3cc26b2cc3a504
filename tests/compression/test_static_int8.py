"""Static rounding against values by hand and against its simulation in float."""

import json
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dlexplain.compression.modules.base import compressor, restored, step_of
from dlexplain.compression.modules.folding import fold
from dlexplain.compression.modules.int8_operators import exact
from dlexplain.compression.modules.static_layers import range_of, rounding, whole
from dlexplain.errors import BadInput
from tests.tiny import conv_net, linear_net, picture


class Pictures:
    def __init__(self, side: int = 32) -> None:
        self.x = torch.cat([picture(seed, side) for seed in range(12)])

    def some_inputs(self, count: int, seed: int) -> Tensor:
        return self.x[:count]


@pytest.mark.parametrize(
    ("low", "high", "bits", "scale", "zero"),
    [(0.0, 12.7, 7, 0.1, 0), (-1.0, 1.54, 8, 2.54 / 255, 100), (1.0, 2.55, 8, 0.01, 0)],
)
def test_ranges_by_hand(low: float, high: float, bits: int, scale: float, zero: int) -> None:
    given = range_of(low, high, bits)
    assert given.scale == pytest.approx(scale) and given.zero == zero and given.bits == bits


def test_rounding_and_its_gradient_by_hand() -> None:
    layer = nn.Linear(3, 1, bias=False)
    layer.weight.data = torch.tensor([[1.27, 0.504, -0.3]])
    soft = rounding(layer, range_of(0.0, 12.7, 7))  # steps of 0.1 from 0 to 12.7
    x = torch.tensor([[1.04, 20.0, -1.0]], requires_grad=True)
    y = soft(x)
    assert y.item() == pytest.approx(1.0 * 1.27 + 12.7 * 0.5 + 0.0)
    y.backward()
    assert x.grad is not None and layer.weight.grad is not None
    assert x.grad[0].tolist() == pytest.approx([1.27, 0.0, 0.0])  # those that are cut have none
    assert layer.weight.grad[0].tolist() == pytest.approx([1.0, 12.7, 0.0])


LAYERS: list[Any] = [
    lambda: nn.Conv2d(3, 8, 3, padding=1),
    lambda: nn.Conv2d(3, 6, 3, stride=2, dilation=2, groups=3, bias=False),
    lambda: nn.Linear(32, 7),
    lambda: nn.Linear(32, 7, bias=False),
]


@pytest.mark.parametrize("bits", [7, 8])
@pytest.mark.parametrize("make", LAYERS)
@torch.inference_mode()
def test_a_layer_in_whole_numbers_says_what_it_said_while_rounding(make: Any, bits: int) -> None:
    if not exact(bits):
        pytest.skip("this processor does not multiply these bits exactly")
    torch.manual_seed(0)
    layer, x = make(), torch.cat([picture(seed) for seed in range(3)]) * 1.5  # some are cut
    given = range_of(-1.0, 1.2, bits)
    assert torch.allclose(whole(layer, given)(x), rounding(layer, given)(x), atol=1e-5)


def test_a_network_is_rounded_and_restored() -> None:
    network, data = conv_net().eval(), Pictures()
    way = compressor("static-int8", {"inside": 100.0})
    with torch.inference_mode():
        before = network(data.x)
        soft = way.prepare(network, data)
        training_structure = json.dumps([step_of("static-int8", way.structure(soft))])
        training_state = dict(soft.state_dict())
        rounded = soft(data.x)
        done = way.finish(soft, data).eval()
        after = done(data.x)
    assert torch.allclose(rounded, after, atol=1e-2 * float(before.abs().max()))
    assert torch.allclose(before, after, atol=5e-2 * float(before.abs().max()))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in done.modules())
    weights = [t for k, t in done.state_dict().items() if k.endswith("weight_int8")]
    assert len(weights) == 3 and {t.dtype for t in weights} == {torch.int8}

    steps = json.dumps([step_of("static-int8", way.structure(done))])
    again = restored(conv_net(), steps)
    again.load_state_dict(done.state_dict(), strict=True)
    trained_on = restored(conv_net(), training_structure)
    trained_on.load_state_dict(training_state, strict=True)
    with torch.inference_mode():
        assert torch.equal(again.eval()(data.x), after)
        assert torch.equal(trained_on.eval()(data.x), rounded)


def test_training_on_moves_weights_and_leaves_ranges() -> None:
    network, data = conv_net(), Pictures()
    way = compressor("static-int8", {})
    soft = way.prepare(network, data).train()
    before = {k: t.clone() for k, t in soft.state_dict().items()}
    optimiser = torch.optim.SGD(soft.parameters(), lr=0.1)
    nn.functional.cross_entropy(soft(data.x), torch.arange(12) % 4).backward()
    optimiser.step()
    moved = {k for k, t in soft.state_dict().items() if not torch.equal(t, before[k])}
    assert {k for k in before if k.endswith("weight")} <= moved
    assert not any("input" in key for key in moved)


def test_folding_leaves_what_the_network_says() -> None:
    network, x = conv_net().eval(), picture()
    before = network(x)
    assert fold(network) == [("0", "1")]
    assert torch.allclose(network(x), before, atol=1e-4)
    assert all(p.requires_grad for p in network.parameters())


def test_what_cannot_be_rounded_is_told() -> None:
    way = compressor("static-int8", {})
    with pytest.raises(BadInput, match="3 x 16 x 16 do not fit the network"):
        way.prepare(linear_net(side=32), Pictures(side=16))
    with pytest.raises(BadInput, match="no convolution or linear layer"):
        way.prepare(nn.Sequential(nn.Flatten(), nn.ReLU()), Pictures())
    with pytest.raises(BadInput, match="bits"):
        compressor("static-int8", {"bits": "9"})
    for name in ("dynamic-int8", "half"):
        with pytest.raises(BadInput, match="no "):
            compressor(name, {}).prepare(nn.Sequential(nn.Flatten(), nn.ReLU()), Pictures())
