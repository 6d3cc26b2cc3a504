"""Unrolled layers: the article's formulas by hand, and torch's own output."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlexplain.networks.modules.recurrent_steps import Recurrent, unroll

Numbers = NDArray[np.float64]
KINDS = (nn.RNN, nn.LSTM, nn.GRU)


def layer(kind: type[Recurrent], **more: Any) -> Recurrent:
    torch.manual_seed(0)
    return kind(3, 4, **({"batch_first": True} | more)).double()


def inputs() -> Tensor:
    return torch.randn((2, 6, 3), generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def sigmoid(x: Numbers) -> Numbers:
    return 1 / (1 + np.exp(-x))


def weights(of: Recurrent) -> list[Numbers]:
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    return [getattr(of, name).detach().numpy() for name in names]


def numpy_of(found: Tensor) -> Numbers:
    return found.detach().numpy()


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_the_states_are_torchs(kind: type[Recurrent], layers: int, bidirectional: bool) -> None:
    net = layer(kind, num_layers=layers, bidirectional=bidirectional)
    directions = 1 + bidirectional
    found = unroll(net, inputs())
    assert len(found) == layers * directions
    last = torch.cat([steps.states for steps in found[-directions:]], dim=-1)
    torch.testing.assert_close(last, net(inputs())[0])


@pytest.mark.parametrize("kind", KINDS)
def test_time_first_and_without_bias(kind: type[Recurrent]) -> None:
    net = layer(kind, batch_first=False, bias=False)
    x = inputs().transpose(0, 1)
    torch.testing.assert_close(unroll(net, x)[0].states.transpose(0, 1), net(x)[0])


def test_elman_by_hand() -> None:
    """h_t = tanh(W [h_(t-1), x_t] + b), the article's, with W of both side by side."""
    net = layer(nn.RNN)
    w_x, w_h, b_x, b_h = weights(net)
    w, h = np.concatenate([w_h, w_x], axis=1), np.zeros(4)
    for row, state in zip(inputs()[0].numpy(), unroll(net, inputs())[0].states[0], strict=True):
        h = np.tanh(w @ np.concatenate([h, row]) + b_x + b_h)
        np.testing.assert_allclose(numpy_of(state), h)
    relu = layer(nn.RNN, nonlinearity="relu")
    torch.testing.assert_close(unroll(relu, inputs())[0].states, relu(inputs())[0])


def test_lstm_by_hand() -> None:
    net = layer(nn.LSTM)
    w_x, w_h, b_x, b_h = weights(net)
    (found,) = unroll(net, inputs())
    assert set(found.gates) == {"input", "forget", "output", "candidate", "cell"}
    h, c = np.zeros(4), np.zeros(4)
    for time, row in enumerate(inputs()[0].numpy()):
        i, f, g, o = np.split(w_x @ row + b_x + w_h @ h + b_h, 4)
        i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        hand = {"input": i, "forget": f, "candidate": g, "output": o, "cell": c}
        for name, gate in hand.items():
            np.testing.assert_allclose(numpy_of(found.gates[name])[0, time], gate)
        np.testing.assert_allclose(numpy_of(found.states)[0, time], h)


def test_gru_by_hand() -> None:
    net = layer(nn.GRU)
    w_x, w_h, b_x, b_h = weights(net)
    (found,) = unroll(net, inputs())
    h = np.zeros(4)
    for time, row in enumerate(inputs()[0].numpy()):
        r_x, z_x, n_x = np.split(w_x @ row + b_x, 3)
        r_h, z_h, n_h = np.split(w_h @ h + b_h, 3)
        r, z = sigmoid(r_x + r_h), sigmoid(z_x + z_h)
        n = np.tanh(n_x + r * n_h)
        h = (1 - z) * n + z * h
        for name, gate in {"reset": r, "update": z, "candidate": n}.items():
            np.testing.assert_allclose(numpy_of(found.gates[name])[0, time], gate)
        np.testing.assert_allclose(numpy_of(found.states)[0, time], h)


def test_an_open_forget_gate_keeps_the_cell_and_a_closed_one_drops_it() -> None:
    net = layer(nn.LSTM)
    for bias, kept in ((50.0, True), (-50.0, False)):
        with torch.no_grad():
            net.bias_ih_l0[4:8] = bias
        (found,) = unroll(net, inputs())
        added = found.gates["input"] * found.gates["candidate"]
        expected = added.cumsum(1) if kept else added
        torch.testing.assert_close(found.gates["cell"], expected)


def test_gradients_flow_to_the_first_input() -> None:
    x = inputs().requires_grad_()
    unroll(layer(nn.GRU), x)[0].states[:, -1].sum().backward()
    assert x.grad is not None and (x.grad[:, 0] != 0).all()


@pytest.mark.parametrize("kind", [nn.RNN, nn.LSTM, nn.GRU])
def test_it_goes_on_from_a_state(kind: type[nn.RNN]) -> None:
    torch.manual_seed(2)
    layer = kind(5, 4, num_layers=2, bidirectional=True, batch_first=True).double()
    x = torch.randn(3, 7, 5).double()
    state = torch.randn(2 if isinstance(layer, nn.LSTM) else 1, 4, 3, 4).double()
    outputs, _ = layer(x, tuple(state) if len(state) > 1 else state[0])
    with torch.no_grad():
        found = unroll(layer, x, tuple(state))
    torch.testing.assert_close(torch.cat([s.states for s in found[-2:]], -1), outputs)
