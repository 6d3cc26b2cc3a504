"""Layers with weights in eight bits, against simulations in float."""

import copy
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from dlexplain.compression.modules import int8_operators
from dlexplain.compression.modules.dynamic_int8 import narrowed
from dlexplain.compression.modules.int8_operators import HIGH, exact_by_rows
from dlexplain.compression.modules.narrow import KINDS, in_int8, rounded_rows

BOUND = 3.0
needs_whole_numbers = pytest.mark.skipif(
    not exact_by_rows(), reason="this processor has no exact operators on whole numbers"
)


def test_rounding_of_rows_by_hand() -> None:
    weight = torch.tensor([[1.27, -0.5, 0.004], [0.0, 0.0, 0.0]])
    whole, scale = rounded_rows(weight)
    assert whole.tolist() == [[127, -50, 0], [0, 0, 0]]
    assert scale[0].item() == pytest.approx(0.01)


def by_rows(x: Tensor) -> Tensor:
    """Each row in whole numbers from -63 to 63 times its own largest / 63."""
    step = x.abs().amax(-1, keepdim=True) / HIGH
    return (x / step).round() * step


@needs_whole_numbers
@torch.inference_mode()
def test_a_linear_layer_says_what_the_same_rounding_says_in_float() -> None:
    torch.manual_seed(0)
    layer, x = nn.Linear(40, 30), torch.randn(4, 6, 40)
    small: Any = narrowed(layer, 1.0)
    expected = by_rows(x) @ small.weight.T + layer.bias
    assert torch.allclose(small(x), expected, atol=1e-4)
    assert not torch.allclose(small(x), x @ small.weight.T + layer.bias, atol=1e-4)
    assert torch.equal(small(x)[2, 3], small(x[2:3, 3:4])[0, 0])  # by itself it is the same


def ranged(x: Tensor, bound: float) -> Tensor:
    """Seven bits over -bound to bound, as torch's dynamic rounding has them."""
    scale = 2 * bound / 127
    return ((x / scale).round() + 64).clamp(0, 127).sub(64) * scale


def lstm_by_hand(layer: Any, x: Tensor) -> Tensor:
    """(batch, time, inputs) -> (batch, time, units), inputs and states rounded."""
    h = c = x.new_zeros(len(x), layer.hidden_size)
    states = []
    for row in ranged(x, BOUND).unbind(1):
        total = row @ layer.weight_ih_l0.T + layer.bias_ih_l0
        total = total + ranged(h, 1.0) @ layer.weight_hh_l0.T + layer.bias_hh_l0
        i, f, g, o = total.chunk(4, -1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        states.append(h)
    return torch.stack(states, 1)


def gru_by_hand(layer: Any, x: Tensor) -> Tensor:
    h = x.new_zeros(len(x), layer.hidden_size)
    states = []
    for row in ranged(x, BOUND).unbind(1):
        given = row @ layer.weight_ih_l0.T + layer.bias_ih_l0
        past = ranged(h, 1.0) @ layer.weight_hh_l0.T + layer.bias_hh_l0
        (r_x, z_x, n_x), (r_h, z_h, n_h) = given.chunk(3, -1), past.chunk(3, -1)
        r, z = (r_x + r_h).sigmoid(), (z_x + z_h).sigmoid()
        h = (1 - z) * (n_x + r * n_h).tanh() + z * h
        states.append(h)
    return torch.stack(states, 1)


@needs_whole_numbers
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
@torch.inference_mode()
def test_a_recurrent_layer_says_what_the_same_rounding_says_in_float(kind: Any) -> None:
    torch.manual_seed(1)
    small: Any = narrowed(kind(20, 24, batch_first=True), BOUND)
    x = torch.randn(5, 7, 20)
    hand = lstm_by_hand if kind is nn.LSTM else gru_by_hand
    # A state between two steps may round either way, so a few differ by a step's effect.
    difference = (small(x)[0] - hand(small, x)).abs()
    assert difference.median() < 1e-5 and difference.max() < 0.02
    assert small(x)[0].abs().max() <= 1


@needs_whole_numbers
@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
@pytest.mark.parametrize(
    "form",
    [{}, {"bidirectional": True}, {"num_layers": 2, "bidirectional": True}, {"bias": False}],
)
@torch.inference_mode()
def test_a_recurrent_layer_is_that_of_float_but_for_its_rounding(kind: Any, form: Any) -> None:
    torch.manual_seed(2)
    layer = kind(20, 24, batch_first=True, **form).eval()
    small = narrowed(layer, BOUND)
    x = torch.randn(5, 7, 20).clamp(-BOUND, BOUND)
    lengths = torch.tensor([3, 7, 5, 7, 1])
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    for given in (x, packed):
        (y, after), (z, after_too) = layer(given), small(given)
        if given is packed:
            y, z = (pad_packed_sequence(part, batch_first=True)[0] for part in (y, z))
        assert torch.allclose(y, z, atol=0.06)
        states, states_too = (
            part if isinstance(part, tuple) else (part,) for part in (after, after_too)
        )
        for one, other in zip(states, states_too, strict=True):
            assert torch.allclose(one, other, atol=0.12)
    assert torch.equal(small(x[1:2])[0], small(x)[0][1:2])  # what else is there does not matter


@needs_whole_numbers
@torch.inference_mode()
def test_a_text_in_pieces_is_read_as_the_whole() -> None:
    torch.manual_seed(3)
    small = narrowed(nn.LSTM(20, 24, batch_first=True), BOUND)
    x = torch.randn(2, 9, 20)
    x[:, 6:] *= 5  # what comes later, though larger, changes nothing before
    first, state = small(x[:, :6])
    assert torch.equal(torch.cat([first, small(x[:, 6:], state)[0]], 1), small(x)[0])


def test_with_a_gradient_the_same_weights_are_used_in_float() -> None:
    torch.manual_seed(4)
    layer, x = nn.Linear(12, 5), torch.randn(3, 12, requires_grad=True)
    small: Any = narrowed(layer, 1.0)
    with torch.inference_mode():
        small(x.detach())  # what is computed there must not stand in a gradient's way
        assert small.weight.shape == (5, 12)
    y = small(x)
    y.sum().backward()
    assert torch.equal(y, nn.functional.linear(x, small.weight, layer.bias))
    assert x.grad is not None
    assert torch.allclose(x.grad, small.weight.sum(0).expand(3, 12))


def made(kind: Any) -> nn.Module:
    torch.manual_seed(5)
    sizes: dict[Any, tuple[int, ...]] = {nn.Conv2d: (3, 4, 3), nn.Embedding: (11, 6)}
    from dlexplain.networks.modules.language import Output

    return kind(7, 9, False) if kind is Output else kind(*sizes.get(kind, (7, 9)))


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_is_kept_copied_moved_and_made_ordinary_again(kind: Any) -> None:
    layer = made(kind).eval()
    small = in_int8(KINDS[kind], layer)
    state = load(save({k: t.contiguous() for k, t in small.state_dict().items()}))
    assert {t.dtype for t in state.values()} <= {torch.int8, torch.float32}
    fresh = in_int8(KINDS[kind], made(kind))
    assert isinstance(fresh, kind)
    fresh.load_state_dict(state, strict=True)
    moved = copy.deepcopy(fresh).to("cpu")
    plain = moved.as_float32()
    assert type(plain) is kind
    for name in small.narrowed:
        assert torch.equal(getattr(plain, name), getattr(small, name))
        largest = getattr(layer, name).abs().max() / 127
        assert (getattr(small, name) - getattr(layer, name)).abs().max() <= largest / 2 + 1e-7
    assert {n for n, _ in plain.named_parameters()} == {n for n, _ in layer.named_parameters()}
    if kind in (nn.Linear, nn.LSTM, nn.GRU, nn.RNN):
        x = torch.randn(2, 3, 7)
        ours, theirs = small(x), plain(x)
        assert torch.equal(*(y[0] if isinstance(y, tuple) else y for y in (ours, theirs)))


def test_where_products_come_out_wrong_float_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(int8_operators, "dense", lambda whole, *rest: torch.full((4, 8), 32767.0))
    monkeypatch.setattr(int8_operators, "linear", lambda *args: torch.full((4, 8), 32767.0))
    assert not int8_operators.exact.__wrapped__(8)
    assert not int8_operators.exact_by_rows.__wrapped__()

    def missing(*args: Any) -> Tensor:
        raise RuntimeError("no such operator")

    monkeypatch.setattr(int8_operators, "dense", missing)
    assert not int8_operators.exact.__wrapped__(7)
