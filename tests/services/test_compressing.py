"""A run that compresses a trained model is a model itself."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from dlexplain.compression.base import COMPRESSIONS
from dlexplain.compression.modules.base import restored
from dlexplain.errors import SpecError, WeightsError
from dlexplain.execution.spec import RunSpec
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.compressing import compression_spec
from dlexplain.trained.catalogue import trained
from dlexplain.trained.folder import Trained
from dlexplain.trained.networks import load_network
from tests.trained import trained_run


@pytest.fixture(scope="module")
def parent() -> Trained:
    return trained("digits-cnn")


def compressed(parent: Trained, energy: float, epochs: int = 0) -> str:
    spec = compression_spec(parent, "low-rank", {"energy": energy}, {"epochs": epochs})
    return trained_run(replace(spec, name=f"low rank {energy} {epochs}"))


def test_a_compressed_model_is_loaded_like_any_other(parent: Trained) -> None:
    small = load_network(trained(compressed(parent, 0.9)))
    before = load_network(parent)
    pictures = torch.rand(8, 1, 8, 8)
    assert size(small) < size(before)
    with torch.no_grad():
        assert np.corrcoef(small(pictures).flatten(), before(pictures).flatten())[0, 1] > 0.9


def size(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def test_it_is_trained_on_and_made_smaller_again(parent: Trained) -> None:
    once = trained(compressed(parent, 0.8, epochs=1))
    again = trained(compressed(once, 0.79))
    assert size(load_network(again)) <= size(load_network(once))
    assert again.metrics["test/accuracy"] > 0.5


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"compression": "smaller"}, 'compression is "smaller"'),
        ({"parent": ""}, "parent is missing"),
        ({"parent": "nobody"}, 'unknown model "nobody"'),
        ({"model": "vit"}, 'model is "vit", but the parent\'s is "cnn"'),
        ({"compression_params": {"energy": 2}}, "energy"),
        ({"compression": ""}, 'epochs is "0"'),
    ],
)
def test_what_does_not_fit_is_told_before_the_run(
    parent: Trained, change: dict[str, object], told: str
) -> None:
    spec = compression_spec(parent, "low-rank").to_dict() | change
    with pytest.raises(SpecError, match=told):
        complete(RunSpec.from_dict(spec))


def test_a_damaged_structure_is_named(parent: Trained) -> None:
    for text in ("{", "[1]", '[{"compression": "low-rank", "structure": {"ranks": {"x": 2}}}]'):
        with pytest.raises(WeightsError, match="structure.json"):
            restored(load_network(parent), text)


def test_every_compression_says_what_it_is() -> None:
    for name, way in COMPRESSIONS.items():
        assert way.name == name and way.description and way.paper.count("https://")
