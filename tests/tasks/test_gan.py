"""The GAN: losses by hand, who gets which gradient, steps counted once, the judge."""

import math
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
from torch import Tensor

from dlexplain.data.base import Augmentation, PictureData, Pictures
from dlexplain.data.modules.pictures import PictureModule
from dlexplain.errors import DataError
from dlexplain.tasks.modules.gan import SHOWN, Adversarial
from dlexplain.tasks.modules.gan_losses import discriminator_loss, generator_loss
from dlexplain.tasks.modules.judge import fit_judge, frechet_distance, see, shifted, verdict
from dlexplain.tasks.modules.pictures import to_bytes
from tests.tasks.making import bars, data_module, first_batch, make
from tests.tasks.training import trainer

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers"),
]
NET = {"latent": 6, "generator_width": 8, "discriminator_width": 8}


def gan(data: PictureModule | None = None, training: Any = None, **params: Any) -> Adversarial:
    params = {"samples": 100, **params}
    made = make("gan", "dcgan", data or data_module(), NET, params, **(training or {}))
    return cast(Adversarial, made)


def test_losses_by_hand() -> None:
    real, fake = torch.tensor([2.0, 0.5]), torch.tensor([-3.0, 0.0])
    assert float(discriminator_loss("hinge", real, fake)) == pytest.approx(0.25 + 0.5)
    assert float(generator_loss("hinge", fake)) == pytest.approx(1.5)

    def log_sigmoid(value: float) -> float:
        return -math.log(1 + math.exp(-value))

    expected = -(log_sigmoid(2) + log_sigmoid(0.5)) / 2 - (log_sigmoid(3) + log_sigmoid(0)) / 2
    assert float(discriminator_loss("non-saturating", real, fake)) == pytest.approx(expected)
    expected = -(log_sigmoid(-3) + log_sigmoid(0)) / 2
    assert float(generator_loss("non-saturating", fake)) == pytest.approx(expected)


def learning(task: Adversarial) -> set[str]:
    """Names of all but the judge's parameters."""
    return {name for name, p in task.network.named_parameters() if p.requires_grad}


def grads(task: Adversarial) -> dict[str, Tensor]:
    found = {n: p.grad for n, p in task.network.named_parameters() if p.grad is not None}
    task.network.zero_grad()
    return found


def test_each_network_gets_the_gradient_of_its_own_loss() -> None:
    """eval: neither batch statistics nor the norms' power iteration move between the passes."""
    data = data_module()
    task, batch = gan(data), first_batch(data)
    task.eval()
    torch.manual_seed(3)
    loss, numbers = task.loss(batch)
    loss.backward()
    both = grads(task)
    assert set(both) == learning(task)
    # A hinge within its margin pushes the last bias as much up as down.
    assert {n for n, g in both.items() if not g.abs().sum() > 0} <= {"discriminator.head.bias"}
    torch.manual_seed(3)
    fake = task._fake(batch["y"])
    part = task._discriminator_part(batch, fake)
    part.backward()
    own = grads(task)
    assert {name.split(".")[0] for name in own} == {"discriminator"}
    torch.manual_seed(3)
    generator = task._generator_part(batch, task._fake(batch["y"]))
    generator.backward()
    own |= grads(task)
    assert set(own) == set(both)
    for name, gradient in both.items():
        torch.testing.assert_close(gradient, own[name])
    assert float(loss.detach()) == pytest.approx(float((part + generator).detach()), rel=1e-5)
    task.requires_grad_(False)
    real = task.network.discriminate(2 * task.range.unit(batch["x"]) - 1)
    said = task.network.discriminate(fake.detach())
    by_hand = (1 - real).clamp(min=0).mean() + (1 + said).clamp(min=0).mean()
    assert float(numbers["discriminator_loss"]) == pytest.approx(float(by_hand), rel=1e-5)
    assert float(numbers["generator_loss"]) == pytest.approx(-float(said.mean()), rel=1e-4)


@pytest.mark.parametrize("schedule", ["constant", "one-cycle", "plateau"])
def test_a_batch_is_one_step_and_moves_both(schedule: str, tmp_path: Path) -> None:
    data = data_module()
    task = gan(data, {"schedule": schedule, "clip": 1.0, "optimiser": "adam", "momentum": 0.5})
    before = {name: p.detach().clone() for name, p in task.network.named_parameters()}
    learns = learning(task)
    run = trainer(tmp_path, epochs=2)
    run.fit(task, datamodule=data)
    assert run.global_step == 2 * len(data.loader) == 8
    moved = {n for n, p in task.network.named_parameters() if not torch.equal(p, before[n])}
    assert moved == learns
    assert "validation/frechet_distance" in run.callback_metrics
    if schedule == "one-cycle":
        assert [s.last_epoch for s in task.lr_schedulers()] == [8, 8]


def test_gradients_are_clipped_where_wanted() -> None:
    task = gan(training={"clip": 0.5})
    optimisers = task.configure_optimizers()[0]
    for parameter in task.network.parameters():
        parameter.grad = torch.ones_like(parameter)
    for optimiser in optimisers:
        task.on_before_optimizer_step(optimiser)
        parameters = [p for group in optimiser.param_groups for p in group["params"]]
        norm = torch.stack([p.grad.square().sum() for p in parameters]).sum().sqrt()
        assert float(norm) == pytest.approx(0.5, rel=1e-3)
    rates = [o.param_groups[0]["initial_lr"] for o in optimisers]
    assert rates[0] == rates[1]


def test_the_generators_rate_is_a_factor() -> None:
    task = gan(training={"learning_rate": 1e-3, "schedule": "constant"}, generator_rate=0.25)
    assert [o.param_groups[0]["lr"] for o in task.configure_optimizers()[0]] == [2.5e-4, 1e-3]


def test_the_judge_knows_rows_from_columns_and_disturbs_nothing() -> None:
    data = data_module(train=200)
    judge = gan(data).network.judge
    torch.manual_seed(9)
    fit_judge(judge, data.labelled)
    drawn = torch.rand(3)
    torch.manual_seed(9)
    assert torch.equal(torch.rand(3), drawn)
    assert float(judge.accuracy) > 0.9
    x, y = data.labelled("test", 48, 0)
    features, shares = see(judge, x)
    assert features.shape == (48, 64) and (shares.argmax(1) == y.numpy()).mean() > 0.9
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-5)
    fit_judge(judge, data.labelled)  # begins anew
    np.testing.assert_array_equal(see(judge, x)[0], features)
    found = verdict(judge, x, x)
    assert found.distance == pytest.approx(0, abs=1e-3)
    np.testing.assert_array_equal(found.said, shares.argmax(1))
    sure = shares.max(1) > 0.9
    assert found.confident == found.confident_real == pytest.approx(sure.mean())
    assert found.counts.tolist() == [int((found.said[sure] == c).sum()) for c in (0, 1)]


def test_the_judge_does_not_learn_with_the_others(tmp_path: Path) -> None:
    data = data_module()
    task = gan(data)
    task.prepare(data)
    before = {name: t.clone() for name, t in task.network.judge.state_dict().items()}
    trainer(tmp_path).fit(task, datamodule=data)
    for name, tensor in task.network.judge.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_one_class_cannot_be_judged() -> None:
    some = Pictures(bars(8, 0).pixels, np.zeros(8, np.int64))
    data = PictureModule(
        PictureData(some, some, some, ("a", "b"), "d"), Augmentation(), 8, seed=1, epochs=1
    )
    with pytest.raises(DataError, match="all of one class"):
        gan(data).prepare(data)


def test_what_the_test_finds(tmp_path: Path) -> None:
    data = data_module()
    task = gan(data)
    task.prepare(data)
    run = trainer(tmp_path)
    run.test(task, datamodule=data, verbose=False)
    metrics, arrays = task.results()
    samples = task.samples(100)
    judge = task.network.judge
    features, shares = see(judge, task.range.normalised(samples))
    real, real_shares = see(judge, data.labelled("test", 48, 0)[0])
    assert metrics["test/confident_real"] == pytest.approx((real_shares.max(1) > 0.9).mean())
    assert metrics["test/frechet_distance"] == pytest.approx(
        frechet_distance(real, features), rel=1e-3
    )
    sure = shares.max(1) > 0.9
    assert metrics["test/confident"] == pytest.approx(sure.mean())
    assert metrics["test/classes"] == len(set(shares.argmax(1)[sure].tolist()))
    assert metrics["test/judge_accuracy"] == float(judge.accuracy)
    np.testing.assert_array_equal(arrays["samples"], to_bytes(samples[:SHOWN]).numpy())
    assert arrays["counts"].sum() == sure.sum() and arrays["judged"] == 100
    np.testing.assert_array_equal(arrays["real"], bars(48, 2).pixels)
    run.test(task, datamodule=data, verbose=False)
    assert task.results()[0] == metrics


def test_a_class_that_can_be_asked_for_is_learnt_and_told(tmp_path: Path) -> None:
    """Both sides see the label, and samples ask for the classes by turns."""
    data = data_module()
    made = make("gan", "dcgan", data, {**NET, "conditional": True}, {"samples": 100})
    task = cast(Adversarial, made)
    task.prepare(data)
    batch = first_batch(data)
    task.eval()
    torch.manual_seed(3)
    loss = float(task.loss(batch)[0].detach())
    torch.manual_seed(3)
    other = {**batch, "y": 1 - batch["y"]}
    assert loss != pytest.approx(float(task.loss(other)[0].detach()), rel=1e-4)
    task.train()
    run = trainer(tmp_path)
    run.fit(task, datamodule=data)
    run.test(task, datamodule=data, verbose=False)
    metrics, _ = task.results()
    assert task.found is not None
    assert metrics["test/as_asked"] == (task.found.said == np.arange(100) % 2).mean()


def test_results_come_after_the_test() -> None:
    task = gan()
    assert task.pictures() == {}
    with pytest.raises(RuntimeError, match="before the test"):
        task.results()


def test_pictures_are_moved_whole() -> None:
    x = torch.arange(2 * 3 * 5 * 4, dtype=torch.float32).view(2, 3, 5, 4)
    assert torch.equal(shifted(x, 0), x)
    torch.manual_seed(0)
    moved = shifted(x, 1)
    assert moved.shape == x.shape
    padded = torch.nn.functional.pad(x, (1, 1, 1, 1), mode="replicate")
    for one, around in zip(moved, padded, strict=True):
        views = [around[:, i : i + 5, j : j + 4] for i in range(3) for j in range(3)]
        assert any(torch.equal(one, view) for view in views)


def test_the_discriminator_sees_moved_pictures_in_training_only() -> None:
    data = data_module()
    task, batch = gan(data, shift=2), first_batch(data)
    task.train()
    once, again = (task._said(batch["x"], batch["y"]) for _ in range(2))
    assert (once - again).abs().max() > 1e-3
    task.eval()
    said = task.network.discriminate(batch["x"], batch["y"])
    torch.testing.assert_close(task._said(batch["x"], batch["y"]), said)
