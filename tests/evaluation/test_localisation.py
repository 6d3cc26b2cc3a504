"""Localisation against Quantus, by hand, and on shapes whose place is known."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from dlexplain.data.sets.shapes import draw
from dlexplain.errors import BadInput, Incompatible
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.metrics.localisation import (
    area_under_roc,
    pointing_game,
    relevance_mass,
    relevance_rank,
    top_share,
)
from tests.evaluation.cases import (
    SIDE,
    LinearPictures,
    explained,
    judged,
    linear_case,
    picture,
    picture_input,
    series_input,
    text_input,
)
from tests.quantus_metrics import quantus

ALL = ("pointing-game", "relevance-mass", "relevance-rank", "top-k-intersection", "area-under-roc")


def fixed(seed: int) -> tuple[Tensor, Tensor]:
    """A map without equal values, none negative, and a mask."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand((SIDE, SIDE), generator=generator)
    truth = torch.zeros((SIDE, SIDE), dtype=torch.bool)
    truth[3:8, 2:9] = True
    return values + 0.3 * truth, truth


@pytest.mark.parametrize("seed", range(3))
def test_they_are_quantus_on_fixed_maps(seed: int) -> None:
    values, truth = fixed(seed)
    pairs = (
        (quantus.PointingGame(disable_warnings=True), pointing_game(values, truth)),
        (quantus.RelevanceMassAccuracy(disable_warnings=True), relevance_mass(values, truth)),
        (quantus.RelevanceRankAccuracy(disable_warnings=True), relevance_rank(values, truth)),
        (quantus.TopKIntersection(k=20, disable_warnings=True), top_share(values, truth, 20)),
        (quantus.AUC(disable_warnings=True), area_under_roc(values, truth)),
    )
    for metric, ours in pairs:
        (theirs,) = metric(
            torch.nn.Identity(),
            np.zeros((1, 1, SIDE, SIDE), np.float32),
            np.array([0]),
            a_batch=values[None, None].numpy().copy(),
            s_batch=truth[None, None].numpy().copy(),
        )
        assert ours == pytest.approx(float(theirs), abs=1e-4)


def test_by_hand() -> None:
    values = torch.tensor([4.0, 3.0, -5.0, 2.0, 1.0])
    truth = torch.tensor([True, False, True, False, True])
    assert pointing_game(values, truth) == 1
    assert relevance_mass(values, truth) == pytest.approx(5 / 10)
    assert relevance_rank(values, truth) == pytest.approx(1 / 3)
    assert top_share(values, truth, 1) == 1
    # pairs that are in order: (4, 3), (4, 2); of (-5, .) and (1, .) none
    assert area_under_roc(values, truth) == pytest.approx(2 / 6)


def test_equal_values_count_alike() -> None:
    values = torch.tensor([1.0, 1.0, 1.0, 0.0])
    truth = torch.tensor([True, False, False, False])
    assert pointing_game(values, truth) == pytest.approx(1 / 3)
    assert top_share(values, truth, 2) == pytest.approx(1 / 3)
    assert area_under_roc(values, truth) == pytest.approx((0.5 + 0.5 + 1) / 3)


def test_a_mask_is_near_the_top_of_each_on_shapes() -> None:
    """And a random map is at chance."""
    drawn = draw(20, 32, 0.3, seed=3)
    assert drawn.masks is not None
    best: dict[str, list[float]] = {name: [] for name in ALL}
    chance: dict[str, list[float]] = {name: [] for name in ALL}
    for i, mask in enumerate(torch.from_numpy(drawn.masks)):
        pixels = torch.from_numpy(drawn.pixels[i]).permute(2, 0, 1)[None] / 255
        given = picture_input(LinearPictures(torch.zeros(3, 32, 32)), pixels)
        generator = torch.Generator().manual_seed(i)
        soft = mask + 0.1 * torch.rand(mask.shape, generator=generator)
        noise = torch.rand(mask.shape, generator=generator)
        for values, found in ((soft, best), (noise, chance)):
            case = Case(given, values[None], True, truth=mask)
            for name in ALL:
                found[name].append(judged(name, case).value)
    share = float(drawn.masks.mean())
    for name in ALL:
        least = 0.6 if name == "relevance-mass" else 0.95
        assert np.mean(best[name]) > least
        at_chance = 0.5 if name == "area-under-roc" else share
        assert np.mean(chance[name]) == pytest.approx(at_chance, abs=0.2)


def test_the_mask_itself_is_the_best_map_of_each() -> None:
    _, truth = fixed(0)
    case = replace(linear_case(truth[None].float()), truth=truth, _parts={}, shared={})
    for name in ALL:
        assert judged(name, case).value == 1


def test_a_model_that_ignores_half_the_picture() -> None:
    """What its gradient marks is in the other half, all of it."""
    weights = torch.randn((3, SIDE, SIDE), generator=torch.Generator().manual_seed(0))
    weights[:, :, SIDE // 2 :] = 0
    given = picture_input(LinearPictures(weights), picture())
    seen = torch.zeros((SIDE, SIDE), dtype=torch.bool)
    seen[:, : SIDE // 2] = True
    case = replace(explained(given, "saliency"), truth=seen, _parts={}, shared={})
    for name in ALL:
        assert judged(name, case).value == pytest.approx(1)


def test_of_texts_and_series() -> None:
    weights = torch.ones((8, 3))
    for given in (text_input(), series_input(weights)):
        case = explained(given, "input-x-gradient")
        truth = case.strengths >= case.strengths.flatten().sort().values[-2]
        case = replace(case, truth=truth, _parts={}, shared={})
        for name in ALL:
            assert 0 <= judged(name, case).value <= 1
        assert judged("area-under-roc", case).value == 1


@pytest.mark.parametrize("name", ALL)
def test_without_a_truth_it_is_told(name: str) -> None:
    values, truth = fixed(0)
    with pytest.raises(Incompatible, match="where the evidence is, is not known of this input"):
        judged(name, linear_case(values[None]))
    for mask, where in ((truth | True, "everywhere"), (truth & False, "nowhere")):
        case = replace(linear_case(values[None]), truth=mask, _parts={}, shared={})
        with pytest.raises(Incompatible, match=f"the evidence is {where}: no map can miss it"):
            judged(name, case)
    case = replace(linear_case(values[None]), truth=truth[:5], _parts={}, shared={})
    with pytest.raises(BadInput, match=r"the mask of the evidence is of shape \(5, 12\)"):
        judged(name, case)


def test_a_map_that_only_speaks_against_is_told() -> None:
    values, truth = fixed(0)
    case = replace(linear_case(-values[None]), truth=truth, _parts={}, shared={})
    found = judged("relevance-mass", case)
    assert found.value == 0
    assert found.note == "No value of the map speaks for the target."
