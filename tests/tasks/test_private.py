"""Private training: its budget is opacus's, its steps DP-SGD's, and what breaks it is refused."""

import math
from dataclasses import replace

import pytest
import torch
from opacus.accountants import RDPAccountant
from opacus.validators import ModuleValidator
from torch import nn
from torch.nn import functional as F

from dlexplain.data.modules.base import PoissonSampling
from dlexplain.errors import BadInput
from dlexplain.networks.base import PictureShape
from dlexplain.networks.cnn import Params as CNNParams
from dlexplain.networks.modules.cnn import ArticleCNN
from dlexplain.networks.modules.group_norm import with_group_norms
from dlexplain.tasks.base import Training
from dlexplain.tasks.modules.private import Private, check_network, guarantee, spent
from dlexplain.tasks.private import delta_of, is_private, problems_of_privacy

ASKED = Training(target_epsilon=3.0, batch_size=64)


def test_epsilon_is_that_of_opacus_accountant_step_by_step() -> None:
    accountant = RDPAccountant()
    for step in range(1, 61):
        accountant.step(noise_multiplier=1.3, sample_rate=0.05)
        if step % 20 == 0:
            theirs = accountant.get_epsilon(delta=1e-4)
            assert spent(1.3, 0.05, step, 1e-4) == pytest.approx(theirs, abs=1e-12)
    assert spent(1.3, 0.05, 0, 1e-4) == 0.0


def test_without_sampling_epsilon_is_the_gaussian_mechanisms() -> None:
    """At rate 1 the Rényi divergence is alpha / (2 sigma²) a step; the conversion to (epsilon,
    delta) is that of Canonne et al. 2020, https://arxiv.org/abs/2004.00010, proposition 12."""
    sigma, delta = 4.0, 1e-5
    alphas = [1 + k / 10 for k in range(1, 100)] + list(range(12, 64))
    by_hand = min(
        a / (2 * sigma**2) + math.log((a - 1) / a) - (math.log(delta) + math.log(a)) / (a - 1)
        for a in alphas
    )
    assert spent(sigma, 1.0, 1, delta) == pytest.approx(by_hand, rel=1e-9)


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 3.0, 8.0])
def test_the_noise_uses_the_budget_up_and_no_more(epsilon: float) -> None:
    found = guarantee(replace(ASKED, target_epsilon=epsilon), 1295, 64 / 1295, 200)
    used = spent(found.noise, found.rate, found.steps, found.delta)
    assert epsilon - 0.011 <= used <= epsilon
    assert spent(0.98 * found.noise, found.rate, found.steps, found.delta) > used


def test_a_budget_that_no_noise_meets_is_said() -> None:
    asked = replace(ASKED, target_epsilon=0.01)
    with pytest.raises(
        BadInput, match=r"target_epsilon is 0\.01, which no noise meets .* more than"
    ):
        guarantee(asked, 1295, 64 / 1295, 200)


def test_delta_is_the_largest_power_of_ten_below_one_record() -> None:
    assert delta_of(ASKED, 1295) == pytest.approx(1e-4)
    assert delta_of(ASKED, 1000) == pytest.approx(1e-4)
    assert delta_of(ASKED, 999) == pytest.approx(1e-3)
    assert delta_of(replace(ASKED, target_delta=1e-6), 1295) == 1e-6
    with pytest.raises(BadInput, match=r"target_delta is 0\.001; with 1,295 training records"):
        delta_of(replace(ASKED, target_delta=1e-3), 1295)


@pytest.mark.parametrize(
    ("task", "changed", "task_params", "augmentation", "words"),
    [
        ("gan", {}, {}, {}, "private training is for classify-image and classify-text"),
        ("classify-image", {"batch_size": 8}, {}, {}, "batch_size is 8"),
        ("classify-image", {"clip": 1.0}, {}, {}, "clip takes 0"),
        ("classify-image", {"averaging": 0.9}, {}, {}, "averaging is 0.9"),
        ("classify-image", {"precision": "bf16"}, {}, {}, "takes auto or float32"),
        ("classify-image", {}, {"teacher": "cifar10-resnet"}, {}, "a teacher has seen"),
        ("classify-image", {}, {"adversary": "pgd"}, {}, 'adversary is "pgd"'),
        ("classify-image", {}, {}, {"mixup": 0.2}, "mixup lets a record into another's"),
        ("classify-image", {}, {}, {"cutmix": 1.0}, "cutmix lets a record into another's"),
        ("classify-image", {}, {}, {"generated_by": "mnist-gan"}, "generated_by takes none"),
    ],
)
def test_what_would_break_the_promise_is_refused(
    task: str, changed: dict, task_params: dict, augmentation: dict, words: str
) -> None:
    (told,) = problems_of_privacy(task, replace(ASKED, **changed), task_params, augmentation)
    assert words in told
    assert problems_of_privacy(task, Training(**changed), task_params, augmentation) == []


def test_whether_a_spec_is_private() -> None:
    assert is_private({"target_epsilon": "3"})
    assert not is_private({})
    assert not is_private({"target_epsilon": 0.0})
    assert not is_private({"target_epsilon": "much"})  # which the parameter's own check tells


def test_each_record_is_in_a_step_with_the_same_probability() -> None:
    sampling = PoissonSampling(0.1, secret=False)
    drawn = torch.zeros(500)
    sizes = []
    for seed in range(400):
        places = sampling(500, seed)
        drawn[places] += 1
        sizes.append(len(places))
    assert drawn.mean() / 400 == pytest.approx(0.1, abs=0.003)
    assert (drawn / 400 - 0.1).abs().max() < 0.07  # 4.7 standard deviations
    assert torch.tensor(sizes).double().var() == pytest.approx(45, rel=0.25)  # n q (1 - q)
    assert (sampling(500, 7) == sampling(500, 7)).all()
    secret = PoissonSampling(0.1, secret=True)
    assert secret(500, 7).tolist() != secret(500, 7).tolist()


def small() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1), nn.GroupNorm(1, 3), nn.Tanh(), nn.Flatten(), nn.Linear(48, 4)
    )


def one_step(network: nn.Module, noise: float, clip: float) -> list[torch.Tensor]:
    """The gradients that a private step uses, of 5 records where 8 are expected."""
    promised = replace(guarantee(ASKED, 80, 0.1, 10), noise=noise, clip=clip)
    private = Private(promised, secret=False)
    optimiser = private.wrapped(network, torch.optim.SGD(network.parameters(), lr=1.0))
    private.begin(seed=1)
    before = [p.detach().clone() for p in network.parameters()]
    x, y = torch.randn(5, 1, 4, 4, generator=torch.Generator().manual_seed(2)), torch.arange(5) % 4
    F.cross_entropy(network(x), y).backward()
    optimiser.step()
    private.release()
    return [old - new.detach() for old, new in zip(before, network.parameters(), strict=True)]


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
def test_a_step_is_the_sum_of_clipped_gradients_over_the_expected_size() -> None:
    network, clip = small(), 0.5
    x, y = torch.randn(5, 1, 4, 4, generator=torch.Generator().manual_seed(2)), torch.arange(5) % 4
    summed = [torch.zeros_like(p) for p in network.parameters()]
    for row in range(5):
        loss = F.cross_entropy(network(x[row : row + 1]), y[row : row + 1])
        own = torch.autograd.grad(loss, list(network.parameters()))
        norm = torch.sqrt(sum((g**2).sum() for g in own))
        assert norm > clip
        summed = [s + g * clip / norm for s, g in zip(summed, own, strict=True)]
    found = one_step(network, 0.0, clip)
    for ours, by_hand in zip(found, summed, strict=True):
        torch.testing.assert_close(ours, by_hand / 8, atol=1e-5, rtol=1e-3)


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
def test_the_noise_has_the_promised_deviation_and_repeats_by_the_seed() -> None:
    quiet, loud = one_step(small(), 0.0, 0.5), one_step(small(), 3.0, 0.5)
    added = torch.cat([(a - b).flatten() for a, b in zip(loud, quiet, strict=True)])
    assert added.std() == pytest.approx(3.0 * 0.5 / 8, rel=0.2)
    again = one_step(small(), 3.0, 0.5)
    assert all(torch.equal(a, b) for a, b in zip(loud, again, strict=True))
    assert not any(hasattr(p, "grad_sample") for p in small().parameters())


def test_batch_norms_become_opacus_group_norms() -> None:
    shape, params = PictureShape(3, 8, 5), CNNParams(blocks=2, width=24)
    ours, theirs = ArticleCNN(shape, params), ModuleValidator.fix(ArticleCNN(shape, params))
    assert with_group_norms(ours) == 2
    assert str(ours) == str(theirs)
    assert ModuleValidator.is_valid(ours)
    assert with_group_norms(ours) == 0


def test_layers_without_a_gradient_of_each_record_are_named() -> None:
    with pytest.raises(BadInput, match="the model mine has layers .*: LSTM; take another"):
        check_network(nn.Sequential(nn.Linear(3, 3), nn.LSTM(3, 3)), "mine")
    check_network(small(), "mine")
