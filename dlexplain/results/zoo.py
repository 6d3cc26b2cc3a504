"""What the card of a trained model in the zoo says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dlexplain.params import Value

GPU = "GPU "
"""What a GPU's description begins with."""


@dataclass(frozen=True)
class ZooCard:
    """One model that comes trained.

    headline    the metric that says how well it does, and its value
    metrics     by split/name, of the weights as they are stored
    seconds     the training took; `machine` it took them on
    command     trains the like of it again
    notes       sentences that its user should know
    flat        its spec, every value under one name
    """

    name: str
    task: str
    model: str
    data: str
    headline: tuple[str, float]
    metrics: Mapping[str, float] = field(repr=False)
    parameters: int
    bytes: int
    seconds: float
    machine: str
    command: str
    notes: tuple[str, ...]
    flat: Mapping[str, Value] = field(repr=False)
    spec: Mapping[str, Any] = field(repr=False)

    @property
    def on_gpu(self) -> bool:
        """Whether it was trained on one, so that `seconds` say nothing of two cores."""
        return self.machine.startswith(GPU)

    def to_dict(self) -> dict[str, Any]:
        """The form that `zoo --json` prints."""
        kept = {key: value for key, value in vars(self).items() if key != "flat"}
        metric, score = self.headline
        return {**kept, "headline": metric, "score": score, "metrics": dict(self.metrics)}
