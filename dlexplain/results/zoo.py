"""What the card of a trained model in the zoo says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dlexplain.params import Value
from dlexplain.results.certainty import examples_of, interval, scored
from dlexplain.results.words import metric_name

GPU = "GPU "
"""What a GPU's description begins with."""


@dataclass(frozen=True)
class ZooCard:
    """One model that comes trained.

    headline    the metric that says how well it does, and its value
    sizes       examples by split
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
    sizes: Mapping[str, int]
    parameters: int
    bytes: int
    seconds: float
    machine: str
    command: str
    notes: tuple[str, ...]
    flat: Mapping[str, Value] = field(repr=False)
    spec: Mapping[str, Any] = field(repr=False)

    def scored(self, key: str) -> str:
        """A metric with how sure it is: "80.0% [37.6–96.4%], n = 5"."""
        return scored(key, self.metrics[key], examples_of(key, self.sizes))

    @property
    def headline_words(self) -> str:
        """ "accuracy 93.0% [92.5–93.5%], n = 10,000" """
        key = self.headline[0]
        return f"{metric_name(key.partition('/')[2])} {self.scored(key)}"

    @property
    def on_gpu(self) -> bool:
        """Whether it was trained on one, so that `seconds` say nothing of two cores."""
        return self.machine.startswith(GPU)

    def to_dict(self) -> dict[str, Any]:
        """The form that `zoo --json` prints."""
        kept = {key: value for key, value in vars(self).items() if key != "flat"}
        metric, score = self.headline
        n = examples_of(metric, self.sizes)
        return {
            **kept,
            "headline": metric,
            "score": score,
            "n": n,
            "interval": interval(metric, score, n),
            "metrics": dict(self.metrics),
            "sizes": dict(self.sizes),
        }
