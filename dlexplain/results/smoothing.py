"""What randomised smoothing certifies of a classifier over a data set."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from dlexplain.errors import BAD_JSON, BadInput
from dlexplain.results.explanations import plot
from dlexplain.results.words import csv_of, wilson


@dataclass(frozen=True)
class Certificate:
    """Of one picture.

    label   the class that is right;  plain  what the model says of it without noise
    said    what the smoothed classifier says, None where it abstains
    hits    of the samples, those of the class that was chosen first
    radius  within which, in L2 with 0 black and 1 white, that class stays; 0 where it abstains
    """

    place: int
    label: int
    plain: int
    said: int | None
    hits: int
    radius: float

    @property
    def right(self) -> bool:
        return self.said == self.label

    @classmethod
    def read(cls, line: bytes) -> "Certificate | None":
        """None for a line that a crash or a bad disk has damaged."""
        try:
            told = json.loads(line)
            said = None if told["said"] is None else int(told["said"])
            place, label, plain = (int(told[key]) for key in ("place", "label", "plain"))
            return cls(place, label, plain, said, int(told["hits"]), float(told["radius"]))
        except BAD_JSON:
            return None


@dataclass(frozen=True)
class CertifiedAccuracy:
    """Randomised smoothing of one classifier over a data set (Cohen et al. 2019).

    sigma    deviation of the noise, where 0 is black and 1 white
    first    samples by which a class is chosen;  samples  by which it is certified
    alpha    chance at most, of each certificate, that it is wrong
    count    pictures that were asked for;  found  that there are
    """

    model: str
    model_fingerprint: str
    data: str
    sigma: float
    first: int
    samples: int
    alpha: float
    count: int
    found: int
    certificates: tuple[Certificate, ...]
    seed: int
    date: str
    machine: str
    command: str
    versions: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def n(self) -> int:
        return len(self.certificates)

    @property
    def plain_accuracy(self) -> float:
        """Of the model without noise."""
        return sum(one.plain == one.label for one in self.certificates) / self.n

    @property
    def abstained(self) -> float:
        """The part of which the smoothed classifier says nothing."""
        return sum(one.said is None for one in self.certificates) / self.n

    def accuracy(self, radius: float) -> tuple[float, float, float]:
        """The part that is right and certified to at least this radius, with Wilson's interval."""
        share = sum(one.right and one.radius >= radius for one in self.certificates) / self.n
        return share, *wilson(share, self.n)

    @property
    def radii(self) -> tuple[float, ...]:
        """At which the curve falls, from 0 to the largest."""
        return tuple(sorted({0.0, *(one.radius for one in self.certificates if one.right)}))

    @property
    def told(self) -> str:
        """The answer in a sentence or two."""
        share, low, high = self.accuracy(0.0)
        half = self.accuracy(self.sigma)
        certified = (
            f"Under noise of deviation {self.sigma:g} the smoothed {self.model} is right in "
            f"{share:.1%} [{low:.1%}, {high:.1%}] of {self.n:,} pictures, and certified within an "
            f"L2 distance of {self.sigma:g} in {half[0]:.1%} [{half[1]:.1%}, {half[2]:.1%}]."
        )
        plain = (
            f"Without noise the model is right in {self.plain_accuracy:.1%}; of "
            f"{self.abstained:.1%} the smoothed one says nothing."
        )
        return f"{certified} {plain}"

    def to_dict(self) -> dict[str, Any]:
        """The form that `smoothing --json` prints and that is shipped."""
        return asdict(self)

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> Self:
        """Raises BadInput for anything else."""
        try:
            known = tuple(Certificate(**one) for one in told["certificates"])
            return cls(**{**told, "certificates": known, "notes": tuple(told["notes"])})
        except BAD_JSON as error:
            raise BadInput(f"this is no certified accuracy: {error}") from error

    def to_csv(self) -> str:
        """A row a picture."""
        return csv_of([{"model": self.model, **asdict(one)} for one in self.certificates])

    def plot(self) -> Any:
        """Certified accuracy over the radius."""
        return plot(self)
