"""Layers that round their inputs as they come and multiply whole numbers.

A linear layer rounds each row of its input by that row's own largest magnitude. A recurrent one has
fixed ranges: an LSTM's or GRU's hidden state lies in -1 to 1, and its input's range was looked at
on training inputs (larger values are cut). So nothing that a layer says depends on what else is in
the batch, or on what comes later.

torch's recurrent operator, which is fast, takes the range from the numbers that it gets. Two more
units, whose gates hold them at 1 and -1, and two more inputs at the ends of their range fix it.
"""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from dlexplain.compression.modules.int8_operators import exact_by_rows, linear_by_rows, pack_linear
from dlexplain.compression.modules.narrow import (
    NarrowEmbedding,
    NarrowGRU,
    NarrowLinear,
    NarrowLSTM,
    NarrowOutput,
)

HELD = 40.0
"""A gate's bias that opens it for good: sigmoid(40) is 1 in float32."""
PINS = 2


def _whole_numbers(layer: Any, x: Tensor) -> bool:
    return layer.narrow_now(x) and x.device.type == "cpu" and exact_by_rows()


class Int8Linear(NarrowLinear):
    """y = x Wᵀ + b, each row of x in seven bits."""

    def forward(self, input: Tensor) -> Tensor:
        if not _whole_numbers(self, input):
            return super().forward(input)
        return linear_by_rows(input, _packed(self), self.bias)


class Int8Output(NarrowOutput):
    def forward(self, states: Tensor, embedding: nn.Module) -> Tensor:
        if not _whole_numbers(self, states):
            return super().forward(states, embedding)
        return linear_by_rows(states, _packed(self), self.bias)


class Int8Embedding(NarrowEmbedding):
    """Whose vectors also score the words, where a language model's output layer is tied to it."""

    def scores(self, states: Tensor, bias: Tensor) -> Tensor:
        if not _whole_numbers(self, states):
            return nn.functional.linear(states, self.weight, bias)
        return linear_by_rows(states, _packed(self), bias)


def _packed(layer: Any) -> Any:
    make = lambda: pack_linear(layer.weight_int8.detach(), layer.weight_scale, None)  # noqa: E731
    return layer.once("packed", make)


class _Int8Recurrent(nn.Module, ABC):
    """bound  the largest magnitude of its inputs"""

    bound: float
    gates: int

    def narrow_forward(self, x: Any, hx: Any) -> tuple[Any, tuple[Tensor, ...]]:
        layer: Any = self
        data, sizes = (x.data, x.batch_sizes) if isinstance(x, PackedSequence) else (x, None)
        ends = data.new_tensor([self.bound, -self.bound]).expand(*data.shape[:-1], PINS)
        pinned = torch.cat([data.clamp(-self.bound, self.bound), ends], -1)
        batch = int(sizes[0]) if sizes is not None else len(x) if layer.batch_first else x.shape[1]
        directions = 2 if layer.bidirectional else 1
        many = layer.num_layers * directions
        order = x.sorted_indices if isinstance(x, PackedSequence) else None
        before = self._held(hx, many, batch, data, order)
        params = layer.once("packed", self._packed)
        told = (True, layer.num_layers, 0.0, False, layer.bidirectional)
        y, *after = self._operator(pinned, sizes, before, params, told)
        parts = y.split(layer.hidden_size + PINS, -1)
        y = torch.cat([part[..., : layer.hidden_size] for part in parts], -1)
        after = [part[..., : layer.hidden_size] for part in after]
        if isinstance(x, PackedSequence):
            y = PackedSequence(y, x.batch_sizes, x.sorted_indices, x.unsorted_indices)
            if x.unsorted_indices is not None:
                after = [part.index_select(1, x.unsorted_indices) for part in after]
        return y, tuple(after)

    def _held(
        self, hx: Any, many: int, batch: int, like: Tensor, order: Tensor | None
    ) -> list[Tensor]:
        """The state before, (layers, batch, units), with the units that are held at 1 and -1."""
        given = list(hx) if isinstance(hx, tuple) else [] if hx is None else [hx]
        if order is not None:
            given = [part.index_select(1, order) for part in given]
        layer: Any = self
        made: list[Tensor] = []
        for place, end in enumerate(self.ends):
            empty = like.new_zeros(many, batch, layer.hidden_size)
            held = like.new_tensor([end, -end]).expand(many, batch, PINS)
            made.append(torch.cat([given[place] if given else empty, held], -1))
        return made

    ends: tuple[float, ...] = ()
    """What holds a unit at 1, in each part of the state."""

    def _packed(self) -> list[Any]:
        layer: Any = self
        found = []
        for name in (n for n in layer.flat_names if n.startswith("weight_ih")):
            end = name.removeprefix("weight_ih")
            places = self._columns(end)
            held = self._bias(layer.hidden_size)
            packed = []
            for part in ("ih", "hh"):
                key = f"weight_{part}{end}"
                columns = places if part == "ih" else [layer.hidden_size]
                q = _wider(getattr(layer, key + "_int8").detach(), self.gates, columns)
                scale = getattr(layer, key + "_scale").view(self.gates, -1)
                more = scale.new_full((self.gates, PINS), 1.0)
                scale = torch.cat([scale, more], 1).reshape(-1)
                if layer.bias:
                    bias = getattr(layer, f"bias_{part}{end}").detach().view(self.gates, -1)
                else:
                    bias = scale.new_zeros(self.gates, layer.hidden_size)
                pins = held if part == "ih" else torch.zeros_like(held)
                bias = torch.cat([bias, pins], 1).reshape(-1)
                packed += [pack_linear(q, scale, bias), bias]
            (w_ih, b_ih), (w_hh, b_hh) = packed[:2], packed[2:]
            found.append(
                torch.ops.quantized.make_quantized_cell_params_dynamic(w_ih, w_hh, b_ih, b_hh, True)
            )
        return found

    def _columns(self, end: str) -> list[int]:
        """Lengths of the pieces of an input, after each of which stand two columns of pins."""
        layer: Any = self
        if end.startswith("_l0"):
            return [layer.input_size]
        return [layer.hidden_size] * (2 if layer.bidirectional else 1)

    @abstractmethod
    def _bias(self, units: int) -> Tensor:
        """(gates, PINS), which hold the units."""

    @abstractmethod
    def _operator(self, x: Tensor, sizes: Any, before: Any, params: Any, told: Any) -> Any:
        """torch's own, of one call."""


class Int8LSTM(_Int8Recurrent, NarrowLSTM):  # type: ignore[misc]
    """The held units remember everything, take nothing in, and show it: c stays at ±20."""

    gates = 4
    ends = (1.0, 20.0)

    def _bias(self, units: int) -> Tensor:
        rows = [-HELD, HELD, 0.0, HELD]  # input, forget, candidate, output
        return torch.tensor([[row] * PINS for row in rows])

    def _operator(self, x: Tensor, sizes: Any, before: Any, params: Any, told: Any) -> Any:
        if sizes is None:
            return torch.quantized_lstm(
                x, before, params, *told, self.batch_first, dtype=torch.qint8, use_dynamic=True
            )
        return torch.quantized_lstm(
            x, sizes, before, params, *told, dtype=torch.qint8, use_dynamic=True
        )

    def forward(self, input: Any, hx: Any = None) -> Any:
        data = input.data if isinstance(input, PackedSequence) else input
        if data.dim() + isinstance(input, PackedSequence) != 3 or not _whole_numbers(self, data):
            return super().forward(input, hx)
        return self.narrow_forward(input, hx)


class Int8GRU(_Int8Recurrent, NarrowGRU):  # type: ignore[misc]
    """The held units' update gate keeps what they were: ±1."""

    gates = 3
    ends = (1.0,)

    def _bias(self, units: int) -> Tensor:
        rows = [0.0, HELD, 0.0]  # reset, update, candidate
        return torch.tensor([[row] * PINS for row in rows])

    def _operator(self, x: Tensor, sizes: Any, before: Any, params: Any, told: Any) -> Any:
        if sizes is None:
            return torch.quantized_gru(x, before[0], params, *told, self.batch_first)
        return torch.quantized_gru(x, sizes, before[0], params, *told)

    def forward(self, input: Any, hx: Any = None) -> Any:
        data = input.data if isinstance(input, PackedSequence) else input
        if data.dim() + isinstance(input, PackedSequence) != 3 or not _whole_numbers(self, data):
            return super().forward(input, hx)
        y, (after,) = self.narrow_forward(input, hx)
        return y, after


def _wider(q: Tensor, gates: int, pieces: list[int]) -> Tensor:
    """(gates * units, inputs) with rows of zeros for the held units and columns for the pins."""
    columns = []
    for piece in torch.split(q, pieces, 1):
        columns += [piece, piece.new_zeros(len(piece), PINS)]
    wide = torch.cat(columns, 1).view(gates, len(q) // gates, -1)
    return torch.cat([wide, wide.new_zeros(gates, PINS, wide.shape[-1])], 1).flatten(0, 1)
