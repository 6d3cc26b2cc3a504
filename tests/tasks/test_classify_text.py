"""Text classification: the loss by hand, accuracy, F1 and confusion of known answers, mistakes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dlexplain.data.base import Augmentation, ModuleOptions
from dlexplain.data.modules.base import module_of
from dlexplain.data.texts import Texts, make_texts
from dlexplain.params import parse
from dlexplain.tasks.base import TASKS, Training
from dlexplain.tasks.classify_text import Params
from dlexplain.tasks.modules.classify_text import ClassifyText
from tests.tasks.training import trainer

# Lightning 2.6 asks torch 2.13 in a way that torch will drop.
pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")
FIRST = 4
"""Id of the first token that is no special."""


class Counts(nn.Module):
    """The logit of class k is how often its token stands in the text."""

    def __init__(self) -> None:
        super().__init__()
        self.size = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        counts = [(x == FIRST + k).sum(1) for k in range(3)]
        return torch.stack(counts, 1).float() * self.size


def part(texts: list[str], labels: list[int]) -> Texts:
    return Texts(tuple(texts), np.array(labels, np.int64))


TEST = part(["a", "b b", "b b b", "c", "c c", "a a"], [0, 1, 0, 2, 1, 0])


def module() -> Any:
    train = part(["a a a", "b b", "c"] * 2, [0, 1, 2] * 2)  # commonest first: ids 4, 5, 6
    data = make_texts(train, part(["a", "b"], [0, 0]), TEST, ("x", "y", "z"))
    task = {"tokeniser": "word", "vocabulary": 50, "lower": True, "longest": 10}
    return module_of(data, ModuleOptions(task, Augmentation(), 3, seed=1, epochs=1))


def task(found: Any, **params: Any) -> ClassifyText:
    return ClassifyText(Counts(), found.facts, parse(Params, params), Training(), 2)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_the_loss_is_the_mean_cross_entropy(smoothing: float) -> None:
    batch = {"x": torch.tensor([[4, 4], [5, 0]]), "y": torch.tensor([0, 2])}
    loss, numbers = task(module(), label_smoothing=smoothing).loss(batch)
    expected = 0.0
    for row, label in zip(([2.0, 0.0, 0.0], [0.0, 1.0, 0.0]), (0, 2), strict=True):
        logs = torch.tensor(row).log_softmax(0)
        for place in range(3):
            wanted = smoothing / 3 + (1 - smoothing) * (place == label)
            expected -= wanted * float(logs[place]) / 2
    assert float(loss.detach()) == pytest.approx(expected, rel=1e-5)
    assert float(numbers["accuracy"]) == 0.5


def test_accuracy_f1_and_confusion_by_hand(tmp_path: Path) -> None:
    data = module()
    found = task(data)
    run = trainer(tmp_path)
    (validated,) = run.validate(found, datamodule=data, verbose=False)
    assert validated["validation/accuracy"] == 0.5
    for _ in range(2):  # what came before does not count
        run.test(found, datamodule=data, verbose=False)
        metrics, arrays = found.results()
        assert arrays["confusion"].tolist() == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
        assert metrics["test/accuracy"] == pytest.approx(4 / 6)
        # x: precision 1, recall 2/3; y: 1/2, 1/2; z: 1/2, 1
        assert metrics["test/f1"] == pytest.approx((4 / 5 + 1 / 2 + 2 / 3) / 3)


def test_the_surest_mistakes_come_first_with_their_texts(tmp_path: Path) -> None:
    data = module()
    found = task(data)
    trainer(tmp_path).test(found, datamodule=data, verbose=False)
    arrays = found.results()[1]
    assert arrays["mistakes_texts"].tolist() == ["b b b", "c c"]
    assert arrays["mistakes_truth"].tolist() == [0, 1]
    assert arrays["mistakes_said"].tolist() == [1, 2]
    shares = [np.exp(n) / (np.exp(n) + 2) for n in (3, 2)]
    np.testing.assert_allclose(arrays["mistakes_share"], shares, rtol=1e-6)
    assert arrays["samples_texts"].tolist() == list(TEST.texts)
    assert arrays["samples_labels"].tolist() == TEST.labels.tolist()


def test_it_is_registered() -> None:
    found = TASKS["classify-text"]
    assert (found.monitor, found.mode, found.headline) == (
        "validation/accuracy", "max", "test/accuracy",
    )  # fmt: skip
