"""Whether a classifier's probabilities are what they say: of 100 inputs of which it says 80%, 80
should be right.

Everything is over logits or confidences that are there already, of whatever kind of input.
"""

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BadInput
from dlexplain.evaluation.intervals import RESAMPLES
from dlexplain.results.reliability import CalibrationScores, ReliabilityBin
from dlexplain.results.words import wilson

BINS = 15
COLDEST, HOTTEST = 0.05, 20.0
"""Temperatures between which one is looked for."""
Floats = NDArray[np.float64]


def expected_calibration_error(
    confidence: NDArray[np.floating], correct: NDArray[np.bool_], bins: int = BINS
) -> float:
    """Σ over bins of n_b / n · |accuracy_b - mean confidence_b|, bins of equal width: 0 to 1.

    confidence  (n,) the probability of the class that is said
    correct     (n,) whether that class is the right one
    bins        of (0, 1], each with its upper end

    Of few inputs it is above 0 also where the probabilities are right, see `by_chance`. Naeini et
    al. 2015; Guo et al. 2017, https://arxiv.org/abs/1706.04599. Raises BadInput.
    """
    confidence, correct = _checked(confidence, correct, bins)
    return _ece(confidence, correct, _places(confidence, bins), bins)


def reliability_bins(
    confidence: NDArray[np.floating], correct: NDArray[np.bool_], bins: int = BINS
) -> tuple[ReliabilityBin, ...]:
    """Of each bin how many there are, how sure the model is and how often right, with Wilson's
    interval; raises BadInput."""
    confidence, correct = _checked(confidence, correct, bins)
    places = _places(confidence, bins)
    return tuple(_bin(confidence, correct, places == b, b, bins) for b in range(bins))


def ece_interval(
    confidence: NDArray[np.floating],
    correct: NDArray[np.bool_],
    bins: int = BINS,
    seed: int = 0,
    share: float = 0.95,
) -> tuple[float, float]:
    """The basic bootstrap interval of the ECE, (2 e - q_high, 2 e - q_low), cut at 0 and 1, with
    the quantiles of RESAMPLES errors of n inputs drawn with replacement.

    Not the percentiles themselves: an absolute value grows with every resampling, so that they
    would lie too high by twice that bias; this one takes it off (Efron and Tibshirani 1993, 10.2).
    """
    confidence, correct = _checked(confidence, correct, bins)
    found = _ece(confidence, correct, _places(confidence, bins), bins)
    low, high = _percentiles(confidence, correct, bins, seed, share)
    return max(0.0, 2 * found - high), min(1.0, 2 * found - low)


def _percentiles(
    confidence: Floats, correct: NDArray[np.bool_], bins: int, seed: int, share: float = 0.95
) -> tuple[float, float]:
    """Of the resampled errors."""
    generator, n = np.random.default_rng(seed), len(confidence)
    gaps, places = confidence - correct, _places(confidence, bins)
    drawn = np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        rows = generator.integers(0, n, n)
        drawn[i] = np.abs(np.bincount(places[rows], gaps[rows], bins)).sum() / n
    low, high = np.quantile(drawn, [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


def by_chance(
    confidence: NDArray[np.floating], bins: int = BINS, seed: int = 0
) -> tuple[float, float]:
    """Mean, and 95% quantile, of the ECE of a classifier that is right with exactly its confidence:
    RESAMPLES draws of what is right (Bröcker and Smith 2007, https://doi.org/10.1175/WAF993.1)."""
    confidence, _ = _checked(confidence, np.ones(len(confidence), np.bool_), bins)
    generator, n = np.random.default_rng(seed), len(confidence)
    places, drawn = _places(confidence, bins), np.empty(RESAMPLES)
    for i in range(RESAMPLES):
        gaps = confidence - (generator.random(n) < confidence)
        drawn[i] = np.abs(np.bincount(places, gaps, bins)).sum() / n
    return float(drawn.mean()), float(np.quantile(drawn, 0.95))


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> Floats:
    """(n, classes) logits over the temperature -> probabilities, in double precision."""
    return np.exp(_log_softmax(logits, temperature))


def negative_log_likelihood(
    logits: NDArray[np.floating], labels: NDArray[np.int64], temperature: float = 1.0
) -> float:
    """Mean of -log p(right class), in nats. logits  (n, classes);  labels  (n,)"""
    found = _log_softmax(logits, temperature)
    return float(-found[np.arange(len(labels)), labels].mean())


def brier_score(
    logits: NDArray[np.floating], labels: NDArray[np.int64], temperature: float = 1.0
) -> float:
    """Mean over inputs of Σ over classes (p_c - [c is right])², 0 to 2 (Brier 1950)."""
    p = softmax(logits, temperature)
    p[np.arange(len(labels)), labels] -= 1
    return float((p**2).sum(1).mean())


def fit_temperature(logits: NDArray[np.floating], labels: NDArray[np.int64]) -> float:
    """The T of the least mean negative log-likelihood of softmax(logits / T), from COLDEST to
    HOTTEST. It changes no class that is said (Guo et al. 2017).

    logits  (n, classes) finite;  labels  (n,), of at least two classes
    Raises BadInput, also where every input is right: the colder, the likelier then.
    """
    from scipy.optimize import minimize_scalar

    check_logits(logits, labels)
    if (logits.argmax(1) == labels).all():
        raise BadInput(
            f"all {len(labels):,} inputs are right, so that no temperature is the most likely"
        )
    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(logits, labels, float(np.exp(log_t))),
        bounds=(np.log(COLDEST), np.log(HOTTEST)),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(np.exp(found.x))


def calibration_scores(
    logits: NDArray[np.floating],
    labels: NDArray[np.int64],
    temperature: float = 1.0,
    bins: int = BINS,
    seed: int = 0,
) -> CalibrationScores:
    """All of them, of softmax(logits / temperature); raises BadInput.

    The interval of an ECE that chance can explain goes from 0 to the bootstrap's upper percentile:
    there the basic interval is too narrow on both sides, since what the absolute values add to the
    error hides what is under it.
    """
    check_logits(logits, labels)
    p = softmax(logits, temperature)
    confidence, correct = p.max(1), p.argmax(1) == labels
    found = expected_calibration_error(confidence, correct, bins)
    chance, chance_high = by_chance(confidence, bins, seed)
    if found > chance_high:
        low, high = ece_interval(confidence, correct, bins, seed)
    else:
        low, high = 0.0, _percentiles(confidence, correct, bins, seed)[1]
    return CalibrationScores(
        ece=found,
        ece_low=low,
        ece_high=high,
        chance=chance,
        chance_high=chance_high,
        nll=negative_log_likelihood(logits, labels, temperature),
        brier=brier_score(logits, labels, temperature),
        confidence=float(confidence.mean()),
        bins=reliability_bins(confidence, correct, bins),
    )


def check_logits(logits: NDArray[np.floating], labels: NDArray[np.int64]) -> None:
    """Raise BadInput, saying why, where there is nothing to calibrate."""
    if logits.ndim != 2 or logits.shape[1] < 2 or labels.shape != logits.shape[:1]:
        raise BadInput(
            f"logits are {logits.shape} and labels {labels.shape}; (n, classes) of two classes or "
            "more and (n,) are accepted"
        )
    if not np.isfinite(logits).all():
        lost = int((~np.isfinite(logits).all(1)).sum())
        raise BadInput(f"the model says NaN or infinity of {lost:,} of {len(logits):,} inputs")
    if len(np.unique(labels)) < 2:
        raise BadInput("all labels are of one class; inputs of two classes or more are needed")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        raise BadInput(
            f"a label is {labels.max() if labels.min() >= 0 else labels.min()}; 0 to "
            f"{logits.shape[1] - 1} are accepted"
        )


def _log_softmax(logits: NDArray[np.floating], temperature: float) -> Floats:
    from scipy.special import log_softmax

    found: Floats = log_softmax(logits.astype(np.float64) / temperature, axis=1)
    return found


def _checked(
    confidence: NDArray[np.floating], correct: NDArray[np.bool_], bins: int
) -> tuple[Floats, NDArray[np.bool_]]:
    confidence, correct = np.asarray(confidence, np.float64), np.asarray(correct)
    if confidence.ndim != 1 or confidence.shape != correct.shape or not len(confidence):
        raise BadInput(
            f"confidences are {confidence.shape} and correct {correct.shape}; both (n,), n at "
            "least 1, are accepted"
        )
    if not ((confidence >= 0) & (confidence <= 1 + 1e-9)).all():
        raise BadInput("a confidence is NaN or outside 0 to 1")
    if not isinstance(bins, int) or bins < 1:
        raise BadInput(f"bins is {bins!r}; a whole number from 1 is accepted")
    return np.minimum(confidence, 1.0), correct.astype(np.bool_)


def _places(confidence: Floats, bins: int) -> NDArray[np.int64]:
    """The bin of each, by its upper end; what is exactly 0 is in the first."""
    found: NDArray[np.int64] = np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1).astype(np.int64)
    return found


def _ece(
    confidence: Floats, correct: NDArray[np.bool_], places: NDArray[np.int64], bins: int
) -> float:
    return float(np.abs(np.bincount(places, confidence - correct, bins)).sum() / len(confidence))


def _bin(
    confidence: Floats, correct: NDArray[np.bool_], inside: NDArray[np.bool_], place: int, bins: int
) -> ReliabilityBin:
    low, high, n = place / bins, (place + 1) / bins, int(inside.sum())
    if not n:
        return ReliabilityBin(low, high, 0, None, None, None, None)
    right = float(correct[inside].mean())
    return ReliabilityBin(low, high, n, float(confidence[inside].mean()), right, *wilson(right, n))
