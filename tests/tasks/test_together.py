"""The mean of the workers' gradients is the gradient of the whole batch, however it is shared."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from dlexplain.networks.base import ARCHITECTURES, PairShape
from dlexplain.params import parse
from dlexplain.tasks.base import Training
from dlexplain.tasks.classify_image import Params as ClassifyParams
from dlexplain.tasks.modules.base import TaskModule
from dlexplain.tasks.modules.classify_image import ClassifyImage
from dlexplain.tasks.modules.multi_task import MultiTaskPictures
from dlexplain.tasks.modules.together import ROWS, Together
from dlexplain.tasks.modules.translate import Translate
from dlexplain.tasks.multi_task import Params as HeadParams
from dlexplain.tasks.translate import Params as TranslateParams

ROWS_ = 7


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_every_row_is_one_worker_s_and_the_shares_are_even(count: int) -> None:
    rows = torch.arange(ROWS_)
    batch = {"x": rows, "y": rows[:, None] * 10, "weight": 0.5, "mean": torch.tensor(1.0)}
    shares = [Together(rank, count).share(batch) for rank in range(count)]
    assert torch.cat([share["x"] for share in shares]).tolist() == rows.tolist()
    assert torch.cat([share["y"] for share in shares]).tolist() == batch["y"].tolist()  # type: ignore[union-attr]
    sizes = [len(share["x"]) for share in shares]
    assert max(sizes) - min(sizes) <= 1
    assert all(share["weight"] == 0.5 and share["mean"] == 1.0 for share in shares)
    assert count == 1 or all(share[ROWS] == ROWS_ for share in shares)


def test_factors_by_hand() -> None:
    """Two workers with 3 and 1 of 4 terms: 2 · 3/4 and 2 · 1/4; a mean of nothing counts for 0."""
    whole = torch.tensor([4, 0])
    first = Together(0, 2).factors(torch.tensor([3, 0]), whole)
    second = Together(1, 2).factors(torch.tensor([1, 0]), whole)
    assert first.tolist() == [1.5, 0.0] and second.tolist() == [0.5, 0.0]


def pictures() -> tuple[TaskModule, Mapping[str, Any]]:
    facts = {"classes": list("abc"), "mean": 0.0, "scale": 1.0}
    net = nn.Linear(4, 3)
    module = ClassifyImage(
        net, facts, parse(ClassifyParams, {"label_smoothing": 0.1}), Training(), 2
    )
    y = torch.tensor([0, 1, 2, 0, 1, 2, 0])
    return module, {"x": torch.randn(ROWS_, 4), "y": y, "y2": y.flip(0), "weight": 0.7}


def heads() -> tuple[TaskModule, Mapping[str, Any]]:
    """Of the second head only three labels are known, all of them in the first rows."""
    facts = {
        "heads": {"form": ["circle", "star", "cross"], "colour": ["red", "blue"]},
        "mean": 0.0,
        "scale": 1.0,
    }
    params = parse(HeadParams, {"weighting": "uncertainty"})
    module = MultiTaskPictures(nn.Linear(4, 5), facts, params, Training(), 2)
    y = torch.tensor([[0, 1], [1, 0], [2, -1], [0, -1], [1, -1], [2, 1], [0, -1]])
    return module, {"x": torch.randn(ROWS_, 4), "y": y}


def translations() -> tuple[TaskModule, Mapping[str, Any]]:
    """Targets of 2 to 8 tokens: the loss is the mean over tokens, not over sentences."""
    found = ARCHITECTURES["transformer-translator"]
    sizes = {"width": 8, "layers": 1, "heads": 2, "feed_forward": 16, "dropout": 0.0}
    net = found.build(PairShape(11, 11, joint=False), parse(found.Params, sizes))
    target = torch.randint(4, 11, (ROWS_, 8))
    for row in range(ROWS_):
        target[row, 2 + row :] = 0
    facts = {"longest_target": 8, "sizes": {"validation": 1}}
    module = Translate(net, facts, parse(TranslateParams, {}), Training(), 2)
    return module, {"source": torch.randint(4, 11, (ROWS_, 5)), "target": target}


@pytest.mark.parametrize("made", [pictures, heads, translations])
@pytest.mark.parametrize("count", [2, 3])
def test_the_mean_of_the_gradients_is_that_of_the_batch(made: Any, count: int) -> None:
    torch.manual_seed(0)
    module, batch = made()
    module.train()
    loss, _ = module.loss(batch)
    expected = gradients(module, loss)
    losses, found = [], []
    for rank in range(count):
        together = Together(rank, count)
        share = together.share(batch)
        factors = together.factors(module.terms(share), module.terms(batch))
        part, _ = module.shared_loss(share, factors)
        losses.append(part.item())
        found.append(gradients(module, part))
    assert sum(losses) / count == pytest.approx(loss.item(), rel=1e-5)
    for each, whole in zip(zip(*found, strict=True), expected, strict=True):
        torch.testing.assert_close(sum(each) / count, whole, rtol=1e-4, atol=1e-6)
    # Without the factors it is not, so that the test can fail.
    shares = [Together(rank, count).share(batch) for rank in range(count)]
    plain = [gradients(module, module.loss(share)[0]) for share in shares]
    means = [sum(each) / count for each in zip(*plain, strict=True)]
    assert any(not torch.allclose(a, b, rtol=1e-4) for a, b in zip(means, expected, strict=True))


def gradients(module: TaskModule, loss: Tensor) -> list[Tensor]:
    module.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    return [p.grad.clone() for p in module.parameters() if p.grad is not None]
