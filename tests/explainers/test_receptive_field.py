"""A unit's receptive field: by analysis as by gradient, at every unit, and by hand."""

import copy
import threading

import pytest
import torch
from torch import Tensor, nn

from dlexplain.explainers.layer_trace import Call, find_call, listening, trace
from dlexplain.explainers.receptive_field import Unit, by_geometry, by_gradient, effective
from dlexplain.networks.modules.efficientnet_lite0 import InvertedResidual, SameConv2d
from dlexplain.results import Rectangle
from tests.explainers.test_layer_trace import ready

SIDE = 21


class Sum(nn.Module):
    """Of a path that sees much and one that sees a pixel."""

    def __init__(self) -> None:
        super().__init__()
        self.long = nn.Sequential(nn.Conv2d(3, 3, 5, padding=2), nn.GELU())

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = x + self.long(x)
        return found


NETWORKS = {
    "strides": nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 2, 4, stride=3)
    ),
    "padding": nn.Sequential(
        nn.Conv2d(3, 4, 5, padding=2), nn.Tanh(), nn.Conv2d(4, 4, 3, padding="same", groups=2)
    ),
    "dilation": nn.Sequential(nn.Conv2d(3, 2, 3, dilation=3, padding=3), nn.Sigmoid()),
    "oblong": nn.Sequential(nn.Conv2d(3, 2, (1, 5), stride=(2, 1), padding=(0, 2))),
    "pools": nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.MaxPool2d(3, 2, 1), nn.AvgPool2d(2), nn.Conv2d(4, 1, 2)
    ),
    "adaptive": nn.Sequential(
        nn.Conv2d(3, 2, 3), nn.AdaptiveMaxPool2d(4), nn.ReLU6(), nn.AdaptiveAvgPool2d(3)
    ),
    "sum": nn.Sequential(Sum(), nn.MaxPool2d(2), Sum()),
    "tensorflow": nn.Sequential(SameConv2d(3, 4, 3, 2), InvertedResidual(4, 4, 2, 5, 1)),
    "enlarged": nn.Sequential(
        nn.Upsample(size=64, mode="bilinear"), nn.Conv2d(3, 2, 3, 2), nn.Conv2d(2, 1, 3, 2)
    ),
    "made smaller": nn.Sequential(nn.Upsample(size=9, mode="bilinear"), nn.Conv2d(3, 2, 2)),
    "dense": nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(2 * 19 * 19, 3)),
}


def units(call: Call) -> list[Unit]:
    """Corners, edges and the middle."""
    if len(call.shape_out) != 3:
        return [Unit(0, 0, 0), Unit(call.shape_out[0] - 1, 0, 0)]
    channels, height, width = call.shape_out
    rows, columns = {0, height // 2, height - 1}, {0, width // 2, width - 1}
    return [Unit(channels - 1, row, column) for row in rows for column in columns]


@pytest.mark.parametrize("name", NETWORKS)
def test_the_analysis_equals_the_gradient(name: str) -> None:
    side = 20 if name == "tensorflow" else SIDE  # its padding is of even sides
    model = ready(nn.Sequential(NETWORKS[name]), side)
    calls = trace(model)
    for call in calls:
        for unit in units(call):
            analysed = by_geometry(model, calls, call, unit, clip=True)
            assert analysed == by_gradient(model, call, unit), (call.name, unit)


def test_size_and_place_by_hand() -> None:
    """r = 1 + sum of (k - 1) times the strides before: 1 + 2 + 1 * 1 + 2 * 2 = 8"""
    network = nn.Sequential(
        nn.Conv2d(3, 2, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(2, 2, 3, padding=1)
    )
    model = ready(network, 16)
    calls = trace(model)
    last = find_call(calls, "2")
    assert by_geometry(model, calls, last, Unit(0, 3, 4), clip=True) == Rectangle(3, 5, 10, 12)
    endless = by_geometry(model, calls, last, Unit(0, 0, 0), clip=False)
    assert endless == Rectangle(-3, -3, 4, 4)
    assert (endless.height, endless.width) == (8, 8)


def test_the_gradient_on_a_picture_stays_inside_and_is_the_models_own() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Conv2d(2, 1, 3, bias=False))
    model = ready(network, 9)
    calls = trace(model)
    found = effective(model, calls[1], torch.randn(1, 3, 9, 9), Unit(0, 1, 2))
    box = by_geometry(model, calls, calls[1], Unit(0, 1, 2), clip=True)
    inside = torch.zeros(9, 9, dtype=torch.bool)
    inside[box.top : box.bottom + 1, box.left : box.right + 1] = True
    assert bool((found[~inside] == 0).all())
    # two convolutions are one, whose kernel is the gradient
    kernel = torch.zeros(3, 5, 5)
    for middle in range(2):
        for row in range(3):
            for column in range(3):
                kernel[:, row : row + 3, column : column + 3] += (
                    network[1].weight[0, middle, row, column] * network[0].weight[middle]
                )
    torch.testing.assert_close(found[1:6, 2:7], kernel.abs().sum(0))


def test_the_network_is_left_as_it_was() -> None:
    network = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU(), nn.MaxPool2d(2))
    before = copy.deepcopy(network.state_dict())
    model = ready(network, 12)
    by_gradient(model, trace(model)[2], Unit(0, 1, 1))
    assert [type(layer).__name__ for layer in network] == ["Conv2d", "ReLU", "MaxPool2d"]
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])
    assert all(not module._forward_hooks for module in network.modules())


def test_hooks_of_somebody_elses_turn_are_not_copied() -> None:
    """They would run in the copy, too."""
    network = nn.Sequential(nn.Conv2d(3, 2, 3), nn.ReLU())
    model = ready(network, 12)
    calls = trace(model)
    found: list[Rectangle] = []
    asking = threading.Thread(
        target=lambda: found.append(by_gradient(model, calls[1], Unit(0, 1, 1)))
    )
    told: list[object] = []
    with model.lock.turn(), listening(network, {"0": lambda _given, out: told.append(out)}):
        asking.start()
        asking.join(0.2)
        assert asking.is_alive()
    asking.join(30)
    assert (found, told) == ([Rectangle(1, 1, 3, 3)], [])


class Functions(nn.Module):
    """What NETWORKS have as modules, by functions."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 2, 3), nn.Conv2d(2, 2, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.max_pool2d(nn.functional.relu_(self.one(x) - 9), 2)
        found: Tensor = nn.functional.adaptive_max_pool2d(self.two(x), 2)
        return found


def test_functions_let_the_gradient_through_as_modules_do() -> None:
    """r = 1 + 2 + 1 + 2 * 2 = 8 pixels; moved by 2 from unit to unit."""
    model = ready(Functions(), 16)
    assert by_gradient(model, find_call(trace(model), "two"), Unit(0, 1, 2)) == Rectangle(
        2, 4, 9, 11
    )


def test_a_module_of_two_names_is_changed_at_both() -> None:
    shared = nn.MaxPool2d(2)
    model = ready(nn.Sequential(shared, nn.Conv2d(3, 3, 1), shared, nn.Conv2d(3, 1, 1)), 16)
    calls = trace(model)
    assert [call.name for call in calls] == ["0", "1", "0#2", "3"]
    for call in calls:
        assert by_gradient(model, call, Unit(0, 1, 1)) == by_geometry(
            model, calls, call, Unit(0, 1, 1), clip=True
        )
