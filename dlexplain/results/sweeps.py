"""A sweep: what was varied, its trials, the best of them, and what they say of the parameters."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BadInput
from dlexplain.params import Value
from dlexplain.results.explanations import plot
from dlexplain.results.words import metric, metric_name, scored, size
from dlexplain.typed import check_types

TrialState = Literal["running", "finished", "pruned", "failed"]
STATE_WORDS: dict[TrialState, str] = {
    "running": "at work", "finished": "finished", "pruned": "pruned", "failed": "failed",
}  # fmt: skip
SAVED = "saved"
COSTS = {
    "parameters": "parameters",
    "size": "bytes of the weights",
    "latency": "seconds of one example",
    "seconds": "seconds of training",
}
"""Aims that are no metrics: what a trained model costs."""


@dataclass(frozen=True)
class Aim:
    """What a sweep looks for.

    metric  a run's metric, such as "validation/accuracy", or one of COSTS
    mode    whether more or less of it is better
    """

    metric: str
    mode: Literal["max", "min"]

    @property
    def title(self) -> str:
        return COSTS.get(self.metric) or metric_name(self.metric)

    @property
    def sign(self) -> int:
        return 1 if self.mode == "max" else -1

    def told(self, value: float, n: int = 0) -> str:
        """The value with its unit, and how sure it is: "97.2% [93.0–98.9%], n = 143"."""
        match self.metric:
            case "parameters":
                return f"{value:,.0f} parameters"
            case "size":
                return size(value)
            case "latency":
                return f"{1000 * value:.3g} ms an example"
            case "seconds":
                return f"{value:,.1f} s"
        return scored(self.metric, value, n)


@dataclass(frozen=True)
class Trial:
    """One training of a sweep.

    params  the values of what was varied, by flat name
    values  of each aim; of a pruned one, that of its last epoch; () while it runs and of failed
            ones
    curve   the first aim after each epoch, from the first on, where it has such
    run     its run's id, "" before it began;  why  it failed, in a sentence
    n       examples that the first aim was measured on, 0 where that says nothing
    test    the test's metrics, of finished ones
    steps   optimiser steps that were done
    began, ended  seconds since 1970
    """

    number: int
    state: TrialState
    params: Mapping[str, Value]
    values: tuple[float, ...] = ()
    curve: tuple[float, ...] = ()
    run: str = ""
    why: str = ""
    n: int = 0
    test: Mapping[str, float] = field(default_factory=dict)
    test_n: int = 0
    steps: int = 0
    began: float = 0.0
    ended: float | None = None

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "Trial":
        """Raises KeyError, TypeError or ValueError where it is none."""
        numbers = {key: tuple(map(float, given[key])) for key in ("values", "curve")}
        made = cls(**{**given, **numbers})
        check_types(made)
        return made

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "params": dict(self.params), "test": dict(self.test)}


@dataclass(frozen=True, eq=False)
class Sweep:
    """A sweep as it is known now.

    spec     what it was told, as services.sweeps.spec.SweepSpec.to_dict gives it
    varied   the flat names of what is varied
    log      those that are varied on a logarithmic scale
    budget   trials and minutes that it may take; 0 stands for any number
    seconds  its controller has been at work, all attempts together
    epochs   of a trial that is not pruned
    """

    id: str
    name: str
    state: str
    why: str
    spec: Mapping[str, Any] = field(repr=False)
    aims: tuple[Aim, ...]
    varied: tuple[str, ...]
    log: tuple[str, ...]
    trials: tuple[Trial, ...] = field(repr=False)
    budget: tuple[int, float]
    seconds: float
    created: float
    epochs: int
    pid: int | None = None

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "Sweep":
        """From what `to_dict` gave; raises BadInput for anything else."""
        derived = ("best", "front", "steps")
        try:
            told = {key: value for key, value in given.items() if key not in derived}
            aims = tuple(Aim(**aim) for aim in told.pop("aims"))
            trials = tuple(Trial.from_dict(trial) for trial in told.pop("trials"))
            budget = told.pop("budget")
            varied, log = (tuple(map(str, told.pop(key))) for key in ("varied", "log"))
            whole = (int(budget["trials"]), float(budget["minutes"]))
            return cls(aims=aims, trials=trials, budget=whole, varied=varied, log=log, **told)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadInput(f"this is no sweep: {error!r}") from error

    @property
    def active(self) -> bool:
        return self.state == "running"

    @property
    def resumable(self) -> bool:
        return self.state in ("stopped", "interrupted", "failed")

    @property
    def aim(self) -> Aim:
        return self.aims[0]

    @property
    def finished(self) -> tuple[Trial, ...]:
        """Those that were trained to their end and tested."""
        return tuple(t for t in self.trials if t.state == "finished")

    @property
    def counted(self) -> str:
        """How many of its trials are in which state; "" where there are none."""
        many = Counter(self.words_of(trial) for trial in self.trials)
        told = {
            "at work": f"{many['at work']} at work",
            "finished": f"{many['finished']} finished",
            "pruned": f"{many['pruned']} pruned",
            "failed": f"{many['failed']} failed",
            SAVED: f"{many[SAVED]} saved, to go on with",
        }
        return ", ".join(text for word, text in told.items() if many[word])

    def words_of(self, trial: Trial) -> str:
        """A trial's state. One that is open while the sweep is not at work waits to go on."""
        open_now = trial.state == "running" and not self.active
        return SAVED if open_now else STATE_WORDS[trial.state]

    @property
    def best(self) -> Trial | None:
        """By the first aim, of the finished ones; of equal ones the earlier."""
        known = self.finished
        return max(known, key=lambda t: self.aim.sign * t.values[0]) if known else None

    @property
    def best_words(self) -> str:
        """ "validation accuracy 98.6% [95.0–99.6%], n = 143, with learning_rate 0.012"; "" without
        one."""
        best = self.best
        if best is None:
            return ""
        return f"{self.aim.title} {self.aim.told(best.values[0], best.n)}, with {told(best.params)}"

    @property
    def front(self) -> tuple[Trial, ...]:
        """The finished trials that no other is at least as good as in all aims and better in one
        (Pareto's front), by the second aim, where there are two."""
        known = self.finished
        if not known:
            return ()
        signs = np.array([aim.sign for aim in self.aims], float)
        scores = np.array([t.values for t in known], float) * signs
        kept = [t for t, dominated in zip(known, _dominated(scores), strict=True) if not dominated]
        return tuple(sorted(kept, key=lambda t: t.values[-1]))

    def history(self) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        """Numbers, values of the first aim, and the best until each, of the finished trials in the
        order of their numbers: three (trials,) arrays."""
        known = self.finished
        values = np.array([t.values[0] for t in known], float)
        so_far = np.maximum.accumulate if self.aim.mode == "max" else np.minimum.accumulate
        numbers = np.array([t.number for t in known], np.int64)
        return numbers, values, so_far(values) if len(values) else values

    @property
    def steps(self) -> int:
        """Optimiser steps that all trials have done."""
        return sum(t.steps for t in self.trials)

    def plot(self) -> Any:
        """The value of each finished trial, and the best until then."""
        return plot(self)

    def to_dict(self) -> dict[str, Any]:
        """The form that `sweep show --json` prints."""
        best = self.best
        return {
            **{k: v for k, v in vars(self).items() if k not in ("trials", "aims", "budget")},
            "spec": dict(self.spec),
            "aims": [asdict(aim) for aim in self.aims],
            "budget": {"trials": self.budget[0], "minutes": self.budget[1]},
            "best": None if best is None else best.number,
            "front": [t.number for t in self.front] if len(self.aims) > 1 else [],
            "steps": self.steps,
            "trials": [t.to_dict() for t in self.trials],
        }


@dataclass(frozen=True)
class Importance:
    """How much of the variance of the first aim each parameter explains, by fANOVA.

    shares  by flat name, 0 to 1, the largest first; together 1
    within  95% intervals of them, from trials drawn anew with replacement (bootstrap)
    trials  finished ones that it was computed from
    Hutter, Hoos and Leyton-Brown, An efficient approach for assessing hyperparameter importance,
    ICML 2014, https://proceedings.mlr.press/v32/hutter14.html.
    """

    shares: Mapping[str, float]
    within: Mapping[str, tuple[float, float]]
    trials: int
    of: str

    def plot(self) -> Any:
        """A bar a parameter."""
        return plot(self)

    @property
    def first_is_sure(self) -> bool:
        """Whether the interval of the most important lies above those of all others."""
        first, *rest = self.within.values()
        return all(first[0] > other[1] for other in rest)


@dataclass(frozen=True, eq=False)
class Surface:
    """The first aim over two parameters that vary over numbers, smoothed between the trials.

    Nadaraya and Watson's mean of the finished trials' values v_i, in places u scaled to 0..1:

        f(u) = sum_i k_i v_i / sum_i k_i,  k_i = exp(-|u - u_i|² / 2 h²),  h = SMOOTHING

    x, y    (GRID,) values along the two parameters;  z  (GRID, GRID), y down, NaN where no trial
            is nearer than 3 h
    """

    names: tuple[str, str]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    z: NDArray[np.float64]


SMOOTHING, GRID = 0.12, 41


def numeric(sweep: Sweep) -> tuple[str, ...]:
    """What is varied over numbers, of which the finished trials have two values at least."""
    found = []
    for key in sweep.varied:
        values = [t.params.get(key) for t in sweep.finished]
        numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
        if numbers and len(set(values)) > 1:
            found.append(key)
    return tuple(found)


def surface(sweep: Sweep, x: str, y: str) -> Surface:
    """Of the finished trials; x, y  two of `numeric`"""
    known = sweep.finished
    values = np.array([t.values[0] for t in known], float)
    axes, places = [], []
    for key in (x, y):
        given = np.array([float(t.params[key]) for t in known])
        log = key in sweep.log
        scaled = np.log(given) if log else given
        low, high = scaled.min(), scaled.max()
        axis = np.linspace(low, high, GRID)
        axes.append(np.exp(axis) if log else axis)
        places.append((scaled - low) / (high - low))
    at = np.linspace(0, 1, GRID)
    far = (at[None, :, None] - places[0]) ** 2 + (at[:, None, None] - places[1]) ** 2
    weights = np.exp(-far / (2 * SMOOTHING**2))  # (y, x, trials)
    z = (weights * values).sum(-1) / np.maximum(weights.sum(-1), 1e-300)
    z = np.where(far.min(-1) > (3 * SMOOTHING) ** 2, np.nan, z)
    return Surface((x, y), axes[0], axes[1], z)


def told(params: Mapping[str, Value]) -> str:
    """ "learning_rate 0.012, width 32" """
    return ", ".join(f"{key.rpartition('.')[2]} {value_text(v)}" for key, v in params.items())


def value_text(value: Value) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def metric_text(key: str, value: float) -> str:
    """A metric of the test as people say it."""
    return f"{metric_name(key)} {metric(key, value)}"


def _dominated(scores: NDArray[np.float64]) -> Sequence[bool]:
    """scores (trials, aims), more is better -> whether another is as good in all and better in
    one."""
    as_good = np.all(scores[None] >= scores[:, None], axis=-1)
    better = np.any(scores[None] > scores[:, None], axis=-1)
    return [bool(one) for one in np.any(as_good & better, axis=1)]
