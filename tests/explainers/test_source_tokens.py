"""Influence of source tokens on a network small enough to be differentiated by hand."""

import math
from itertools import permutations

import pytest
import torch
from torch import Tensor, nn

from dlexplain.explainers.base import METHODS
from dlexplain.explainers.batching import BatchSizes, Target
from dlexplain.explainers.fair_lock import FairLock
from dlexplain.explainers.inputs.generated import TranslatedToken, scored
from dlexplain.explainers.progress import Progress
from dlexplain.explainers.source_tokens import Written, every_gradient, every_removal

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
    return Written(network, network.table, source, target, FairLock())


def first_token() -> TranslatedToken:
    asked = written()
    vectors = asked.vectors()
    about = (vectors.device, "sums", asked.lock)
    return TranslatedToken(
        scored(asked.score_of(0), vectors, *about), Target(0), Progress(), BatchSizes(),
        scored(asked.score_of_sources(0), asked.source, *about), vectors, asked.source,
        torch.zeros(4, dtype=torch.bool),
    )  # fmt: skip


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
    found = METHODS["integrated-gradients"].explain(
        first_token(), METHODS["integrated-gradients"].request("translation")
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

    broken = Written(fails, asked.table, asked.source, asked.target, FairLock())
    with pytest.raises(RuntimeError, match="no memory"):
        broken.score_of(0)(vectors)
    assert not asked.table._forward_hooks


@pytest.mark.parametrize("removed", ["zero", "drop"])
@pytest.mark.parametrize("method", ["shap-sampling", "kernel-shap", "shap-partition"])
def test_shapley_values_share_out_what_the_tokens_changed(method: str, removed: str) -> None:
    """Without a token, or with its vector at zero, the sum lacks its value: the same game."""
    explainer = METHODS[method]
    params = {"orders": 1000} if method == "shap-sampling" else {}
    asked = first_token()
    asked.fixed[-1] = True  # the end stays
    found = explainer.explain(
        asked, explainer.request("translation", {"removed": removed, **params})
    )
    tokens, base = [VALUES[t] for t in (4, 5, 6)], VALUES[3]
    exact = [0.0, 0.0, 0.0]
    for order in permutations(range(3)):
        total = base
        for token in order:
            exact[token] += (log_sigmoid(total + tokens[token]) - log_sigmoid(total)) / 6
            total += tokens[token]
    tolerance = 0.02 if method == "shap-sampling" else 1e-4
    if method != "shap-partition":  # whose tree allows fewer orders
        assert found.values.tolist() == pytest.approx([*exact, 0.0], abs=tolerance)
    assert float(found.values.sum()) == pytest.approx(
        log_sigmoid(TOTAL) - log_sigmoid(base), abs=1e-4
    )
    assert found.unit == "nats"


def test_leave_one_out_of_one_token_is_the_row_of_all() -> None:
    explainer = METHODS["leave-one-out"]
    found = explainer.explain(first_token(), explainer.request("translation"))
    rows = every_removal(written(), [0, 1, 2, 3], Progress())
    assert found.values.tolist() == pytest.approx(rows[0].tolist(), abs=1e-6)
