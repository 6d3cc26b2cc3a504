"""Translators: attention and GRU by hand, causality, padding, steps against the whole, learning."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.data import tokenisers
from dlexplain.errors import ParamError
from dlexplain.networks import gru_attention, transformer_translator
from dlexplain.networks.base import PairShape
from dlexplain.networks.modules import translator
from dlexplain.networks.modules.dot_attention import (
    AdditiveAttention,
    DotAttention,
    attention_weights,
    causal_mask,
)
from dlexplain.networks.modules.gru_attention import GRUAttention
from dlexplain.networks.modules.transformer_translator import TransformerTranslator, sinusoids
from dlexplain.networks.modules.translator import BOS, EOS, PAD, Translator
from dlexplain.tasks.modules.decoding import greedy
from dlexplain.tasks.modules.translate import token_loss

SHAPE = PairShape(20, 20, joint=True)
KINDS = ("gru-attention", "transformer-translator")


def network(kind: str, shape: PairShape = SHAPE, dropout: float = 0.0) -> nn.Module:
    torch.manual_seed(0)
    if kind == "gru-attention":
        return GRUAttention(shape, gru_attention.Params(16, 24, 2, dropout)).eval()
    return TransformerTranslator(shape, transformer_translator.Params(16, 2, 4, 32, dropout)).eval()


def some_pairs(count: int, longest: int = 7, vocabulary: int = 20) -> tuple[Tensor, Tensor]:
    """Random ones of different lengths: sources end with EOS, targets are between BOS and EOS."""
    generator = torch.Generator().manual_seed(1)
    source = torch.full((count, longest + 1), PAD)
    target = torch.full((count, longest + 2), PAD)
    target[:, 0] = BOS
    for row in range(count):
        for side, start in ((source, 0), (target, 1)):
            length = int(torch.randint(2, longest + 1, (), generator=generator))
            words = torch.randint(4, vocabulary, (length,), generator=generator)
            side[row, start : start + length] = words
            side[row, start + length] = EOS
    return source, target


def test_the_ids_are_those_of_the_tokenisers() -> None:
    mine = (PAD, translator.UNK, BOS, EOS)
    assert mine == (tokenisers.PAD, tokenisers.UNK, tokenisers.BOS, tokenisers.EOS)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_a_translator(kind: str) -> None:
    assert isinstance(network(kind), Translator)


def test_additive_attention_is_the_formula() -> None:
    torch.manual_seed(0)
    attention = AdditiveAttention(query=3, value=4, hidden=5)
    s, h = torch.randn(2, 3), torch.randn(2, 6, 4)
    mask = torch.tensor([[True] * 6, [True] * 4 + [False] * 2])
    context, weights = attention(s, attention.key(h), h, mask)
    w, b, u = attention.query.weight, attention.query.bias, attention.key.weight
    for row, length in ((0, 6), (1, 4)):
        energies = torch.stack(
            [attention.energy.weight[0] @ torch.tanh(w @ s[row] + b + u @ h[row, j])
             for j in range(length)]
        )  # fmt: skip
        alpha = energies.exp() / energies.exp().sum()
        torch.testing.assert_close(weights[row, :length], alpha)
        assert not weights[row, length:].any()
        torch.testing.assert_close(
            context[row], sum(a * h[row, j] for j, a in enumerate(alpha)), rtol=1e-5, atol=1e-6
        )


def test_the_gru_step_is_the_formula() -> None:
    """Cho et al. 2014, as torch has it: r inside the candidate's bracket."""
    net = network("gru-attention")
    cell = net.cell
    x, h = torch.randn(3, 16 + 48), torch.randn(3, 24)
    wr, wz, wn = cell.weight_ih.chunk(3)
    ur, uz, un = cell.weight_hh.chunk(3)
    br, bz, bn = cell.bias_ih.chunk(3)
    cr, cz, cn = cell.bias_hh.chunk(3)
    r = torch.sigmoid(x @ wr.T + br + h @ ur.T + cr)
    z = torch.sigmoid(x @ wz.T + bz + h @ uz.T + cz)
    n = torch.tanh(x @ wn.T + bn + r * (h @ un.T + cn))
    torch.testing.assert_close(cell(x, h), (1 - z) * n + z * h)


def test_a_step_of_the_decoder_is_attention_then_the_cell_then_the_output() -> None:
    net = network("gru-attention")
    source, target = some_pairs(3)
    memory = net.encode(source)
    hidden = torch.tanh(net.bridge(memory["last"]))
    embedded = net.target_embedding(target[:, 0])
    context, _ = net.attention(hidden, memory["keys"], memory["values"], memory["mask"])
    after = net.cell(torch.cat([embedded, context], -1), hidden)
    mixed = torch.tanh(net.before_output(torch.cat([after, context, embedded], -1)))
    logits = mixed @ net.target_embedding.weight.T + net.bias
    torch.testing.assert_close(net(source, target)[:, 0], logits)


def test_dot_attention_is_the_formula_and_torchs() -> None:
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 3, 5, 8) for _ in range(3))
    mask = causal_mask(5, torch.device("cpu"))
    weights = attention_weights(q, k, mask)
    for i in range(5):
        energies = (k[..., : i + 1, :] @ q[..., i, :, None])[..., 0] / math.sqrt(8)
        alpha = energies.exp() / energies.exp().sum(-1, keepdim=True)
        torch.testing.assert_close(weights[..., i, : i + 1], alpha)
        assert not weights[..., i, i + 1 :].any()
    torch.testing.assert_close(weights @ v, F.scaled_dot_product_attention(q, k, v, attn_mask=mask))


def test_dot_attention_is_torchs_multi_head_attention() -> None:
    torch.manual_seed(0)
    mine, torchs = DotAttention(16, 4), nn.MultiheadAttention(16, 4, batch_first=True)
    parts = (mine.query, mine.key, mine.value)
    torchs.in_proj_weight.data = torch.cat([part.weight for part in parts]).data
    torchs.in_proj_bias.data = torch.cat([part.bias for part in parts]).data
    torchs.out_proj.load_state_dict(mine.output.state_dict())
    x, read = torch.randn(2, 5, 16), torch.randn(2, 7, 16)
    mask = torch.arange(7) < torch.tensor([[7], [4]])  # (batch, S)
    keys, values = mine.keys_values(read)
    expected, weights = torchs(x, read, read, key_padding_mask=~mask, average_attn_weights=False)
    torch.testing.assert_close(mine(x, keys, values, mask[:, None, None]), expected)
    torch.testing.assert_close(mine.weights(x, keys, mask[:, None, None]), weights)


def test_sinusoids() -> None:
    found = sinusoids(torch.arange(50), 8)
    assert found[3, 1] == pytest.approx(math.sin(3 / 10_000 ** (2 / 8)))
    assert found[3, 4 + 1] == pytest.approx(math.cos(3 / 10_000 ** (2 / 8)))


def test_a_width_that_heads_cannot_share() -> None:
    with pytest.raises(ParamError, match="width is 18; it takes an even multiple of the 4 heads"):
        TransformerTranslator(SHAPE, transformer_translator.Params(18, 1, 4, 8, 0.0))


@pytest.mark.parametrize("kind", KINDS)
def test_what_follows_changes_nothing(kind: str) -> None:
    net = network(kind)
    source, target = some_pairs(3)
    other = target.clone()
    other[:, 4:] = 9
    found, changed = net(source, target), net(source, other)
    torch.testing.assert_close(found[:, :4], changed[:, :4])
    assert not torch.allclose(found[:, 4:], changed[:, 4:])


@pytest.mark.parametrize("kind", KINDS)
def test_padding_changes_nothing(kind: str) -> None:
    net = network(kind)
    source, target = some_pairs(4)
    together, alignment = net(source, target), net.alignment(source, target)
    wider = F.pad(source, (0, 5), value=PAD), F.pad(target, (0, 5), value=PAD)
    torch.testing.assert_close(net(*wider)[:, : target.shape[1]], together)
    for row in range(4):
        s, t = int((source[row] != PAD).sum()), int((target[row] != PAD).sum())
        alone = source[row : row + 1, :s], target[row : row + 1, :t]
        torch.testing.assert_close(net(*alone)[0], together[row, :t], rtol=1e-4, atol=1e-5)
        assert not alignment[row, :t, s:].any()
        torch.testing.assert_close(
            net.alignment(*alone)[0], alignment[row, :t, :s], rtol=1e-4, atol=1e-5
        )
    torch.testing.assert_close(alignment.sum(-1), torch.ones(alignment.shape[:2]))


@pytest.mark.parametrize("kind", KINDS)
def test_steps_are_the_whole(kind: str) -> None:
    net = network(kind)
    source, target = some_pairs(4)
    whole = net(source, target).log_softmax(-1)
    memory = net.encode(source)
    state = net.start(memory)
    for place in range(target.shape[1]):
        scores, state = net.step(target[:, place], memory, state)
        torch.testing.assert_close(scores, whole[:, place], rtol=1e-4, atol=1e-5)


def test_cross_attention_is_there_by_layer_and_head() -> None:
    net = network("transformer-translator")
    source, target = some_pairs(2)
    found = net.cross_attention(source, target)
    assert found.shape == (2, 2, 4, target.shape[1], source.shape[1])
    torch.testing.assert_close(net.alignment(source, target), found[:, 0].mean(1))


@pytest.mark.parametrize("kind", KINDS)
def test_two_vocabularies_have_two_tables(kind: str) -> None:
    net = network(kind, PairShape(11, 13, joint=False))
    assert net.source_embedding.num_embeddings == 11
    assert net(torch.tensor([[4, EOS]]), torch.tensor([[BOS, 5]])).shape == (1, 2, 13)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_draws_the_same_network(kind: str) -> None:
    """In one process too, where a set of modules would come in the order of their addresses."""
    shape = PairShape(11, 13, joint=False)
    kept = [network(kind, shape) for _ in range(6)]
    for other in kept[1:]:
        for name, tensor in other.state_dict().items():
            assert torch.equal(tensor, kept[0].state_dict()[name]), name


@pytest.mark.parametrize("kind", KINDS)
def test_a_gradient_reaches_every_parameter(kind: str) -> None:
    net = network(kind, PairShape(20, 20, joint=False)).train()
    source, target = some_pairs(8)
    token_loss(net(source, target[:, :-1]), target).backward()
    without = [n for n, p in net.named_parameters() if p.grad is None or not p.grad.any()]
    # A key's bias adds the same to all scores of a query, so softmax drops it.
    assert [n for n in without if not n.endswith("key.bias")] == []


@pytest.mark.parametrize("kind", KINDS)
def test_sixteen_pairs_are_learnt_by_heart(kind: str) -> None:
    net = network(kind).train()
    source, target = some_pairs(16)
    optimiser = torch.optim.Adam(net.parameters(), 5e-3)
    for _ in range(250):
        optimiser.zero_grad()
        loss = token_loss(net(source, target[:, :-1]), target)
        loss.backward()
        optimiser.step()
        if loss < 0.01:
            break
    written = greedy(net.eval(), source, limit=target.shape[1])
    expected = target[:, 1:]
    assert torch.equal(F.pad(written, (0, expected.shape[1] - written.shape[1])), expected)
