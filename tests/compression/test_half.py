"""Sixteen bits against float32."""

from typing import Any

import pytest
import torch
from torch import nn

import dlexplain.compression.modules.half as half
from dlexplain.compression.modules.base import compressor
from dlexplain.errors import BadInput
from dlexplain.networks.modules.base import kept_state
from tests.compression.test_static_int8 import Pictures
from tests.tiny import conv_net


@pytest.mark.parametrize(("name", "tolerance"), [("bfloat16", 2**-6), ("float16", 2**-9)])
@torch.inference_mode()
def test_a_network_in_sixteen_bits_says_nearly_the_same(name: str, tolerance: float) -> None:
    network, data = conv_net().eval(), Pictures()
    before = network(data.x)
    size = sum(t.nbytes for k, t in kept_state(network).items() if k.endswith("weight"))
    small = compressor("half", {"format": name}).prepare(network, data).eval()
    assert torch.allclose(small(data.x), before, atol=tolerance * float(before.abs().max()))
    kept = kept_state(small)
    halves = [t for k, t in kept.items() if k.endswith("weight_half")]
    assert {t.dtype for t in halves} == {getattr(torch, name)}
    assert sum(t.nbytes for t in halves) < 0.52 * size


def test_a_gradient_is_computed_in_float32_with_the_kept_weights() -> None:
    layer = nn.Conv2d(3, 4, 3)
    small: Any = half.narrowed(layer, "bfloat16")
    x = torch.randn(2, 3, 8, 8, requires_grad=True)
    expected = nn.functional.conv2d(x, layer.weight.bfloat16().float(), layer.bias)
    assert torch.equal(small(x), expected)


@torch.inference_mode()
@pytest.mark.parametrize("make", [lambda: nn.Conv2d(32, 4, 1), lambda: nn.Linear(8, 4)])
def test_where_bfloat16_is_fast_it_is_computed_in(make: Any, monkeypatch: Any) -> None:
    x = torch.randn(2, 32, 8, 8) if isinstance(make(), nn.Conv2d) else torch.randn(2, 32, 8)
    small: Any = half.narrowed(make(), "bfloat16")
    monkeypatch.setattr(half, "fast", lambda *args: False)
    slow = small(x)
    monkeypatch.setattr(half, "fast", lambda *args: True)
    quick = small(x)
    assert torch.allclose(slow, quick, atol=0.05) and not torch.equal(slow, quick)
    assert torch.equal(quick, quick.bfloat16().float()) and quick.dtype == torch.float32


def test_only_the_processor_says_whether_it_is_fast(monkeypatch: Any) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    assert not half.fast.__wrapped__("bfloat16", "cpu")
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True)
    assert half.fast.__wrapped__("bfloat16", "cpu")
    assert not half.fast.__wrapped__("float16", "cpu")


def test_a_weight_too_large_for_float16_is_told() -> None:
    network = nn.Sequential(nn.Linear(2, 2))
    nn.init.constant_(network[0].weight, 1e5)  # type: ignore[arg-type]
    with pytest.raises(BadInput, match="100000, too large for float16"):
        compressor("half", {"format": "float16"}).prepare(network, None)
