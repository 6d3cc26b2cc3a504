"""What happens inside torch's recurrent layers, step by step: states and gates over time.

Elman, "Finding Structure in Time", 1990, https://doi.org/10.1207/s15516709cog1402_1; Hochreiter
and Schmidhuber, "Long Short-Term Memory", 1997, https://doi.org/10.1162/neco.1997.9.8.1735, with
the forget gate of Gers et al. 2000; Cho et al., "Learning Phrase Representations using RNN
Encoder-Decoder", 2014, https://arxiv.org/abs/1406.1078. torch's fused kernels show the states
only; here the same weights are applied one step at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Recurrent = nn.RNN | nn.LSTM | nn.GRU


@dataclass(frozen=True, eq=False)
class Steps:
    """One layer in one direction over time.

    states  (batch, time, hidden), in the order of the input also where it is read backwards
    gates   by name, (batch, time, hidden): "input", "forget" and "output" of an LSTM, 0 to 1, and
            its "candidate" and "cell"; "reset" and "update" of a GRU, 0 to 1, and its "candidate";
            none of an Elman RNN
    """

    states: Tensor
    gates: Mapping[str, Tensor]


def unroll(layer: Recurrent, x: Tensor, state: Sequence[Tensor] = ()) -> list[Steps]:
    """Every layer, from the input on, forward and then backward where it is bidirectional.

    x      (batch, time, features) where `layer` is batch_first, else (time, batch, features)
    state  before the first step, as torch has it: the hidden state, for an LSTM the cell too, each
           (layers * directions, batch, hidden); zeros where none is given
    There is no dropout between layers: as in evaluation. The states of the last layer equal the
    layer's own output.
    """
    x = x if layer.batch_first else x.transpose(0, 1)  # (batch, time, features)
    every: list[Steps] = []
    for depth in range(layer.num_layers):
        found = [_read(layer, f"_l{depth}", x, [part[len(every)] for part in state])]
        if layer.bidirectional:
            before = [part[len(every) + 1] for part in state]
            back = _read(layer, f"_l{depth}_reverse", x.flip(1), before)
            found.append(Steps(back.states.flip(1), {k: g.flip(1) for k, g in back.gates.items()}))
        x = torch.cat([steps.states for steps in found], dim=-1)
        every += found
    return every


def _read(layer: Recurrent, end: str, x: Tensor, state: Sequence[Tensor]) -> Steps:
    w_x, w_h = getattr(layer, "weight_ih" + end), getattr(layer, "weight_hh" + end)
    b_x = getattr(layer, "bias_ih" + end) if layer.bias else None
    b_h = getattr(layer, "bias_hh" + end) if layer.bias else None
    h = c = x.new_zeros(len(x), layer.hidden_size)
    if state:
        h, c = state[0], state[-1]
    states: list[Tensor] = []
    gates: dict[str, list[Tensor]] = {}
    for row in F.linear(x, w_x, b_x).unbind(1):  # (batch, gates * hidden)
        past = F.linear(h, w_h, b_h)
        if isinstance(layer, nn.LSTM):
            h, c, now = _lstm(row, past, c)
        elif isinstance(layer, nn.GRU):
            h, now = _gru(row, past, h)
        else:
            h, now = _elman(row, past, layer.nonlinearity)
        states.append(h)
        for name, gate in now.items():
            gates.setdefault(name, []).append(gate)
    return Steps(torch.stack(states, 1), {k: torch.stack(g, 1) for k, g in gates.items()})


Gates = dict[str, Tensor]


def _elman(row: Tensor, past: Tensor, activation: str) -> tuple[Tensor, Gates]:
    """h = tanh(W x + U h + b)"""
    total = row + past
    return (torch.tanh(total) if activation == "tanh" else torch.relu(total)), {}


def _lstm(row: Tensor, past: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Gates]:
    """c = f c + i g; h = o tanh(c)"""
    i, f, g, o = (row + past).chunk(4, dim=-1)
    i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
    c = f * c + i * g
    gates = {"input": i, "forget": f, "output": o, "candidate": g, "cell": c}
    return o * torch.tanh(c), c, gates


def _gru(row: Tensor, past: Tensor, h: Tensor) -> tuple[Tensor, Gates]:
    """n = tanh(W x + r (U h)); h = (1 - z) n + z h"""
    (r_x, z_x, n_x), (r_h, z_h, n_h) = row.chunk(3, dim=-1), past.chunk(3, dim=-1)
    r, z = torch.sigmoid(r_x + r_h), torch.sigmoid(z_x + z_h)
    n = torch.tanh(n_x + r * n_h)
    return (1 - z) * n + z * h, {"reset": r, "update": z, "candidate": n}
