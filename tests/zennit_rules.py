"""zennit's rules and composites, an independent implementation of LRP.

Its package file imports a part that needs torchvision, which must not be here
(docs/decisions/0001), so its modules are imported without it.
"""

import importlib.util
import sys
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn


def _without_package_file(name: str) -> None:
    spec = importlib.util.find_spec(name)
    assert spec is not None, "pip install --no-deps -r requirements-dev-no-deps.txt"
    package = ModuleType(name)
    package.__path__ = list(spec.submodule_search_locations or [])
    package.__spec__ = spec
    sys.modules.setdefault(name, package)


_without_package_file("zennit")

from zennit import composites, rules  # noqa: E402
from zennit.attribution import Gradient  # noqa: E402
from zennit.canonizers import SequentialMergeBatchNorm  # noqa: E402

__all__ = ["alike", "composites", "relevance", "rules"]


def alike(rule: Any) -> Any:
    """The rule at every layer; activations pass relevance on."""
    layers = [*composites.layer_map_base(), ((nn.Conv2d, nn.Linear), rule)]
    return composites.LayerMapComposite(layers)


def relevance(net: nn.Module, composite: Any, x: Tensor, target: int) -> Tensor:
    """Of the target's logit, of the shape of x[0]; BatchNorms are merged into what is before."""
    composite.canonizers = [SequentialMergeBatchNorm()]

    def seed(logits: Tensor) -> Tensor:
        return torch.eye(logits.shape[1])[[target]] * logits.detach()

    with Gradient(model=net, composite=composite) as attributor:
        _, found = attributor(x, seed)
    return found[0].detach()
