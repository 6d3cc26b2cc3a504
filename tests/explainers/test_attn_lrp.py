"""AttnLRP: each rule by hand, relevance that is kept, and the same however attention is called."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import dlexplain as dx
from dlexplain.errors import Incompatible
from dlexplain.explainers.methods.lrp import NO_ATTENTION
from dlexplain.explainers.relevance import gamma_rule
from dlexplain.explainers.written_out import WRITTEN_OUT
from dlexplain.networks.base import ARCHITECTURES, PictureShape
from dlexplain.networks.modules.dot_attention import attention_weights
from dlexplain.params import parse
from dlexplain.services.forecast.explain import explain_series
from tests.explainers.test_lrp import ZERO, assert_same, relevance
from tests.explainers.test_texts import OF_WORDS, SENTENCE, run_on, small, values_of
from tests.forecasters import linear, series
from tests.own_pictures import SIDE, save
from tests.tiny import conv_net, explain, picture, prepared


def attn(module: Any, x: Tensor) -> Tensor:
    return relevance(module, x, weighs=False)


def random(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def test_softmax_by_hand() -> None:
    """R_i = x_i (R_i - s_i Σ_j R_j), of outputs with the relevance r_j s_j."""
    x, r = torch.tensor([[1.0, -0.5, 2.0]]), torch.tensor([3.0, -1.0, 0.5])
    s = x.softmax(1)
    given = s * r
    expected = x * (given - s * given.sum())
    torch.testing.assert_close(attn(lambda x: x.softmax(1) * r, x), expected)


def test_a_product_of_matrices_by_hand() -> None:
    """R_ij = Σ_p A_ij V_jp R_ip / (2 O_ip), and likewise to V: half to each."""
    both = random(1, 2, 5)  # A (2, 2) beside V (2, 3)

    def product(x: Tensor) -> Tensor:
        return x[..., :2] @ x[..., 2:]

    a, v = both[..., :2], both[..., 2:]
    output = a @ v
    to_a = torch.einsum("bij,bjp,bip->bij", a, v, torch.ones_like(output)) / 2
    to_v = torch.einsum("bij,bjp,bip->bjp", a, v, torch.ones_like(output)) / 2
    expected = torch.cat([to_a, to_v], -1)
    torch.testing.assert_close(attn(product, both), expected)
    assert float(expected.sum()) == pytest.approx(float(output.sum()), rel=1e-5)
    # where the weights of attention are constants, the values take all
    values = relevance(lambda x: x[..., :2].softmax(-1) @ x[..., 2:], both, weighs=True)
    assert float(values[..., :2].abs().max()) == 0
    weighed = a.softmax(-1).transpose(1, 2).sum(-1, keepdim=True) * v
    torch.testing.assert_close(values[..., 2:], weighed)


KEEPING: dict[str, Callable[[Tensor], Tensor]] = {
    "RMSNorm": lambda x: F.rms_norm(x, (6,), torch.arange(6.0)),
    "RMSNorm by hand": lambda x: x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6),
    "length": lambda x: F.normalize(x, dim=-1),
    "deviation": lambda x: x / x.std(-1, keepdim=True),
    "one over": lambda x: x * (1 / x.norm(dim=-1, keepdim=True)),
    "GELU": F.gelu,
    "SiLU": F.silu,
    "tanh": torch.tanh,
    "ReLU6": F.relu6,
}


@pytest.mark.parametrize("what", KEEPING)
def test_it_passes_relevance_on_value_by_value(what: str) -> None:
    x = 4 * random(2, 6)
    torch.testing.assert_close(attn(KEEPING[what], x), KEEPING[what](x), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "norm",
    [
        nn.LayerNorm(6, elementwise_affine=False),
        nn.GroupNorm(1, 6, affine=False),
        nn.BatchNorm1d(6, affine=False, track_running_stats=False),
        lambda x: F.instance_norm(x.view(2, 2, 3)).flatten(1),
    ],
)
def test_of_a_norm_the_deviation_is_a_constant_and_the_mean_a_sum(norm: Any) -> None:
    """y = C x / σ with the centring C: R = x · Cᵀ r / σ, by finite differences of x at fixed σ."""
    x, r = random(2, 6), torch.arange(6.0)
    mean_of = {
        nn.LayerNorm: lambda x: x.mean(1, keepdim=True).expand_as(x),
        nn.GroupNorm: lambda x: x.mean(1, keepdim=True).expand_as(x),
        nn.BatchNorm1d: lambda x: x.mean(0, keepdim=True).expand_as(x),
    }.get(type(norm), lambda x: x.view(2, 2, 3).mean(2, keepdim=True).expand(2, 2, 3).flatten(1))
    deviation = (x - mean_of(x)) / norm(x)
    leaf = x.clone().requires_grad_()
    ((leaf - mean_of(leaf)) / deviation * r).sum().backward()
    assert leaf.grad is not None
    found = attn(lambda x: norm(x) * r, x)
    torch.testing.assert_close(found, x * leaf.grad, rtol=1e-3, atol=1e-4)
    assert float(found.sum()) == pytest.approx(float((norm(x) * r).sum()), abs=1e-3)


def written(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    return attention_weights(q, k, mask) @ v


CAUSAL = torch.ones(5, 5, dtype=torch.bool).tril()
CALLS: dict[str, tuple[Callable[..., Tensor], Callable[..., Tensor]]] = {
    "fused": (F.scaled_dot_product_attention, written),
    "fused, masked": (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, CAUSAL),
        lambda q, k, v: written(q, k, v, CAUSAL),
    ),
    "fused, causal": (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        lambda q, k, v: written(q, k, v, CAUSAL),
    ),
    "fused, with a bias": (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, attn_mask=random(5, 5)),
        lambda q, k, v: (q @ k.mT / 2 + random(5, 5)).softmax(-1) @ v,
    ),
    "einsum": (
        lambda q, k, v: torch.einsum(
            "bts,bsd->btd", (torch.einsum("btd,bsd->bts", q, k) / 2).softmax(-1), v
        ),
        written,
    ),
    "bmm": (lambda q, k, v: torch.bmm((torch.bmm(q, k.mT) / 2).softmax(-1), v), written),
    "baddbmm": (
        lambda q, k, v: torch.baddbmm(torch.zeros(1, 5, 5), q / 2, k.mT).softmax(-1) @ v,
        written,
    ),
}


@pytest.mark.parametrize("weighs", [True, False])
@pytest.mark.parametrize("call", CALLS)
def test_attention_counts_however_it_is_called(call: str, weighs: bool) -> None:
    x, projections = random(2, 5, 4), random(3, 4, 4)

    def of(function: Callable[..., Tensor]) -> Callable[[Tensor], Tensor]:
        return lambda x: function(*(F.linear(x, p) for p in projections))

    function, expected = CALLS[call]
    torch.testing.assert_close(of(function)(x), of(expected)(x))
    found = relevance(of(function), x, weighs=weighs)
    torch.testing.assert_close(
        found, relevance(of(expected), x, weighs=weighs), rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("groups", [False, True])
def test_what_is_written_out_gives_torchs_numbers(groups: bool) -> None:
    q, k, v = random(2, 4, 5, 3), random(2, 2 if groups else 4, 6, 3), random(2, 4, 6, 3)
    v = v[:, : k.shape[1]]
    torch.testing.assert_close(
        WRITTEN_OUT["scaled_dot_product_attention"](q, k, v, scale=0.3, enable_gqa=groups),
        F.scaled_dot_product_attention(q, k, v, scale=0.3, enable_gqa=groups),
    )
    x, w, b = random(2, 6, 4), random(6), random(6)
    for name, args in {
        "layer_norm": ((4,), w[:4], b[:4], 1e-3),
        "rms_norm": ((6, 4), None, None),
        "group_norm": (3, w, b, 1e-3),
        "instance_norm": (None, None, w, b),
        "glu": (1,),
    }.items():
        torch.testing.assert_close(WRITTEN_OUT[name](x, *args), getattr(F, name)(x, *args))
    running = (random(6), random(6).abs())
    torch.testing.assert_close(
        WRITTEN_OUT["instance_norm"](x, *running, w, b, False),
        F.instance_norm(x, *running, w, b, False),
    )


@pytest.mark.parametrize("masked", [False, True])
def test_torchs_transformer_layer_is_seen_inside(masked: bool) -> None:
    """The same as text_transformer's written-out form, whose attention is two products."""
    network: Any = small("text-transformer").eval().requires_grad_(False)
    mask = torch.ones(1, 5, dtype=torch.bool)
    mask[0, 3:] = not masked
    vectors = random(1, 5, 8)
    for weighs in (True, False):
        fused = relevance(lambda x: network.read_vectors(x, mask)[:, 1], vectors, weighs=weighs)
        out = relevance(lambda x: network.attend(x, mask)[0][:, 1], vectors, weighs=weighs)
        assert_same(fused, out)


def without_biases(net: nn.Module) -> nn.Module:
    """What has no part of the input is 0: biases, places and class tokens."""
    with torch.no_grad():
        for name, value in net.named_parameters():
            if value.dim() == 1 and not name.endswith("weight"):
                value.zero_()
            if any(part in name for part in ("places", "position", "token", "bias", "register")):
                value.zero_()
    return net


def vision_transformer() -> nn.Module:
    architecture = ARCHITECTURES["vit"]
    torch.manual_seed(0)
    sizes = {"width": 16, "heads": 2, "layers": 2, "feed_forward": 32, "patch": 8}
    given = {**sizes, "stem": "patches", "pooling": "mean"}
    shape = PictureShape(channels=3, side=32, classes=3)
    return without_biases(architecture.build(shape, parse(architecture.Params, given)))


def test_with_attention_as_a_constant_a_transformer_without_biases_keeps_relevance() -> None:
    model = prepared(vision_transformer())
    for target in (0, 1):
        found = explain(model, "lrp", target=target, rule="epsilon", epsilon=0.0)
        score = float(model.logits(picture())[0, target])
        assert float(found.values.sum()) == pytest.approx(score, rel=1e-3)
        assert found.note == ""


def test_what_softmaxes_take_is_said() -> None:
    model = prepared(vision_transformer())
    found = explain(model, "attn-lrp", target=1, gamma=0.0)
    assert float(found.values.sum()) != pytest.approx(float(model.logits(picture())[0, 1]), rel=0.1)
    assert "biases and softmaxes took the rest" in found.note


@pytest.mark.parametrize("rule", [ZERO, partial(gamma_rule, gamma=0.25)])
def test_without_a_softmax_products_norms_and_activations_keep_relevance(rule: Any) -> None:
    q, k, v, up, down = random(5, 6, 6)

    def block(x: Tensor) -> Tensor:
        y = F.layer_norm(x, (6,))
        x = x + (F.linear(y, q) @ F.linear(y, k).mT / 6) @ F.linear(y, v)
        return x + F.linear(F.gelu(F.linear(F.rms_norm(x, (6,)), up)), down)

    x = random(2, 5, 6)
    found = relevance(block, x, rule, weighs=False)
    torch.testing.assert_close(found.sum((1, 2)), block(x).sum((1, 2)), rtol=1e-3, atol=1e-3)


def test_a_block_equals_the_papers_rules_layer_by_layer() -> None:
    """Relevance itself is handed back here, by the formulas of the paper, and no gradient."""
    size, time = 6, 4
    x, (q, k, v, out, up, down) = random(time, size).double(), random(6, size, size).double()

    def linear_back(given: Tensor, weight: Tensor, r: Tensor) -> Tensor:
        parts = given[:, None, :] * weight  # (time, out, in)
        return (parts / parts.sum(-1, keepdim=True) * r[..., None]).sum(1)

    def centred(given: Tensor) -> tuple[Tensor, Tensor]:
        centring = torch.eye(size).double() - 1 / size
        return F.linear(given, centring), centring

    y, centring = centred(x)
    y = y / (y**2).mean(-1, keepdim=True).sqrt()
    queries, keys, values = (F.linear(y, w) for w in (q, k, v))
    scores = queries @ keys.T / size**0.5
    weights = scores.softmax(-1)
    seen = weights @ values
    attended = x + F.linear(seen, out)
    z, _ = centred(attended)
    z = z / (z**2).mean(-1, keepdim=True).sqrt()
    hidden = F.linear(z, up)
    after = F.linear(F.gelu(hidden), down)

    r = attended + after  # of each output: its own value
    shares = attended / (attended + after)
    r_mlp, r_attended = r * (1 - shares), r * shares
    r_hidden = linear_back(F.gelu(hidden), down, r_mlp)  # identity through GELU
    r_attended = r_attended + linear_back(attended, centring, linear_back(z, up, r_hidden))
    r_out, r_x = r_attended * (attended - x) / attended, r_attended * x / attended
    r_seen = linear_back(seen, out, r_out)
    parts = weights[..., None] * values  # (time, time, size)
    r_parts = parts / (2 * seen[:, None]) * r_seen[:, None]
    r_weights, r_values = r_parts.sum(-1), r_parts.sum(0)
    r_scores = scores * (r_weights - weights * r_weights.sum(-1, keepdim=True))
    pairs = queries[:, None] * keys / size**0.5  # (time, time, size)
    r_pairs = pairs / (2 * scores[..., None]) * r_scores[..., None]
    r_y = (
        linear_back(y, q, r_pairs.sum(1))
        + linear_back(y, k, r_pairs.sum(0))
        + linear_back(y, v, r_values)
    )
    expected = r_x + linear_back(x, centring, r_y)

    def block(x: Tensor) -> Tensor:
        y = F.layer_norm(x, (size,), eps=0.0)
        q_, k_, v_ = (F.linear(y, w) for w in (q, k, v))
        x = x + F.linear(F.scaled_dot_product_attention(q_, k_, v_), out)
        return x + F.linear(F.gelu(F.linear(F.layer_norm(x, (size,), eps=0.0), up)), down)

    torch.testing.assert_close(block(x), r)
    torch.testing.assert_close(attn(block, x), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kind", ["vit", "swin", "convnext"])
def test_models_of_hugging_face_keep_relevance_but_for_biases(kind: str, tmp_path: Path) -> None:
    """Their own classes, whose attention is eager and whose output is a ModelOutput."""
    without_biases(save(kind, tmp_path)).save_pretrained(tmp_path)
    model = dx.load(str(tmp_path))
    pixels = (picture(side=SIDE) + 1) / 2
    for target in (0, 2):
        score = float(model.prepared.logits(pixels)[0, target])
        found = explain(model.prepared, "lrp", pixels, target, rule="epsilon", epsilon=0.0)
        assert float(found.values.sum()) == pytest.approx(score, rel=1e-2)
    if kind != "convnext":
        attended = explain(model.prepared, "attn-lrp", pixels, 2)
        assert np.abs(attended.values - found.values).max() > 1e-3 * np.abs(found.values).max()


def test_it_is_for_models_that_attend() -> None:
    with pytest.raises(Incompatible, match=NO_ATTENTION):
        explain(conv_net(), "attn-lrp")
    with pytest.raises(Incompatible, match=NO_ATTENTION):
        values_of("attn-lrp", run_on(small("text-cnn"), SENTENCE, OF_WORDS))
    found = values_of("attn-lrp", run_on(small("text-transformer"), SENTENCE, OF_WORDS, 2))
    other = values_of("lrp", run_on(small("text-transformer"), SENTENCE, OF_WORDS, 2))
    assert np.abs(found.values - other.values).max() > 1e-3
    assert NO_ATTENTION not in found.note
    # Methods of series are not listed by model, so there the note says it.
    plain = explain_series(linear(), series(), "attn-lrp", "b", 1, "1980-06")
    assert NO_ATTENTION in plain.note
    same = explain_series(linear(), series(), "lrp", "b", 1, "1980-06")
    np.testing.assert_allclose(plain.values, same.values)


@pytest.mark.parametrize("model", ["ptb-rnn", "ptb-transformer", "dates-gru-attention"])
def test_tokens_that_are_written_are_explained(model: str) -> None:
    text = "5 may 1999" if model.startswith("dates") else "the company said it would"
    for method in ("lrp", "attn-lrp"):
        found = dx.explain(model, text, method, target=3)
        assert np.isfinite(found.values).all()
        assert np.abs(found.values).max() > 0
        assert found.unit == "nats"
