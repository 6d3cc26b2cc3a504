"""A model of words that is known by hand: each word has a weight, and their sum is the logit."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from dlexplain.attacks.texts import TextVictim, Words, WordVectors

WEIGHTS = {"good": 2.0, "great": 1.5, "fine": 0.5, "film": 0.0, "movie": -0.2, "bad": -2.0}
"""Of "positive"; what is not here has none."""
ANGLES = {"good": 0.0, "great": 10.0, "fine": 20.0, "bad": 25.0, "film": 90.0, "movie": 95.0}
"""Of each word's vector, in degrees: the cosine of two is that of the difference."""


class Sums:
    """Two classes: "negative" has the logit 0, "positive" the sum of the words' weights.

    seen  every text that it was asked for;  unreadable  words that it cannot read alone
    """

    def __init__(self, weights: Mapping[str, float] = WEIGHTS) -> None:
        self.weights, self.seen = weights, list[Words]()

    def readable(self, words: Words) -> bool:
        return any(words)

    def shares(self, texts: Sequence[Words]) -> Tensor:
        self.seen += texts
        logits = [sum(self.weights.get(word.lower(), 0.0) for word in text) for text in texts]
        return torch.tensor([[0.0, logit] for logit in logits]).softmax(1)


def vectors() -> WordVectors:
    angles = torch.deg2rad(torch.tensor(list(ANGLES.values())))
    return WordVectors(tuple(ANGLES), torch.stack([angles.cos(), angles.sin()], 1))


def victim(
    text: str, budget: int = 1000, target: int | None = None, speaker: Sums | None = None
) -> TextVictim:
    """Its right class is what the model says."""
    speaker = speaker or Sums()
    words = tuple(text.split())
    before = speaker.shares([words])[0]
    speaker.seen.clear()
    return TextVictim(
        speaker, words, before, int(before.argmax()), target, budget, vectors=vectors()
    )
