"""The LSTM forecaster: gates by hand in NumPy, quantiles that never cross."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.networks.base import ARCHITECTURES, SeriesShape
from dlexplain.networks.modules.base import ascending
from dlexplain.networks.modules.recurrent_forecaster import LSTMForecaster
from dlexplain.networks.recurrent_forecaster import Params
from dlexplain.params import parse

SHAPE = SeriesShape(series=3, window=5, horizon=4, targets=2, quantiles=7)
Numbers = NDArray[np.float64]


def build(hidden: int = 6, layers: int = 1, dropout: float = 0.2) -> LSTMForecaster:
    torch.manual_seed(0)
    params = parse(Params, {"hidden": hidden, "layers": layers, "dropout": dropout})
    return LSTMForecaster(SHAPE, params).eval().double()


def windows(count: int = 3) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    return torch.randn((count, 5, 3), generator=generator, dtype=torch.float64)


def sigmoid(x: Numbers) -> Numbers:
    return 1 / (1 + np.exp(-x))


def by_hand(net: LSTMForecaster, x: Numbers, layers: int) -> Numbers:
    """Hidden states (time, hidden): c = f c + i g, h = o tanh(c), gates in the order i, f, g, o."""
    for layer in range(layers):
        w_x, w_h, b_x, b_h = (
            getattr(net.lstm, f"{name}_l{layer}").detach().numpy()
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        h, c = np.zeros(w_h.shape[1]), np.zeros(w_h.shape[1])
        states = []
        for row in x:
            i, f, g, o = np.split(w_x @ row + b_x + w_h @ h + b_h, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            states.append(h)
        x = np.stack(states)
    return x


@pytest.mark.parametrize("layers", [1, 2])
def test_gates_by_hand(layers: int) -> None:
    net, x = build(layers=layers), windows()
    found = net.lstm(x)[0].detach().numpy()
    for place in range(len(x)):
        np.testing.assert_allclose(found[place], by_hand(net, x[place].numpy(), layers))


def test_a_forecast_is_made_of_the_last_state() -> None:
    net, x = build(), windows(1)
    last = by_hand(net, x[0].numpy(), 1)[-1]
    raw = net.head.weight.detach().numpy() @ last + net.head.bias.detach().numpy()
    expected = ascending(torch.from_numpy(raw).view(4, 2, 7))
    torch.testing.assert_close(net(x)[0], expected)
    assert net(windows(3)).shape == (3, 4, 2, 7)


def test_ascending_by_hand() -> None:
    """From the middle out, each a softplus further: log(1 + e^0) = log 2, softplus(1) = 1.3133."""
    raw = torch.tensor([1.0, 0.0, 10.0, 0.0, 1.0])
    two, one = np.log(2), np.log(1 + np.e)
    expected = [10 - two - one, 10 - two, 10, 10 + two, 10 + two + one]
    torch.testing.assert_close(ascending(raw), torch.tensor(expected, dtype=torch.float32))


@pytest.mark.parametrize("quantiles", [1, 2, 3, 7, 8])
def test_quantiles_ascend_whatever_the_network_says(quantiles: int) -> None:
    raw = 20 * torch.randn((500, quantiles), generator=torch.Generator().manual_seed(3))
    found = ascending(raw.double())
    assert found.shape == raw.shape
    assert (found.diff(dim=-1) >= 0).all()
    middle = quantiles // 2
    assert torch.equal(found[:, middle], raw[:, middle].double())


def test_each_window_is_read_by_itself_and_in_its_order() -> None:
    net, x = build(), windows()
    torch.testing.assert_close(net(x)[1:2], net(x[1:2]))
    assert not torch.allclose(net(x), net(x.flip(1)))


def test_dropout_only_while_training_and_between_layers() -> None:
    net = build(layers=2, dropout=0.5)
    assert torch.equal(net(windows()), net(windows()))
    net.train()
    assert not torch.equal(net(windows()), net(windows()))
    assert net.lstm.dropout == 0.5
    assert build(layers=1, dropout=0.5).lstm.dropout == 0  # torch warns of it


def test_it_is_registered_for_forecasting() -> None:
    found = ARCHITECTURES["lstm-forecaster"]
    assert found.tasks == ("forecast",)
    parameters = sum(p.numel() for p in found.build(SHAPE, Params()).parameters())
    assert parameters == 4 * 32 * (3 + 32 + 2) + 56 * (32 + 1)
