"""What a model betrays of the records that it was trained on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FALSE_ALARMS = 0.01
"""Of other records that may be named wrongly, where an attack's rate of members found is told."""


@dataclass(frozen=True, eq=False)
class MembershipAttack:
    """How well one attack tells members of the training set from other records.

    name           "loss" or "lira"
    auc, low, high area under the ROC and its 95% interval (Newcombe); 0.5 is chance
    tpr, tpr_low, tpr_high  rate of members found with at most 1% false alarms, 95% interval
                   (bootstrap and Wilson's); 0.01 is chance
    false, true    the ROC: rates of false and true alarms
    """

    name: str
    title: str
    paper: str
    auc: float
    low: float
    high: float
    tpr: float
    tpr_low: float
    tpr_high: float
    false: Floats = field(repr=False)
    true: Floats = field(repr=False)

    @property
    def told(self) -> str:
        """ "AUC 0.53 [0.49–0.57]; finds 1.1% [0.3–3.0%] of members with 1% false alarms" """
        return (
            f"AUC {self.auc:.3f} [{self.low:.3f}–{self.high:.3f}]; finds {self.tpr:.1%} "
            f"[{100 * self.tpr_low:.1f}–{self.tpr_high:.1%}] of members with 1% false alarms"
        )

    def to_dict(self) -> dict[str, Any]:
        numbers = {key: value for key, value in vars(self).items() if key not in ("false", "true")}
        return {**numbers, "roc": [self.false.tolist(), self.true.tolist()]}


@dataclass(frozen=True, eq=False)
class PrivacyReport:
    """Membership inference against a picture classifier.

    count             members, and as many others: records of the training and of the test part
    members, others   (count,) losses in nats
    member_places, other_places  where in those parts they are
    accuracy          of the model on members and on others
    threshold         the mean loss of members: a record with less counts as one (Yeom et al.)
    right, low, high  how often that guess is right, and Wilson's 95% interval; 0.5 is chance
    attacks           by the loss, and by likelihood ratio where shadow models were trained
    scores            by attack: (members, others), the higher the likelier a member
    shadows           models trained for the likelihood ratio
    epsilon, delta    of the model's own training, None where it was not private
    """

    model: str
    title: str
    data: str
    count: int
    members: Floats = field(repr=False)
    others: Floats = field(repr=False)
    member_places: NDArray[np.int64] = field(repr=False)
    other_places: NDArray[np.int64] = field(repr=False)
    accuracy: tuple[float, float]
    threshold: float
    right: float
    low: float
    high: float
    attacks: tuple[MembershipAttack, ...]
    scores: Mapping[str, tuple[Floats, Floats]] = field(repr=False)
    shadows: int
    seed: int
    epsilon: float | None = None
    delta: float | None = None
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    model_fingerprint: str = ""

    @property
    def told(self) -> str:
        """The answer in a sentence that anyone understands."""
        middle = 100 * self.right
        half = max(100 * self.high - middle, middle - 100 * self.low)
        coin = "a coin guesses 50"
        sure = f"{coin}, so that may be chance" if self.low <= 0.5 else coin
        told = (
            "Of 100 records, half of them from the training set, an attacker who sees the loss "
            f"guesses {middle:.0f} ± {half:.0f} right; {sure}."
        )
        if self.low <= 0.5 and self.betrayed:
            better = max(self.attacks, key=lambda attack: attack.low)
            told += (
                f" But {better.title} orders members before others better than chance: AUC "
                f"{better.auc:.3f} [{better.low:.3f}–{better.high:.3f}]."
            )
        return told

    @property
    def betrayed(self) -> bool:
        """Whether an attack is better than chance, by its interval."""
        return self.low > 0.5 or any(attack.low > 0.5 for attack in self.attacks)

    def record(self, member: bool, place: int) -> "RecordExposure":
        """Of one record, by its position among the members or the others."""
        own = (self.members if member else self.others)[place]
        return RecordExposure(
            member,
            int((self.member_places if member else self.other_places)[place]),
            float(own),
            self._above(own, True, member),
            self._above(own, False, not member),
            {name: float(pair[0 if member else 1][place]) for name, pair in self.scores.items()},
        )

    def _above(self, loss: float, members: bool, own: bool) -> tuple[int, int]:
        """How many have a loss at least as high, of how many. own  whether the record is one of
        them, and left out"""
        losses = self.members if members else self.others
        return int((losses >= loss).sum()) - own, len(losses) - own

    def to_dict(self) -> dict[str, Any]:
        """The form that `privacy --json` prints."""
        return {
            "model": self.model,
            "data": self.data,
            "members": self.count,
            "others": self.count,
            "accuracy": {"members": self.accuracy[0], "others": self.accuracy[1]},
            "threshold": self.threshold,
            "right": {"share": self.right, "low": self.low, "high": self.high, "n": 2 * self.count},
            "attacks": [attack.to_dict() for attack in self.attacks],
            "losses": {"members": self.members.tolist(), "others": self.others.tolist()},
            "shadows": self.shadows,
            "seed": self.seed,
            "epsilon": self.epsilon,
            "delta": self.delta,
            "seconds": self.seconds,
            "notes": list(self.notes),
            "model_fingerprint": self.model_fingerprint,
        }

    def rows(self) -> list[dict[str, Any]]:
        """One a record, for CSV."""
        parts = (
            (True, self.member_places, self.members),
            (False, self.other_places, self.others),
        )
        return [
            {"member": member, "place": int(place), "loss": float(loss)}
            | {f"{name} score": float(pair[not member][at]) for name, pair in self.scores.items()}
            for member, places, losses in parts
            for at, (place, loss) in enumerate(zip(places, losses, strict=True))
        ]


@dataclass(frozen=True)
class RecordExposure:
    """What the model betrays of one record.

    place             in the training part of a member, else in the test part
    above_members, above_others  how many members and others have a loss at least as high, of how
                      many; the record itself is left out
    scores            by attack
    """

    member: bool
    place: int
    loss: float
    above_members: tuple[int, int]
    above_others: tuple[int, int]
    scores: Mapping[str, float]

    @property
    def told(self) -> str:
        members, others = counted(*self.above_members), counted(*self.above_others)
        if self.member:
            return (
                f"This record was in the training set. Of the other members {members}, and of the "
                f"records that were not in it {others} have a loss as high as its {self.loss:.3g}."
            )
        return (
            f"This record was not in the training set. Of the members {members}, and of the other "
            f"records that were not in it {others} have a loss as high as its {self.loss:.3g}."
        )


def counted(part: int, whole: int) -> str:
    """ "11 of 359 (3.1%)"; none and all need no share"""
    return f"{part:,d} of {whole:,d}" + (f" ({part / whole:.1%})" if 0 < part < whole else "")
