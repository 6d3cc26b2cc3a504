"""How much a language model remembers of a secret in its text."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class CanaryExposure:
    """How much a language model remembers of a secret that stood so many times in its text.

    rank       of the secret by its log-perplexity among all `candidates`, 1 the likeliest
    exposure   log2 of candidates - log2 of rank, in bits: 0 to log2 of candidates
    perplexity validation perplexity of the model
    """

    times: int
    seed: int
    canary: str
    rank: int
    candidates: int
    exposure: float
    perplexity: float


@dataclass(frozen=True)
class CanaryTest:
    """Exposure of a planted secret, by how often it was planted."""

    data: str
    spec: Mapping[str, Any]
    found: tuple[CanaryExposure, ...]
    candidates: int
    seconds: float = 0.0
    notes: tuple[str, ...] = ()

    @property
    def times(self) -> tuple[int, ...]:
        return tuple(sorted({one.times for one in self.found}))

    def mean(self, times: int) -> float:
        return float(np.mean([one.exposure for one in self.found if one.times == times]))

    @property
    def most(self) -> float:
        """Bits: the exposure of a secret that is the likeliest of all candidates."""
        return float(np.log2(self.candidates))

    @property
    def told(self) -> str:
        seeds = len({one.seed for one in self.found})
        parts = [f"{self.mean(t):.1f} bits where it stood {t:,} times" for t in self.times]
        return (
            f"Exposure of the secret, of {self.most:.1f} bits at most, mean of {seeds} "
            f"trainings: {'; '.join(parts)}."
        )

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)
