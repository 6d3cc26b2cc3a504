"""The layers that a network runs: who feeds whom, what they cost, and what one puts out."""

import pytest
import torch
from torch import Tensor, nn

from dlexplain.errors import ParamError
from dlexplain.explainers.layer_trace import PICTURE, find_call, flows, output_of, trace, users
from dlexplain.explainers.prepare import PreparedModel
from tests.tiny import RANGE


class Branching(nn.Module):
    """Two layers whose outputs are added; an activation that runs twice; a scale at the end."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.act = nn.ReLU()
        self.side = nn.Conv2d(4, 4, 3, padding=1, groups=2, bias=False)
        self.drop = nn.Dropout(0.5)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(4, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.act(self.stem(x))
        x = self.act(x + self.drop(self.side(x)))
        scaled: Tensor = 0.5 * self.head(self.pool(x).flatten(1))
        return scaled


def ready(network: nn.Module, side: int = 8) -> PreparedModel:
    frozen = network.eval().requires_grad_(False)
    return PreparedModel(frozen, (3, side, side), RANGE, torch.device("cpu"), "x", False, 0.0)


def test_layers_their_sources_and_their_cost_by_hand() -> None:
    calls = trace(ready(Branching()))
    names = ["stem", "act", "side", "drop", "act#2", "pool", "head", "output"]
    assert [call.name for call in calls] == names
    at = {call.name: call for call in calls}
    sources = {
        call.name: {"picture" if s == PICTURE else calls[s].name for s in call.sources}
        for call in calls
    }
    assert sources == {
        "stem": {"picture"},
        "act": {"stem"},
        "side": {"act"},
        "drop": {"side"},
        "act#2": {"act", "drop"},
        "pool": {"act#2"},
        "head": {"pool"},
        "output": {"head"},
    }
    assert (at["stem"].shape_in, at["stem"].shape_out) == ((3, 8, 8), (4, 8, 8))
    assert at["stem"].parameters == 4 * 3 * 9 + 4
    assert at["stem"].multiply_adds == 8 * 8 * 4 * 3 * 9
    assert at["side"].multiply_adds == 8 * 8 * 4 * 2 * 9
    assert (at["head"].parameters, at["head"].multiply_adds) == (25, 20)
    assert at["output"].adds
    assert [call.name for call in users(calls, at["act"].place)] == ["side", "act#2"]


def test_every_parameter_is_counted_once() -> None:
    network = Branching()
    assert sum(call.parameters for call in trace(ready(network))) == sum(
        parameter.numel() for parameter in network.parameters()
    )


def test_an_output_is_that_of_a_direct_run_and_what_follows_is_not_run() -> None:
    network = Branching()
    calls = trace(ready(network))
    x = torch.randn(2, 3, 8, 8)
    first = network.act(network.stem(x))
    second = network.act(first + network.side(first))
    torch.testing.assert_close(output_of(network, find_call(calls, "act"), x), first)
    torch.testing.assert_close(output_of(network, find_call(calls, "act#2"), x), second)
    torch.testing.assert_close(output_of(network, find_call(calls, "output"), x), network(x))
    network.side.register_forward_hook(lambda *_: pytest.fail("it ran on"))
    output_of(network, find_call(calls, "act"), x)


def test_what_goes_in_and_comes_out_of_several_layers() -> None:
    network = Branching()
    calls = trace(ready(network))
    x = torch.randn(1, 3, 8, 8)
    wanted = (find_call(calls, "stem"), find_call(calls, "act#2"))
    stem, again = flows(network, wanted, x)
    torch.testing.assert_close(stem.given, x)
    torch.testing.assert_close(stem.output, network.stem(x))
    torch.testing.assert_close(again.output, again.given.relu())


class CountsOnInPlace(nn.Module):
    """The head reads the convolution's output under its own name, which the ReLU wrote over."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.conv(x)
        self.act(y)
        return y.mean((2, 3))


def test_what_goes_into_a_layer_that_works_in_place_is_what_it_was_before() -> None:
    network = CountsOnInPlace()
    calls = trace(ready(network))
    x = torch.randn(1, 3, 8, 8)
    conv, act = flows(network, (find_call(calls, "conv"), find_call(calls, "act")), x)
    torch.testing.assert_close(conv.output, network.conv(x))
    torch.testing.assert_close(act.given, network.conv(x))
    assert act.given.min() < 0
    torch.testing.assert_close(act.output, network.conv(x).relu())


def test_no_hook_is_left_also_after_an_error() -> None:
    network = Branching()
    calls = trace(ready(network))
    with pytest.raises(RuntimeError, match="channels"):
        output_of(network, find_call(calls, "head"), torch.zeros(1, 2, 8, 8))
    with pytest.raises(RuntimeError, match="channels"):
        flows(network, calls[:1], torch.zeros(1, 2, 8, 8))
    assert all(
        not module._forward_hooks and not module._forward_pre_hooks for module in network.modules()
    )


def test_an_unknown_layer_is_told() -> None:
    calls = trace(ready(Branching()))
    with pytest.raises(ParamError, match='no layer "conv9"; known: stem, act, side, drop, act#2'):
        find_call(calls, "conv9")
