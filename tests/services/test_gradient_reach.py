"""How far back the gradient reaches: a power of the factor where the recurrence is linear."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dlexplain.errors import BadInput
from dlexplain.services.loading import load
from dlexplain.services.writing import gradient_reach as service
from dlexplain.services.writing.gradient_reach import gradient_reach
from dlexplain.services.writing.models import LoadedLanguageModel, prepared
from tests.writers import KINDS, TEXT, codec, writer


class Fading(nn.Module):
    """h_t = a h_(t-1) + x_t; logits = W h_t"""

    def __init__(self, words: int, factor: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.factor = factor
        self.embedding = nn.Embedding(words, 4)
        self.output = nn.Linear(4, words)

    def forward(
        self, tokens: Tensor, state: tuple[Tensor, ...] | None = None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        x = self.embedding(tokens)
        h = torch.zeros_like(x[:, 0]) if state is None else state[0]
        found = []
        for row in x.unbind(1):
            h = self.factor * h + row
            found.append(h)
        return self.output(torch.stack(found, 1)), (h,)


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.1])
def test_a_linear_recurrence_fades_as_a_power_of_its_factor(factor: float) -> None:
    known = codec()
    network = Fading(known.tokeniser.get_vocab_size(), factor).double()
    model = prepared("fading", "fading", network, network.embedding, network.output, known)
    found = gradient_reach(model, TEXT, lags=9, positions=12)
    expected = found.norms[0] * factor ** np.arange(9)
    np.testing.assert_allclose(found.norms, expected, rtol=1e-5)
    below = [lag for lag in range(1, 10) if factor ** (lag - 1) < 0.1]
    assert found.reach == (below[0] if below else None)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_gradient_of_the_whole_text(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows and states change nothing, not even for a Transformer, whose states grow."""
    monkeypatch.setattr(service, "TOGETHER", 3)
    model = writer(kind)
    ids, lags = model.codec.encode(TEXT), 5
    found = gradient_reach(model, TEXT, lags=lags, positions=7)
    given = model.ids(ids)
    places = np.unique(np.linspace(lags, len(ids), 7).astype(int))
    sums = np.zeros(lags)
    for t in places.tolist():
        vectors = model.embedding(given[:, :t]).detach().requires_grad_()
        with model.reading(vectors):
            logits, _ = model(given[:, :t])
        target = logits[0, -1].log_softmax(-1)[given[0, t]]
        (slope,) = torch.autograd.grad(target, vectors)
        sums += slope[0].norm(dim=-1).flip(0)[:lags].numpy()
    assert found.positions == len(places)
    np.testing.assert_allclose(found.norms, sums / len(places), rtol=1e-4)


def test_lags_go_up_to_half_of_a_short_text() -> None:
    model = load(LoadedLanguageModel, "ptb-rnn")
    text = "the company said it expects a loss for the third quarter"
    assert len(gradient_reach(model, text).norms) == 5
    with pytest.raises(BadInput, match="the text has 3 tokens; at least 8 are needed"):
        gradient_reach(model, "the company said")


def test_the_zoos_rnn_forgets() -> None:
    found = gradient_reach(
        load(LoadedLanguageModel, "ptb-rnn"), "the company said it would sell " * 20
    )
    assert found.norms[40] < 0.01 * found.norms[0]
