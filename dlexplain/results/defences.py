"""What a defence by preprocessing is worth, against attacks that know of it and that do not."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlexplain.errors import BAD_JSON, BadInput
from dlexplain.results.attacks import budget_told
from dlexplain.results.words import wilson

COUNTS = {
    "clean": "as they are, without the defence",
    "clean_defended": "as they are, behind it",
    "attacked": "attacked, without the defence",
    "static": "attacked by one that does not know of it, behind it",
    "adaptive": "attacked by one that knows of it, behind it",
}
"""What is counted, and in words."""
SIGNIFICANT = 0.05


@dataclass(frozen=True)
class DefenceResult:
    """A defence tried on n pictures, each counted where the model says its right class.

    defence, title, strength  which, and how strong, of its `measure`
    attack, epsilon  the attack, and its budget in L∞, where 0 is black and 1 white
    counts    of COUNTS, how many of n; a picture that is misclassified as it is counts as lost
    p         of McNemar's exact test that, by chance alone, so many more pictures withstand the
              attack that knows of the defence than withstand it without the defence
    examples  what the pictures are;  notes  sentences on those that are left out
    """

    model: str
    defence: str
    title: str
    measure: str
    strength: int
    attack: str
    epsilon: float
    n: int
    counts: dict[str, int]
    p: float
    examples: str
    notes: tuple[str, ...]
    evaluations: int
    seconds: float
    seed: int

    def share(self, what: str) -> float:
        """Of COUNTS, from 0 to 1."""
        return self.counts[what] / self.n

    def interval(self, what: str) -> tuple[float, float]:
        """Of the share, 95%, by Wilson's score test."""
        return wilson(self.share(what), self.n)

    def told_share(self, what: str) -> str:
        """ "62% [48–74%]" """
        low, high = self.interval(what)
        return f"{self.share(what):.0%} [{100 * low:.0f}–{high:.0%}]"

    @property
    def holds(self) -> bool:
        """Whether more is left against the attack that knows of it than without it, at 5%."""
        return self.p < SIGNIFICANT

    @property
    def told(self) -> str:
        """The answer in sentences."""
        budget = budget_told("linf", self.epsilon)
        first = (
            f"Behind {self.title}, {self.told_share('static')} of {self.n:,} pictures withstand "
            f"{self.attack} within {budget} that does not know of it, and "
            f"{self.told_share('adaptive')} one that does; {self.told_share('attacked')} do "
            "without any defence."
        )
        second = f"Against who knows of it, no gain is shown (p = {self.p:.2g}, n = {self.n:,})."
        if self.holds:
            second = "What it gains may fall to a stronger attack."
        return f"{first} {second}"

    def to_dict(self) -> dict[str, Any]:
        """The form of `defence --json`."""
        return {
            "model": self.model,
            "defence": self.defence,
            "title": self.title,
            "measure": self.measure,
            "strength": self.strength,
            "attack": self.attack,
            "norm": "linf",
            "epsilon": self.epsilon,
            "n": self.n,
            "right": {
                key: {
                    "count": self.counts[key],
                    "share": self.share(key),
                    "interval_95": list(self.interval(key)),
                }
                for key in COUNTS
            },
            "holds": self.holds,
            "p_mcnemar": self.p,
            "examples": self.examples,
            "notes": list(self.notes),
            "evaluations": self.evaluations,
            "seconds": self.seconds,
            "seed": self.seed,
        }

    @classmethod
    def from_dict(cls, told: Mapping[str, Any]) -> "DefenceResult":
        """From what `to_dict` gave; raises BadInput for anything else."""
        try:
            n, right = int(told["n"]), told["right"]
            counts = {key: int(right[key]["count"]) for key in COUNTS}
            if n < 1 or not all(0 <= count <= n for count in counts.values()):
                raise BadInput("this is no result of a defence: its counts are not of its pictures")
            names = ("model", "defence", "title", "measure", "attack", "examples")
            return cls(
                **{name: str(told[name]) for name in names},
                strength=int(told["strength"]), epsilon=float(told["epsilon"]), n=n, counts=counts,
                p=float(told["p_mcnemar"]), notes=tuple(str(note) for note in told["notes"]),
                evaluations=int(told["evaluations"]), seconds=float(told["seconds"]),
                seed=int(told["seed"]),
            )  # fmt: skip
        except BAD_JSON as error:
            raise BadInput(f"this is no result of a defence: {error!r}") from error
