"""Adversarial training: the optimum on a linear model, the budget, what the attack leaves alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.data.base import Augmentation, PictureData, Pictures
from dlexplain.data.modules.pictures import PictureModule
from dlexplain.params import parse
from dlexplain.tasks.base import Training
from dlexplain.tasks.classify_image import Params
from dlexplain.tasks.classify_text import Params as TextParams
from dlexplain.tasks.modules.adversarial import (
    Adversary,
    as_in_evaluation,
    divergence,
    move_vectors,
)
from dlexplain.tasks.modules.classify_image import ClassifyImage
from dlexplain.tasks.modules.classify_text import ClassifyText
from dlexplain.tasks.modules.pictures import PixelRange
from tests.tasks.training import trainer

pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")
SEEN = PixelRange(mean=120.0, scale=60.0)
SIDE = 6


def linear(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 2))


def pictures(count: int = 8, seed: int = 1) -> Tensor:
    """Normalised, of all values between black and white."""
    unit = torch.rand((count, 3, SIDE, SIDE), generator=torch.Generator().manual_seed(seed))
    return SEEN.normalised(unit)


def test_on_a_linear_model_it_ends_in_the_best_corner_of_its_budget() -> None:
    network, x, y = linear(), pictures(), torch.tensor([0, 1] * 4)
    moved = Adversary(SEEN, 8, 10)(network, x, lambda found: F.cross_entropy(found, y))
    weight = network[1].weight  # type: ignore[index]
    rise = (weight[1 - y] - weight[y]).reshape(x.shape).sign()
    best = (SEEN.unit(x) + 8 / 255 * rise).clamp(0, 1)
    assert torch.allclose(SEEN.unit(moved), best, atol=1e-6)


@pytest.mark.parametrize("steps", [1, 3])
@pytest.mark.parametrize("levels", [0.5, 8, 64])
def test_it_stays_within_its_budget_and_within_black_and_white(steps: int, levels: float) -> None:
    network, x, y = linear(), pictures(), torch.zeros(8, dtype=torch.long)
    moved = Adversary(SEEN, levels, steps)(network, x, lambda found: F.cross_entropy(found, y))
    off = (moved - x).abs() * SEEN.scale / 255
    assert float(off.max()) <= levels / 255 + 1e-6
    assert float(off.max()) > levels / 255 / 2
    unit = (moved * SEEN.scale + SEEN.mean) / 255
    assert float(unit.min()) >= -1e-6 and float(unit.max()) <= 1 + 1e-6


def test_a_picture_beyond_white_is_not_moved_further() -> None:
    network, y = linear(), torch.zeros(2, dtype=torch.long)
    x = SEEN.normalised(torch.full((2, 3, SIDE, SIDE), 1.2))
    moved = Adversary(SEEN, 8, 3)(network, x, lambda found: F.cross_entropy(found, y))
    assert float((moved - x).max()) <= 1e-6
    assert float((moved - x).min()) >= -8 / SEEN.scale - 1e-6


def test_averages_of_batch_norms_and_modes_stay_as_they_were() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5), nn.Flatten(), nn.LazyLinear(2)
    )
    x, y = pictures(), torch.zeros(8, dtype=torch.long)
    network(x)
    network[1].eval()  # one that was frozen stays frozen
    before = {name: value.clone() for name, value in network.state_dict().items()}
    Adversary(SEEN, 8, 2)(network, x, lambda found: F.cross_entropy(found, y))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert network.training and network[2].training and not network[1].training
    assert all(parameter.grad is None for parameter in network.parameters())


def test_modes_come_back_after_an_error() -> None:
    network = nn.Dropout()
    with pytest.raises(RuntimeError), as_in_evaluation(network):
        assert not network.training
        raise RuntimeError
    assert network.training


def test_a_judge_starts_where_it_started_before() -> None:
    network, x, y = linear(), pictures(), torch.zeros(8, dtype=torch.long)
    adversary = Adversary(SEEN, 8, 1)
    judge = adversary.judging(1)

    def loss(found: Tensor) -> Tensor:
        return F.cross_entropy(found, y)

    assert torch.equal(judge(network, x, loss), judge(network, x, loss))
    assert not torch.equal(adversary(network, x, loss), adversary(network, x, loss))


def test_divergence_by_hand() -> None:
    p, q = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.25, 0.75]])
    expected = 0.5 * np.log(0.5 / 0.25) + 0.5 * np.log(0.5 / 0.75)
    assert float(divergence(p.log(), q.log())) == pytest.approx(expected)
    assert float(divergence(p.log() + 3, p.log())) == pytest.approx(0, abs=1e-7)


def data() -> PictureModule:
    """Two classes that the mean of the red values tells apart, by 40 levels."""
    generator = np.random.default_rng(0)

    def part(count: int) -> Pictures:
        labels = np.arange(count, dtype=np.int64) % 2
        pixels = generator.integers(90, 110, (count, SIDE, SIDE, 3), dtype=np.uint8)
        pixels[..., 0] += (40 * labels[:, None, None]).astype(np.uint8)
        return Pictures(pixels, labels)

    made = PictureData(part(64), part(16), part(16), ("dark", "red"), "digest")
    return PictureModule(made, Augmentation(), 16, seed=1, epochs=2)


def task(module: PictureModule, **params: Any) -> ClassifyImage:
    training = Training(epochs=2, learning_rate=0.01)
    return ClassifyImage(linear(), module.facts, parse(Params, params), training, 8)


def test_pgd_learns_from_the_moved_pictures_alone() -> None:
    module = data()
    made = task(module, adversary="pgd", adversary_budget=8, adversary_steps=2)
    x, y = module.labelled("train", 8, seed=0)
    batch = {"x": x, "y": y, "y2": y, "weight": 1.0}
    torch.manual_seed(3)
    loss, numbers = made.loss(batch)
    torch.manual_seed(3)
    assert made.adversary is not None
    moved = made.adversary(made.network, x, lambda found: F.cross_entropy(found, y))
    with torch.no_grad():
        hard, easy = (F.cross_entropy(made.network(seen), y) for seen in (moved, x))
    assert loss.item() == pytest.approx(hard.item())
    assert hard > easy
    assert set(numbers) == {"accuracy"}


def test_trades_adds_the_divergence_at_its_price() -> None:
    module = data()
    made = task(module, adversary="trades", adversary_steps=2, trades=3.0)
    x, y = module.labelled("train", 8, seed=0)
    loss, numbers = made.loss({"x": x, "y": y, "y2": y, "weight": 1.0})
    with torch.no_grad():
        clean = F.cross_entropy(made.network(x), y)
    assert numbers["divergence"] > 0
    assert loss.item() == pytest.approx((clean + 3 * numbers["divergence"]).item())


@pytest.mark.parametrize("how", ["pgd", "trades"])
def test_a_training_tells_its_robust_accuracy(how: str, tmp_path: Path) -> None:
    module = data()
    made = task(module, adversary=how, adversary_budget=4)
    lightning = trainer(tmp_path, epochs=2)
    lightning.fit(made, module)
    robust = float(lightning.callback_metrics["validation/robust_accuracy"])
    assert robust <= float(lightning.callback_metrics["validation/accuracy"])
    lightning.test(made, module, verbose=False)
    metrics = made.results()[0]
    assert 0 < metrics["test/robust_accuracy"] <= metrics["test/accuracy"]
    again = dict(metrics)
    lightning.test(made, module, verbose=False)
    assert made.results()[0] == again


def test_without_an_adversary_nothing_is_said_of_robustness(tmp_path: Path) -> None:
    module = data()
    made = task(module)
    lightning = trainer(tmp_path)
    lightning.fit(made, module)
    lightning.test(made, module, verbose=False)
    assert "test/robust_accuracy" not in made.results()[0]
    assert "validation/robust_accuracy" not in lightning.callback_metrics


def test_vectors_move_along_the_gradient_by_a_share_of_their_length() -> None:
    generator = torch.Generator().manual_seed(0)
    vectors = torch.randn(2, 3, 4, generator=generator, requires_grad=True)
    mask = torch.tensor([[True, True, False], [True, True, True]])
    weight = torch.randn(3, 4, generator=generator)
    moved = move_vectors(vectors, mask, lambda found: (found * weight).sum(), 0.1)
    for text in range(2):
        inside = mask[text][:, None]
        slope, length = weight * inside, (vectors[text] * inside).norm()
        expected = vectors[text] + 0.1 * length * slope / slope.norm()
        torch.testing.assert_close(moved[text], expected)
    assert torch.equal(moved[0, 2], vectors[0, 2])
    moved.sum().backward()  # the vectors learn, the step is given
    torch.testing.assert_close(vectors.grad, torch.ones_like(vectors))
    still = move_vectors(vectors, mask, lambda found: (found * 0).sum(), 0.1)
    torch.testing.assert_close(still, vectors)


class Words(nn.Module):
    """The mean of word vectors, read by a linear layer."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding, self.head = nn.Embedding(8, 4), nn.Linear(4, 2)

    def embed(self, x: Tensor) -> Tensor:
        found: Tensor = self.embedding(x)
        return found

    def read_vectors(self, vectors: Tensor, mask: Tensor) -> Tensor:
        inside = mask[..., None]
        found: Tensor = self.head((vectors * inside).sum(1) / inside.sum(1))
        return found

    def forward(self, x: Tensor) -> Tensor:
        return self.read_vectors(self.embed(x), x != 0)


def test_a_text_classifier_learns_from_both() -> None:
    facts = {"classes": ["a", "b"]}
    batch = {"x": torch.tensor([[4, 5, 0], [6, 7, 5]]), "y": torch.tensor([0, 1])}
    losses = {}
    for share in (0.0, 0.2):
        params = parse(TextParams, {"adversary_share": share})
        made = ClassifyText(Words(), facts, params, Training(), 2)
        loss, numbers = made.loss(batch)
        losses[share] = loss.item()
    assert numbers["adversarial_loss"] > losses[0.0]
    assert losses[0.2] == pytest.approx((losses[0.0] + numbers["adversarial_loss"].item()) / 2)
