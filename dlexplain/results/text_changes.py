"""What becomes of a prediction when words are changed."""

from dataclasses import dataclass
from typing import Any

from dlexplain.results.text_explanations import TextPrediction


@dataclass(frozen=True)
class WordChange:
    """One word of a text, and what stands in its place; "" where it was taken away."""

    place: int
    old: str
    new: str = ""


@dataclass(frozen=True)
class Turning:
    """A search for the fewest words whose change turns the class.

    changes      the words; () where none was found within the budget
    smallest     whether every smaller set was tried, so that there is none
    tried        texts sent through the model
    """

    before: TextPrediction
    after: TextPrediction | None
    changes: tuple[WordChange, ...]
    smallest: bool
    tried: int
    seconds: float

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        if self.after is None:
            return (
                f"Nothing that turns the class was found in {self.tried:,} trials. A larger "
                "budget may find it."
            )
        words = [f'"{c.old}" → "{c.new}"' if c.new else f'"{c.old}"' for c in self.changes]
        what = "Replacing" if self.changes[0].new else "Without"
        sure = " No smaller set does it." if self.smallest else " A smaller set may exist."
        return f"{what} {', '.join(words)}, {self._outcome(self.after)}." + (
            sure if len(words) > 1 else ""
        )

    def _outcome(self, after: TextPrediction) -> str:
        best = after.scores[0]
        if after.activation == "softmax":
            return f"the class is {best.name.label} ({best.text})"
        old = self.before.scores[0]
        now = next(score for score in after.scores if score.name == old.name)
        moved = "falls" if now.probability < old.probability else "rises"
        return f"{old.name.label} {moved} from {old.text} to {now.text}"

    def to_dict(self) -> dict[str, Any]:
        return {
            "before": self.before.to_dict(),
            "after": self.after.to_dict() if self.after else None,
            "changes": [vars(change) for change in self.changes],
            "smallest": self.smallest,
            "tried": self.tried,
            "seconds": self.seconds,
        }
