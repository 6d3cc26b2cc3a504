"""What every way of compressing does to a network, from the parent's to one that is loaded again.

A compressed network has other modules than its architecture builds: fewer channels, two factors in
place of a matrix, whole numbers as weights. How it differs, its structure, is plain JSON beside the
weights, and `restored` gives a freshly built network the same modules before its weights are read.
"""

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from torch import nn

import dlexplain.compression  # noqa: F401, registers them
from dlexplain.compression.base import COMPRESSIONS
from dlexplain.errors import BAD_JSON, BadInput, WeightsError
from dlexplain.params import parse
from dlexplain.registry import imported

STRUCTURE = "structure.json"
"""The file beside a compressed network's weights: a list of the steps that led to it."""
P = TypeVar("P")
Row = Mapping[str, str | int | float]
"""What became of one layer: its name under "layer", then one number or text a column."""


def _unknown() -> nn.Module:
    raise BadInput("the weights with which the model's training began cannot be had again")


class Compressor(ABC, Generic[P]):
    """One way of compressing; `part` is how much of the training is over, 0 to 1.

    data   the run's data module: `loader` gives training batches, `some_inputs(count, seed)` inputs
    notes  what the run's user should know of what `prepare` did, sentences
    fresh  gives the parent's network with the weights with which its training began; raises
           BadInput where they cannot be had
    """

    def __init__(self, params: P) -> None:
        self.params = params
        self.notes: list[str] = []
        self.fresh: Callable[[], nn.Module] = _unknown

    @abstractmethod
    def prepare(self, network: nn.Module, data: Any) -> nn.Module:
        """The parent's network as it is trained on; raises BadInput where nothing can be made
        smaller. The same network and data give the same, so that a run can be resumed."""

    def after_step(self, network: nn.Module, part: float) -> None:
        """After each step of the optimiser."""

    def finish(self, network: nn.Module, data: Any) -> nn.Module:
        """The network as it is tested and kept."""
        return network

    def structure(self, network: nn.Module) -> Mapping[str, Any]:
        """How the prepared or finished network's modules differ from the parent's, as JSON has it;
        {} not at all. Only what this way did: the parent may have been compressed before."""
        return {}

    def facts(self, network: nn.Module) -> Mapping[str, float]:
        """Of the finished network, for the run's metrics, such as its part of zeros."""
        return {}

    def layers(self, network: nn.Module) -> Sequence[Row]:
        """What became of each layer of the finished network, all rows with the same columns."""
        return ()

    def state(self) -> dict[str, Any]:
        """What beside the network's weights changes in the training: tensors and plain values, for
        the checkpoints of a run, which goes on from them."""
        return {}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state` gave."""

    @classmethod
    def restored(cls, network: nn.Module, structure: Mapping[str, Any]) -> nn.Module:
        """The parent's network, its weights of no matter, with modules of this structure."""
        return network


def compressor(name: str, params: Mapping[str, Any]) -> Compressor[Any]:
    """The one of this name; raises UnknownName, or BadInput for parameters that do not fit."""
    way = COMPRESSIONS[name]
    made: Compressor[Any] = imported(way.module)(parse(way.Params, params))
    return made


def step_of(name: str, structure: Mapping[str, Any]) -> dict[str, Any]:
    """One step of STRUCTURE."""
    return {"compression": name, "structure": dict(structure)}


def steps_in(text: str) -> list[dict[str, Any]]:
    """The steps of STRUCTURE's text; raises WeightsError where it is none."""
    try:
        steps = json.loads(text)
        return [step_of(str(step["compression"]), step["structure"]) for step in steps]
    except BAD_JSON as error:
        raise WeightsError(f"{STRUCTURE} is damaged: {error}") from error


def restored(network: nn.Module, text: str) -> nn.Module:
    """A freshly built network with the modules that STRUCTURE's text says; raises WeightsError."""
    for step in steps_in(text):
        try:
            way: Any = imported(COMPRESSIONS[step["compression"]].module)
            network = way.restored(network, step["structure"])
        except BAD_JSON as error:
            told = f"{STRUCTURE} does not fit the network: {error}"
            raise WeightsError(told) from error
    return network
