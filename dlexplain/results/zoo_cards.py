"""A model of the zoo: what its card says, and how its training does with other seeds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dlexplain.errors import BadInput
from dlexplain.params import Value
from dlexplain.results.run_groups import GroupScore
from dlexplain.results.words import examples_of, interval, metric, metric_name, scored

EXACT = 1e-9
"""Relative difference that a mean or deviation may have from that of its values."""


@dataclass(frozen=True)
class SeedScores:
    """The training of a zoo model, repeated with other seeds and nothing else changed.

    shipped  the seed of the model that comes along
    seeds    of the runs, the shipped one among them, in the order of each score's values
    scores   by metric, such as "test/accuracy": value of each run, mean, sample's deviation, 95% t
             interval of the mean; of the weights as they were trained
    """

    shipped: int
    seeds: tuple[int, ...]
    scores: Mapping[str, GroupScore] = field(repr=False)

    @property
    def n(self) -> int:
        return len(self.seeds)

    def words(self, key: str) -> str:
        """ "over 5 seeds 97.9% ± 0.3 (95% interval 97.5 to 98.3)"; after ± the deviation of the
        runs, then the interval of their mean; "" of a metric that was not measured."""
        told = self.of_runs(key)
        return f"over {self.n} seeds {told}" if told else ""

    def of_runs(self, key: str) -> str:
        """ "97.9% ± 0.3 (95% interval 97.5 to 98.3)" """
        mean, sd, low, high = self._told(key)
        return f"{mean} ± {sd} (95% interval {low} to {high})" if mean else ""

    def short(self, key: str) -> str:
        """ "97.9% ± 0.3 [97.5–98.3]" """
        mean, sd, low, high = self._told(key)
        return f"{mean} ± {sd} [{low}–{high}]" if mean else ""

    def again(self, key: str) -> float:
        """What the run of the shipped seed scored."""
        return self.scores[key].values[self.seeds.index(self.shipped)]

    def _told(self, key: str) -> tuple[str, str, str, str]:
        """Mean, deviation and the ends of the interval; "" of a metric that was not measured."""
        score = self.scores.get(key)
        if score is None:
            return "", "", "", ""
        percent = metric(key, score.mean).endswith("%")
        digits, times = (1, 100) if percent else (_digits(score.sd), 1)
        mean, sd, low, high = (
            f"{times * value:,.{digits}f}".replace("-", "−")
            for value in (score.mean, score.sd, score.low, score.high)
        )
        return f"{mean}{'%' * percent}", sd, low, high

    def to_dict(self) -> dict[str, Any]:
        """As a card holds it."""
        return {
            "shipped": self.shipped,
            "seeds": list(self.seeds),
            "scores": [score.to_dict() for score in self.scores.values()],
        }

    @classmethod
    def from_dict(cls, given: object) -> "SeedScores":
        """Raises BadInput, saying what is wrong, for what `to_dict` would not have given."""
        if not isinstance(given, dict):
            raise BadInput("it is no JSON object")
        seeds, shipped, scores = (given.get(key) for key in ("seeds", "shipped", "scores"))
        if not isinstance(seeds, list) or not all(map(_is_whole, seeds)) or len(seeds) < 2:
            raise BadInput(f"seeds is {str(seeds)[:60]}; a list of two or more whole numbers is it")
        if len(set(seeds)) < len(seeds) or not isinstance(shipped, int) or shipped not in seeds:
            raise BadInput("seeds are each named once, the shipped one among them")
        if not isinstance(scores, list) or not scores:
            raise BadInput("there are no scores")
        read = [_score(each, len(seeds)) for each in scores]
        return cls(shipped, tuple(seeds), {score.key: score for score in read})


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _score(given: object, n: int) -> GroupScore:
    """Raises BadInput, also where the numbers do not go together."""
    if not isinstance(given, dict) or not isinstance(given.get("metric"), str):
        raise BadInput("a score has no metric")
    key = given["metric"]
    values = _numbers(key, given.get("values"))
    if len(values) != n:
        raise BadInput(f"{key} has {len(values)} values of {n} seeds")
    told = [given.get(name) for name in ("mean", "sd", "low_95", "high_95")]
    mean, sd, low, high = _numbers(key, told)
    if not _goes_together(values, mean, sd, low, high):
        raise BadInput(f"mean, deviation and interval of {key} are not those of its values")
    return GroupScore(str(given.get("group", "")), key, values, mean, sd, low, high)


def _numbers(key: str, given: object) -> tuple[float, ...]:
    """Raises BadInput where one is none, or not finite."""
    found = given if isinstance(given, list) else [None]
    for value in found:
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ):
            raise BadInput(f"the scores of {key} are no numbers")
    return tuple(map(float, found))


def _goes_together(
    values: Sequence[float], mean: float, sd: float, low: float, high: float
) -> bool:
    own = math.fsum(values) / len(values)
    own_sd = math.sqrt(math.fsum((v - own) ** 2 for v in values) / (len(values) - 1))
    slack = EXACT * max(map(abs, values), default=0.0)
    middle = abs((low + high) / 2 - mean) <= slack
    return abs(own - mean) <= slack and abs(own_sd - sd) <= slack and middle and low <= mean <= high


def _digits(sd: float) -> int:
    """Decimals with which a deviation has two digits; at most six."""
    return max(0, min(6, 1 - math.floor(math.log10(sd)))) if sd > 0 else 3


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
    seeds       how its training does with other seeds, where that was tried
    seeds_problem  why these cannot be shown, a sentence, or ""
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
    seeds: SeedScores | None = field(default=None, repr=False)
    seeds_problem: str = ""

    def scored(self, key: str) -> str:
        """A metric with how sure it is: "80.0% [37.6–96.4%], n = 5"."""
        return scored(key, self.metrics[key], examples_of(key, self.sizes))

    @property
    def headline_words(self) -> str:
        """ "accuracy 93.0% [92.5–93.5%], n = 10,000" """
        key = self.headline[0]
        return f"{metric_name(key.partition('/')[2])} {self.scored(key)}"

    def over_seeds(self, key: str) -> str:
        """ "97.8% here; over 5 seeds 97.9% ± 0.3 (95% interval 97.5 to 98.3)", or "" where the
        metric was not measured with several seeds."""
        told = self.seeds.words(key) if self.seeds else ""
        return f"{metric(key, self.metrics[key])} here; {told}" if told else ""

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
            "seeds": self.seeds.to_dict() if self.seeds else None,
        }
