"""What goes on inside a recurrent layer of torch.nn: its states and gates at every step.

torch's layers are fused and give only their outputs. These functions compute the same by the
formulas, from the layer's own weights, in its own order of gates.
"""

import torch
from torch import Tensor, nn

Inside = dict[str, Tensor]
"""By name, each (batch, time, units)."""


def inside(layer: nn.RNNBase, x: Tensor, state: tuple[Tensor, ...]) -> Inside:
    """States and gates of a one-layer, one-directional RNN (tanh), LSTM or GRU, batch first.

    x      (batch, time, inputs)
    state  of the step before the first: (hidden,), for an LSTM (hidden, cell), each (batch, units)
    """
    steps: list[Inside] = []
    for t in range(x.shape[1]):
        now, state = _step(layer, x[:, t], state)
        steps.append(now)
    return {name: torch.stack([s[name] for s in steps], dim=1) for name in steps[0]}


Step = tuple[Inside, tuple[Tensor, ...]]


def _step(layer: nn.RNNBase, x: Tensor, state: tuple[Tensor, ...]) -> Step:
    match layer:
        case nn.RNN():
            return _elman(layer, x, state)
        case nn.LSTM():
            return _lstm(layer, x, state)
        case nn.GRU():
            return _gru(layer, x, state)
    raise TypeError(f"no formulas for {type(layer).__name__}; known: RNN, LSTM, GRU")


def _elman(layer: nn.RNN, x: Tensor, state: tuple[Tensor, ...]) -> Step:
    """h_t = tanh(W_x x_t + W_h h_(t-1) + b)"""
    hidden = torch.tanh(_from_input(layer, x) + _from_hidden(layer, state[0]))
    return {"hidden": hidden}, (hidden,)


def _lstm(layer: nn.LSTM, x: Tensor, state: tuple[Tensor, ...]) -> Step:
    """c_t = f c_(t-1) + i g, h_t = o tanh(c_t); i, f, o sigmoids and g a tanh of W[h, x] + b."""
    hidden, cell = state
    i, f, g, o = (_from_input(layer, x) + _from_hidden(layer, hidden)).chunk(4, dim=-1)
    i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
    cell = f * cell + i * g
    hidden = o * cell.tanh()
    now = {"input gate": i, "forget gate": f, "output gate": o, "candidate": g}
    return {**now, "cell": cell, "hidden": hidden}, (hidden, cell)


def _gru(layer: nn.GRU, x: Tensor, state: tuple[Tensor, ...]) -> Step:
    """h_t = (1 - z) n + z h_(t-1), n = tanh(W x + r (U h + b)); r, z sigmoids of W[h, x] + b."""
    (hidden,) = state
    from_x = _from_input(layer, x).chunk(3, dim=-1)
    from_h = _from_hidden(layer, hidden).chunk(3, dim=-1)
    reset, update = (from_x[0] + from_h[0]).sigmoid(), (from_x[1] + from_h[1]).sigmoid()
    candidate = (from_x[2] + reset * from_h[2]).tanh()
    hidden = (1 - update) * candidate + update * hidden
    now = {"reset gate": reset, "update gate": update, "candidate": candidate}
    return {**now, "hidden": hidden}, (hidden,)


def _from_input(layer: nn.RNNBase, x: Tensor) -> Tensor:
    w: Tensor = layer.weight_ih_l0  # type: ignore[assignment]
    b: Tensor = layer.bias_ih_l0  # type: ignore[assignment]
    return nn.functional.linear(x, w, b)


def _from_hidden(layer: nn.RNNBase, hidden: Tensor) -> Tensor:
    w: Tensor = layer.weight_hh_l0  # type: ignore[assignment]
    b: Tensor = layer.bias_hh_l0  # type: ignore[assignment]
    return nn.functional.linear(hidden, w, b)
