"""Metrics of faithfulness against Quantus, Captum and values computed by hand."""

import captum.metrics
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.intervals import of_correlation
from dlexplain.evaluation.metrics.comprehensiveness import (
    SHARES,
    Comprehensiveness,
    RationaleParams,
    Sufficiency,
    mean_fall,
    stretches,
)
from dlexplain.evaluation.metrics.faithfulness_correlation import correlation
from dlexplain.evaluation.metrics.infidelity import Infidelity, InfidelityParams, squared_errors
from dlexplain.evaluation.metrics.road import RoadMost, RoadParams, road_shares, with_noise
from dlexplain.evaluation.removal import answers_without, counts
from dlexplain.evaluation.subsets import drops_without, neighbours, of_size, sums_over
from dlexplain.explainers.base import seeded
from dlexplain.explainers.inputs.picture import LINEAR
from dlexplain.explainers.inputs.series import blocks
from tests.evaluation.cases import (
    SIDE,
    LinearPictures,
    linear_case,
    picture,
    picture_input,
    series_input,
    weights_of_pictures,
)
from tests.evaluation.text_cases import WORDS, exact_values, text_case
from tests.explainers.test_texts import WEIGHTS
from tests.quantus_metrics import quantus

PIXELS = SIDE * SIDE
EVEN = tuple((np.arange(1, 17) / 16).tolist())


class Curved(nn.Module):
    """Two classes, not linear, of one channel or more."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(9)
        self.weights = nn.Parameter(torch.randn((8, channels * PIXELS), generator=generator) / 6)
        self.out = nn.Parameter(torch.randn((2, 8), generator=generator))

    def forward(self, x: Tensor) -> Tensor:
        return (x.flatten(1) @ self.weights.T).tanh() @ self.out.T


def curved_case(channels: int, values: Tensor | None = None) -> Case:
    inputs = picture()[:, :channels]
    given = picture_input(Curved(channels), inputs)
    drawn = torch.randn((1, SIDE, SIDE), generator=torch.Generator().manual_seed(4))
    return Case(given, drawn if values is None else values, True)


def asked(case: Case, inputs: Tensor, attributions: Tensor) -> dict[str, object]:
    """What Quantus is called with."""
    return {
        "model": case.given.network,
        "x_batch": inputs.numpy(),
        "y_batch": np.array([0]),
        "a_batch": attributions.numpy()[None],
        "device": "cpu",
        "channel_first": True,
    }


@pytest.mark.parametrize("fill", ["black", "white"])
def test_deletion_is_quantus_pixel_flipping(fill: str) -> None:
    case = curved_case(1)
    step = PIXELS // 16
    metric = quantus.PixelFlipping(
        features_in_step=step, perturb_baseline={"black": 0.0, "white": 1.0}[fill],
        normalise=False, disable_warnings=True,
    )  # fmt: skip
    theirs = metric(**asked(case, picture()[:, :1], case.values))[0]
    ours = answers_without(case, case.weights()[None], EVEN, fill)[0]
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_road_is_quantus_road_without_noise() -> None:
    """Quantus says whether the class is still said; of a pictures' one channel, since its indices
    of more channels lie beyond what it imputes."""
    case = curved_case(1)
    percentages = list(range(10, 100, 10))
    metric = quantus.ROAD(
        percentages=percentages, noise=0.0, normalise=False, disable_warnings=True
    )
    theirs = metric(**asked(case, picture()[:, :1], case.values))
    shares = [int(PIXELS * p / 100) / PIXELS for p in percentages]
    ours = answers_without(case, case.weights()[None], shares, LINEAR)[0]
    assert {p: float(answer > 0.5) for p, answer in zip(percentages, ours, strict=True)} == theirs
    assert {0.0, 1.0} == set(theirs.values())


def test_road_asks_for_what_quantus_imputes() -> None:
    """Of three channels, the same answers as of its pictures."""
    case = linear_case()
    order = case.weights().argsort(descending=True).numpy()
    shares = road_shares(9)
    ours = answers_without(case, case.weights()[None], shares.tolist(), LINEAR)[0]
    for share, answer in zip(shares, ours, strict=True):
        gone = order[: round(share * PIXELS)]
        imputed = quantus.noisy_linear_imputation(picture()[0].numpy(), gone, noise=0.0)
        with torch.inference_mode():
            logits = case.given.network(torch.from_numpy(imputed)[None].float())
        assert answer == pytest.approx(float(logits.softmax(1)[0, 0]), abs=1e-3)


def test_noise_falls_on_what_is_imputed_and_is_the_same_each_time() -> None:
    case = linear_case()
    parts = case.parts(LINEAR)
    on = torch.rand((2, PIXELS), generator=torch.Generator().manual_seed(0)) < 0.5
    which = torch.zeros(2, dtype=torch.int64)
    plain = parts.make(on, which)
    noisy = [with_noise(parts, picture(), 0.1, seed).make(on, which) for seed in (1, 1, 2)]
    assert torch.equal(noisy[0], noisy[1])
    assert not torch.equal(noisy[0], noisy[2])
    moved = (noisy[0] - plain).permute(0, 2, 3, 1).reshape(2, PIXELS, 3)
    assert (moved[on] == 0).all()
    assert float(moved[~on].std()) == pytest.approx(0.1, rel=0.15)
    both = moved[0][~on[0] & ~on[1]], moved[1][~on[0] & ~on[1]]
    torch.testing.assert_close(*both)


def test_road_has_a_seed_and_counts() -> None:
    found = [RoadMost().judge(linear_case(seed=s), RoadParams(points=3, maps=4)) for s in (0, 0, 1)]
    assert found[0].value == found[1].value != found[2].value
    assert found[0].evaluations == 3 * 5
    assert road_shares(1).tolist() == [0.5]


@pytest.mark.parametrize("normalised", [False, True])
@pytest.mark.parametrize("kind", ["picture", "series", "text"])
def test_infidelity_is_captums(kind: str, normalised: bool) -> None:
    """Of the same parts taken away: there I is 1 where something is taken and Φ the map."""
    cases = {"picture": curved_case(3), "text": text_case(exact_values() + 0.3)}
    weights = torch.randn((6, 2), generator=torch.Generator().manual_seed(2))
    given = series_input(weights)
    cases["series"] = Case(given, (weights * given.x[0]).exp(), True)
    case = cases[kind]
    fill = case.given.fills[0]
    parts = case.parts(fill)
    taken = neighbours(50, parts.labels, kind, seeded(1))
    drops = drops_without(case, taken, fill)
    sums = sums_over(case.weights()[None], taken)
    ours = float(squared_errors(sums, drops, normalised)[0].mean())

    def changed(inputs: Tensor) -> tuple[Tensor, Tensor]:
        return taken.float()[:, None], (~taken).float()[:, None]

    def score(on: Tensor) -> Tensor:
        made = parts.make(on[:, 0].bool(), torch.zeros(len(on), dtype=torch.int64))
        return case.given.target.score(parts.evaluator.model.module(made))

    whole = torch.ones((1, 1, parts.count))
    theirs = captum.metrics.infidelity(
        score, changed, whole, case.weights()[None, None], n_perturb_samples=50,
        normalize=normalised,
    )  # fmt: skip
    assert ours == pytest.approx(float(theirs), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("normalised", [False, True])
def test_infidelity_of_noise_is_captums(normalised: bool) -> None:
    case = curved_case(3, torch.randn((3, SIDE, SIDE), generator=torch.Generator().manual_seed(4)))
    params = InfidelityParams(samples=40, change="noise", normalised=normalised)
    found = Infidelity().judge(case, params)
    inputs = picture()
    noise = (
        0.1
        * float(inputs.std(correction=0))
        * torch.randn((40, 3, SIDE, SIDE), generator=seeded(case.seed + 3))
    )
    theirs = captum.metrics.infidelity(
        case.given.network, lambda x: (noise, x - noise), inputs, case.values[None], target=0,
        n_perturb_samples=40, normalize=normalised,
    )  # fmt: skip
    assert found.value == pytest.approx(float(theirs), rel=1e-3)
    assert found.found.low <= found.value <= found.found.high
    assert len(found.found.random) == 16
    assert found.evaluations == 41


def test_a_gradient_is_exact_of_small_noise() -> None:
    """By hand: of a linear model the gradient says what any change does."""
    weights = weights_of_pictures()
    case = Case(picture_input(LinearPictures(weights), picture()), weights, True)
    found = Infidelity().judge(case, InfidelityParams(change="noise", normalised=False))
    assert found.value == pytest.approx(0, abs=1e-9)
    assert min(found.found.random) > 1e-4


def test_noise_and_a_map_of_words_do_not_go_together() -> None:
    with pytest.raises(Incompatible, match=r"the map has the shape \(9,\) and the input \(9, 2\)"):
        Infidelity().judge(text_case(), InfidelityParams(change="noise"))


def test_infidelity_by_hand() -> None:
    sums, drops = torch.tensor([[1.0, 2.0, 0.0]]), torch.tensor([2.0, 2.0, 1.0])
    assert squared_errors(sums, drops).tolist() == [[1.0, 0.0, 1.0]]
    # The best factor is (2 + 4) / (1 + 4) = 1.2.
    expected = [0.8**2, 0.4**2, 1.0]
    assert squared_errors(sums, drops, True)[0].tolist() == pytest.approx(expected)
    assert squared_errors(0 * sums, drops, True)[0].tolist() == [4.0, 4.0, 1.0]


def test_faithfulness_correlation_is_quantus_of_the_same_subsets() -> None:
    case = curved_case(1)
    size, runs = 20, 60
    metric = quantus.FaithfulnessCorrelation(
        nr_runs=runs, subset_size=size, perturb_baseline=0.0, normalise=False,
        disable_warnings=True,
    )  # fmt: skip
    np.random.seed(3)
    theirs = metric(**asked(case, picture()[:, :1], case.values))[0]
    np.random.seed(3)
    taken = torch.zeros((runs, PIXELS), dtype=torch.bool)
    for row in taken:
        row[torch.from_numpy(np.random.choice(PIXELS, size, replace=False))] = True
    drops = drops_without(case, taken, "black")
    ours = correlation(sums_over(case.weights()[None], taken), drops)[0]
    assert float(ours) == pytest.approx(theirs, abs=1e-5)


def test_correlation_by_hand() -> None:
    sums = torch.tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0], [5.0, 5.0, 5.0], [1.0, 0.0, 1.0]])
    found = correlation(sums.double(), torch.tensor([2.0, 4.0, 6.0]).double())
    assert found.tolist() == pytest.approx([1, -1, 0, 0])


def test_the_interval_of_a_correlation() -> None:
    """By hand: artanh(0.5) = 0.5493, 1.96 / sqrt(97) = 0.1990."""
    assert of_correlation(0.5, 100) == pytest.approx((0.3366, 0.6341), abs=1e-4)
    assert of_correlation(1.0, 100) == (1.0, 1.0)


def test_subsets_have_their_size_and_lie_together() -> None:
    found = of_size(50, 30, 7, seeded(0))
    assert found.sum(1).tolist() == [7] * 50
    assert found.any(0).all()
    squares = neighbours(50, torch.arange(PIXELS).view(1, SIDE, SIDE), "picture", seeded(0))
    for square in squares.view(-1, SIDE, SIDE):
        rows, columns = square.any(1).sum(), square.any(0).sum()
        assert 1 <= rows == columns <= SIDE // 2
        assert square.sum() == rows * columns


def sigmoid(x: float) -> float:
    return float(1 / (1 + np.exp(-x)))


def test_comprehensiveness_and_sufficiency_by_hand() -> None:
    """Of 8 words 1, 1, 1, 2 and 4 are taken; those with the largest weights are 2.5, 1.5, 1.5 and
    0.25 twice, and what is said is the sigmoid of the sum that is left."""
    case = text_case()
    total = sum(WEIGHTS[word] for word in WORDS)
    assert case.said == pytest.approx(sigmoid(total), abs=1e-6)
    sums = (2.5, 2.5, 2.5, 4.0, 5.75)
    assert counts(SHARES.tolist(), 8, 1) == [1, 1, 1, 2, 4]
    without = answers_without(case, case.weights()[None], SHARES.tolist(), least=1)[0]
    alone = answers_without(case, case.weights()[None], SHARES.tolist(), keep=True, least=1)[0]
    np.testing.assert_allclose(without, [sigmoid(total - taken) for taken in sums], atol=1e-6)
    np.testing.assert_allclose(alone, [sigmoid(taken) for taken in sums], atol=1e-6)
    expected = np.mean([sigmoid(total) - sigmoid(total - taken) for taken in sums])
    assert mean_fall(case.said, without) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("metric", "sign"), [(Comprehensiveness(), 1), (Sufficiency(), -1)])
def test_the_gain_is_over_random_orders(metric: Comprehensiveness, sign: int) -> None:
    found = metric.judge(text_case(), RationaleParams(maps=12)).found
    (curve,) = found.curves
    said = text_case().said
    own, random = mean_fall(said, curve.answers), mean_fall(said, curve.random)
    assert found.value == pytest.approx(sign * (own - random.mean()))
    assert found.n == 12
    assert curve.shares.tolist() == SHARES.tolist()


def test_of_a_series_stretches_are_taken() -> None:
    labels = blocks(7, 2, 1)
    groups = stretches(labels)
    grouped = groups[labels]
    assert grouped[:, 0].tolist() == [2, 1, 1, 1, 0, 0, 0]
    assert grouped[:, 1].tolist() == [5, 4, 4, 4, 3, 3, 3]


def test_of_a_series_the_stretch_that_counts_is_what_is_missing() -> None:
    weights = torch.zeros((9, 1))
    weights[3:6] = 1.0
    given = series_input(weights)
    case = Case(given, weights + 0.01 * torch.rand((9, 1)), True)
    groups = stretches(case.parts().labels)
    sums = torch.zeros((1, 3)).index_add_(1, groups, case.weights()[None])
    found = answers_without(case, sums, [0.01], least=1, groups=groups)[0]
    assert found[0] == pytest.approx(0.0, abs=1e-6)
    assert case.said == pytest.approx(float(given.x[0, 3:6].sum()), abs=1e-5)
