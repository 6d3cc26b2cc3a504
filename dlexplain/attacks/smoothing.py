"""Randomised smoothing: the class that a model says most often under Gaussian noise, and the L2
radius within which that class cannot change.

Cohen, Rosenfeld and Kolter 2019, https://arxiv.org/abs/1902.02918. Everything is on the unit scale,
and the noise is not cut at black and white.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.attacks.losses import Loss
from dlexplain.attacks.victim import Victim
from dlexplain.errors import BadInput

BLOCK_VALUES = 8_000_000
"""Values of noise that are held at once."""
MOST_SIGMA = 10.0


@dataclass(frozen=True)
class Smoothing:
    """How a classifier is smoothed.

    sigma    deviation of the noise, where 0 is black and 1 white
    first    samples by which the class is chosen;  samples  by which it is certified
    alpha    chance at most that a certificate is wrong
    Raises BadInput.
    """

    sigma: float = 0.25
    first: int = 100
    samples: int = 1000
    alpha: float = 0.001

    def __post_init__(self) -> None:
        if not 0 < self.sigma <= MOST_SIGMA:
            raise BadInput(
                f"sigma is {self.sigma:g}; above 0 and at most {MOST_SIGMA:g} is accepted"
            )
        for name in ("first", "samples"):
            if not isinstance(getattr(self, name), int) or getattr(self, name) < 1:
                raise BadInput(f"{name} is {getattr(self, name)!r}; a whole number from 1")
        if not 0 < self.alpha < 0.5:
            raise BadInput(f"alpha is {self.alpha:g}; above 0 and below 0.5 is accepted")


@dataclass(frozen=True)
class Certified:
    """said    the class, or None where it abstains
    hits    of the samples, those of the class that was chosen
    radius  in L2; 0 where it abstains
    """

    said: int | None
    hits: int
    radius: float


def lower_bound(hits: int, samples: int, alpha: float) -> float:
    """The exact one-sided lower confidence bound of a proportion, with confidence 1 - alpha: the
    alpha quantile of Beta(hits, samples - hits + 1) (Clopper and Pearson 1934), 0 of no hits."""
    from scipy.stats import beta

    return float(beta.ppf(alpha, hits, samples - hits + 1)) if hits else 0.0


def radius_of(lower: float, sigma: float) -> float:
    """σ Φ⁻¹(p), where p is the lower bound of the chance of the class; 0 up to p = 1/2."""
    from scipy.stats import norm

    return sigma * float(norm.ppf(lower)) if lower > 0.5 else 0.0


def certify(victim: Victim, how: Smoothing, generator: torch.Generator) -> Certified:
    """Of the victim's only input: the class that is chosen by `first` samples, and, by `samples`
    others, how far it holds. With probability 1 - alpha the smoothed classifier says that class
    everywhere within the radius; it abstains where the bound is 1/2 or less."""
    chosen = int(noise_counts(victim, how.sigma, how.first, generator).argmax())
    hits = int(noise_counts(victim, how.sigma, how.samples, generator)[chosen])
    radius = radius_of(lower_bound(hits, how.samples, how.alpha), how.sigma)
    return Certified(chosen if radius > 0 else None, hits, radius)


def smoothed_class(victim: Victim, how: Smoothing, generator: torch.Generator) -> int | None:
    """What the smoothed classifier says of the victim's only input, by `samples` samples; None
    where the two classes that are said most often are not told apart: a two-sided binomial test of
    p = 1/2 at alpha."""
    from scipy.stats import binomtest

    counts = noise_counts(victim, how.sigma, how.samples, generator)
    second, first = np.sort(counts)[-2:]
    test = binomtest(int(first), int(first + second), 0.5)
    return int(counts.argmax()) if test.pvalue <= how.alpha else None


def noise_counts(
    victim: Victim, sigma: float, samples: int, generator: torch.Generator
) -> NDArray[np.int64]:
    """(classes,) how often each is said of the victim's only input under noise of deviation sigma.

    Raises BadInput where the model says NaN, or Cancelled.
    """
    found: NDArray[np.int64] | None = None
    for noise in _noise(victim.x, samples, generator):
        logits = victim.logits(victim.x + sigma * noise)
        if not logits.isfinite().all():
            raise BadInput("the model says NaN or infinity under noise; nothing can be certified")
        counts = torch.bincount(logits.argmax(1), minlength=logits.shape[1]).cpu().numpy()
        found = counts if found is None else found + counts
    assert found is not None
    return found


def _noise(x: Tensor, samples: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Standard normal, (at most so many as fit, ...), `samples` altogether."""
    block = max(1, BLOCK_VALUES // x[0].numel())
    for first in range(0, samples, block):
        shape = (min(block, samples - first), *x.shape[1:])
        yield torch.randn(shape, generator=generator).to(x.device)


@dataclass(frozen=True, eq=False)
class SmoothedVictim(Victim):
    """A smoothed classifier to be attacked by its gradient: its scores are log of the mean softmax
    over noise, and the gradient is averaged over the same noise (expectation over transformation,
    Athalye et al. 2018; Salman et al. 2019, https://arxiv.org/abs/1906.04584).

    noise  (m, ...) of deviation sigma, the same for every input, so that steps are comparable
    """

    noise: Tensor | None = None

    def logits(self, x: Tensor) -> Tensor:
        """(n, ...) -> (n, classes)"""
        plain = super().logits
        return torch.stack([self._mean(plain(near)) for near in self._near(x)])

    def gradient(self, x: Tensor, loss: Loss) -> tuple[Tensor, Tensor, Tensor]:
        """As of any victim, one input at a time."""
        found = [self._gradient(near, row, loss) for row, near in enumerate(self._near(x))]
        first, second, third = zip(*found, strict=True)
        return torch.stack(first), torch.stack(second), torch.stack(third)

    def _gradient(self, near: Tensor, row: int, loss: Loss) -> tuple[Tensor, Tensor, Tensor]:
        """Of the loss of log mean p by x: each sample's gradient of log p̄ is Σ_c w_c ∂p_c / p̄_c,
        which takes the means first, and then the samples by themselves."""
        means = self._mean(super().logits(near)).detach().requires_grad_()
        with torch.enable_grad():
            lost = loss(means[None], self.labels[row : row + 1], self.target)[0]
            (by_log,) = torch.autograd.grad(lost, means)
        weights = by_log / means.detach().exp()

        def weighed(logits: Tensor, _labels: Tensor, _target: int | None) -> Tensor:
            return logits.softmax(1) @ weights / len(near)

        alike = self.labels[row : row + 1].expand(len(near))
        plain = Victim(self.model, near, alike, self.progress, self.chunks, self.target)
        gradients, _, _ = plain.gradient(near, weighed)
        return gradients.sum(0), lost.detach(), means.detach()

    def _near(self, x: Tensor) -> Iterator[Tensor]:
        assert self.noise is not None
        for one in x:
            yield one + self.noise

    @staticmethod
    def _mean(logits: Tensor) -> Tensor:
        """(m, classes) -> (classes,) log of the mean softmax"""
        return logits.log_softmax(1).logsumexp(0) - float(np.log(len(logits)))
