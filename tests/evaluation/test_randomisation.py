"""Random weights: against Quantus' MPRT, scikit-image, by hand, and on constructed truth."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity as of_skimage
from torch import nn

import dlexplain as dx
from dlexplain.errors import Incompatible, ParamError
from dlexplain.evaluation.metrics.randomisation import RandomisationParams, measure_together
from dlexplain.evaluation.random_networks import layers_of, random_networks, redrawn
from dlexplain.evaluation.ranks import spearman
from dlexplain.evaluation.similarity import rank_correlations, sizes_alike, structural_similarity
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.prepare import prepare
from dlexplain.results.quality import LayerCurve
from dlexplain.services.quality.judging import quality
from tests.evaluation.cases import (
    SIDE,
    LinearPictures,
    explained,
    judged,
    linear_case,
    picture,
    picture_input,
    series_input,
    small_case,
    small_net,
    text_input,
    weights_of_pictures,
)
from tests.quantus_metrics import quantus

NAME = "parameter-randomisation"


@pytest.mark.parametrize("order", ["cascading", "independent"])
def test_it_is_quantus_mprt_with_weights_of_the_same_seed(order: str) -> None:
    case = small_case("saliency", seed=4)

    def explain(
        model: nn.Module, inputs: np.ndarray, targets: np.ndarray, **_: object
    ) -> np.ndarray:
        x = torch.from_numpy(inputs).float()
        given = case.given.of_network(model, "theirs").at(x)
        return case.again(given)[None].numpy()

    judge = quantus.MPRT(
        layer_order={"cascading": "top_down", "independent": "independent"}[order],
        seed=case.seed,
        disable_warnings=True,
    )
    theirs = judge(
        case.given.network,
        picture(4).numpy(),
        np.array([0]),
        a_batch=case.strengths[None, None].numpy(),
        explain_func=explain,
    )
    found = judged(NAME, case, order=order, draw="reset", steps=1000)
    (curve,) = found.curves
    assert isinstance(curve, LayerCurve)
    theirs.pop("original")
    assert set(curve.layers) == set(theirs)
    expected = [theirs[layer][0] for layer in curve.layers]
    np.testing.assert_allclose(curve.similarities[0], expected, atol=1e-4)


def test_structural_similarity_is_skimages() -> None:
    generator = torch.Generator().manual_seed(0)
    for shape in ((20, 30), (7, 9), (5, 11)):
        a = torch.rand(shape, generator=generator)
        b = 0.5 * a + 0.5 * torch.rand(shape, generator=generator)
        reach = float(max(a.max(), b.max()) - min(a.min(), b.min()))
        theirs = of_skimage(
            a.double().numpy(), b.double().numpy(), win_size=min(7, *shape), data_range=reach
        )
        assert structural_similarity(a, b) == pytest.approx(theirs, abs=1e-6)
        assert structural_similarity(a, a) == pytest.approx(1)
    with pytest.raises(Incompatible, match="at least 2 x 2 places; this one has 1 x 4"):
        structural_similarity(torch.rand(1, 4), torch.rand(1, 4))


def test_similarity_is_of_sizes_and_a_map_that_says_nothing_is_like_none() -> None:
    values = torch.tensor([[3.0, -2.0], [1.0, 0.5]])
    others = torch.stack([-values, 4 - values.abs(), torch.zeros(2, 2), values * torch.nan])
    for kind in ("spearman", "ssim"):
        found, empty = sizes_alike(values, others, kind)  # type: ignore[arg-type]
        assert float(found[0]) == pytest.approx(1)
        assert float(found[1]) < 0
        assert found[2:].tolist() == [0, 0]
        assert empty == 2


def test_rank_correlations_are_each_by_itself() -> None:
    drawn = torch.randn((5, 6, 7), generator=torch.Generator().manual_seed(0)).round(decimals=1)
    found, _ = rank_correlations(drawn[0], drawn)
    for one, other in zip(found.tolist(), drawn, strict=True):
        a, b = (x.flatten().double().numpy() for x in (drawn[0], other))
        assert one == pytest.approx(spearman(a, b))


def test_layers_get_weights_with_their_own_mean_and_deviation() -> None:
    network = nn.Sequential(nn.Linear(300, 200), nn.ReLU(), nn.Linear(200, 100))
    network[2].weight.data.add_(0.3)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    (first, second) = (
        (one.layers, {k: v.clone() for k, v in one.network.state_dict().items()})
        for one in random_networks(network, "cascading", "deviation", 10, seed=0)
    )
    assert (first[0], second[0]) == ("2", "0")
    assert torch.equal(first[1]["0.weight"], before["0.weight"])
    assert torch.equal(first[1]["2.weight"], second[1]["2.weight"])
    for name, value in second[1].items():
        if name.endswith("weight"):
            assert not torch.equal(value, before[name])
            assert float(value.mean()) == pytest.approx(float(before[name].mean()), abs=2e-3)
            assert float(value.std()) == pytest.approx(float(before[name].std()), rel=2e-2)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_weights_in_another_order_of_memory_are_drawn_and_infinite_ones_stay() -> None:
    network = nn.Sequential(nn.Conv2d(16, 32, 3), nn.Conv2d(32, 8, 3))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network[0].bias.data[3] = torch.inf
    own = {name: value.clone() for name, value in network.state_dict().items()}
    for one in random_networks(network, "cascading", "deviation", 1, seed=0):
        found = {name: value.clone() for name, value in one.network.state_dict().items()}
    assert torch.equal(found["0.bias"], own["0.bias"])
    for name in ("0.weight", "1.weight"):
        assert not torch.isclose(found[name], own[name]).all(0).any()
        assert float(found[name].std()) == pytest.approx(float(own[name].std()), rel=0.05)
    assert all(torch.equal(value, own[name]) for name, value in network.state_dict().items())


def test_all_weights_are_drawn_anew_each_time_as_their_own_are_spread() -> None:
    network = nn.Sequential(nn.Conv2d(16, 32, 3), nn.ReLU(), nn.Conv2d(32, 8, 3))
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    network[0].weight.data.add_(0.3)
    network[0].bias.data[3] = torch.inf
    own = {name: value.clone() for name, value in network.state_dict().items()}
    draws = [
        {name: value.clone() for name, value in one.state_dict().items()}
        for one in redrawn(network, 3, seed=5)
    ]
    for name in ("0.weight", "2.weight"):
        values = [own[name], *(draw[name] for draw in draws)]
        for value in values[1:]:
            assert float(value.mean()) == pytest.approx(float(own[name].mean()), abs=5e-3)
            assert float(value.std()) == pytest.approx(float(own[name].std()), rel=0.06)
        alike = np.corrcoef(np.stack([value.flatten().numpy() for value in values]))
        assert np.abs(alike - np.eye(4)).max() < 0.1  # none has to do with another
    assert all(torch.equal(draw["0.bias"], own["0.bias"]) for draw in draws)


def test_independent_steps_leave_the_other_layers() -> None:
    network = small_net()
    own = {name: value.clone() for name, value in network.state_dict().items()}
    for one in random_networks(network, "independent", "deviation", 10, seed=0):
        changed = {k for k, v in one.network.state_dict().items() if not torch.equal(v, own[k])}
        assert changed == {f"{one.layers}.weight", f"{one.layers}.bias"}


def test_few_steps_take_all_layers() -> None:
    network = nn.Sequential(*(nn.Linear(2, 2) for _ in range(5)))
    found = [one.layers for one in random_networks(network, "cascading", "deviation", 2, seed=0)]
    assert found == ["4 to 3", "2 to 0"]
    with pytest.raises(Incompatible, match="no layers with weights that could be drawn anew"):
        layers_of(nn.ReLU(), "deviation")


def test_the_generators_and_the_model_are_left_as_they_were() -> None:
    case = small_case("saliency")
    own = {k: v.clone() for k, v in case.given.network.state_dict().items()}
    torch.manual_seed(5)
    before = torch.get_rng_state()
    for draw in ("reset", "deviation"):
        judged(NAME, case, draw=draw)
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(v, own[k]) for k, v in case.given.network.state_dict().items())


class Edges(nn.Module):
    """A class's score is the sum of the picture, whatever the weights: its gradient times the
    picture is the picture, up to the weight's sign and size."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Linear(1, 2, bias=False)

    def forward(self, x):  # type: ignore[no-untyped-def]
        return self.scale(x.flatten(1).sum(1, keepdim=True))


def test_a_map_that_shows_the_picture_is_told() -> None:
    case = explained(picture_input(Edges(), picture()), "input-x-gradient")
    found = judged(NAME, case)
    assert found.value == pytest.approx(1)
    assert "The map hardly changes" in found.note


def test_steps_that_leave_the_map_as_it_is_are_told() -> None:
    """The second factor of a product moves no place of the map before the other."""
    net = nn.Sequential(small_net(), nn.Linear(4, 1, bias=False), nn.Linear(1, 2, bias=False))
    found = judged(NAME, explained(picture_input(net, picture()), "saliency"))
    assert found.note == (
        "1 of the 5 steps leave the map almost as it is, first random weights in 2."
    )


def test_the_map_of_a_linear_model_is_another_one() -> None:
    case = explained(picture_input(LinearPictures(weights_of_pictures()), picture()), "saliency")
    found = judged(NAME, case, draws=5)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.value <= found.high
    assert abs(found.value) < 0.2
    assert found.n == 5
    assert found.note == ""


def test_maps_that_say_nothing_count_as_no_similarity() -> None:
    """A ReLU whose weights are all random may be off everywhere."""
    case = small_case("grad-cam")
    given = case.given
    assert isinstance(given, PictureInput)
    off = replace(given, model=prepare(Off(), tuple(given.inputs.shape[1:]), (0.0, 1.0)))
    case = replace(case, given=off, shared={}, answered={}, _parts={})
    found = judged(NAME, case, steps=1)
    assert found.value == 0
    assert found.note.startswith("1 of the 1 maps of networks with random weights say nothing")


class Off(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, padding=1)
        self.last = nn.Linear(4, 4)

    def forward(self, x):  # type: ignore[no-untyped-def]
        return self.last(0 * self.first(x).mean((2, 3)))


@pytest.mark.parametrize("method", ["saliency", "grad-cam"])
def test_several_cases_together_are_each_by_itself(method: str) -> None:
    network = small_net()
    cases = [explained(picture_input(network, picture(i), target=i), method) for i in range(3)]
    cases = [replace(c, given=replace(c.given, model=cases[0].given.model)) for c in cases]
    params = RandomisationParams(steps=3)
    for one, case in zip(measure_together(cases, params), cases, strict=True):
        alone = judged(NAME, case, steps=3)
        np.testing.assert_allclose(
            one.curves[0].similarities, alone.curves[0].similarities, atol=2e-3
        )


def test_of_texts_and_series() -> None:
    weights = torch.randn((8, 3), generator=torch.Generator().manual_seed(1))
    for given in (text_input(), series_input(weights)):
        case = explained(given, "integrated-gradients")
        found = judged(NAME, case)
        assert -1 <= found.value < 0.9
        with pytest.raises(ParamError, match='similarity is "ssim", which compares neighbourhoods'):
            judged(NAME, case, similarity="ssim")
    layers = judged(NAME, explained(text_input(), "saliency")).curves[0].layers
    assert layers == ("last", "hidden", "table")


def test_random_labels_need_a_model_that_learnt_them() -> None:
    case = small_case("input-x-gradient")
    with pytest.raises(Incompatible, match="no model that learnt random labels is named"):
        judged("label-randomisation", case)
    rival = picture_input(small_net(seed=7), picture())
    found = judged("label-randomisation", replace(case, rival=rival, _parts={}, shared={}))
    a, b = (x.abs().flatten().double().numpy() for x in (case.strengths, case.again(rival)))
    assert found.value == pytest.approx(spearman(a, b))
    same = judged("label-randomisation", replace(case, rival=case.given, _parts={}, shared={}))
    assert same.value == pytest.approx(1)
    assert "learnt nothing but random labels" in same.note


def test_a_map_alone_is_refused() -> None:
    with pytest.raises(Incompatible, match="came without their method"):
        judged(NAME, linear_case())
    assert linear_case().strengths.shape == (SIDE, SIDE)


def test_guided_backpropagation_fails_it_and_grad_cam_and_integrated_gradients_do_not() -> None:
    """Adebayo et al. 2018, on the network of the zoo: with the weights of its classes random,
    guided gradients stay as they were, and through the cascade they stay the most alike."""
    model = dx.load("cifar10-resnet")
    means: dict[str, list[float]] = {}
    for name in ("chelsea", "rocket", "motorcycle"):
        sample = dx.read_sample(name)
        for method in ("guided-backprop", "grad-cam", "integrated-gradients"):
            params = {"steps": 16, "tolerance": 1.0} if method == "integrated-gradients" else {}
            found = dx.explain(model, sample, method, **params)
            (measured,) = quality(model, sample, found, [NAME])
            means.setdefault(method, []).append(measured.value)
            (curve,) = measured.found.curves
            assert isinstance(curve, LayerCurve)
            means.setdefault(f"{method}, head", []).append(float(curve.similarities[0, 0]))
    order = ("guided-backprop", "integrated-gradients", "grad-cam")
    guided, integrated, cam = (float(np.mean(means[method])) for method in order)
    assert guided > integrated + 0.2 > cam + 0.2
    assert np.mean(means["guided-backprop, head"]) > 0.9
    assert np.mean(means["integrated-gradients, head"]) < 0.7
    assert np.mean(means["grad-cam, head"]) < 0.7
