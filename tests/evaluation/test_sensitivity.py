"""Sensitivities against Captum and Quantus on the same points, and against values by hand."""

import captum.attr
import captum.metrics
import numpy as np
import pytest
import torch
from torch import Tensor

from dlexplain.errors import BadInput, Incompatible
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.metrics.sensitivity import (
    LocalLipschitz,
    MaxSensitivity,
    NearbyParams,
    lipschitz_ratios,
    maps_nearby,
    sensitivities,
)
from dlexplain.evaluation.nearby import values_at
from dlexplain.explainers.base import METHODS
from tests.evaluation.cases import (
    SIDE,
    LinearPictures,
    explained,
    judged,
    picture,
    picture_input,
    series_input,
    small_case,
    small_net,
    text_input,
    weights_of_pictures,
)
from tests.quantus_metrics import quantus

ALL = ("max-sensitivity", "average-sensitivity", "local-lipschitz")
PARAMS = NearbyParams(samples=6, radius=0.1)


def test_by_hand() -> None:
    values = torch.tensor([3.0, 4.0])  # 5 long
    near = torch.tensor([[3.0, 4.0], [0.0, 0.0], [3.0, 5.0]])
    assert sensitivities(values, near).tolist() == pytest.approx([0, 1, 0.2])
    steps = torch.tensor([[1.0, 0.0], [0.0, 2.0], [0.6, 0.8]])
    # scaled: (0.75, 1) against (0.75, 1), (0, 0) and (0.6, 1)
    expected = [0, 1.25 / 2, 0.15]
    assert lipschitz_ratios(values, near, steps).tolist() == pytest.approx(expected)


@pytest.mark.parametrize("method", ["saliency", "input-x-gradient", "grad-cam"])
def test_maximum_is_captums_on_the_same_points(method: str) -> None:
    case = small_case(method, seed=3)
    _, steps = maps_nearby(case, PARAMS)
    x = picture(3)

    def explanation(inputs: Tensor | tuple[Tensor]) -> Tensor | tuple[Tensor]:
        if isinstance(inputs, tuple):
            return (explanation(inputs[0]),)
        given = [picture_input(small_net(), one[None]) for one in inputs]
        return torch.stack([explained(one, method).values for one in given])

    theirs = captum.metrics.sensitivity_max(
        explanation,
        x,
        perturb_func=lambda inputs: inputs + steps,
        n_perturb_samples=PARAMS.samples,
    )
    ours = judged("max-sensitivity", case, samples=6, radius=0.1)
    assert ours.value == pytest.approx(float(theirs), rel=1e-4)
    assert ours.value > 0.01


def test_of_captums_own_integrated_gradients() -> None:
    case = small_case("integrated-gradients", seed=1, steps=40, tolerance=1.0, baseline="black")
    _, steps = maps_nearby(case, PARAMS)
    network = case.given.network
    theirs = captum.metrics.sensitivity_max(
        captum.attr.IntegratedGradients(network).attribute,
        picture(1),
        perturb_func=lambda inputs: inputs + steps,
        n_perturb_samples=PARAMS.samples,
        target=0,
        n_steps=40,
        method="gausslegendre",
    )
    ours = judged("max-sensitivity", case, samples=6, radius=0.1)
    assert ours.value == pytest.approx(float(theirs), rel=1e-4)


def of_quantus(metric: type, case: Case, **params: object) -> float:
    """Quantus on the points of the case, one after the other, of maps that were made before."""
    near, steps = maps_nearby(case, PARAMS)
    _, x = case.given.differentiable()
    points, maps = iter((x + steps).numpy()), iter(near.numpy())
    judge = metric(
        nr_samples=PARAMS.samples,
        perturb_func=lambda arr, indices, **_: next(points).reshape(1, -1),
        abs=False,
        disable_warnings=True,
        return_aggregate=False,
        **params,
    )
    (found,) = judge(
        case.given.network,
        x.numpy(),
        np.array([0]),
        a_batch=case.values[None].numpy(),
        explain_func=lambda **_: next(maps)[None],
    )
    return float(found)


@pytest.mark.parametrize("method", ["input-x-gradient", "saliency"])
def test_all_are_quantus_on_the_same_points(method: str) -> None:
    case = small_case(method, seed=2)
    kinds = {
        "max-sensitivity": (quantus.MaxSensitivity, {"normalise": False}),
        "average-sensitivity": (quantus.AvgSensitivity, {"normalise": False}),
        "local-lipschitz": (quantus.LocalLipschitzEstimate, {}),
    }
    for name, (metric, params) in kinds.items():
        ours = judged(name, case, samples=6, radius=0.1)
        assert ours.value == pytest.approx(of_quantus(metric, case, **params), rel=1e-4)


PATCHES = {"window": 4, "stride": 2}


@pytest.mark.parametrize("method", ["saliency", "grad-cam", "integrated-gradients", "occlusion"])
def test_many_points_at_once_are_each_by_itself(method: str) -> None:
    case = small_case(method, **(PATCHES if method == "occlusion" else {}))
    points = torch.cat([picture(seed) for seed in range(5)])
    together = values_at(case, points)
    for point, found in zip(points, together, strict=True):
        alone = METHODS[method].explain(case.given.at(point[None]), case.request)
        torch.testing.assert_close(found, torch.from_numpy(alone.values), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", ["input-x-gradient", "integrated-gradients", "lime"])
def test_of_texts_and_series_each_point_by_itself(method: str) -> None:
    weights = torch.randn((8, 3), generator=torch.Generator().manual_seed(1))
    for given in (text_input(), series_input(weights)):
        case = explained(given, method)
        _, x = given.differentiable()
        noise = torch.randn((3, *x.shape[1:]), generator=torch.Generator().manual_seed(2))
        points = x + 0.3 * noise
        for point, found in zip(points, values_at(case, points), strict=True):
            alone = METHODS[method].explain(given.at(point[None]), case.request)
            torch.testing.assert_close(found, torch.from_numpy(alone.values))


def test_a_moved_text_is_compared_with_blanks_that_stay() -> None:
    given = text_input()
    _, x = given.differentiable()
    moved = given.at(x + 1)
    _, there = moved.differentiable()
    torch.testing.assert_close(there, x + 1)
    torch.testing.assert_close(
        moved.plain_baseline("blank", there), given.plain_baseline("blank", x)
    )


def test_a_linear_model_by_hand() -> None:
    """Its gradient stays where it is; of input times gradient the move is that of the input."""
    weights, x = weights_of_pictures(), picture()
    given = picture_input(LinearPictures(weights), x)
    assert judged("max-sensitivity", explained(given, "saliency")).value == 0
    case = explained(given, "input-x-gradient")
    _, steps = maps_nearby(case, NearbyParams())
    moves = (weights * steps).flatten(1).norm(dim=1) / (weights * x[0]).norm()
    assert judged("max-sensitivity", case).value == pytest.approx(float(moves.max()), rel=1e-4)
    found = judged("average-sensitivity", case)
    assert found.value == pytest.approx(float(moves.mean()), rel=1e-4)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.value <= found.high
    assert found.n == 10


@pytest.mark.parametrize("name", ALL)
def test_the_radius_is_a_share_of_the_spread(name: str) -> None:
    weights = torch.randn((8, 3), generator=torch.Generator().manual_seed(1))
    text = text_input()
    for given, spread in (
        (picture_input(small_net(), picture()), 1.0),
        (text, float(text.differentiable()[1].std(unbiased=False))),
        (series_input(weights), 1.0),
    ):
        case = explained(given, "input-x-gradient")
        assert judged(name, case, radius=0.5).value > 0
        _, steps = maps_nearby(case, NearbyParams(radius=0.5))
        assert 0.35 * spread < float(steps.abs().max()) <= 0.5 * spread


def test_points_are_explained_once_for_all_metrics() -> None:
    case = small_case("saliency")
    first = MaxSensitivity().judge(case, PARAMS)
    assert first.evaluations == PARAMS.samples
    assert LocalLipschitz().judge(case, PARAMS).evaluations == 0


def test_a_map_without_its_method_is_refused() -> None:
    case = Case(picture_input(small_net(), picture()), weights_of_pictures(), True)
    for name in ALL:
        with pytest.raises(Incompatible, match="came without their method"):
            judged(name, case)


def test_maps_that_are_no_numbers_are_told() -> None:
    case = small_case("input-x-gradient")
    points = picture().repeat(2, 1, 1, 1)
    points[0, 0, 0, 0] = torch.nan
    with pytest.raises(BadInput, match="1 of the 2 maps of inputs near this one are not finite"):
        values_at(case, points)


def test_a_text_of_equal_vectors_has_no_points_near_by() -> None:
    given = text_input((3, 5))
    case = explained(given, "input-x-gradient")
    with torch.no_grad():
        given.network.table.weight[:] = 0.5
    with pytest.raises(Incompatible, match="all numbers of the text are the same"):
        judged("max-sensitivity", case)


def test_the_side_is_that_of_the_pictures() -> None:
    assert small_case("saliency").values.shape == (3, SIDE, SIDE)
