"""Learning from a teacher: the loss by hand, what the teacher sees, who may teach."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dlexplain.errors import BadInput
from dlexplain.params import parse
from dlexplain.tasks.base import Training
from dlexplain.tasks.classify_image import Params
from dlexplain.tasks.modules.classify_image import ClassifyImage
from dlexplain.tasks.modules.distilling import (
    HasTeacher,
    Remembered,
    Teacher,
    distillation_loss,
    mixed,
)
from dlexplain.tasks.modules.pictures import PixelRange

FACTS: Mapping[str, Any] = {
    "classes": ["cat", "dog", "owl"], "channels": 3, "side": 8, "mean": 100.0, "scale": 50.0,
    "sizes": {"test": 4},
}  # fmt: skip


class Told(nn.Module):
    """Answers with fixed logits and remembers what it saw."""

    def __init__(self, *rows: list[float]) -> None:
        super().__init__()
        self.rows = nn.Parameter(torch.tensor(rows))
        self.seen = torch.zeros(0)

    def forward(self, x: Tensor) -> Tensor:
        self.seen = x
        return self.rows


def student(**params: Any) -> ClassifyImage:
    wanted = parse(Params, {"teacher": "one", **params})
    return ClassifyImage(Told([1.0, 0.0, -1.0], [0.0, 2.0, 0.0]), FACTS, wanted, Training(), 1)


def batch() -> dict[str, Any]:
    y = torch.tensor([0, 2])
    return {"x": torch.zeros(2, 3, 8, 8), "y": y, "y2": y, "weight": 1.0}


def softmax(row: list[float]) -> np.ndarray[Any, Any]:
    powers = np.exp(np.array(row))
    return powers / powers.sum()


def test_the_loss_is_the_divergence_of_the_softened_answers() -> None:
    said, taught, hot = [2.0, -1.0, 0.5], [0.0, 3.0, 1.0], 4.0
    p = softmax([value / hot for value in taught])
    q = softmax([value / hot for value in said])
    expected = hot**2 * float((p * np.log(p / q)).sum())
    found = distillation_loss(torch.tensor([said, said]), torch.tensor([taught, taught]), hot)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_an_answer_like_the_teachers_costs_nothing() -> None:
    logits = torch.tensor([[2.0, -1.0, 0.5]])
    assert float(distillation_loss(logits, logits + 3, 2.0)) == pytest.approx(0, abs=1e-6)


def test_at_a_high_temperature_the_gradient_is_that_of_matching_logits() -> None:
    # Hinton et al., equation 4: for mean-free logits, (z - v) / classes, T² times 1 / T².
    logits = torch.tensor([[1.0, 0.0, -1.0]], dtype=torch.float64, requires_grad=True)
    taught = torch.tensor([[0.5, 0.5, -1.0]], dtype=torch.float64)
    distillation_loss(logits, taught, 1e4).backward()
    assert logits.grad is not None
    np.testing.assert_allclose(logits.grad[0], [0.5 / 3, -0.5 / 3, 0.0], atol=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_labels_and_teacher_share_the_loss(share: float) -> None:
    module = student(teacher_share=share, temperature=3.0)
    labels = float(module.loss(batch())[0].detach())
    taught = torch.tensor([[0.0, 1.0, 0.0], [1.0, 0.0, 2.0]])
    module.take_teacher(Told(*taught.tolist()), FACTS)
    loss, numbers = module.loss(batch())
    loss = loss.detach()
    distance = float(distillation_loss(module.network.rows.detach(), taught, 3.0))  # type: ignore[operator,union-attr]
    assert float(numbers["distillation"]) == pytest.approx(distance, rel=1e-5)
    assert float(numbers["label_loss"]) == pytest.approx(labels, rel=1e-5)
    assert float(loss) == pytest.approx(share * distance + (1 - share) * labels, rel=1e-5)


def test_the_teacher_sees_the_pictures_in_its_own_range() -> None:
    network = Told([0.0, 0.0, 0.0])
    teacher = Teacher(network, {**FACTS, "mean": 127.0, "scale": 128.0}, PixelRange(100.0, 50.0))
    pixel = 200.0
    teacher(torch.full((1, 3, 2, 2), (pixel - 100) / 50))
    assert network.seen.shape == (1, 3, 8, 8)
    assert torch.allclose(network.seen, torch.tensor((pixel - 127) / 128))


def test_the_teacher_learns_nothing_and_is_not_kept() -> None:
    module = student()
    before = set(module.state_dict())
    teacher = Told([0.0, 1.0, 0.0], [1.0, 0.0, 2.0])
    module.take_teacher(teacher.train(), FACTS)
    module.loss(batch())[0].backward()
    assert isinstance(module, HasTeacher)
    assert teacher.rows.grad is None and not teacher.training
    assert set(module.state_dict()) == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"classes": ["cat", "dog"]}, "the teacher knows 2 classes"),
        ({"classes": ["dog", "cat", "owl"]}, "dog, cat"),
        ({"channels": 1}, "pictures of 1 channels"),
    ],
)
def test_a_teacher_of_something_else_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        student().take_teacher(Told([0.0, 0.0, 0.0]), {**FACTS, **change})


class Originals:
    """Pictures of which each is of its place's value alone."""

    def originals(self, places: Tensor) -> Tensor:
        return places.float().view(-1, 1, 1, 1).expand(-1, 3, 8, 8)


class Counts(nn.Module):
    """The mean pixel as all logits but the first; remembers what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(1))
        self.asked: list[float] = []

    def forward(self, x: Tensor) -> Tensor:
        means = x.mean((1, 2, 3))
        self.asked += [round(float(value), 3) for value in means]
        return torch.stack([torch.zeros_like(means), means, means], dim=1)


def test_a_teacher_of_originals_is_asked_once_a_picture() -> None:
    module = student(teacher_sees="originals", teacher_share=1.0)
    module.prepare(Originals())
    teacher = Counts()
    module.take_teacher(teacher, FACTS)
    known = batch() | {"places": torch.tensor([4, 2]), "places2": torch.tensor([2, 4])}
    first = module.loss(known)[0].detach()
    assert sorted(teacher.asked) == [2, 4]
    torch.testing.assert_close(module.loss(known)[0].detach(), first)
    module.loss(known | {"weight": 0.6})
    assert sorted(teacher.asked) == [2, 4]
    taught = torch.tensor([[0.0, 4.0, 4.0], [0.0, 2.0, 2.0]])
    expected = distillation_loss(module.network.rows.detach(), taught, 2.0)  # type: ignore[operator,union-attr]
    torch.testing.assert_close(first, expected)


def test_a_copy_for_measuring_asks_the_same_data() -> None:
    remembered = Remembered(Originals().originals)
    assert copy.deepcopy(remembered) is remembered


def test_mixed_answers_are_mixed_probabilities() -> None:
    one, two, hot = torch.tensor([[2.0, -1.0, 0.0]]), torch.tensor([[0.0, 3.0, 1.0]]), 2.0
    found = (mixed(one, two, 0.7, hot) / hot).softmax(1)
    torch.testing.assert_close(found, 0.7 * (one / hot).softmax(1) + 0.3 * (two / hot).softmax(1))
