"""Tables of trust that come along belong to the weights that come along."""

import pytest

import dlexplain as dx
from dlexplain.networks.base import MODELS
from dlexplain.services.quality.shipped import shipped
from dlexplain.trained.zoo import zoo_models

KNOWN = sorted({model.name for model in zoo_models()} | set(MODELS))
SHIPPED = [name for name in KNOWN if shipped(name) is not None]
WANTED = {
    "cifar10-cnn", "cifar10-cnn-sigmoid", "cifar10-cnn-tanh", "cifar10-efficientnet",
    "cifar10-resnet", "cifar10-vit", "digits-cnn", "efficientnet-lite0", "fred-gru", "fred-lstm",
    "fred-transformer", "macrodata-lstm", "macrodata-transformer", "mnist-cnn", "sst2-cnn",
    "sst2-lstm-attention", "sst2-minilm", "sst2-transformer", "tweets-cnn",
}  # fmt: skip


def test_the_reference_models_have_one() -> None:
    assert set(SHIPPED) >= WANTED


@pytest.mark.parametrize("name", SHIPPED)
def test_it_is_of_these_weights_and_whole(name: str) -> None:
    table = shipped(name)
    assert table is not None
    assert table.model_fingerprint == dx.load(name).prepared.fingerprint
    assert table.done == table.found
    assert table.ranking is not None
    assert table.ranking.n <= table.done
    if table.recommended:
        assert not table.fails(table.recommended)
