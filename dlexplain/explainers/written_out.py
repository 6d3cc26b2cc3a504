"""Operations of torch that do several things at once, in its smaller ones.

Rules for the smaller ones then reach what happens inside. Without dropout, as in evaluation; the
arguments are those of torch's own.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from dlexplain.errors import Incompatible


def attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """F.scaled_dot_product_attention: (..., T, d), (..., S, d), (..., S, e) -> (..., T, e)"""
    if enable_gqa:  # (batch, heads, time, size), fewer heads of keys and values
        times = query.shape[-3] // key.shape[-3]
        key, value = (x.repeat_interleave(times, -3) for x in (key, value))
    scores = query @ key.transpose(-2, -1) * (query.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        attn_mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
    if attn_mask is not None and attn_mask.dtype == torch.bool:
        scores = scores.masked_fill(~attn_mask, float("-inf"))
    elif attn_mask is not None:
        scores = scores + attn_mask
    return scores.softmax(-1) @ value


def glu(input: Tensor, dim: int = -1) -> Tensor:
    """F.glu: a · σ(b) of the two halves."""
    a, b = input.chunk(2, dim)
    return a * b.sigmoid()


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    dims = tuple(range(-len(normalized_shape), 0))
    return _scaled(_standard(input, dims, eps), weight, bias)


def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    grouped = input.reshape(len(input), num_groups, -1)
    normed = _standard(grouped, (-1,), eps).view(input.shape)
    return _scaled(normed, *_by_channel(input, weight, bias))


def rms_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    dims = tuple(range(-len(normalized_shape), 0))
    least = torch.finfo(input.dtype).eps if eps is None else eps
    return _scaled(input / ((input**2).mean(dims, keepdim=True) + least).sqrt(), weight, None)


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    if not use_input_stats:
        return F.batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    normed = _standard(input, tuple(range(2, input.dim())), eps)
    return _scaled(normed, *_by_channel(input, weight, bias))


def batch_statistics(x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float) -> Tensor:
    """F.batch_norm by the batch's own mean and deviation: (batch, channels, ...) stays."""
    dims = (0, *range(2, x.dim()))
    return _scaled(_standard(x, dims, eps), *_by_channel(x, weight, bias))


def _standard(x: Tensor, dims: tuple[int, ...], eps: float) -> Tensor:
    """Less its mean, by its standard deviation."""
    deviation = (x.var(dims, unbiased=False, keepdim=True) + eps).sqrt()
    return (x - x.mean(dims, keepdim=True)) / deviation


def _scaled(x: Tensor, weight: Tensor | None, bias: Tensor | None) -> Tensor:
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def _by_channel(x: Tensor, *params: Tensor | None) -> tuple[Tensor | None, ...]:
    """(channels,) each -> of a shape that goes with x (batch, channels, ...)"""
    shape = (-1, *[1] * (x.dim() - 2))
    return tuple(None if p is None else p.view(shape) for p in params)


Cell = Callable[[Tensor, Tensor, tuple[Tensor, ...]], tuple[Tensor, ...]]
"""What comes from the input, what from the hidden state, the state before -> the state after; the
hidden state is the state's first."""


def _lstm_cell(row: Tensor, past: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    i, f, g, o = (row + past).chunk(4, dim=-1)
    cell = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
    return o.sigmoid() * cell.tanh(), cell


def _gru_cell(row: Tensor, past: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    (r, z, n), (past_r, past_z, past_n) = row.chunk(3, dim=-1), past.chunk(3, dim=-1)
    update = (z + past_z).sigmoid()
    candidate = (n + (r + past_r).sigmoid() * past_n).tanh()
    return ((1 - update) * candidate + update * state[0],)


def _tanh_cell(row: Tensor, past: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return ((row + past).tanh(),)


def _relu_cell(row: Tensor, past: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return ((row + past).relu(),)


CELLS: dict[str, Cell] = {
    "lstm": _lstm_cell,
    "gru": _gru_cell,
    "rnn_tanh": _tanh_cell,
    "rnn_relu": _relu_cell,
}


def _one_step(cell: Cell) -> Callable[..., Any]:
    """torch.lstm_cell and its kind: (batch, features), state -> state"""

    def step(
        input: Tensor, hx: Any, w_x: Tensor, w_h: Tensor, b_x: Any = None, b_h: Any = None
    ) -> Any:
        state = (hx,) if isinstance(hx, Tensor) else tuple(hx)
        after = cell(F.linear(input, w_x, b_x), F.linear(state[0], w_h, b_h), state)
        return after[0] if isinstance(hx, Tensor) else after

    return step


def _layers(name: str) -> Callable[..., Any]:
    """torch.lstm and its kind, of padded sequences and of packed ones."""

    def run(input: Tensor, *args: Any) -> Any:
        packed = isinstance(args[0], Tensor) and not args[0].is_floating_point()
        sizes = args[0] if packed else None
        hx, params, biases, depth, _dropout, _training, both, *first = args[1 if packed else 0 :]
        before = (hx,) if isinstance(hx, Tensor) else tuple(hx)
        x, again = _time_first(input, sizes, bool(first and first[0]))
        after: list[tuple[Tensor, ...]] = []
        per = len(params) // (depth * (1 + both))
        if per != (4 if biases else 2):
            raise Incompatible("there is no rule for an LSTM whose states are projected")
        for level in range(depth):
            states = []
            for way in range(1 + both):
                place = level * (1 + both) + way
                weights = params[place * per : (place + 1) * per]
                state = tuple(part[place] for part in before)
                rows, last = _read(CELLS[name], x.flip(0) if way else x, state, weights)
                states.append(rows.flip(0) if way else rows)
                after.append(last)
            x = torch.cat(states, -1)
        return (again(x), *(torch.stack(parts) for parts in zip(*after, strict=True)))

    return run


def _read(
    cell: Cell, x: Tensor, state: tuple[Tensor, ...], weights: Sequence[Tensor]
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """(time, batch, features) -> the hidden states (time, batch, hidden), and the last state."""
    w_x, w_h, *rest = weights
    b_x, b_h = rest or (None, None)
    states = []
    for row in F.linear(x, w_x, b_x).unbind(0):  # (batch, gates * hidden)
        state = cell(row, F.linear(state[0], w_h, b_h), state)
        states.append(state[0])
    return torch.stack(states), state


def _time_first(
    x: Tensor, sizes: Tensor | None, batch_first: bool
) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """(time, batch, features), and how such a tensor is brought into the form that x has."""
    if sizes is None:
        return (x.transpose(0, 1), lambda y: y.transpose(0, 1)) if batch_first else (x, lambda y: y)
    if bool((sizes != sizes[0]).any()):
        raise Incompatible("there is no rule for a recurrent layer that reads texts of two lengths")
    return x.view(len(sizes), -1, x.shape[-1]), lambda y: y.flatten(0, 1)


WRITTEN_OUT: dict[str, Callable[..., Any]] = {
    "scaled_dot_product_attention": attention,
    "glu": glu,
    "layer_norm": layer_norm,
    "group_norm": group_norm,
    "rms_norm": rms_norm,
    "instance_norm": instance_norm,
    **{name: _layers(name) for name in CELLS},
    **{f"{name}_cell": _one_step(cell) for name, cell in CELLS.items()},
}
"""By the name under which torch calls them."""
