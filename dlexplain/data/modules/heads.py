"""What data with several labels an example tell a task that learns several of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from dlexplain.data.base import UNKNOWN
from dlexplain.errors import DataError

HEADS = "heads"
"""The parameter of a task that learns several labels: their names, all where it is empty."""


def facts_of_heads(
    known: Mapping[str, Sequence[str]], heads: Sequence[str], labels: Mapping[str, Tensor]
) -> dict[str, Any]:
    """Facts: `heads`, the classes of each, in the order of the outputs; `classes`, the outputs'
    names; and where labels are missing, `labelled`: how many examples have each, by split.

    labels  (count, heads) by split
    Raises DataError where a label is missing in a whole split.
    """
    found: dict[str, Any] = {
        "heads": {name: list(known[name]) for name in heads},
        "classes": [f"{name}: {label}" for name in heads for label in known[name]],
    }
    there = {split: (told != UNKNOWN).sum(0).tolist() for split, told in labels.items()}
    for split, counts in there.items():
        if 0 in counts:
            name = heads[counts.index(0)]
            raise DataError(f'no {split} example has the label "{name}"; give more with it')
    if any(n < len(labels[split]) for split, counts in there.items() for n in counts):
        found["labelled"] = {
            split: dict(zip(heads, counts, strict=True)) for split, counts in there.items()
        }
    return found
