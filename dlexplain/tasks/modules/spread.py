"""A few of many test examples, spread evenly, since folders come class by class."""

import torch
from torch import Tensor

SHOWN = 16
"""Examples kept, at most."""


class Spread:
    """Keeps every n-th of the examples that pass by in batches."""

    def __init__(self, total: int, most: int = SHOWN) -> None:
        self.every = max(1, -(-total // most))
        self.clear()

    def clear(self) -> None:
        """Begin again."""
        self.passed = 0
        self._parts: list[dict[str, Tensor]] = []

    def keep(self, size: int, **batch: Tensor) -> None:
        """A batch of `size` examples; each tensor has one a row."""
        places = torch.arange(-self.passed % self.every, size, self.every)
        self.passed += size
        self._parts.append({k: v.detach()[places.to(v.device)].cpu() for k, v in batch.items()})

    def kept(self) -> dict[str, Tensor]:
        """By name, as `keep` had them; {} where nothing passed."""
        if not self._parts:
            return {}
        return {key: torch.cat([part[key] for part in self._parts]) for key in self._parts[0]}
