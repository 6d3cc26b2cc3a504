"""Language models: steps by hand, pieces equal the whole, nothing after t is seen at t."""

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.networks.base import ARCHITECTURES, LanguageShape
from dlexplain.networks.modules.language import State
from dlexplain.networks.modules.rnn_lm import STATES, RecurrentLM, TimeDropout
from dlexplain.networks.modules.transformer_lm import CausalAttention, TransformerLM
from dlexplain.networks.rnn_lm import Params
from dlexplain.params import parse

WORDS, BATCH, TIME = 11, 3, 9
SMALL: dict[str, dict[str, Any]] = {
    "rnn": {"cell": "rnn", "embedding": 8, "units": 6, "layers": 2},
    "lstm": {"cell": "lstm", "embedding": 8, "units": 6, "layers": 2},
    "gru": {"cell": "gru", "embedding": 8, "units": 6, "layers": 2},
    "lstm, untied, one mask": {
        "cell": "lstm", "embedding": 8, "units": 6, "tied": False, "one_mask": True,
    },
    "transformer": {"layers": 2, "size": 8, "heads": 2, "context": 4},
}  # fmt: skip
Numbers = NDArray[np.float64]


def build(name: str, words: int = WORDS, **more: Any) -> nn.Module:
    torch.manual_seed(0)
    architecture = ARCHITECTURES["transformer-lm" if "transformer" in name else "rnn-lm"]
    params = parse(architecture.Params, {**SMALL[name], **more})
    return architecture.build(LanguageShape(words), params).eval().double()


def text(time: int = TIME, batch: int = BATCH) -> Tensor:
    return torch.randint(WORDS, (batch, time), generator=torch.Generator().manual_seed(1))


def weights(layer: nn.RNNBase) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    w_x, w_h, b_x, b_h = (getattr(layer, name).detach().numpy() for name in names)
    return w_x, w_h, b_x, b_h


def sigmoid(x: Numbers) -> Numbers:
    return 1 / (1 + np.exp(-x))


def by_hand(layer: nn.RNNBase, x: Numbers, h: Numbers, c: Numbers) -> tuple[Numbers, Numbers]:
    """One step of the article's formulas from x (inputs,), h and c (units,)."""
    w_x, w_h, b_x, b_h = weights(layer)
    if isinstance(layer, nn.RNN):
        return np.tanh(np.hstack([w_h, w_x]) @ np.hstack([h, x]) + b_x + b_h), c
    if isinstance(layer, nn.LSTM):
        i, f, g, o = np.split(w_x @ x + b_x + w_h @ h + b_h, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c
    xr, xz, xn = np.split(w_x @ x + b_x, 3)
    hr, hz, hn = np.split(w_h @ h + b_h, 3)
    z = sigmoid(xz + hz)
    return (1 - z) * np.tanh(xn + sigmoid(xr + hr) * hn) + z * h, c


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_a_step_by_hand(cell: str) -> None:
    net = build(cell)
    assert isinstance(net, RecurrentLM)
    ids = text(batch=1)
    x = net.embedding(ids)[0].detach().numpy()
    for layer in net.layers:
        h, c = np.zeros((2, layer.hidden_size))
        states = []
        for row in x:
            h, c = by_hand(layer, row, h, c)
            states.append(h)
        x = np.stack(states)
    logits, state = net(ids)
    expected = x @ net.embedding.weight.detach().numpy().T + net.output.bias.detach().numpy()
    np.testing.assert_allclose(logits[0].detach().numpy(), expected, atol=1e-12)
    np.testing.assert_allclose(state[-STATES[cell]][0].detach().numpy(), h, atol=1e-12)


def test_gates_of_the_whole_model_lead_to_its_logits() -> None:
    net = build("lstm")
    assert isinstance(net, RecurrentLM)
    _, state = net(text(4))
    found = net.inside(text(), state)
    logits = net.output(found[-1].states, net.embedding)
    torch.testing.assert_close(logits, net(text(), state)[0])
    assert set(found[0].gates) == {"input", "forget", "output", "candidate", "cell"}


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("pieces", [(4, 5), (1,) * TIME, (2, 6, 1)])
def test_a_text_in_pieces_with_carried_state_equals_one_long_pass(
    name: str, pieces: tuple[int, ...]
) -> None:
    net, ids = build(name), text()
    whole, end = net(ids)
    state: State | None = None
    found = []
    for piece in ids.split(list(pieces), dim=1):
        logits, state = net(piece, state)
        found.append(logits)
    torch.testing.assert_close(torch.cat(found, dim=1), whole)
    assert state is not None
    for part, expected in zip(state, end, strict=True):
        torch.testing.assert_close(part, expected)


@pytest.mark.parametrize("name", SMALL)
def test_nothing_after_t_changes_what_is_said_at_t(name: str) -> None:
    net, ids = build(name), text()
    whole = net(ids)[0]
    for t in range(TIME - 1):
        other = ids.clone()
        other[:, t + 1 :] = (ids[:, t + 1 :] + 3) % WORDS
        found = net(other)[0]
        torch.testing.assert_close(found[:, : t + 1], whole[:, : t + 1])
        assert not torch.allclose(found[:, t + 1], whole[:, t + 1])


@pytest.mark.parametrize("name", SMALL)
def test_texts_of_a_batch_do_not_see_each_other(name: str) -> None:
    net, ids = build(name), text()
    torch.testing.assert_close(net(ids)[0][1:2], net(ids[1:2])[0])


@pytest.mark.parametrize("name", SMALL)
def test_sixteen_texts_can_be_learnt_by_heart(name: str) -> None:
    """Their first tokens tell them apart; all that follows is random."""
    torch.manual_seed(3)
    net = build(name, words=16, embedding=32, units=64, dropout=0) if "tran" not in name else build(
        name, words=16, size=32, context=16, dropout=0
    )  # fmt: skip
    net = net.float().train()
    ids = torch.randint(16, (16, 9))
    ids[:, 0] = torch.arange(16)
    optimiser = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(250):
        logits, _ = net(ids[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
        if loss < 0.02:
            break
        optimiser.zero_grad()
        loss.backward()
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in net.parameters())
        optimiser.step()
    assert loss < 0.02


def test_attention_equals_torch_without_biases_for_distance() -> None:
    torch.manual_seed(4)
    ours = CausalAttention(8, 2, context=99).double()
    ours.slopes.zero_()
    theirs = nn.MultiheadAttention(8, 2, batch_first=True).double()
    with torch.no_grad():
        theirs.in_proj_weight.copy_(ours.query_key_value.weight)
        theirs.in_proj_bias.copy_(ours.query_key_value.bias)
        theirs.out_proj.weight.copy_(ours.join.weight)
        theirs.out_proj.bias.copy_(ours.join.bias)
    x = torch.randn(3, 5, 8).double()
    hidden = torch.ones(5, 5, dtype=torch.bool).triu(1)
    expected, shares = theirs(x, x, x, attn_mask=hidden, average_attn_weights=False)
    found, _, weights = ours(x, None, need_weights=True)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(weights, shares)
    torch.testing.assert_close(ours(x, None, need_weights=False)[0], expected)


def test_attention_by_hand() -> None:
    """One query: exp(q k / 2 - slope * distance), shares of the last `context` + 1 places."""
    torch.manual_seed(5)
    layer = CausalAttention(8, 2, context=2).double()
    x = torch.randn(1, 5, 8).double()
    q, k, v = (part.detach().numpy() for part in layer.query_key_value(x)[0].chunk(3, dim=-1))
    weights = layer(x, None, need_weights=True)[2].detach().numpy()
    for head, slope in enumerate((2.0**-4, 2.0**-8)):
        part = slice(4 * head, 4 * head + 4)
        scores = np.array([k[s, part] @ q[4, part] / 2 - slope * (4 - s) for s in (2, 3, 4)])
        shares = np.exp(scores) / np.exp(scores).sum()
        np.testing.assert_allclose(weights[0, head, 4], [0, 0, *shares], atol=1e-12)
    seen = np.concatenate([weights[0, h, 4] @ v[:, 4 * h : 4 * h + 4] for h in (0, 1)])
    expected = layer.join(torch.from_numpy(seen))
    torch.testing.assert_close(layer(x, None, need_weights=False)[0][0, 4], expected)


def test_attention_weights_can_be_read_of_every_layer() -> None:
    net = build("transformer")
    assert isinstance(net, TransformerLM)
    _, state = net(text(6))
    assert state[0].shape == (BATCH, 2, 4, 4)  # the context is 4
    found = net.attention(text(3), state)
    assert [w.shape for w in found] == [(BATCH, 2, 3, 4 + 3)] * 2
    for shares in found:
        torch.testing.assert_close(shares.sum(-1), torch.ones(BATCH, 2, 3).double())


def test_a_tied_output_has_no_weights_of_its_own_and_no_tensor_is_kept_twice() -> None:
    for name in SMALL:
        state = build(name).state_dict()
        assert ("output.weight" in state) == ("untied" in name)
        places = {tensor.data_ptr() for tensor in state.values()}
        assert len(places) == len(state)


def test_dropout_only_while_training_and_one_mask_for_all_steps() -> None:
    for name in SMALL:
        net = build(name, dropout=0.5)
        assert torch.equal(net(text())[0], net(text())[0])
        net.train()
        assert not torch.equal(net(text())[0], net(text())[0])
    drop = TimeDropout(0.5)
    x = torch.ones(2, 5, 40)
    found = drop(x)
    assert set(found.unique().tolist()) == {0.0, 2.0}
    assert torch.equal(found, found[:, :1].expand_as(found))
    assert drop.eval()(x) is x


def test_an_lstm_begins_by_remembering_and_elmans_steps_keep_lengths() -> None:
    lstm, elman = build("lstm"), build("rnn")
    assert torch.equal(lstm.layers[0].bias_ih_l0[6:12], torch.ones(6).double())
    recurrent = elman.layers[0].weight_hh_l0
    torch.testing.assert_close(recurrent @ recurrent.T, torch.eye(6).double(), atol=1e-6, rtol=0)


def test_heads_divide_the_size_and_parameters_are_counted() -> None:
    assert build("transformer", heads=3).blocks[0].attention.heads == 2
    count = sum(p.numel() for p in RecurrentLM(LanguageShape(10_000), Params()).parameters())
    assert count == 10_000 * 401 + 2 * 4 * 400 * (400 + 400 + 2)
