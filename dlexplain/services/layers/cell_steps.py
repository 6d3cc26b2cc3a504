"""One step of a recurrent layer in numbers: the gates of a unit, sum by sum.

Elman's h = tanh(W x + U h + b); the LSTM's c = f c + i g, h = o tanh(c); the GRU's h = (1 - z) n
+ z h; papers and order of the gates as in models/recurrent_steps.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.networks.modules.rnn_lm import RecurrentLM
from dlexplain.results import CellStep, GateStep
from dlexplain.services.layers.listing import checked
from dlexplain.services.loading import load
from dlexplain.services.writing.models import LoadedLanguageModel
from dlexplain.services.writing.reading import tokens_of

MOST = 200
"""Tokens that are read, the text's first."""
ORDERS = {
    "rnn": ("state",),
    "lstm": ("input", "forget", "candidate", "output"),
    "gru": ("reset", "update", "candidate"),
}
"""As torch stacks the weights of the gates."""


def cell_step(
    model: LoadedLanguageModel | str, text: str, place: int = 0, layer: int = 0, unit: int = 0
) -> CellStep:
    """What one unit does when the token at `place` is read; all counted from 0.

    Raises Incompatible where the model is no recurrent network, ParamError for what is not there,
    BadInput for a text without a token.
    """
    known = load(LoadedLanguageModel, model) if isinstance(model, str) else model
    network = known.network
    if not isinstance(network, RecurrentLM):
        raise Incompatible(f"{known.name} is no recurrent network: it has no cell that steps")
    ids, _ = tokens_of(known, text, MOST)
    checked(place, len(ids), "token")
    checked(layer, len(network.layers), "layer")
    cell = network.layers[layer]
    assert isinstance(cell, nn.RNN | nn.LSTM | nn.GRU)
    checked(unit, cell.hidden_size, "unit")
    given = known.ids(ids)
    with known.lock.turn(), torch.no_grad():
        steps = network.inside(given)
        x = network.embedding(given) if layer == 0 else steps[layer - 1].states
        own, _ = cell(x)  # torch's own, to compare with
    time = place + 1  # the start stands before the text
    past = steps[layer].states[0, time - 1]
    before = {"hidden": float(past[unit])}
    if network.cell == "lstm":
        before["cell"] = float(steps[layer].gates["cell"][0, time - 1, unit])
    gates = _gates(network.cell, cell, x[0, time], past, unit)
    after = _after(network.cell, gates, before)
    return CellStep(
        known.name, network.cell, layer, unit, tuple(known.codec.pieces(ids)), place, gates,
        before, after, float(own[0, time, unit]),
    )  # fmt: skip


def cell_sizes(model: LoadedLanguageModel) -> tuple[int, ...]:
    """Units of each layer; raises Incompatible where the model is no recurrent network."""
    if not isinstance(model.network, RecurrentLM):
        raise Incompatible(f"{model.name} is no recurrent network: it has no cell that steps")
    return tuple(int(layer.hidden_size) for layer in model.network.layers)  # type: ignore[arg-type]


def _gates(kind: str, cell: Any, x: Tensor, past: Tensor, unit: int) -> tuple[GateStep, ...]:
    inputs, states = _numbers(x), _numbers(past)
    found: list[GateStep] = []
    for index, name in enumerate(ORDERS[kind]):
        row = index * cell.hidden_size + unit
        from_input = _numbers(cell.weight_ih_l0[row]) * inputs
        from_past = _numbers(cell.weight_hh_l0[row]) * states
        bias_x = float(cell.bias_ih_l0[row]) if cell.bias else 0.0
        bias_h = float(cell.bias_hh_l0[row]) if cell.bias else 0.0
        if kind == "gru" and name == "candidate":  # the reset gate decides how much past comes in
            from_past, bias_h = from_past * found[0].value, bias_h * found[0].value
        squash = "tanh" if name in ("candidate", "state") else "sigmoid"
        if isinstance(cell, nn.RNN) and cell.nonlinearity == "relu":
            squash = "relu"
        bias = bias_x + bias_h
        total = float(from_input.sum() + from_past.sum()) + bias
        value = _squashed(squash, total)
        found.append(GateStep(name, squash, from_input, from_past, bias, total, value))
    return tuple(found)


def _after(kind: str, gates: Sequence[GateStep], before: dict[str, float]) -> dict[str, float]:
    value = {gate.name: gate.value for gate in gates}
    if kind == "lstm":
        cell = value["forget"] * before["cell"] + value["input"] * value["candidate"]
        return {"hidden": value["output"] * math.tanh(cell), "cell": cell}
    if kind == "gru":
        update = value["update"]
        return {"hidden": (1 - update) * value["candidate"] + update * before["hidden"]}
    return {"hidden": value["state"]}


def _squashed(name: str, total: float) -> float:
    if name == "sigmoid":
        return 0.5 * (1 + math.tanh(total / 2))  # which does not overflow
    return math.tanh(total) if name == "tanh" else max(0.0, total)


def _numbers(values: Tensor) -> NDArray[np.float64]:
    found: NDArray[np.float64] = values.detach().double().cpu().numpy()
    return found
