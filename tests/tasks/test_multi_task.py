"""Several heads: the papers' formulas by hand, what is masked, how gradients agree."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import dlexplain.networks  # noqa: F401, registers them
from dlexplain.errors import BadInput
from dlexplain.networks.base import ARCHITECTURES, PictureShape
from dlexplain.params import parse
from dlexplain.tasks.base import Training
from dlexplain.tasks.modules.multi_task import MultiTaskPictures
from dlexplain.tasks.modules.weighting import (
    LEAST,
    Fixed,
    GradNorm,
    Uncertainty,
    cosines,
    heads_layer,
    shared_weights,
    weighting_of,
)
from dlexplain.tasks.multi_task import Params, accuracy_of, read_weights

FACTS: dict[str, Any] = {
    "heads": {"form": ["circle", "star", "cross"], "colour": ["red", "blue"]},
    "mean": 0.0,
    "scale": 1.0,
    "sizes": {"test": 4},
}


def task(**params: Any) -> MultiTaskPictures:
    """The network is the identity, so x is the outputs."""
    found = MultiTaskPictures(nn.Identity(), FACTS, parse(Params, params), Training(), 2)
    return found.train()


def cross_entropy(row: list[float], label: int) -> float:
    return math.log(sum(map(math.exp, row))) - row[label]


OUTPUTS = [[2.0, 0.0, 1.0, 0.5, -1.0], [0.0, 3.0, 0.0, 1.0, 2.0]]


def batch(labels: list[list[int]]) -> dict[str, Any]:
    return {"x": torch.tensor(OUTPUTS, requires_grad=True), "y": torch.tensor(labels)}


def test_each_head_has_the_cross_entropy_of_its_own_part() -> None:
    loss, numbers = task(weights="colour=0.5").loss(batch([[0, 1], [2, 1]]))
    form = (cross_entropy(OUTPUTS[0][:3], 0) + cross_entropy(OUTPUTS[1][:3], 2)) / 2
    colour = (cross_entropy(OUTPUTS[0][3:], 1) + cross_entropy(OUTPUTS[1][3:], 1)) / 2
    assert float(numbers["loss_of_form"]) == pytest.approx(form)
    assert float(numbers["loss_of_colour"]) == pytest.approx(colour)
    assert loss.item() == pytest.approx(form + 0.5 * colour)
    assert float(numbers["accuracy_all_heads"]) == 0.0  # each example has one head wrong


def test_a_missing_label_is_in_no_loss_and_in_no_metric() -> None:
    given = batch([[0, -1], [-1, 1]])
    loss, numbers = task().loss(given)
    form, colour = cross_entropy(OUTPUTS[0][:3], 0), cross_entropy(OUTPUTS[1][3:], 1)
    assert loss.item() == pytest.approx(form + colour)
    assert float(numbers["accuracy_all_heads"]) == 1.0
    loss.backward()  # type: ignore[no-untyped-call]
    gradient = given["x"].grad
    assert (gradient[0, 3:] == 0).all() and (gradient[1, :3] == 0).all()
    assert (gradient[0, :3] != 0).all() and (gradient[1, 3:] != 0).all()


def test_a_head_without_a_label_in_the_batch_counts_nothing() -> None:
    given = batch([[0, -1], [2, -1]])
    loss, numbers = task().loss(given)
    form = (cross_entropy(OUTPUTS[0][:3], 0) + cross_entropy(OUTPUTS[1][:3], 2)) / 2
    assert loss.item() == pytest.approx(form)
    assert float(numbers["loss_of_colour"]) == 0.0
    loss.backward()  # type: ignore[no-untyped-call]
    assert (given["x"].grad[:, 3:] == 0).all()


def test_a_mixed_batch_is_mixed_in_every_head() -> None:
    mixed = {**batch([[0, 1], [2, 1]]), "y2": torch.tensor([[1, 0], [1, 0]]), "weight": 0.7}
    first = task().loss(batch([[0, 1], [2, 1]]))[0].item()
    second = task().loss(batch([[1, 0], [1, 0]]))[0].item()
    assert task().loss(mixed)[0].item() == pytest.approx(0.7 * first + 0.3 * second)


def test_accuracies_are_of_known_labels_only() -> None:
    found = task()
    found.on_validation_epoch_start()
    found._count(torch.tensor(OUTPUTS), torch.tensor([[0, -1], [2, 1]]))
    assert found._accuracies() == {
        "accuracy_of_form": 0.5,  # right, wrong
        "accuracy_of_colour": 1.0,  # of one
        "accuracy_all_heads": 0.5,
    }


def test_uncertainty_is_the_papers_formula() -> None:
    """Kendall et al. 2018, equation 10 with s = log σ²."""
    weighting = Uncertainty(2)
    with torch.no_grad():
        weighting.log_variances.copy_(torch.tensor([0.0, math.log(4)]))
    losses = [torch.tensor(2.0), torch.tensor(3.0)]
    total = weighting(losses, None)
    assert total.item() == pytest.approx(2 + 0 + 3 / 4 + math.log(4) / 2)
    total.backward()
    wanted = [-2 + 0.5, -3 / 4 + 0.5]
    assert weighting.log_variances.grad is not None
    assert weighting.log_variances.grad.tolist() == pytest.approx(wanted)
    assert weighting.weights.tolist() == pytest.approx([1, 0.25])


def test_uncertainty_settles_where_the_weight_is_half_of_one_over_the_loss() -> None:
    weighting = Uncertainty(1)
    optimiser = torch.optim.SGD(weighting.parameters(), lr=0.5)
    for _ in range(200):
        optimiser.zero_grad()
        weighting([torch.tensor(0.2)], None).backward()
        optimiser.step()
    assert weighting.weights.tolist() == pytest.approx([1 / (2 * 0.2)], rel=1e-4)


def test_a_step_of_gradnorm_by_hand() -> None:
    """Weights 1 and 1, gradients of norm 1 and 3, losses 1 of 2 and 2 of 2, α = 1, rate 0.1: the
    mean norm is 2, the paces are 0.5 / 0.75 and 1 / 0.75, so the norms wanted are 4/3 and 8/3; the
    first weight rises by 0.1 x 1, the second falls by 0.1 x 3, and both are scaled to sum to 2."""
    weighting = GradNorm(2, asymmetry=1.0, rate=0.1)
    weighting.first.copy_(torch.tensor([2.0, 2.0]))
    moved = weighting.moved(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 2.0]))
    assert moved.tolist() == pytest.approx([1.1 * 2 / 1.8, 0.7 * 2 / 1.8])


def test_gradnorm_weighs_by_the_weights_before_its_step() -> None:
    shared = nn.Parameter(torch.tensor([[2.0]]))
    weighting = GradNorm(2, asymmetry=1.5, rate=0.1)
    total = weighting([shared.sum(), 3 * shared.sum()], shared)
    assert total.item() == 2 + 6  # both weights were 1
    assert weighting.first.tolist() == [2, 6]
    # Paces are 1 at the first step: norms 1 and 3 are both drawn to their mean, 2.
    assert weighting.weights.tolist() == pytest.approx([1.1 * 2 / 1.8, 0.7 * 2 / 1.8])
    total.backward()
    assert shared.grad is not None and shared.grad.item() == pytest.approx(4)


def test_gradnorm_never_forgets_a_head_and_sums_to_their_number() -> None:
    weighting = GradNorm(3, asymmetry=0.0, rate=1.0)
    weighting.first.copy_(torch.ones(3))
    for _ in range(20):
        weighting.current.copy_(weighting.moved(torch.tensor([9.0, 1.0, 1.0]), torch.ones(3)))
        assert weighting.weights.sum().item() == pytest.approx(3)
        assert (weighting.weights >= LEAST / 3).all()


def test_gradnorm_evens_out_the_gradients() -> None:
    """With α = 0 and constant norms 1 and 4 the weighted norms meet."""
    weighting = GradNorm(2, asymmetry=0.0, rate=0.005)
    weighting.first.copy_(torch.ones(2))
    norms = torch.tensor([1.0, 4.0])
    for _ in range(500):
        weighting.current.copy_(weighting.moved(norms, torch.ones(2)))
    weighted = (weighting.weights * norms).tolist()
    assert weighted == pytest.approx([1.6, 1.6], rel=0.05)  # 2 = w + w / 4


def test_cosines_of_gradients_by_hand() -> None:
    shared = nn.Parameter(torch.tensor([1.0, 1.0]))
    own = nn.Parameter(torch.tensor([1.0]))
    losses = [
        shared @ torch.tensor([1.0, 0.0]),
        shared @ torch.tensor([3.0, 4.0]) + own.sum(),
        -(shared @ torch.tensor([2.0, 0.0])),
        own.sum(),
    ]
    found = cosines(losses, [shared])
    assert found[0, 1].item() == pytest.approx(0.6)
    assert found[0, 2].item() == pytest.approx(-1)
    assert math.isnan(found[0, 3].item())  # it does not share


@pytest.mark.parametrize("name", [a.name for a in ARCHITECTURES.values()
                                  if "classify-image" in a.tasks and not a.file])  # fmt: skip
def test_what_heads_share_of_every_architecture(name: str) -> None:
    """The loss of one head moves no row of another in the last layer, and moves what is shared."""
    architecture = ARCHITECTURES[name]
    torch.manual_seed(0)
    network = architecture.build(PictureShape(3, 32, 7), architecture.Params())
    layer, shared = heads_layer(network, 7), shared_weights(network, 7)
    assert layer is not None
    weight = next(p for p in layer.parameters() if p.ndim >= 2)
    assert len(weight) == 7 and all(p is not weight for p in shared)
    outputs: Tensor = network.train()(torch.randn(4, 3, 32, 32))
    outputs[:, :3].square().sum().backward()  # type: ignore[no-untyped-call]
    assert weight.grad is not None
    assert (weight.grad[3:] == 0).all() and bool((weight.grad[:3] != 0).any())
    last = next(p for p in reversed(shared) if p.ndim >= 2)
    assert last.grad is not None and bool((last.grad != 0).any())


def test_weights_are_read() -> None:
    heads = ["form", "larger-than-four"]
    assert read_weights("", heads) == (1.0, 1.0)
    assert read_weights("larger-than-four = 0.5,", heads) == (1.0, 0.5)
    assert isinstance(weighting_of(parse(Params, {}), heads), Fixed)


@pytest.mark.parametrize(
    ("weights", "told"),
    [
        ("shade=2", "known: form, colour"),
        ("form", "known: form, colour"),
        ("form=0", 'the weight of form is "0"; a number above 0 is accepted'),
        ("form=much", 'the weight of form is "much"'),
        ("form=inf", "a number above 0"),
    ],
)
def test_weights_that_do_not_fit_are_named(weights: str, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        read_weights(weights, ["form", "colour"])


def test_a_heads_metric_has_a_name_that_mlflow_takes() -> None:
    assert accuracy_of("larger-than-four (of 9)") == "accuracy_of_larger_than_four__of_9_"
