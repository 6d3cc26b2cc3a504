"""Attacks: within their budgets, the closed form of linear models, captum and foolbox."""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from captum.robust import FGSM
from torch import Tensor

from dlexplain.attacks import Attack, Budget, attacks_for
from dlexplain.attacks.losses import LOSSES, dlr_loss, margin_loss
from dlexplain.attacks.methods.apgd import checkpoints
from dlexplain.attacks.projection import direction, project, random_start
from dlexplain.attacks.victim import Victim
from dlexplain.errors import BadInput
from tests.attacks.victims import digits, linear, weight_of
from tests.foolbox_attacks import foolbox

ATTACKS: Mapping[str, Attack[Any]] = attacks_for("picture")
PAIRS = [(name, norm) for name, attack in ATTACKS.items() for norm in attack.norms if norm != "l0"]
QUICK: dict[str, dict[str, Any]] = {
    "carlini-wagner": {"steps": 60, "searches": 4},
    "square": {"queries": 60},
}
TOLERANCE = 1e-6


def moved(
    victim: Victim, name: str, norm: str, epsilon: float, seed: int = 0, **more: Any
) -> Tensor:
    attack, budget = ATTACKS[name], Budget(norm, epsilon)
    attack.check(victim, budget)
    asked = attack.params({**QUICK.get(name, {}), **more})
    return attack.run(victim, budget, asked, torch.Generator().manual_seed(seed))


def size(change: Tensor, norm: str) -> Tensor:
    flat = change.flatten(1)
    return flat.abs().amax(1) if norm == "linf" else flat.norm(dim=1)


@pytest.mark.parametrize(("name", "norm"), PAIRS)
@pytest.mark.parametrize("epsilon", [0.01, 0.9])
def test_the_budget_and_the_range_hold(name: str, norm: str, epsilon: float) -> None:
    victim = linear()
    found = moved(victim, name, norm, epsilon)
    assert found.shape == victim.x.shape
    assert size(found - victim.x, norm).max() <= epsilon + TOLERANCE
    assert found.min() >= 0
    assert found.max() <= 1


@pytest.mark.parametrize(("name", "norm"), PAIRS)
def test_the_same_seed_is_the_same_attack_and_a_large_budget_fools(name: str, norm: str) -> None:
    victim = linear()
    first, second = (moved(victim, name, norm, 0.9) for _ in range(2))
    assert torch.equal(first, second)
    assert victim.fooled(victim.logits(first)).all()


@pytest.mark.parametrize("name", ["fgsm", "pgd", "apgd"])
@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_on_a_linear_model_the_target_is_reached_as_well_as_can_be(name: str, norm: str) -> None:
    """The best change of z_t - z_j by a budget ε is ε times the dual norm of the weights' gap. Of
    two classes cross-entropy's gradient is along that gap, so two of the model are compared."""
    victim = linear()
    two = Victim(_Two(victim), victim.x, victim.labels * 0, victim.progress, victim.chunks)
    weight = weight_of(victim)
    gap = (weight[1] - weight[0]).flatten()
    dual = gap.abs().sum() if norm == "linf" else gap.norm()
    before = margin_loss(two.logits(two.x), two.labels, None)
    small = 0.03 if norm == "linf" else 0.3  # fools none, so that all of it is used
    more: dict[str, Any] = {"random": False} if name == "pgd" else {}
    more |= {"loss": "cross-entropy"} if name != "fgsm" else {}
    after = margin_loss(two.logits(moved(two, name, norm, small, **more)), two.labels, None)
    torch.testing.assert_close(
        after - before, small * dual.expand(len(before)), rtol=2e-3, atol=1e-5
    )


class _Two:
    """The first two classes of a victim's model."""

    def __init__(self, victim: Victim) -> None:
        self._model = victim.model
        logits = victim.logits(victim.x)
        # The second class is 10 behind: out of reach, and near enough for a float's gradient.
        behind = torch.tensor([0.0, 10 + float((logits[:, 1] - logits[:, 0]).max())])
        self.module = lambda x: victim.model.module(x)[:, :2] - behind
        self.fingerprint = victim.model.fingerprint + ".two"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_deepfool_finds_the_exact_distance_of_a_linear_model(norm: str) -> None:
    victim = linear()
    weight, logits = weight_of(victim).flatten(1), victim.logits(victim.x)
    found = size(moved(victim, "deepfool", norm, 0.99, overshoot=0.0001) - victim.x, norm)
    torch.testing.assert_close(found, _distance(weight, logits, norm) + 1e-4, rtol=1e-3, atol=1e-5)


def test_carlini_wagner_comes_near_the_exact_distance() -> None:
    victim = linear()
    weight, logits = weight_of(victim).flatten(1), victim.logits(victim.x)
    found = moved(victim, "carlini-wagner", "l2", 0.99, steps=300, searches=6)
    exact = _distance(weight, logits, "l2")
    ratio = size(found - victim.x, "l2") / exact
    assert victim.fooled(victim.logits(found)).all()
    assert ratio.min() > 1 - 1e-4
    assert ratio.max() < 1.1


def _distance(weight: Tensor, logits: Tensor, norm: str) -> Tensor:
    """To the nearest boundary: the least gap of logits over the dual norm of the weights' gap."""
    found = []
    for row in logits:
        said = int(row.argmax())
        others = [k for k in range(len(row)) if k != said]
        order = 1 if norm == "linf" else 2
        far = [(row[said] - row[k]) / (weight[said] - weight[k]).norm(p=order) for k in others]
        found.append(torch.stack(far).min())
    return torch.stack(found)


@pytest.mark.parametrize("name", ["fgsm", "pgd", "apgd", "carlini-wagner", "square"])
def test_a_target_is_reached(name: str) -> None:
    victim = linear(target=2)
    norm = ATTACKS[name].norms[0]
    found = moved(victim, name, norm, 0.9)
    assert (victim.logits(found).argmax(1) == 2).all()


def test_fgsm_is_captums() -> None:
    victim = digits()
    model = lambda x: victim.model.module(victim.scaled(x))  # noqa: E731
    # captum takes gradients below 1e-6 as none, so the loss is made larger.
    loss = lambda logits, labels: 1e6 * LOSSES["cross-entropy"](logits, labels, None)  # noqa: E731
    theirs = FGSM(model, loss_func=loss, lower_bound=0, upper_bound=1)
    gradient, _, _ = victim.gradient(victim.x, LOSSES["cross-entropy"])
    clear = gradient.abs() > 1e-10
    ours = moved(victim, "fgsm", "linf", 0.05)
    expected = theirs.perturb(victim.x.clone().requires_grad_(), 0.05, target=victim.labels)
    assert clear.float().mean() > 0.5
    torch.testing.assert_close(ours[clear], expected.detach()[clear], atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("name", "norm", "epsilon", "theirs"),
    [
        ("fgsm", "linf", 0.1, foolbox.attacks.LinfFastGradientAttack()),
        ("pgd", "linf", 0.1, foolbox.attacks.LinfPGD(rel_stepsize=2.5 / 20, steps=20)),
        ("pgd", "l2", 0.7, foolbox.attacks.L2PGD(rel_stepsize=2.5 / 20, steps=20)),
        ("deepfool", "l2", 0.7, foolbox.attacks.L2DeepFoolAttack(loss="logits")),
    ],
)
def test_as_many_are_fooled_as_by_foolbox(
    name: str, norm: str, epsilon: float, theirs: Any
) -> None:
    """Success on the same hundred pictures within two points; ours stops at the first success, so
    it may be ahead by what foolbox's last step loses."""
    torch.manual_seed(0)
    victim = digits()
    model = foolbox.PyTorchModel(_Unit(victim), bounds=(0, 1), device="cpu")
    _, _, hits = theirs(model, victim.x, victim.labels, epsilons=epsilon)
    found = moved(victim, name, norm, epsilon)
    ours = victim.fooled(victim.logits(found)).float().mean()
    assert 0.05 < float(hits.float().mean()) < 0.999
    assert abs(float(ours - hits.float().mean())) <= 0.02 + 1e-6


class _Unit(torch.nn.Module):
    def __init__(self, victim: Victim) -> None:
        super().__init__()
        self.victim = victim

    def forward(self, x: Tensor) -> Tensor:
        logits: Tensor = self.victim.model.module(self.victim.scaled(x))
        return logits


@pytest.mark.parametrize("epsilon", [0.04, 0.08])
def test_apgd_is_at_least_as_strong_as_pgd_with_as_many_gradients(epsilon: float) -> None:
    victim = digits()
    pgd = moved(victim, "pgd", "linf", epsilon, steps=20)
    apgd = moved(victim, "apgd", "linf", epsilon, steps=20)
    fooled = [victim.fooled(victim.logits(x)).sum() for x in (pgd, apgd)]
    assert fooled[1] >= fooled[0]


def test_what_is_fooled_costs_nothing_further() -> None:
    victim = linear()
    moved(victim, "pgd", "linf", 0.9, steps=100)
    assert victim.progress.done < 100 * len(victim.x) / 5


def test_a_gradient_of_nan_moves_nothing_and_does_not_spread() -> None:
    gradient = torch.tensor([[float("nan"), 1.0, -2.0], [float("nan")] * 3])
    assert direction(gradient, Budget("linf", 1)).tolist() == [[0, 1, -1], [0, 0, 0]]
    assert direction(gradient, Budget("l2", 1)).isfinite().all()


def test_dlr_by_hand_and_free_of_scale() -> None:
    logits = torch.tensor([[3.0, 1.0, 2.0, 0.0]])
    label = torch.tensor([0])
    assert float(dlr_loss(logits, label, None)) == pytest.approx(-(3 - 2) / (3 - 1))
    assert float(dlr_loss(logits, label, 1)) == pytest.approx(-(3 - 1) / (3 - (1 + 0) / 2))
    assert float(dlr_loss(100 * logits, label, None)) == pytest.approx(-0.5)


def test_checkpoints_are_the_papers() -> None:
    """Of 100 steps: 0.22, then gaps of 0.19, 0.16, 0.13, 0.10, 0.07, 0.06, 0.06."""
    assert checkpoints(100) == [22, 41, 57, 70, 80, 87, 93, 99]


def test_projection_and_random_starts() -> None:
    x = torch.full((2000, 1, 2, 2), 0.5)
    for norm, epsilon in (("linf", 0.2), ("l2", 0.3)):
        budget = Budget(norm, epsilon)
        drawn = random_start(x, budget, torch.Generator().manual_seed(0)) - x
        assert size(drawn, norm).max() <= epsilon + TOLERANCE
        assert size(drawn, norm).max() > 0.98 * epsilon  # all of the ball is reached
        assert drawn.mean().abs() < 0.01
        inside = x + 0.5 * drawn
        torch.testing.assert_close(project(inside, x, budget), inside)


@pytest.mark.parametrize(
    ("norm", "epsilon", "said"),
    [
        ("linf", 0.0, "the budget is 0; it has to be above 0"),
        ("linf", 1.5, "the budget is 1.5; it has to be above 0 and at most 1"),
        ("l2", -1.0, "the budget is -1; it has to be above 0"),
        ("l2", float("nan"), "the budget is nan"),
        ("l7", 0.5, 'the norm is "l7"; accepted: linf, l2, l0'),
    ],
)
def test_budgets_that_are_none(norm: Any, epsilon: float, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        Budget(norm, epsilon)


def test_what_an_attack_cannot_do_is_said() -> None:
    for name, norm, target, said in (
        ("square", "l2", None, "Square keeps a budget in L∞, not in L2"),
        ("deepfool", "l2", 1, "DeepFool takes no target"),
    ):
        with pytest.raises(BadInput, match=said):
            moved(linear(target), name, norm, 0.5)
