"""Optimisers, their groups and the learning rate over a training, by hand and without Lightning."""

from typing import Any

import pytest
import torch
from torch import nn

from dlexplain.networks.base import PictureShape
from dlexplain.networks.modules.resnet9 import ResNet9
from dlexplain.networks.resnet9 import Params as ResNet9Params
from dlexplain.params import parse
from dlexplain.tasks.base import Training
from dlexplain.tasks.classify_image import Params
from dlexplain.tasks.modules.classify_image import ClassifyImage

FACTS = {"classes": ["a", "b"], "scale": 1.0, "mean": 0.0}
STEPS = 200


def configured(network: nn.Module | None = None, steps: int = STEPS, **training: Any) -> Any:
    """What the task hands to Lightning."""
    how = parse(Training, training)
    module = ClassifyImage(network or nn.Linear(2, 2), FACTS, Params(), how, steps)
    return module.configure_optimizers()


def rates(steps: int = STEPS, **training: Any) -> list[float]:
    """The learning rate of each step, and the one after the last."""
    found = configured(steps=steps, **training)
    optimiser, scheduler = found["optimizer"], found["lr_scheduler"]["scheduler"]
    assert found["lr_scheduler"]["interval"] == "step"
    seen = []
    for _ in range(steps):
        seen.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        scheduler.step()
    return [*seen, optimiser.param_groups[0]["lr"]]


def test_one_cycle_at_start_peak_and_end() -> None:
    """From a fifth up to the largest at 23%, down to a fifteenth, on straight lines."""
    found = rates(learning_rate=0.3)
    assert found[0] == pytest.approx(0.3 / 5)
    assert found[-1] == pytest.approx(0.3 / 15)
    peak = 0.23 * (STEPS + 1) - 1  # 45.23: between two steps
    assert found.index(max(found)) == 45
    assert found[45] == pytest.approx(0.06 + 0.24 * 45 / peak)
    assert found[46] == pytest.approx(0.3 - 0.28 * (46 - peak) / (STEPS - peak))
    up, down = torch.tensor(found[:46]).diff(), torch.tensor(found[46:]).diff()
    torch.testing.assert_close(up, torch.full_like(up, 0.24 / peak), rtol=1e-3, atol=0)
    torch.testing.assert_close(
        down, torch.full_like(down, -0.28 / (STEPS - peak)), rtol=1e-3, atol=0
    )


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 9])
def test_one_cycle_of_a_few_steps_ends_at_its_end(steps: int) -> None:
    assert rates(steps, learning_rate=0.3)[-1] == pytest.approx(0.3 / 15)


def test_cosine_falls_from_the_largest_through_the_half_to_zero() -> None:
    found = rates(learning_rate=0.2, schedule="cosine")
    assert found[0] == pytest.approx(0.2)
    assert found[STEPS // 2] == pytest.approx(0.1)
    assert found[STEPS // 4] == pytest.approx(0.2 * (1 + 0.5**0.5) / 2)
    assert found[-1] == pytest.approx(0, abs=1e-9)


def test_plateau_halves_after_three_epochs_without_improvement() -> None:
    found = configured(learning_rate=0.4, schedule="plateau")
    said = found["lr_scheduler"]
    assert (said["interval"], said["monitor"]) == ("epoch", "validation/loss")
    seen = []
    for loss in (1.0, 0.5, 0.6, 0.7, 0.8, 0.3, 0.2):
        said["scheduler"].step(loss)
        seen.append(found["optimizer"].param_groups[0]["lr"])
    assert seen == [0.4, 0.4, 0.4, 0.4, 0.2, 0.2, 0.2]


def test_constant_has_no_schedule() -> None:
    found = configured(schedule="constant", learning_rate=0.25)
    assert isinstance(found, torch.optim.Optimizer)
    assert found.param_groups[0]["lr"] == 0.25


def test_optimisers() -> None:
    sgd = configured(schedule="constant", optimiser="sgd", momentum=0.8, weight_decay=0.01)
    assert type(sgd) is torch.optim.SGD
    group = sgd.param_groups[0]
    assert (group["momentum"], group["nesterov"], group["weight_decay"]) == (0.8, True, 0.01)
    plain = configured(schedule="constant", optimiser="sgd", momentum=0.0)
    assert plain.param_groups[0]["nesterov"] is False
    for name, kind in (("adam", torch.optim.Adam), ("adamw", torch.optim.AdamW)):
        found = configured(schedule="constant", optimiser=name, momentum=0.7)
        assert type(found) is kind and found.param_groups[0]["betas"] == (0.7, 0.999)


def resnet() -> ResNet9:
    return ResNet9(PictureShape(3, 8, 2), ResNet9Params(width=4))


def test_one_group_holds_every_parameter_once() -> None:
    network = resnet()
    (group,) = configured(network, schedule="constant").param_groups
    expected = {id(p) for p in network.parameters()}
    assert {id(p) for p in group["params"]} == expected
    assert len(group["params"]) == len(expected)


def test_biases_of_norms_learn_faster_with_the_same_pull_a_step() -> None:
    network = resnet()
    rest, biases = configured(
        network, schedule="constant", norm_bias_rate=64, learning_rate=0.1, weight_decay=0.02
    ).param_groups
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    assert {id(p) for p in biases["params"]} == {id(m.bias) for m in norms}
    everything = [*rest["params"], *biases["params"]]
    assert len(everything) == len({id(p) for p in everything}) == len(list(network.parameters()))
    assert (rest["lr"], biases["lr"]) == (0.1, 6.4)
    assert rest["lr"] * rest["weight_decay"] == biases["lr"] * biases["weight_decay"]


def test_each_group_has_a_cycle_of_its_own_height() -> None:
    found = configured(resnet(), norm_bias_rate=10, learning_rate=0.1)
    for _ in range(STEPS // 2):
        found["optimizer"].step()
        found["lr_scheduler"]["scheduler"].step()
    rest, biases = found["optimizer"].param_groups
    assert biases["lr"] == pytest.approx(10 * rest["lr"])


def test_what_is_frozen_is_not_optimised() -> None:
    network = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 2))
    network[0].weight.requires_grad = False
    network[1].bias.requires_grad = False
    (group,) = configured(network, schedule="constant", norm_bias_rate=64).param_groups
    assert {id(p) for p in group["params"]} == {
        id(network[0].bias),
        id(network[1].weight),
        id(network[2].weight),
        id(network[2].bias),
    }


def test_a_step_of_sgd_by_hand() -> None:
    """Nesterov: v = g + decay w, then w - rate (v + momentum v) in the first step."""
    network = nn.Linear(1, 1, bias=False)
    nn.init.constant_(network.weight, 2.0)
    optimiser = configured(
        network, schedule="constant", optimiser="sgd", learning_rate=0.1, momentum=0.5,
        weight_decay=0.05,
    )  # fmt: skip
    network(torch.tensor([[3.0]])).sum().backward()  # the gradient is 3
    optimiser.step()
    assert network.weight.item() == pytest.approx(2 - 0.1 * 1.5 * (3 + 0.05 * 2))
