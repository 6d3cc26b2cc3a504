"""Text classifiers: attention by its formula, gates by hand, padding, and that they can learn."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.errors import ParamError
from dlexplain.networks.base import ARCHITECTURES, TextShape
from dlexplain.networks.modules.base import kept_state
from dlexplain.networks.modules.lstm_attention import AdditivePooling, LSTMAttention
from dlexplain.networks.modules.minilm import MiniLM
from dlexplain.networks.modules.text_cnn import TextCNN
from dlexplain.networks.modules.text_shapes import (
    PAD,
    Attends,
    ReadsVectors,
    WordDropout,
    masked_mean,
)
from dlexplain.networks.modules.text_transformer import TextTransformer
from dlexplain.params import parse

SHAPE = TextShape(vocabulary=20, classes=3, longest=12, tokeniser="minilm")
SMALL: dict[str, dict[str, Any]] = {
    "lstm-attention": {"embedding": 8, "hidden": 8},
    "text-cnn": {"embedding": 8, "features": 6, "widths": "2, 5"},
    "text-transformer": {"width": 8, "heads": 2, "feed_forward": 16},
    "minilm": {"rank": 4},
}
VARIANTS = [
    *SMALL.items(),
    ("lstm-attention", {"embedding": 8, "hidden": 8, "cell": "gru", "layers": 2}),
    ("lstm-attention", {"embedding": 8, "hidden": 8, "cell": "rnn", "bidirectional": False}),
    ("text-transformer", {**SMALL["text-transformer"], "pooling": "first"}),
    ("text-cnn", {"vectors": "minilm"}),
]


def build(name: str, **params: Any) -> Any:
    torch.manual_seed(0)
    found = ARCHITECTURES[name]
    return found.build(SHAPE, parse(found.Params, {**SMALL[name], **params})).eval()


def ids(*lengths: int, width: int = 0) -> Tensor:
    """(texts, width) random ids from 1, 0 behind each end"""
    generator = torch.Generator().manual_seed(7)
    x = torch.zeros((len(lengths), width or max(lengths)), dtype=torch.long)
    for row, length in zip(x, lengths, strict=True):
        row[:length] = torch.randint(1, 20, (length,), generator=generator)
    return x


@pytest.mark.parametrize(("name", "params"), VARIANTS)
def test_padding_and_company_change_nothing(name: str, params: dict[str, Any]) -> None:
    net = build(name, **params)
    together = net(ids(5, 1, 9, width=12))
    assert together.shape == (3, 3)
    for row, text in zip(together, ids(5, 1, 9), strict=True):
        alone = text[text != 0][None]
        torch.testing.assert_close(net(alone)[0], row, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "params"), VARIANTS)
def test_sixteen_texts_can_be_learnt_by_heart(name: str, params: dict[str, Any]) -> None:
    off = {"dropout": 0.0} | ({} if name == "minilm" else {"word_dropout": 0.0})
    net = build(name, **params, **off)
    x, y = ids(*range(3, 11), *range(3, 11)), torch.arange(16) % 3
    if params.get("vectors") == "minilm":
        x = 1500 * x
    if name == "minilm":
        x = 1500 * x  # common words, which it tells apart; it stays in eval: BERT has dropouts
    else:
        net.train()
    learnt = [p for p in net.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(learnt, lr=3e-3 if name == "minilm" else 0.02)
    for step in range(150):
        loss = F.cross_entropy(net(x), y)
        optimiser.zero_grad()
        loss.backward()
        if step == 1:  # adapters begin at 0, where half of them have no gradient yet
            assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in learnt)
        optimiser.step()
        if loss < 0.02:
            break
    assert (net(x).argmax(1) == y).all()


def test_additive_attention_by_its_formula() -> None:
    torch.manual_seed(1)
    pooling = AdditivePooling(4, 3)
    states = torch.randn(2, 5, 4)
    mask = torch.tensor([[True] * 5, [True, True, False, False, False]])
    pooled, weights = pooling(states, mask)
    w, b = pooling.mix.weight.detach().numpy(), pooling.mix.bias.detach().numpy()
    v = pooling.energy.weight.detach().numpy()[0]
    for row, length in enumerate((5, 2)):
        h = states[row, :length].numpy()
        energy = np.array([v @ np.tanh(w @ h_t + b) for h_t in h])
        share = np.exp(energy) / np.exp(energy).sum()
        np.testing.assert_allclose(weights[row, :length].detach(), share, rtol=1e-5)
        np.testing.assert_allclose(pooled[row].detach(), share @ h, rtol=1e-4, atol=1e-6)
    assert (weights[1, 2:] == 0).all()


def test_attention_says_what_the_forward_pass_used() -> None:
    net: LSTMAttention = build("lstm-attention")
    x = ids(4, 7)
    states = net.states(x)
    weights = net.attention(x)
    torch.testing.assert_close(weights.sum(1), torch.ones(2))
    torch.testing.assert_close(net.head((weights[..., None] * states).sum(1)), net(x))


def test_lstm_gates_by_hand() -> None:
    """c = f c + i g, h = o tanh(c), gates in the order i, f, g, o; backwards from the end."""
    net: LSTMAttention = build("lstm-attention")
    x = ids(5, width=9)
    states = net.states(x)[0, :5].detach().numpy()
    found = net.steps(x)
    vectors = net.embedding(x)[0, :5].detach().numpy()

    def sigmoid(z: Any) -> Any:
        return 1 / (1 + np.exp(-z))

    for place, (end, order) in enumerate((("", range(5)), ("_reverse", range(4, -1, -1)))):
        w_x, w_h, b_x, b_h = (
            getattr(net.recurrent, f"{key}_l0{end}").detach().numpy()
            for key in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        )
        h, c = np.zeros(8), np.zeros(8)
        for t in order:
            i, f, g, o = np.split(w_x @ vectors[t] + b_x + w_h @ h + b_h, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            gates = found[place].gates
            for key, value in (("input", i), ("forget", f), ("output", o)):
                np.testing.assert_allclose(
                    gates[key][0, t].detach(), sigmoid(value), rtol=1e-4, atol=1e-6
                )
            np.testing.assert_allclose(
                states[t, 8 * place : 8 * place + 8], h, rtol=1e-4, atol=1e-6
            )


def test_a_convolution_by_hand() -> None:
    """c_t = ReLU(w . x[t : t + k] + b) over the text with zeros around, then its largest value."""
    net: TextCNN = build("text-cnn")
    x = ids(3, width=6)
    vectors = net.embedding(x)[0, :3].detach().numpy()
    pooled = []
    for width, layer in zip((2, 5), net.convolutions, strict=True):
        assert isinstance(layer, nn.Conv1d)
        w, b = layer.weight.detach().numpy(), layer.bias.detach().numpy()  # type: ignore[union-attr]
        around = np.zeros((width - 1, 8))
        padded = np.concatenate([around, vectors, around])
        maps = [
            np.maximum(np.einsum("fek,ke->f", w, padded[t : t + width]) + b, 0)
            for t in range(3 + width - 1)
        ]
        pooled.append(np.max(maps, axis=0))
    expected = net.head(torch.from_numpy(np.concatenate(pooled)).float())
    torch.testing.assert_close(net(x)[0], expected)


@pytest.mark.parametrize("widths", ["", "0", "3, x", "16"])
def test_widths_that_are_none_are_refused(widths: str) -> None:
    with pytest.raises(ParamError, match="widths is"):
        build("text-cnn", widths=widths)


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_an_encoders_attention_is_softmax_of_scaled_products(pooling: str) -> None:
    net: TextTransformer = build("text-transformer", pooling=pooling)
    x = ids(4, 6)
    found = net.attention(x)
    vectors, mask = net._placed(net.embed(x), x != PAD)
    time = 7 if pooling == "first" else 6
    assert [w.shape for w in found] == [(2, 2, time, time)] * 2
    layer = net.encoder.layers[0]
    assert isinstance(layer, nn.TransformerEncoderLayer)
    q, k, v = F.linear(
        layer.norm1(vectors), layer.self_attn.in_proj_weight, layer.self_attn.in_proj_bias
    ).chunk(3, -1)
    q, k, v = (part.view(2, time, 2, 4).transpose(1, 2) for part in (q, k, v))
    scores = q @ k.mT / 2  # the root of a head's width
    expected = scores.masked_fill(~mask[:, None, None], float("-inf")).softmax(-1)
    torch.testing.assert_close(found[0], expected)
    torch.testing.assert_close(found[0].sum(-1), torch.ones(2, 2, time))
    mixed = layer.self_attn.out_proj((expected @ v).transpose(1, 2).reshape(2, time, 8))
    states = vectors + mixed
    states = states + layer.linear2(layer.activation(layer.linear1(layer.norm2(states))))
    torch.testing.assert_close(layer(vectors, src_key_padding_mask=~mask)[mask], states[mask])


@pytest.mark.parametrize(("name", "params"), VARIANTS)
def test_from_vectors_it_says_the_same(name: str, params: dict[str, Any]) -> None:
    net, x = build(name, **params), ids(4, 6)
    assert isinstance(net, ReadsVectors)
    vectors, mask = net.embed(x), x != PAD
    torch.testing.assert_close(net.read_vectors(vectors, mask), net(x))
    if isinstance(net, Attends):
        logits, weights = net.attend(vectors, mask)
        torch.testing.assert_close(logits, net(x))
        gradients = torch.autograd.grad(logits[:, 0].sum(), weights)
        assert all(bool(g.any()) for g in gradients)
        kept = weights[-1].sum(-1)
        torch.testing.assert_close(kept, torch.ones_like(kept))


def test_heads_share_the_width() -> None:
    with pytest.raises(ParamError, match="width 8 cannot be shared by 3 heads"):
        build("text-transformer", heads=3)


def test_the_mean_is_over_words() -> None:
    states = torch.tensor([[[1.0], [3.0], [50.0]]])
    assert masked_mean(states, torch.tensor([[True, True, False]])).tolist() == [[2.0]]


def test_word_dropout_makes_words_unknown_in_training_only() -> None:
    layer, x = WordDropout(0.5), ids(1000, width=1100)
    torch.manual_seed(0)
    found = layer.train()(x)
    changed = found != x
    assert (found[changed] == 1).all()
    assert (found[x == 0] == 0).all()
    assert 0.4 < (found[x > 1] == 1).float().mean() < 0.6
    assert layer.eval()(x) is x


def test_minilm_is_the_packages_encoder_before_it_learns() -> None:
    """Adapters begin at 0; its mean state of a sentence is what the encoder is published for."""
    net: MiniLM = build("minilm")
    x = ids(6, 4)
    states = net.encoder(input_ids=x, attention_mask=(x != 0).long()).last_hidden_state
    from dlexplain.networks.modules.minilm import _pretrained

    plain = _pretrained().eval()(input_ids=x, attention_mask=(x != 0).long()).last_hidden_state
    torch.testing.assert_close(states[x != 0], plain[x != 0])


def test_minilms_attention_sums_to_one_over_the_words() -> None:
    net: MiniLM = build("minilm")
    found = net.attention(ids(6, 4))
    assert [w.shape for w in found] == [(2, 12, 6, 6)] * 6
    torch.testing.assert_close(found[3].sum(-1), torch.ones(2, 12, 6))
    assert found[3][1, :, :, 4:].abs().max() < 1e-6


def test_minilm_with_its_adapters_merged_says_the_same() -> None:
    net: MiniLM = build("minilm")
    with torch.no_grad():
        for name, weight in net.named_parameters():
            if "lora_B" in name:
                weight.normal_(0, 0.05)
    x = ids(6, 4)
    before = net(x)
    net.merge_adapters()
    assert not [name for name, _ in net.named_parameters() if "lora" in name]
    torch.testing.assert_close(net(x), before, rtol=1e-4, atol=1e-5)


def test_minilm_keeps_only_what_learns() -> None:
    net: MiniLM = build("minilm").train()
    x, y = ids(5, 3), torch.tensor([0, 2])
    optimiser = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=0.1)
    for _ in range(2):
        optimiser.zero_grad()
        F.cross_entropy(net(x), y).backward()
        optimiser.step()
    state = kept_state(net)
    assert all("lora" in name or name.startswith("head.") for name in state)
    assert sum(t.numel() for t in state.values()) < 0.3e6, "of rank 4"
    again: MiniLM = build("minilm")
    torch.manual_seed(9)
    nn.init.normal_(again.head.weight)
    again.load_own_state(state)
    torch.testing.assert_close(again(x), net.eval()(x))
    state.pop("head.bias")
    with pytest.raises(RuntimeError, match=r"head\.bias"):
        again.load_own_state(state)


@pytest.mark.parametrize(("name", "params"), [("minilm", {}), ("text-cnn", {"vectors": "minilm"})])
def test_other_tokens_are_refused(name: str, params: dict[str, Any]) -> None:
    found = ARCHITECTURES[name]
    with pytest.raises(ParamError, match="tokeniser=minilm"):
        found.build(TextShape(20, 2, 12, "word"), parse(found.Params, params))


@pytest.mark.parametrize("name", ["lstm-attention", "text-cnn"])
def test_pretrained_vectors_stay_and_are_not_kept(name: str) -> None:
    net = build(name, vectors="minilm")
    assert not net.embedding.table.weight.requires_grad
    assert (net.embedding(torch.zeros(1, 2, dtype=torch.long)) == 0).all()
    state = kept_state(net)
    assert "embedding.table.weight" not in state
    assert "embedding.project.weight" in state
    again = build(name, vectors="minilm")
    nn.init.zeros_(again.embedding.project.weight)
    again.load_own_state(state)
    torch.testing.assert_close(again(ids(5, 3)), net(ids(5, 3)))
    assert set(kept_state(build(name))) == set(build(name).state_dict())
