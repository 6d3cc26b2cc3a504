"""What an attack on a picture's class found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.params import Value
from dlexplain.results.explanations import Attribution, ClassName, ClassScore

NORM_TITLES = {"linf": "L∞", "l2": "L2", "l0": "L0"}


@dataclass(frozen=True, eq=False)
class AttackResult:
    """One attack on one picture.

    attack, title, params  which, and how it was asked
    norm, epsilon   its budget: of the change's largest value (linf) or length (l2), where 0 is
                    black and 1 white; or the number of changed pixels (l0)
    label           the class that was right, or that the model said where no truth is known
    target          the class that was to be reached, or None: any other
    already         whether the model said another class before: then there is nothing to attack
    success         whether the model says what was wanted of the changed picture
    saved_success   whether it does so of the changed picture as a file has it, in 256 levels
    linf, l2        how far the change goes
    pixels          how many it touches
    smallest        (a budget that did not suffice, one that did), by bisection; None where not even
                    the largest that was tried did, or it was not looked for
    picture         (height, width, 3) uint8, what the model saw
    moved           (height, width, 3) float32 in [0, 1], what it was shown in its place
    before, after   the most probable classes of each, the best first
    """

    model: str
    attack: str
    title: str
    params: Mapping[str, Value]
    norm: str
    epsilon: float
    label: ClassName
    target: ClassName | None
    already: bool
    success: bool
    saved_success: bool
    linf: float
    l2: float
    pixels: int
    smallest: tuple[float, float] | None
    picture: NDArray[np.uint8]
    moved: NDArray[np.float32]
    before: tuple[ClassScore, ...]
    after: tuple[ClassScore, ...]
    evaluations: int
    seconds: float
    seed: int
    path: str = ""
    model_fingerprint: str = ""
    picture_digest: str = ""

    @property
    def saved(self) -> NDArray[np.uint8]:
        """(height, width, 3) the changed picture in 256 levels, as a file has it."""
        return (self.moved * 255).round().astype(np.uint8)

    @property
    def change(self) -> NDArray[np.float32]:
        """(height, width, 3) what was added, from -1 to 1."""
        return self.moved - self.picture.astype(np.float32) / np.float32(255)

    @property
    def told(self) -> str:
        """The answer in a sentence."""
        budget = budget_told(self.norm, self.epsilon)
        if self.already:
            return (
                f"The model says {self.before[0].name.label} of the picture as it is, not "
                f"{self.label.label}: there is nothing to attack."
            )
        said = f"{self.after[0].name.label} ({self.after[0].probability:.0%})"
        was = f"{self.before[0].name.label} ({self.before[0].probability:.0%})"
        if self.success:
            return f"{self.title} turns {was} into {said} within {budget}."
        wanted = f" into {self.target.label}" if self.target else ""
        return f"{self.title} does not turn {was}{wanted} within {budget}; it says {said}."

    def to_dict(self) -> dict[str, Any]:
        """The form that `attack --json` prints; without the pictures."""
        return {
            "path": self.path,
            "model": self.model,
            "attack": self.attack,
            "params": dict(self.params),
            "norm": self.norm,
            "epsilon": self.epsilon,
            "label": self.label.label,
            "target": self.target.label if self.target else None,
            "already_misclassified": self.already,
            "success": self.success,
            "success_in_256_levels": self.saved_success,
            "linf": self.linf,
            "l2": self.l2,
            "pixels": self.pixels,
            "smallest_budget": list(self.smallest) if self.smallest else None,
            "before": [score.to_dict() for score in self.before],
            "after": [score.to_dict() for score in self.after],
            "evaluations": self.evaluations,
            "seconds": self.seconds,
            "seed": self.seed,
            "model_fingerprint": self.model_fingerprint,
            "picture_digest": self.picture_digest,
        }


@dataclass(frozen=True, eq=False)
class MovedMap:
    """An attack on the explanation of one picture: the class stays, the map moves.

    epsilon       the budget in L∞, where 0 is black and 1 white
    label         the class that is explained, which the model says of both pictures
    probabilities of it, before and after
    method, title what explained, and what it is called
    before, after its maps, of the picture and of the changed one
    overlap       share of the most marked tenth of `before` that is in that of `after`, 0 to 1
    correlation   Spearman's rank correlation of the two maps, -1 to 1
    chance        overlaps after random changes of the same budget that keep the class; may be empty
    attacked      overlap of the map that was attacked, that of the gradients
    picture       (height, width, 3) uint8;  moved  (height, width, 3) float32 in [0, 1]
    """

    model: str
    method: str
    title: str
    epsilon: float
    label: ClassName
    probabilities: tuple[float, float]
    before: Attribution
    after: Attribution
    overlap: float
    correlation: float
    chance: tuple[float, ...]
    attacked: float
    picture: NDArray[np.uint8]
    moved: NDArray[np.float32]
    evaluations: int
    seconds: float
    seed: int

    @property
    def told(self) -> str:
        """The answer in a sentence."""
        was, now = self.probabilities
        budget = budget_told("linf", self.epsilon)
        said = (
            f"The class stays {self.label.label} ({was:.0%}, then {now:.0%}), and of the tenth "
            f"that {self.title} marks most {self.overlap:.0%} stays within {budget}"
        )
        if not self.chance:
            return f"{said}; no random change of that size kept the class."
        least, most = min(self.chance), max(self.chance)
        return (
            f"{said}; after random changes of that size {least:.0%} to {most:.0%} "
            f"(n = {len(self.chance)}); by chance 10%."
        )

    def to_dict(self) -> dict[str, Any]:
        """The form of the download; without the pictures and maps."""
        return {
            "model": self.model,
            "method": self.method,
            "epsilon": self.epsilon,
            "label": self.label.label,
            "probability_before": self.probabilities[0],
            "probability_after": self.probabilities[1],
            "overlap": self.overlap,
            "correlation": self.correlation,
            "overlap_after_random_changes": list(self.chance),
            "overlap_of_gradients": self.attacked,
            "evaluations": self.evaluations,
            "seconds": self.seconds,
            "seed": self.seed,
        }


def written_budget(epsilon: float) -> str:
    """As the command line takes it: "8/255" or "0.03"."""
    levels = 255 * epsilon
    return f"{round(levels)}/255" if abs(levels - round(levels)) < 1e-6 else f"{epsilon:.6g}"


def smallest_told(norm: str, found: tuple[float, float] | None) -> str:
    """Both ends of a search: "3.5/255 in L∞ suffices, 3/255 in L∞ does not"; where every budget
    that was tried sufficed, that less may suffice too."""
    if found is None:
        return "no budget that was tried suffices"
    low, high = found
    told = f"{budget_told(norm, high)} suffices"
    if low:
        return f"{told}, {budget_told(norm, low)} does not"
    if norm == "l0" and high <= 1:
        return told  # there is no less
    return f"{told}; nothing smaller was ruled out, so less may suffice"


def budget_told(norm: str, epsilon: float) -> str:
    """ "8/255 in L∞", "0.5 in L2", "3 pixels" """
    if norm == "l0":
        return f"{epsilon:,.0f} pixel{'' if epsilon == 1 else 's'}"
    if norm == "linf":
        return f"{255 * epsilon:.3g}/255 in {NORM_TITLES[norm]}"
    return f"{epsilon:.3g} in {NORM_TITLES[norm]}"
