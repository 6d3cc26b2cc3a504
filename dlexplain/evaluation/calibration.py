"""How far a classifier's confidence is the share of its answers that are right."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlexplain.errors import BadInput


def expected_calibration_error(
    confidence: NDArray[Any], correct: NDArray[Any], bins: int = 15
) -> float:
    """Σ over bins of (n_b / n) |accuracy_b - confidence_b|, 0 to 1; 0 is calibrated.

    confidence  (n,) the probability of the class that is said;  correct  (n,) whether it is right
    bins        of equal width, over 0 to 1
    Of few examples it is above 0 also where a model is calibrated. Raises BadInput for none.
    Guo et al. 2017, https://arxiv.org/abs/1706.04599.
    """
    if not len(confidence):
        raise BadInput("calibration takes one example or more; 0 are given")
    sure = np.asarray(confidence, dtype=np.float64)
    right = np.asarray(correct, dtype=np.float64)
    place = np.clip(np.ceil(sure * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(place, weights=right - sure, minlength=bins)
    return float(np.abs(gaps).sum() / len(sure))
