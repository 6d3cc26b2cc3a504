"""EfficientNet-Lite0 against its published size, and the pretrained weights on real pictures."""

import pytest
import torch
from torch import nn

import dlexplain as dx
from dlexplain.errors import BadInput
from dlexplain.networks.modules.device import choose_device, describe_device
from dlexplain.networks.modules.efficientnet_lite0 import (
    EfficientNetLite0,
    SameConv2d,
    pretrained_state,
)


def test_the_count_of_parameters_is_the_published_one() -> None:
    # 4.7 M in https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite
    assert sum(p.numel() for p in EfficientNetLite0().parameters()) == 4_652_008


def test_the_weights_are_loaded_strictly() -> None:
    state = pretrained_state()
    EfficientNetLite0().load_state_dict(state, strict=True)
    state.pop("classifier.bias")
    with pytest.raises(RuntimeError, match=r"classifier\.bias"):
        EfficientNetLite0().load_state_dict(state, strict=True)


def test_same_padding_by_hand() -> None:
    # TensorFlow pads an even side for kernel 3 and stride 2 by 0 before and 1 after.
    conv = SameConv2d(1, 1, kernel=3, stride=2)
    conv.weight.data.fill_(1.0)
    out = conv(torch.arange(16.0).reshape(1, 1, 4, 4))
    assert out[0, 0].tolist() == [[45.0, 39.0], [66.0, 50.0]]


def test_logits_do_not_change_by_preparing_real_weights() -> None:
    prepared = dx.load().prepared
    assert prepared.folded
    assert prepared.difference < 1e-5
    assert not any(isinstance(m, nn.BatchNorm2d) for m in prepared.module.modules())


@pytest.mark.parametrize(
    ("sample", "indices"), [("chelsea", {281, 282, 285}), ("coffee", {967}), ("rocket", {657, 744})]
)
def test_samples_get_their_class(sample: str, indices: set[int]) -> None:
    best = dx.predict(dx.load(), dx.read_sample(sample)).scores[0]
    assert best.name.index in indices
    assert best.probability > 0.25


def test_an_integrated_gradients_map_of_a_real_picture_is_complete() -> None:
    found = dx.explain(dx.load(), dx.read_sample("coffee"), "integrated-gradients", tolerance=0.01)
    assert found.completeness_error <= 0.01 or "budget" in found.note


def test_a_model_is_loaded_once() -> None:
    assert dx.load() is dx.load("efficientnet-lite0")


def test_a_device_that_is_not_there_is_told() -> None:
    assert choose_device("cpu").type == "cpu"
    assert "thread" in describe_device(torch.device("cpu"))
    for wanted in ("cuda:99", "abacus"):
        with pytest.raises(BadInput, match=f'"{wanted}"; here it may be auto, cpu'):
            choose_device(wanted)
