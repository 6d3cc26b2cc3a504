"""Layers of the zoo's and ImageNet's models: feature maps, cost, fields, and what excites them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from dlexplain.data.pictures import Picture
from dlexplain.data.samples import read_sample
from dlexplain.errors import BadInput, Cancelled, ParamError, UnknownName
from dlexplain.explainers.progress import Progress
from dlexplain.services.layers.activation_maximisation import maximise_activation
from dlexplain.services.layers.feature_maps import feature_maps, first_filters
from dlexplain.services.layers.listing import input_of, layers, plain
from dlexplain.services.layers.receptive_fields import receptive_field
from dlexplain.services.layers.top_activations import top_activations
from dlexplain.services.loading import load
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sets import one_of_each, photographs, picture_set, picture_sets
from dlexplain.trained.catalogue import find

LITE, DIGITS = "efficientnet-lite0", "digits-cnn"


@pytest.fixture(scope="module")
def cat() -> Picture:
    return read_sample("chelsea")


def hooks_of(model: LoadedModel) -> int:
    return sum(len(module._forward_hooks) for module in plain(model).module.modules())


def same(model: LoadedModel, picture: Picture, layer: str, expected: Tensor) -> None:
    found = feature_maps(model, picture, layer).values
    np.testing.assert_array_equal(found, expected[0].reshape(found.shape).numpy(), layer)


@torch.no_grad()
def test_feature_maps_equal_a_direct_forward_of_a_sequential_network(cat: Picture) -> None:
    model = load(LoadedModel, DIGITS)
    network = plain(model).module
    x = input_of(model, cat)
    for name, part in (("features", network.features), ("classifier", network.classifier)):
        x = network.flatten(x) if name == "classifier" else x
        for place, layer in enumerate(part):
            x = layer(x)
            same(model, cat, f"{name}.{place}", x)
    assert hooks_of(model) == 0


@torch.no_grad()
def test_feature_maps_equal_a_direct_forward_of_imagenets_model(cat: Picture) -> None:
    model = load(LoadedModel, LITE)
    network = plain(model).module
    x = input_of(model, cat)
    stem = network.stem.relu(network.stem.norm(network.stem.conv(x)))
    same(model, cat, "stem.relu", stem)
    first = network.blocks[0](stem)
    same(model, cat, "blocks.0.project.norm", first)
    second = network.blocks[1](first)
    block = network.blocks[2]
    inner = block.project(block.depthwise(block.expand(second)))
    same(model, cat, "blocks.2.project.norm", inner)
    same(model, cat, "blocks.2", second + inner)
    assert hooks_of(model) == 0


def test_the_plain_network_says_what_the_folded_one_says(cat: Picture) -> None:
    model = load(LoadedModel, LITE)
    with torch.inference_mode():
        own = plain(model).module(input_of(model, cat))
    folded = model.prepared.logits(model.to_input(model.view(cat)))
    torch.testing.assert_close(own, folded, rtol=1e-3, atol=1e-3)
    norms = [m for m in plain(model).module.modules() if isinstance(m, nn.BatchNorm2d)]
    assert len(norms) == 49


def test_parameters_cost_and_sums_of_imagenets_model() -> None:
    found = layers(LITE)
    assert found.parameters == 4_652_008
    assert found.multiply_adds == 385_187_552
    at = {layer.name: layer for layer in found.layers}
    assert at["stem.conv"].settings == "3 × 3, stride 2"
    assert at["blocks.0.depthwise.conv"].settings == "3 × 3, padding 1, 32 groups"
    assert at["blocks.2"].sources == ("blocks.1.project.norm", "blocks.2.project.norm")
    assert (at["blocks.2"].adds, at["blocks.2"].settings) == (True, "sum")
    assert "blocks.1" not in at  # it adds nothing to its last layer
    assert found.to_dict()["layers"][0]["shape_out"] == [32, 112, 112]


def test_channels_are_ordered_by_their_mean_or_their_largest_value(cat: Picture) -> None:
    for by in ("mean", "largest"):
        found = feature_maps(DIGITS, cat, "features.2", by)
        values = found.means if by == "mean" else found.largest
        assert (np.diff(values[found.order]) <= 0).all()
    with pytest.raises(UnknownName, match='unknown order "size"; known: mean, largest'):
        feature_maps(DIGITS, cat, "features.2", "size")


def test_a_blocks_name_means_its_last_layer(cat: Picture) -> None:
    for block, last in (("blocks.0", "blocks.0.project.norm"), ("stem", "stem.relu")):
        found = feature_maps(LITE, cat, block)
        assert found.layer == last
        np.testing.assert_array_equal(found.values, feature_maps(LITE, cat, last).values)
        assert receptive_field(LITE, block).layer == last
    assert feature_maps(LITE, cat, "blocks.2").layer == "blocks.2"  # a sum, a layer of its own


def test_the_first_filters_are_the_weights() -> None:
    network = plain(load(LoadedModel, DIGITS)).module
    np.testing.assert_array_equal(first_filters(DIGITS).weights, network.features[0].weight.numpy())
    assert first_filters(LITE).weights.shape == (32, 3, 3, 3)
    enlarged = first_filters("cifar10-efficientnet")
    assert (enlarged.layer, enlarged.weights.shape) == ("network.stem.conv", (32, 3, 3, 3))


@pytest.mark.parametrize("layer", ["stem.conv", "blocks.3.depthwise.conv", "blocks.6"])
def test_receptive_fields_of_imagenets_model_equal_those_of_the_gradient(
    layer: str, cat: Picture
) -> None:
    last = next(found for found in layers(LITE).layers if found.name == layer).shape_out[1] - 1
    for row, column in ((0, last), (last // 2, 1)):
        found = receptive_field(LITE, layer, row, column, 3, cat)
        assert found.agrees
        assert found.strengths is not None
        box = found.analysed
        outside = found.strengths.copy()
        outside[box.top : box.bottom + 1, box.left : box.right + 1] = 0
        assert outside.max() == 0 < found.strengths.max()


def test_size_and_step_of_a_field_by_hand() -> None:
    found = receptive_field("mnist-cnn", "features.4", 3, 4)
    assert (found.size, found.step) == ((8, 8), (2, 2))
    assert vars(found.analysed) == {"top": 3, "left": 5, "bottom": 10, "right": 12}
    assert receptive_field("mnist-cnn", "classifier.0").step == (0, 0)


@pytest.mark.parametrize(
    ("unit", "told"),
    [
        ({"row": 8}, "row 8 is not there; 0 to 7 are accepted"),
        ({"column": -1}, "column -1 is not there; 0 to 7"),
        ({"channel": 32}, "channel 32 is not there; 0 to 31"),
        ({"layer": "conv"}, 'no layer "conv"; known: features.0, features.1, .* and so on'),
        ({"layer": "feature.6"}, 'no layer "feature.6"; the closest: features.6, features'),
    ],
)
def test_what_is_not_there_is_told(unit: dict[str, int], told: str) -> None:
    with pytest.raises(ParamError, match=told):
        receptive_field(DIGITS, **{"layer": "features.0", **unit})


def test_the_pictures_that_excite_a_channel_are_those_with_its_largest_values() -> None:
    model = load(LoadedModel, DIGITS)
    pictures = picture_set(find(DIGITS), "data").load()[:50]
    found = top_activations(model, pictures, "features.6", 3, count=4, title="digits")
    with torch.inference_mode():
        x = torch.cat([model.to_input(model.view(picture)) for picture in pictures])
        maps = plain(model).module.features[:6](x)[:, 3]  # before the ReLU
    np.testing.assert_allclose(found.activations, maps.amax((1, 2)), rtol=1e-5, atol=1e-6)
    order = maps.amax((1, 2)).argsort(descending=True, stable=True)[:4].tolist()
    assert [best.name for best in found.best] == [pictures[place].name for place in order]
    row, column = divmod(int(maps[order[0]].argmax()), 4)
    field = receptive_field(model, "features.6", row, column).analysed
    assert found.best[0].field == field
    means = maps.relu().mean((1, 2))[order].tolist()  # of the layer itself
    assert [best.mean for best in found.best] == pytest.approx(means, 1e-5)
    with pytest.raises(BadInput, match="no picture"):
        top_activations(model, [], "features.6")
    with pytest.raises(Cancelled):
        top_activations(model, pictures, "features.6", 3, 4, Progress(cancelled=lambda: True))


def test_sets_of_pictures_say_what_they_are() -> None:
    assert [known.name for known in picture_sets(find(DIGITS))] == ["data", "photographs"]
    assert [known.name for known in picture_sets(find(LITE))] == ["photographs"]
    assert "7 photographs" in picture_sets(find(LITE))[0].title
    assert len(photographs()) == 7 * (1 + 9)
    assert [known.truth.label for known in one_of_each(find(DIGITS))] == list("0123456789")
    with pytest.raises(UnknownName, match='set of pictures "x"; known: data, photographs'):
        picture_set(find(DIGITS), "x")


@pytest.mark.parametrize(("layer", "channel"), [("features.6", 3), ("classifier.3", 7)])
def test_the_preferred_input_excites_far_more_than_noise(layer: str, channel: int) -> None:
    shown: list[np.ndarray] = []
    found = maximise_activation(DIGITS, layer, channel, tell=shown.append, steps=120)
    spread = float(found.noise.std()) + 1e-6
    assert found.activation > found.noise.max() + 3 * spread
    assert found.activation > 2 * found.noise.max() > 0
    assert found.picture.shape == (8, 8, 3)
    assert found.is_clear
    assert found.raised == ("features.5" if layer == "features.6" else layer)
    assert len(found.curve) == 120
    assert hooks_of(load(LoadedModel, DIGITS)) == 0


def test_an_activation_that_noise_reaches_too_is_not_clear() -> None:
    found = maximise_activation(DIGITS, "features.2", 0, steps=20)
    cases = ((1.2, 1, False), (1.3, 1, True), (-0.9, -1, False), (-0.7, -1, True), (0.1, 0, True))
    for activation, noise, clear in (*cases, (0.0, 0, False)):
        given = replace(found, activation=activation, noise=np.array([noise, -9.0], np.float32))
        assert given.is_clear == clear, (activation, noise)


def test_progress_counts_the_steps_of_ascent_alone() -> None:
    progress = Progress()
    found = maximise_activation(DIGITS, "features.6", 3, progress, steps=5)
    assert (progress.done, progress.planned, len(found.curve)) == (5, 5, 5)


def test_making_a_preferred_input_can_be_cancelled() -> None:
    done: list[int] = []
    progress = Progress(report=lambda shot: done.append(shot.done), cancelled=lambda: len(done) > 4)
    with pytest.raises(Cancelled):
        maximise_activation(DIGITS, "features.6", 3, progress, steps=4000)
    assert done[-1] == 5
    assert hooks_of(load(LoadedModel, DIGITS)) == 0
    with pytest.raises(ParamError, match='steps is "0"; it takes a whole number from 1 to 4000'):
        maximise_activation(DIGITS, "features.6", 3, steps=0)
    with pytest.raises(ParamError, match="channel 64 is not there; 0 to 63"):
        maximise_activation(DIGITS, "features.6", 64)
