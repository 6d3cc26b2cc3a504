"""Results on robustness that come along belong to the weights that come along, and are in the
docs."""

from pathlib import Path

import pytest

import dlexplain as dx
from dlexplain.networks.base import MODELS
from dlexplain.results.robustness_words import robustness_table
from dlexplain.services.attack.robustness_shipped import shipped
from dlexplain.trained.zoo import zoo_models

ROOT = Path(__file__).parents[2]
KNOWN = sorted({model.name for model in zoo_models()} | set(MODELS))
FOUND = {name: found for name in KNOWN if (found := shipped(name)) is not None}
WANTED = {
    "cifar10-cnn", "cifar10-cnn-sigmoid", "cifar10-cnn-tanh", "cifar10-efficientnet",
    "cifar10-resnet", "cifar10-resnet-robust", "cifar10-vit", "digits-cnn", "efficientnet-lite0",
    "mnist-cnn", "mnist-cnn-noise",
}  # fmt: skip


def test_models_come_with_one_and_the_docs_have_them() -> None:
    assert set(FOUND) >= WANTED
    text = (ROOT / "docs" / "secure.md").read_text()
    assert robustness_table(list(FOUND.values())) in text


@pytest.mark.parametrize("name", FOUND)
def test_it_is_of_these_weights_and_whole(name: str) -> None:
    found = FOUND[name]
    assert found.model_fingerprint == dx.load(name).prepared.fingerprint
    assert found.done == found.found
    for curve in found.attacks:
        values = [found.clean.value, *(one.value for one in curve.accuracy)]
        assert values == sorted(values, key=lambda v: -(v or 0.0)), curve.name
    assert len(found.corruptions) == 45
    for level in found.severities:
        for one in (level.accuracy, level.ece):
            assert one.low is not None and one.high is not None and one.value is not None
            assert one.low <= one.value <= one.high
