"""Randomised smoothing: exact bounds, a linear model's radius, and an attack that must fail."""

import pytest
import torch
from scipy.stats import binomtest, norm
from torch import Tensor, nn

import dlexplain as dx
from dlexplain.attacks import ATTACKS, Budget
from dlexplain.attacks.losses import cross_entropy_loss
from dlexplain.attacks.smoothing import (
    SmoothedVictim,
    Smoothing,
    certify,
    lower_bound,
    noise_counts,
    radius_of,
    smoothed_class,
)
from dlexplain.attacks.victim import Victim
from dlexplain.errors import BadInput
from dlexplain.explainers.batching import BatchSizes
from dlexplain.explainers.progress import Progress
from tests.attacks.victims import digits

SIDE = 4


class HalfSpace(nn.Module):
    """Class 1 where w·x > b: two logits that say it surely, as a smoothed linear classifier's
    class then holds to exactly the distance of its boundary."""

    def __init__(self) -> None:
        super().__init__()
        drawn = torch.randn(3 * SIDE * SIDE, generator=torch.Generator().manual_seed(0))
        self.weight = nn.Parameter(drawn)

    def forward(self, x: Tensor) -> Tensor:
        score = (x - 0.5).flatten(1) @ self.weight
        return torch.stack([-score, score], 1)


class Broken(HalfSpace):
    """NaN of what is not between black and white, as noise makes it."""

    def forward(self, x: Tensor) -> Tensor:
        within = ((x >= 0) & (x <= 1)).flatten(1).all(1)
        return super().forward(x) / within[:, None].float()


def half_space(x: Tensor, module: type[HalfSpace] = HalfSpace) -> Victim:
    model = dx.wrap(module(), classes=["a", "b"], input_shape=(3, SIDE, SIDE))
    label = torch.zeros(len(x), dtype=torch.long)
    return Victim(model.prepared, x, label, Progress(), BatchSizes())


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("hits", "samples"), [(0, 10), (7, 10), (10, 10), (990, 1000)])
@pytest.mark.parametrize("alpha", [0.001, 0.05])
def test_the_bound_is_clopper_and_pearsons(hits: int, samples: int, alpha: float) -> None:
    # One-sided at 1 - alpha is the lower end of the two-sided one at 1 - 2 alpha.
    exact = binomtest(hits, samples).proportion_ci(1 - 2 * alpha, "exact").low
    assert lower_bound(hits, samples, alpha) == pytest.approx(exact, abs=1e-12)
    one_sided = binomtest(hits, samples, alternative="greater").proportion_ci(1 - alpha, "exact")
    assert lower_bound(hits, samples, alpha) == pytest.approx(one_sided.low, abs=1e-12)


def test_the_radius_by_hand() -> None:
    assert radius_of(0.5, 0.25) == 0
    assert radius_of(0.3, 0.25) == 0
    assert radius_of(norm.cdf(1.0), 0.25) == pytest.approx(0.25)
    all_hit = radius_of(lower_bound(1000, 1000, 0.001), 1.0)
    assert all_hit == pytest.approx(norm.ppf(0.001 ** (1 / 1000)))


def at(distance: float) -> Tensor:
    """A picture so far from the boundary."""
    weight = HalfSpace().weight.detach()
    return 0.5 + (distance * weight / weight.norm()).view(1, 3, SIDE, SIDE)


@pytest.mark.parametrize("distance", [-0.8, -0.2, 0.1, 0.3, 0.6, 1.0])
def test_a_linear_models_radius_is_at_most_its_distance_and_close_to_it(distance: float) -> None:
    """Under noise it says its class with probability Φ(distance / σ), so that the radius of ever
    more samples is the distance itself."""
    found = certify(half_space(at(distance)), Smoothing(0.5, 1000, 50_000), seeded())
    assert found.said == (distance > 0)
    assert found.radius <= abs(distance)
    assert found.radius == pytest.approx(abs(distance), abs=0.02)
    share = norm.cdf(abs(distance) / 0.5)
    assert found.hits / 50_000 == pytest.approx(share, abs=0.01)


def test_more_samples_certify_further() -> None:
    victim = half_space(at(1.0))
    few, many = (
        certify(victim, Smoothing(0.3, 50, samples), seeded()).radius for samples in (50, 2000)
    )
    assert 0 < few < many <= 1.0


def test_counts_are_of_every_sample_and_the_seed_repeats_them() -> None:
    victim = half_space(torch.full((1, 3, SIDE, SIDE), 0.52))
    counts = noise_counts(victim, 0.3, 333, seeded(5))
    assert counts.sum() == 333
    assert (counts == noise_counts(victim, 0.3, 333, seeded(5))).all()
    assert (counts != noise_counts(victim, 0.3, 333, seeded(6))).any()


def test_it_abstains_on_the_boundary() -> None:
    victim = half_space(torch.full((1, 3, SIDE, SIDE), 0.5))
    found = certify(victim, Smoothing(0.3, 20, 200), seeded())
    assert (found.said, found.radius) == (None, 0.0)
    assert smoothed_class(victim, Smoothing(0.3, 20, 200), seeded()) is None


def test_the_averaged_gradient_is_that_of_the_mean() -> None:
    x = torch.rand(2, 3, SIDE, SIDE, generator=seeded(2))
    plain = half_space(x)
    noise = 0.3 * torch.randn(7, 3, SIDE, SIDE, generator=seeded(3))
    victim = SmoothedVictim(plain.model, x, plain.labels, plain.progress, plain.chunks, None, noise)
    gradient, losses, logits = victim.gradient(x, cross_entropy_loss)
    leaf = x.clone().requires_grad_()
    near = (leaf[:, None] + noise[None]).flatten(0, 1)
    means = HalfSpace()(near).softmax(1).unflatten(0, (2, 7)).mean(1).log()
    expected = cross_entropy_loss(means, plain.labels, None)
    (by_x,) = torch.autograd.grad(expected.sum(), leaf)
    assert torch.allclose(gradient, by_x, atol=1e-5)
    assert torch.allclose(losses, expected, atol=1e-5)
    assert torch.allclose(logits, means, atol=1e-5)
    assert torch.allclose(victim.logits(x), means, atol=1e-5)


def test_certified_radii_hold_under_an_attack_on_fifty_pictures() -> None:
    """PGD in L2 with the gradient averaged over noise, with all of the radius as its budget; what
    the smoothed classifier says afterwards is tested with samples of its own."""
    known, how = digits(), Smoothing(sigma=0.15, first=50, samples=500)
    attack, params = ATTACKS["pgd"], ATTACKS["pgd"].params({"steps": 10, "step_size": 0.25})
    attacked, moved_far = 0, 0
    for place in range(len(known.x)):
        if attacked == 50:
            break
        x = known.x[place : place + 1]
        one = Victim(known.model, x, known.labels[place : place + 1], Progress(), known.chunks)
        found = certify(one, how, seeded(place))
        if found.said is None:
            continue
        noise = how.sigma * torch.randn(16, *x.shape[1:], generator=seeded(1000 + place))
        label = torch.tensor([found.said])
        smoothed = SmoothedVictim(
            one.model, x, label, Progress(), known.chunks, None, noise.to(x.device)
        )
        moved = attack.run(smoothed, Budget("l2", found.radius), params, seeded(place))
        assert float((moved - x).norm()) <= found.radius + 1e-5
        there = Victim(one.model, moved, label, Progress(), known.chunks)
        assert smoothed_class(there, how, seeded(2000 + place)) in (found.said, None), place
        attacked += 1
        # Far beyond the radius the same attack does win, so it is one.
        beyond = attack.run(smoothed, Budget("l2", 6 * found.radius), params, seeded(place))
        further = Victim(one.model, beyond, label, Progress(), known.chunks)
        moved_far += smoothed_class(further, how, seeded(3000 + place)) not in (found.said, None)
    assert attacked == 50
    assert moved_far >= 10


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"sigma": 0.0}, "sigma is 0; above 0"),
        ({"sigma": float("nan")}, "sigma is nan"),
        ({"samples": 0}, "samples is 0"),
        ({"first": 0}, "first is 0"),
        ({"alpha": 0.0}, "alpha is 0; above 0 and below 0.5"),
        ({"alpha": 0.7}, "alpha is 0.7"),
    ],
)
def test_a_wrong_setting_is_one_sentence(given: dict[str, float], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        Smoothing(**given)  # type: ignore[arg-type]


def test_a_model_of_nan_certifies_nothing() -> None:
    victim = half_space(torch.full((1, 3, SIDE, SIDE), 0.5), Broken)
    with pytest.raises(BadInput, match="NaN or infinity under noise"):
        certify(victim, Smoothing(0.3, 10, 10), seeded())
    assert victim.logits(victim.x).isfinite().all()
