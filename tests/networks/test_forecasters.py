"""All forecasters: shapes, what is inside, and that the gradient flows."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dlexplain.errors import ParamError
from dlexplain.networks.base import ARCHITECTURES, SeriesShape
from dlexplain.networks.modules.recurrent_forecaster import RecurrentForecaster
from dlexplain.networks.modules.transformer_forecaster import TransformerForecaster
from dlexplain.networks.transformer_forecaster import Params
from dlexplain.params import parse
from dlexplain.tasks.forecast import QUANTILES
from dlexplain.tasks.modules.forecast import pinball

SHAPE = SeriesShape(series=3, window=5, horizon=4, targets=2, quantiles=len(QUANTILES))
SMALL = {
    "rnn-forecaster": {"hidden": 24, "dropout": 0},
    "lstm-forecaster": {"hidden": 24, "dropout": 0},
    "gru-forecaster": {"hidden": 24, "dropout": 0},
    "transformer-forecaster": {"width": 24, "dropout": 0},
}


def build(name: str, **params: Any) -> nn.Module:
    torch.manual_seed(0)
    found = ARCHITECTURES[name]
    assert found.tasks == ("forecast",)
    return found.build(SHAPE, parse(found.Params, SMALL[name] | params))


def windows(count: int = 16) -> Tensor:
    return torch.randn((count, 5, 3), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", SMALL)
def test_it_learns_16_windows_by_heart(name: str) -> None:
    net, x = build(name), windows()
    y = torch.randn((16, 4, 2), generator=torch.Generator().manual_seed(2))
    optimiser = torch.optim.Adam(net.parameters(), lr=0.01)
    first = pinball(net(x), y).item()
    for _ in range(400):
        optimiser.zero_grad()
        loss = pinball(net(x), y)
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.1 * first
    assert (net(x)[..., 3] - y).abs().mean().item() < 0.1


@pytest.mark.parametrize("name", SMALL)
def test_shapes_order_and_a_gradient_for_every_weight(name: str) -> None:
    net = build(name)
    said = net(windows(3))
    assert said.shape == (3, 4, 2, 7)
    assert (said.diff(dim=-1) >= 0).all()
    said.square().sum().backward()
    assert [n for n, p in net.named_parameters() if p.grad is None or not p.grad.any()] == []


@pytest.mark.parametrize("name", SMALL)
def test_each_window_is_read_by_itself_and_in_its_order(name: str) -> None:
    net, x = build(name, dropout=0.5).eval(), windows(3)
    torch.testing.assert_close(net(x)[1:2], net(x[1:2]))
    assert not torch.allclose(net(x), net(x.flip(1)), atol=1e-3)
    assert not torch.equal(net.train()(x), net(x))


@pytest.mark.parametrize("name", [n for n in SMALL if n != "transformer-forecaster"])
def test_the_last_state_of_the_steps_makes_the_forecast(name: str) -> None:
    net = build(name, layers=2).eval()
    assert isinstance(net, RecurrentForecaster)
    steps = net.steps(windows(2))
    assert len(steps) == 2
    raw = net.head(steps[-1].states[:, -1]).view(2, 4, 2, 7)
    torch.testing.assert_close(net(windows(2))[..., 3], raw[..., 3])


def test_the_lstms_weights_have_the_names_of_old_checkpoints() -> None:
    ends = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    expected = {f"lstm.{end}" for end in ends} | {"head.weight", "head.bias"}
    assert set(build("lstm-forecaster").state_dict()) == expected


def attentive(dropout: float = 0.2) -> TransformerForecaster:
    net = build("transformer-forecaster", dropout=dropout, heads=3)
    assert isinstance(net, TransformerForecaster)
    return net.eval()


def test_attention_has_a_row_of_weights_for_each_head_and_period() -> None:
    found = attentive().attention(windows(2))
    assert [weights.shape for weights in found] == [(2, 3, 5, 5)] * 2
    for weights in found:
        assert (weights >= 0).all()
        torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 5))


def test_attention_is_the_formula_and_what_torch_uses() -> None:
    """softmax(q k / sqrt(d)) of the first layer; its values mixed by it are torch's output."""
    net, x = attentive(), windows(2)
    layer = net.encoder.layers[0]
    assert isinstance(layer, nn.TransformerEncoderLayer)
    y = layer.norm1(net.embed(x) + net.places)
    projected = y @ layer.self_attn.in_proj_weight.T + layer.self_attn.in_proj_bias
    q, k, v = (part.view(2, 5, 3, 8).transpose(1, 2) for part in projected.chunk(3, -1))
    weights = (q @ k.transpose(-1, -2) / 8**0.5).softmax(-1)  # (batch, heads, time, time)
    torch.testing.assert_close(net.attention(x)[0], weights)
    mixed = layer.self_attn.out_proj((weights @ v).transpose(1, 2).reshape(2, 5, 24))
    torch.testing.assert_close(mixed, layer.self_attn(y, y, y, need_weights=False)[0])


def test_looking_at_attention_changes_no_forecast() -> None:
    net, x = attentive(), windows(2)
    before = net(x)
    net.attention(x)
    torch.testing.assert_close(net(x), before)


def test_a_width_that_the_heads_do_not_divide_is_refused() -> None:
    with pytest.raises(ParamError, match="width is 10 and heads is 4; a width that is a multiple"):
        TransformerForecaster(SHAPE, Params(width=10, heads=4))
