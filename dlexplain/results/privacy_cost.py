"""What privacy costs: accuracy and membership inference against epsilon."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Trade:
    """One private training, or one without noise, for the figure of accuracy against epsilon.

    epsilon  the budget, None without noise;  spent  of it by the accountant
    """

    epsilon: float | None
    seed: int
    spent: float | None
    noise: float | None
    accuracy: float
    auc: float
    tpr: float
    right: float
    members: tuple[float, ...] = field(default=(), repr=False)
    others: tuple[float, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class PrivacyTrade:
    """Accuracy and membership AUC against epsilon, of several seeds each.

    count  members, and as many others, of each attack;  test  pictures of the accuracy
    member_places, other_places  of the records of which the first seed's trainings have the losses
    """

    data: str
    command: str
    date: str
    machine: str
    spec: Mapping[str, Any]
    delta: float
    count: int
    test: int
    trades: tuple[Trade, ...]
    member_places: tuple[int, ...] = ()
    other_places: tuple[int, ...] = ()

    @property
    def epsilons(self) -> tuple[float | None, ...]:
        """The strictest first, without noise the last."""
        known = {trade.epsilon for trade in self.trades}
        return tuple(sorted(known, key=lambda e: float("inf") if e is None else e))

    def of(self, epsilon: float | None) -> list[Trade]:
        return [trade for trade in self.trades if trade.epsilon == epsilon]

    def summary(self, epsilon: float | None, what: str) -> tuple[float, float, float]:
        """Mean over seeds of accuracy, auc, tpr or right, and its 95% interval by Student's t."""
        from scipy.stats import t

        values = np.array([getattr(trade, what) for trade in self.of(epsilon)], np.float64)
        mean, n = float(values.mean()), len(values)
        if n < 2:
            return mean, mean, mean
        half = float(t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n))
        return mean, mean - half, mean + half

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "PrivacyTrade":
        """Raises TypeError or KeyError of anything else."""
        trades = tuple(
            Trade(**{**one, "members": tuple(one["members"]), "others": tuple(one["others"])})
            for one in given["trades"]
        )
        places = {key: tuple(given[key]) for key in ("member_places", "other_places")}
        return cls(**{**given, "trades": trades, **places})
