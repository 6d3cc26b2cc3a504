"""A sparse linear model fitted to scores of random combinations of what is switched on: LIME.

Ribeiro, Singh, Guestrin, "Why Should I Trust You?", 2016, https://arxiv.org/abs/1602.04938.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from dlexplain.explainers.inputs.base import Features, ModelInput


def fit_evaluations(count: int, samples: int) -> int:
    """How many scores `sparse_fit` asks for."""
    return samples if count > 1 else 2


def sparse_fit(
    scores: Callable[[Tensor], Tensor],
    count: int,
    samples: int,
    alpha: float,
    width: float,
    generator: torch.Generator,
    chunk: int,
) -> Tensor:
    """(count,) weights, each feature's.

    scores  (n, count) of zeros and ones -> (n,)
    alpha   of the L1 penalty; 0 is an ordinary least squares
    width   of the kernel exp(-d² / width²), d the cosine distance to all switched on
    Of one feature it is f(on) - f(off), whatever alpha and width are.
    """
    if count == 1:
        # The kernel of LIME gives the only other combination, nothing on, a weight of almost 0.
        there, gone = scores(torch.tensor([[1], [0]])).tolist()
        return torch.tensor([there - gone])
    from captum._utils.models.linear_model import SkLearnLasso, SkLearnLinearRegression
    from captum.attr import LimeBase

    linear = SkLearnLasso(alpha=alpha) if alpha else SkLearnLinearRegression()
    whole = torch.ones(1, count)

    def draw(_inputs: Tensor, **_: Any) -> Tensor:
        return torch.bernoulli(torch.full((1, count), 0.5), generator=generator)

    def near(_x: Tensor, _z: Tensor, on: Tensor, **_: Any) -> Tensor:
        distance = 1 - torch.cosine_similarity(whole, on.float(), dim=1)
        return torch.exp(-(distance**2) / width**2)

    lime = LimeBase(
        scores,
        interpretable_model=linear,
        similarity_func=near,
        perturb_func=draw,
        perturb_interpretable_space=True,
        from_interp_rep_transform=lambda on, _x, **_: on,
        to_interp_rep_transform=None,
    )
    weights: Tensor = lime.attribute(whole, n_samples=samples, perturbations_per_eval=chunk)
    return weights.flatten().float()


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
