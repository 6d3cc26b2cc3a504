"""A network without channels answers as the whole one with those channels silenced."""

import copy
import json
import zlib

import pytest
import torch
from safetensors.torch import save
from torch import Tensor, nn

from dlexplain.compression.channels import Params
from dlexplain.compression.modules.base import restored, step_of
from dlexplain.compression.modules.channels import Channels, chosen
from dlexplain.errors import BadInput, ParamError, WeightsError
from dlexplain.networks.modules.base import kept_state
from dlexplain.params import parse
from tests.compression.nets import SIZES, Shown, built, inputs_of, numbers

ZERO_STAYS = ("cnn", "resnet9", "airbench", "efficientnet", "text-cnn")
"""Their activations give 0 for 0, so a channel whose weights, bias and norm are 0 is silent."""


def silenced(network: nn.Module, removed: dict[str, list[int]]) -> nn.Module:
    """A copy of which all weights, biases and norms that make the removed outputs are zero."""
    masked = copy.deepcopy(network)
    with torch.no_grad():
        for name, places in removed.items():
            layer = masked.get_submodule(name)
            for weight in layer.parameters(recurse=False):
                weight[places] = 0
    return masked


def pruned(model: str, params: Params, **sizes: object) -> tuple[nn.Module, nn.Module, Channels]:
    """The network before, after, and what did it."""
    network = built(model, **sizes)
    before = copy.deepcopy(network)
    way = Channels(params)
    return before, way.prepare(network, Shown(inputs_of(model))), way


@pytest.mark.parametrize("scope", ["each layer", "whole network"])
@pytest.mark.parametrize("model", ZERO_STAYS)
def test_it_answers_as_the_masked_network_and_is_smaller(model: str, scope: str) -> None:
    before, after, way = pruned(model, Params(part=0.4, scope=scope))
    x = inputs_of(model)
    with torch.no_grad():
        expected, found, whole = silenced(before, way.removed)(x), after(x), before(x)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(found, whole, atol=1e-3)  # what was removed had a part in it
    assert numbers(after) < numbers(before)
    sizes = [len(save(kept_state(network))) for network in (after, before)]
    assert sizes[0] < sizes[1]
    assert len(zlib.compress(save(kept_state(after)))) < sizes[1]
    lost = sum(len(places) for name, places in way.removed.items() if _is_layer(after, name))
    counted = {row["layer"]: (row["channels before"], row["channels"]) for row in way.layers(after)}
    assert sum(int(was) - int(now) for was, now in counted.values()) == lost
    assert min(int(now) for _, now in counted.values()) >= 1
    whole_count = sum(int(before) for before, _ in counted.values())
    assert way.facts(after)["channels_kept"] == (whole_count - lost) / whole_count


def _is_layer(network: nn.Module, name: str) -> bool:
    return isinstance(network.get_submodule(name), nn.Linear | nn.Conv1d | nn.Conv2d)


def test_a_sigmoid_s_channels_are_gone_with_what_reads_them() -> None:
    """sigmoid(0) is 0.5: the next layer's weights for them are zero in the masked network."""
    before, after, way = pruned("cnn", Params(part=0.5), activation="sigmoid", norm=False)
    masked = copy.deepcopy(before)
    with torch.no_grad():
        masked.get_submodule("features.3").weight[:, way.removed["features.0"]] = 0  # type: ignore[operator,index]
        dense = masked.get_submodule("classifier.0").weight.view(24, 16, -1)  # type: ignore[operator]
        dense[:, way.removed["features.3"]] = 0
        masked.get_submodule("classifier.3").weight[:, way.removed["classifier.0"]] = 0  # type: ignore[operator,index]
        x = inputs_of("cnn")
        torch.testing.assert_close(after(x), masked(x), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("model", SIZES)
def test_a_fresh_network_gets_the_smaller_layers(model: str) -> None:
    before, after, way = pruned(model, Params(part=0.3))
    text = json.dumps([step_of("channels", way.structure(after))])
    fresh = restored(built(model), text)
    fresh.load_state_dict(after.state_dict(), strict=True)
    x = inputs_of(model)
    with torch.no_grad():
        assert torch.equal(fresh.eval()(x), after(x))
    learns = {name: weight.requires_grad for name, weight in before.named_parameters()}
    for network in (after, fresh):
        assert {n: w.requires_grad for n, w in network.named_parameters()} == learns
    after.train()(x).sum().backward()  # it learns on


def test_it_is_pruned_again() -> None:
    _, once, way = pruned("resnet9", Params(part=0.3))
    first = step_of("channels", way.structure(once))
    again = Channels(Params(part=0.3))
    before = numbers(once)
    twice = again.prepare(once, Shown(inputs_of("resnet9")))
    assert numbers(twice) < before
    steps = json.dumps([first, step_of("channels", again.structure(twice))])
    restored(built("resnet9"), steps).load_state_dict(twice.state_dict(), strict=True)


def test_the_weakest_go() -> None:
    network = built("cnn", norm=False)
    weak = [1, 4, 6]
    with torch.no_grad():
        network.get_submodule("features.0").weight[weak] *= 1e-3  # type: ignore[operator,index]
        network.get_submodule("features.3").weight[:, weak] *= 1e-3  # type: ignore[operator,index]
    way = Channels(Params(part=3 / 8))
    way.prepare(network, Shown(inputs_of("cnn")))
    assert way.removed["features.0"] == weak


def test_which_channels_are_chosen() -> None:
    scores = [torch.tensor([3.0, 1.0, 2.0, 4.0]), torch.tensor([0.1, 0.2, 0.3, 9.0])]
    assert chosen(scores, 0.5, each=True) == [[1, 2], [0, 1]]
    assert chosen(scores, 0.5, each=False) == [[1], [0, 1, 2]]
    # No layer vanishes, however weak: at least one channel, and a tenth, stays.
    assert chosen(scores, 0.95, each=False) == [[0, 1, 2], [0, 1, 2]]
    weak = [torch.zeros(40), torch.ones(40)]
    assert [len(places) for places in chosen(weak, 0.5, each=False)] == [36, 4]


class Odd(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.line = nn.Linear(4, 4)
        self.scale = nn.Parameter(torch.ones(4))

    def forward(self, x: Tensor) -> Tensor:
        return self.scale * self.line(x)  # type: ignore[no-any-return]


def test_bad_input() -> None:
    shown = Shown(torch.randn(2, 4))
    with pytest.raises(BadInput, match="an? Odd has weights of its own"):
        Channels(Params()).prepare(Odd(), shown)
    recurrent = nn.Sequential(nn.LSTM(4, 4))
    with pytest.raises(BadInput, match="an? LSTM has weights"):
        Channels(Params()).prepare(recurrent, shown)
    with pytest.raises(BadInput, match="nothing to prune"):
        Channels(Params()).prepare(nn.Sequential(nn.Linear(4, 4)), shown)
    with pytest.raises(BadInput, match="nothing to prune"):
        Channels(Params()).prepare(nn.Sequential(nn.ReLU()), shown)
    with pytest.raises(BadInput, match="of at most 4 is to go"):
        Channels(Params(part=0.01)).prepare(
            nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)), shown
        )
    for value in (0, 1):
        with pytest.raises(ParamError, match="part is"):
            parse(Params, {"part": value})


def test_a_damaged_structure_is_told() -> None:
    for layers in (
        {"features.0": {"attributes": {"out_channels": 900}, "shapes": {}}},
        {"features.0": {"attributes": {"training": 1}, "shapes": {}}},
        {"features.0": {"attributes": {}, "shapes": {"weight": [900, 3, 3, 3]}}},
        {"features.0": {"attributes": {}, "shapes": {"weight": [8, 3]}}},
        {"nowhere": {"attributes": {}, "shapes": {}}},
    ):
        text = json.dumps([step_of("channels", {"layers": layers})])
        with pytest.raises(WeightsError, match="does not fit the network"):
            restored(built("cnn"), text)
