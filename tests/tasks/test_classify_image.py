"""Picture classification: losses by hand, accuracy and confusion of known answers, views."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dlexplain.data.base import Augmentation, PictureData, Pictures
from dlexplain.data.modules.pictures import PictureModule
from dlexplain.params import parse
from dlexplain.tasks.base import TASKS, Training
from dlexplain.tasks.classify_image import Params
from dlexplain.tasks.modules.classify_image import WORST, ClassifyImage
from dlexplain.tasks.modules.pictures import tile
from tests.tasks.training import trainer

# Lightning 2.6 asks torch 2.13 in a way that torch will drop.
pytestmark = pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")
CLASSES, SIDE = 3, 4


class Corner(nn.Module):
    """Logits that the pixel at the top left tells: value v is class v // 10, the surer the larger
    v % 10."""

    def __init__(self, scale: float, mean: float) -> None:
        super().__init__()
        self.scale, self.mean = scale, mean
        self.size = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        value = (x[:, 0, 0, 0] * self.scale + self.mean).round().long()
        sure = (value % 10).float()[:, None] * self.size
        return nn.functional.one_hot(value // 10, CLASSES) * sure


def part(values: list[int], labels: list[int]) -> Pictures:
    pixels = np.zeros((len(values), SIDE, SIDE, 3), np.uint8)
    pixels[:, 0, 0, 0] = values
    pixels[:, :, 1, 1] = np.arange(len(values))[:, None]
    return Pictures(pixels, np.array(labels, np.int64))


TEST_VALUES, TEST_LABELS = [3, 13, 23, 14, 25, 1], [0, 1, 2, 0, 1, 0]


def data() -> PictureModule:
    seen = part([1, 11, 21, 2, 12, 22], [0, 1, 2, 0, 1, 2])
    pictures = PictureData(
        seen, part([1, 12], [0, 0]), part(TEST_VALUES, TEST_LABELS), ("a", "b", "c"), "d"
    )
    return PictureModule(pictures, Augmentation(), 3, seed=1, epochs=1)


def task(module: PictureModule, network: nn.Module | None = None, **params: Any) -> ClassifyImage:
    facts = module.facts
    network = network or Corner(facts["scale"], facts["mean"])
    return ClassifyImage(network, facts, parse(Params, params), Training(), 2)


def logits_batch(weight: float = 1.0) -> dict[str, Any]:
    """The network is the identity, so x is the logits."""
    x = torch.tensor([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    return {"x": x, "y": torch.tensor([0, 2]), "y2": torch.tensor([1, 1]), "weight": weight}


def cross_entropy(row: Tensor, label: int) -> float:
    return float(row.exp().sum().log() - row[label])


def test_the_loss_is_the_mean_cross_entropy() -> None:
    batch = logits_batch()
    loss, numbers = task(data(), nn.Identity()).loss(batch)
    expected = (cross_entropy(batch["x"][0], 0) + cross_entropy(batch["x"][1], 2)) / 2
    assert float(loss) == pytest.approx(expected)
    assert float(numbers["accuracy"]) == 0.5


def test_the_loss_of_a_mixed_batch_is_mixed() -> None:
    batch = logits_batch(weight=0.7)
    loss, _ = task(data(), nn.Identity()).loss(batch)
    first = (cross_entropy(batch["x"][0], 0) + cross_entropy(batch["x"][1], 2)) / 2
    second = (cross_entropy(batch["x"][0], 1) + cross_entropy(batch["x"][1], 1)) / 2
    assert float(loss) == pytest.approx(0.7 * first + 0.3 * second)


def test_label_smoothing_gives_a_part_to_all_classes() -> None:
    batch = logits_batch()
    loss, _ = task(data(), nn.Identity(), label_smoothing=0.3).loss(batch)
    expected = 0.0
    for row, label in zip(batch["x"], (0, 2), strict=True):
        wanted = [0.1 + (0.7 if place == label else 0) for place in range(CLASSES)]
        expected += sum(w * cross_entropy(row, p) for p, w in enumerate(wanted)) / 2
    assert float(loss) == pytest.approx(expected)


def test_accuracy_and_confusion_by_hand(tmp_path: Path) -> None:
    module = data()
    found = task(module)
    (logged,) = trainer(tmp_path).test(found, datamodule=module, verbose=False)
    metrics, arrays = found.results()
    assert metrics == {"test/accuracy": pytest.approx(4 / 6)}
    assert arrays["confusion"].tolist() == [[2, 1, 0], [0, 1, 1], [0, 0, 1]]
    rows = [torch.zeros(3) for _ in TEST_VALUES]
    for row, value in zip(rows, TEST_VALUES, strict=True):
        row[value // 10] = value % 10
    losses = [cross_entropy(r, label) for r, label in zip(rows, TEST_LABELS, strict=True)]
    assert logged["test/loss"] == pytest.approx(float(np.mean(losses)))


def test_the_surest_mistakes_come_first_with_their_pixels(tmp_path: Path) -> None:
    module = data()
    found = task(module)
    trainer(tmp_path).test(found, datamodule=module, verbose=False)
    arrays = found.results()[1]
    assert arrays["mistakes_said"].tolist() == [2, 1]
    assert arrays["mistakes_truth"].tolist() == [1, 0]
    shares = [np.exp(sure) / (np.exp(sure) + 2) for sure in (5, 4)]
    np.testing.assert_allclose(arrays["mistakes_share"], shares, rtol=1e-6)
    expected = part(TEST_VALUES, TEST_LABELS).pixels[[4, 3]]
    np.testing.assert_array_equal(arrays["mistakes_pixels"], expected)


def test_validation_before_a_test_does_not_count_in_it(tmp_path: Path) -> None:
    module = data()
    found = task(module)
    run = trainer(tmp_path)
    (validated,) = run.validate(found, datamodule=module, verbose=False)
    assert validated["validation/accuracy"] == 0.5
    for _ in range(2):
        run.test(found, datamodule=module, verbose=False)
        metrics, arrays = found.results()
        assert metrics["test/accuracy"] == pytest.approx(4 / 6)
        assert arrays["confusion"].sum() == 6
        assert len(arrays["mistakes_said"]) == 2


class Linear(nn.Module):
    """Logits linear in the pixels, so that views average like pictures."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.flatten, self.head = nn.Flatten(), nn.Linear(3 * SIDE * SIDE, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.head(self.flatten(x))
        return logits


@pytest.mark.parametrize("views", ["mirrored", "mirrored-shifted"])
def test_views_of_a_linear_network_are_the_network_of_the_mean_view(
    views: str, tmp_path: Path
) -> None:
    """Half the weight on the picture, a quarter on each shift by a pixel; all with mirrors."""
    module, network = data(), Linear()
    found = task(module, network, test_views=views)
    trainer(tmp_path).test(found, datamodule=module, verbose=False)
    batch = next(iter(module.test_dataloader()))
    x = module.on_after_batch_transfer(batch, 0)["x"]
    padded = nn.functional.pad(x, (1, 1, 1, 1), mode="reflect")
    up, down = padded[..., :SIDE, :SIDE], padded[..., 2:, 2:]
    mean = x if views == "mirrored" else x / 2 + (up + down) / 4
    said = network((mean + mean.flip(3)) / 2).argmax(1)
    metrics, arrays = found.results()
    expected = np.zeros((CLASSES, CLASSES), int)
    np.add.at(expected, (np.array(TEST_LABELS), said.numpy()), 1)
    np.testing.assert_array_equal(arrays["confusion"], expected)
    one = float((network(x).argmax(1) == batch["labels"]).float().mean())
    assert metrics["test/accuracy_one_view"] == pytest.approx(one)


def test_pictures_of_an_epoch_are_its_mistakes_and_the_first_filters(tmp_path: Path) -> None:
    module = data()
    network = nn.Sequential(nn.Conv2d(3, 5, 2), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    network.append(nn.Linear(5, CLASSES))
    with torch.no_grad():  # always class 2, which is wrong for both of validation
        network[3].weight.zero_()
        network[3].bias.copy_(torch.tensor([0.0, 0.0, 9.0]))
    found = task(module, network)
    trainer(tmp_path).validate(found, datamodule=module, verbose=False)
    kept = found.pictures()
    assert kept["mistakes"].shape == (SIDE + 1, 2 * (SIDE + 1), 3)
    assert kept["mistakes"][0, 0, 0] in (1, 12)
    weights = network[0].weight.detach().numpy().transpose(0, 2, 3, 1)
    for place, filter_ in enumerate(weights):
        low, high = filter_.min(), filter_.max()
        shown = kept["filters"][:2, 3 * place : 3 * place + 2].astype(float)
        np.testing.assert_allclose(shown, (filter_ - low) / (high - low) * 255, atol=1.01)


def test_no_more_mistakes_are_kept_than_told(tmp_path: Path) -> None:
    wrong = part([11] * 100, [0] * 100)
    pictures = PictureData(wrong, wrong, wrong, ("a", "b", "c"), "d")
    module = PictureModule(pictures, Augmentation(), 8, seed=1, epochs=1)
    found = task(module)
    trainer(tmp_path).test(found, datamodule=module, verbose=False)
    assert len(found.results()[1]["mistakes_said"]) == WORST


def test_tiles_by_hand() -> None:
    """Three in rows of two, a grey pixel after each."""
    pixels = np.array([1, 2, 3], np.uint8).reshape(3, 1, 1, 1)
    assert tile(pixels, in_a_row=2)[..., 0].tolist() == [
        [1, 128, 2, 128],
        [128] * 4,
        [3, 128, 128, 128],
        [128] * 4,
    ]


def test_the_shape_follows_from_facts() -> None:
    shape = TASKS["classify-image"].shape(data().facts, Params())
    assert (shape.channels, shape.side, shape.classes) == (3, SIDE, CLASSES)


def test_a_training_draws_the_same_dropout_whatever_came_before(tmp_path: Path) -> None:
    """Each batch's own seed is set before its step, so a resumed run goes on alike."""

    def trained(noise: int) -> Tensor:
        module = data()
        torch.manual_seed(3)
        network = nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(3 * SIDE * SIDE, CLASSES))
        torch.manual_seed(noise)
        trainer(tmp_path).fit(task(module, network), datamodule=module)
        return network[2].weight.detach()

    assert torch.equal(trained(1), trained(2))
