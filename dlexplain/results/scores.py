"""How well a trained model does on given data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dlexplain.results.certainty import UNITS, interval


@dataclass(frozen=True)
class Score:
    """What `evaluate` found.

    n        examples scored; tokens for a language model, origins for a forecaster
    metrics  by name, such as accuracy (0 to 1), perplexity, bleu (0 to 100), mase
    notes    what was done to the data for the model to take them
    details  what the task says beyond, such as a forecaster's errors by series and horizon
    """

    model: str
    data: str
    n: int
    metrics: Mapping[str, float]
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)
    notes: tuple[str, ...] = ()

    def interval(self, name: str) -> tuple[float, float] | None:
        """Wilson's 95% interval of a metric that is a part of the n examples; None for others."""
        return interval(name, self.metrics[name], self.n)

    def to_dict(self) -> dict[str, Any]:
        """The form that `evaluate --json` prints; details stand among the metrics."""
        metrics = dict(self.metrics) | ({"details": dict(self.details)} if self.details else {})
        known = {name: self.interval(name) for name in self.metrics}
        found = {"model": self.model, "data": self.data, "n": self.n, "metrics": metrics}
        sure = {name: list(within) for name, within in known.items() if within}
        return found | {"intervals_95": sure, "notes": list(self.notes)}

    def text(self, name: str) -> str:
        """A metric with its unit, or its interval, where it has one: "-106.2 nats"."""
        unit, within = UNITS.get(name, ""), self.interval(name)
        sure = f" [{within[0]:.3g}–{within[1]:.3g}]" if within else ""
        return f"{self.metrics[name]:.6g}{' ' * bool(unit)}{unit}{sure}"
