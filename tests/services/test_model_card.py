"""The card of a user's own model: its facts, and the effect of normalisations by hand."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import dlexplain as dx
from dlexplain.services.pictures.model_card import (
    NORMALISATIONS,
    model_facts,
    under_normalisations,
)


class Means(nn.Module):
    """The channels' means as scores of three classes."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))


def test_the_effect_of_each_normalisation_by_hand() -> None:
    model = dx.wrap(Means(), ["red", "green", "blue"], (3, 8, 8))
    colour = np.array([200, 100, 50], np.uint8)
    picture = np.broadcast_to(colour, (8, 8, 3)).copy()
    effects = under_normalisations(model, picture)
    assert [effect.title for effect in effects] == list(NORMALISATIONS)
    for effect in effects:
        scores = (colour / 255 - np.array(effect.mean)) / np.array(effect.std)
        shares = torch.tensor(scores).softmax(0).numpy()
        found = {score.name.label: score.probability for score in effect.scores}
        for label, share in zip(["red", "green", "blue"], shares, strict=True):
            assert found[label] == pytest.approx(share, rel=1e-4)
        expected = -(shares * np.log2(np.clip(shares, 1e-12, None))).sum()
        assert effect.entropy == pytest.approx(expected, abs=1e-4)


def test_what_was_said_is_known() -> None:
    def known(**given: float) -> bool:
        return dx.wrap(Means(), "abc", (3, 8, 8), **given).spec.preprocessing.known

    assert not known()
    assert known(mean=0.0) and known(std=1.0) and known(mean=0.5, std=0.5)


def test_facts_are_in_the_order_of_a_card() -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 4))
    facts = model_facts(dx.wrap(net, "abcd", (1, 8, 8), resize=10))
    assert facts["Input"] == "1 × 8 × 8, grey"
    assert facts["Into the square"] == "short side to 10, the middle 8 × 8 of it, bicubic"
    assert facts["Classes"] == "4"
    assert facts["Parameters"] == f"{1 * 2 * 9 + 2 + 2 * 4 + 4}"
    assert facts["Layer of the CAMs"] == "module.0, 6 × 6 places"
    assert (
        model_facts(dx.wrap(Means(), "abc", (3, 8, 8)))["Layer of the CAMs"] == "none with a grid"
    )


def test_a_grey_model_takes_the_mean_of_the_channels() -> None:
    class Grey(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            mean = x.mean((1, 2, 3))
            return torch.stack([mean, -mean], 1)

    model = dx.wrap(Grey(), ["up", "down"], (1, 8, 8))
    effects = under_normalisations(model, np.full((8, 8, 3), 128, np.uint8))
    score = (128 / 255 - 0.449) / 0.226
    share = 1 / (1 + np.exp(-2 * score))
    assert effects[2].scores[0].probability == pytest.approx(max(share, 1 - share), rel=1e-3)
