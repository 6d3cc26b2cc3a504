"""Defences by preprocessing: what they do, their gradient, and how an adaptive attack fares."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from dlexplain.attacks import ATTACKS, Budget
from dlexplain.attacks.defences import DEFENCES, Defended
from dlexplain.attacks.victim import Victim
from dlexplain.errors import BadInput
from dlexplain.explainers.recoding import as_jpeg
from tests.attacks.victims import digits, linear


def behind(victim: Victim, name: str, strength: int) -> Victim:
    model = Defended.of(victim.model, DEFENCES[name], strength)
    return Victim(model, victim.x, victim.labels, victim.progress, victim.chunks, victim.target)


def test_bits_by_hand() -> None:
    x = torch.tensor([0.0, 0.1, 0.2, 0.49, 0.51, 1.0]).reshape(1, 1, 2, 3)
    found = DEFENCES["bit-depth"].changed(x, 1)
    assert found.flatten().tolist() == [0, 0, 0, 0, 1, 1]
    found = DEFENCES["bit-depth"].changed(x, 2) * 3
    assert found.flatten().tolist() == [0, 0, 1, 1, 2, 3]


def test_jpeg_is_pillows_picture_by_picture() -> None:
    x = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    found = DEFENCES["jpeg"].changed(x, 30)
    for one, alone in zip(found, x, strict=True):
        assert torch.equal(one, as_jpeg(alone, (0.0, 1.0), 30))
    assert float((found - x).abs().mean()) > 0.02


@pytest.mark.parametrize(("name", "strength"), [("jpeg", 60), ("bit-depth", 3)])
def test_the_model_sees_what_is_left_and_the_gradient_passes(name: str, strength: int) -> None:
    plain = linear()
    victim = behind(plain, name, strength)
    changed = DEFENCES[name].changed(plain.x, strength)
    torch.testing.assert_close(victim.logits(plain.x), plain.logits(changed), atol=1e-4, rtol=1e-4)
    classes = torch.zeros(len(plain.x), 1, dtype=torch.long)
    ours, theirs = (one.jacobian_rows(plain.x, classes)[0] for one in (victim, plain))
    torch.testing.assert_close(ours, theirs)  # a linear model's is the same everywhere
    assert victim.model.fingerprint != plain.model.fingerprint


def share(victim: Victim, moved: Tensor) -> float:
    return float(victim.fooled(victim.logits(moved)).float().mean())


def test_an_adaptive_attack_sees_through_what_a_static_one_does_not() -> None:
    plain = digits()
    victim = behind(plain, "bit-depth", 1)
    budget, pgd = Budget("linf", 0.25), ATTACKS["pgd"]
    params = pgd.params({"steps": 20})

    def run(on: Victim) -> Tensor:
        return pgd.run(on, budget, params, torch.Generator().manual_seed(0))

    kept = ~victim.fooled(victim.logits(victim.x))  # those that the defence leaves right
    plain, victim = plain.rows(kept), victim.rows(kept)
    static, adaptive = share(victim, run(plain)), share(victim, run(victim))
    assert share(plain, run(plain)) > static
    assert adaptive > static + 0.1


@pytest.mark.parametrize(
    ("name", "strength", "said"),
    [
        ("jpeg", 0, "the quality of JPEG is 0; a whole number from 1 to 100"),
        ("bit-depth", 9, "the bits of Bit depth is 9"),
        ("bit-depth", 1.5, "is 1.5; a whole number"),
    ],
)
def test_a_strength_that_is_none_is_refused(name: str, strength: Any, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        Defended.of(linear().model, DEFENCES[name], strength)
    assert np.isfinite(DEFENCES[name].usual)
