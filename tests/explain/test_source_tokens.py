"""Influence of source tokens on a network small enough to be differentiated by hand."""

import math

import pytest
import torch
from torch import Tensor, nn

from dlexplain.explain.next_token import integrated_gradients
from dlexplain.explain.progress import Progress
from dlexplain.explain.source_tokens import Written, every_gradient, every_removal
from dlexplain.explain.turnstile import Turnstile

VALUES = {4: 0.5, 5: -1.0, 6: 2.0, 3: 0.25}


class Sums(nn.Module):
    """Logit of token 1 is the sum of the source's vectors plus the last target token's, of token 0
    it is nothing; one table serves both sides."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(10, 1)
        with torch.no_grad():
            self.table.weight.zero_()
            for token, value in VALUES.items():
                self.table.weight[token] = value

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        told = self.table(source).sum((1, 2))[:, None] + self.table(target)[..., 0]  # (batch, T)
        return torch.stack([torch.zeros_like(told), told], dim=-1)


def written() -> Written:
    """Source 4 5 6 and the end; 1 and 0 were written after 2 (which is nothing) and 1."""
    network = Sums().requires_grad_(False)
    source, target = torch.tensor([[4, 5, 6, 3]]), torch.tensor([[2, 1, 0]])
    return Written(network, network.table, source, target, Turnstile())


TOTAL = sum(VALUES.values())


def log_sigmoid(x: float) -> float:
    return -math.log1p(math.exp(-x))


def test_input_x_gradient_is_the_formula() -> None:
    """d log σ(s) / dv = 1 - σ(s); of the other token, -σ(s)."""
    share = 1 / (1 + math.exp(-TOTAL))
    found = every_gradient(written(), Progress())
    vectors = torch.tensor([VALUES[t] for t in (4, 5, 6, 3)])
    torch.testing.assert_close(found[0], vectors * (1 - share))
    torch.testing.assert_close(found[1], -vectors * share)


def test_leave_one_out_is_the_formula() -> None:
    progress = Progress()
    found = every_removal(written(), [0, 2], progress)
    for place, token in ((0, 4), (2, 6)):
        less = TOTAL - VALUES[token]
        assert float(found[0, place]) == pytest.approx(log_sigmoid(TOTAL) - log_sigmoid(less))
        assert float(found[1, place]) == pytest.approx(log_sigmoid(-TOTAL) - log_sigmoid(-less))
    assert not found[:, [1, 3]].any()
    assert progress.done == 2


def test_integrated_gradients_share_out_what_the_vectors_changed() -> None:
    """On the straight path each vector has its part of the sum: v / s of log σ(s) - log σ(0)."""
    asked = written()
    vectors = asked.vectors()
    found = integrated_gradients(
        asked.score_of(0), vectors, torch.zeros_like(vectors), asked.turnstile, Progress()
    )
    changed = log_sigmoid(TOTAL) - log_sigmoid(0)
    for value, token in zip(found.values.tolist(), (4, 5, 6, 3), strict=True):
        assert value == pytest.approx(VALUES[token] / TOTAL * changed, rel=1e-3)


def test_vectors_stand_for_the_source_only_and_the_hook_goes() -> None:
    asked = written()
    vectors = torch.tensor([[[1.0], [0.0], [0.0], [0.0]]])
    assert float(asked.score_of(0)(vectors)) == pytest.approx(log_sigmoid(1.0))
    assert not asked.table._forward_hooks

    def fails(source: Tensor, target: Tensor) -> Tensor:
        raise RuntimeError("no memory")

    broken = Written(fails, asked.table, asked.source, asked.target, Turnstile())
    with pytest.raises(RuntimeError, match="no memory"):
        broken.score_of(0)(vectors)
    assert not asked.table._forward_hooks
