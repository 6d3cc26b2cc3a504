"""Features switched on and off in many combinations, with first maps while that goes on."""

import torch
from torch import Tensor

from dlexplain.explainers.inputs.base import Features, ModelInput


class Seen:
    """The combinations that were scored; every pair is kept for previews."""

    def __init__(self, given: ModelInput, features: Features) -> None:
        self.given, self.features = given, features
        self._on: list[Tensor] = []
        self._scores: list[Tensor] = []

    def scores(self, on: Tensor) -> Tensor:
        """(n, count) True where a feature stays -> (n,), with previews."""
        found = torch.empty(len(on))
        for places, part in self.features.parts(on):
            found[places] = part
            self._on.append(on[places].float())
            self._scores.append(part)
            self.given.preview(lambda: self.features.paint(self._ridge()))
        return found

    def _ridge(self) -> Tensor:
        """(count,) weights of a ridge regression on all that was seen."""
        on, scores = torch.cat(self._on), torch.cat(self._scores)
        on, scores = on - on.mean(0), scores - scores.mean()
        normal = on.T @ on + torch.eye(on.shape[1])
        weights: Tensor = torch.linalg.solve(normal, on.T @ scores)
        return weights
