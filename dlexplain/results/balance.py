"""How many examples of each class a classifier is trained, validated and tested on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

FEW = 10
"""Examples of a class in a part below which that is said."""
NAMED = 5
"""Small classes that are named; of the rest the number."""


@dataclass(frozen=True)
class ClassBalance:
    """A classifier's data before the training.

    counts  examples of each class, in the order of `classes`, by split
    """

    classes: tuple[str, ...]
    counts: Mapping[str, tuple[int, ...]]

    @property
    def sizes(self) -> dict[str, int]:
        """Examples by split."""
        return {split: sum(counts) for split, counts in self.counts.items()}

    @property
    def split_words(self) -> str:
        """ "20 for training, 5 for validation, 5 for testing, in 2 classes" """
        names = {"train": "training", "validation": "validation", "test": "testing"}
        parts = ", ".join(f"{n:,} for {names.get(s, s)}" for s, n in self.sizes.items())
        return f"{parts}, in {len(self.classes)} classes"

    def rows(self) -> list[dict[str, Any]]:
        """A row a class: its name, and its examples in each part."""
        return [
            {"class": name, **{split: counts[place] for split, counts in self.counts.items()}}
            for place, name in enumerate(self.classes)
        ]

    def few(self) -> list[str]:
        """A sentence for each part that has fewer than FEW examples of some class."""
        why = {
            "train": "there is little to learn those classes from",
            "validation": "the best epoch is chosen on very few",
            "test": "the score says little of those classes",
        }
        told = []
        for split, counts in self.counts.items():
            small = [
                f"{name} ({n})" for name, n in zip(self.classes, counts, strict=True) if n < FEW
            ]
            more = f" and {len(small) - NAMED} more" if len(small) > NAMED else ""
            if small:
                told.append(
                    f"Fewer than {FEW} {split} examples of {', '.join(small[:NAMED])}{more}: "
                    f"{why.get(split, 'they say little')}"
                )
        return told
