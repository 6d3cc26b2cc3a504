"""Two yes-or-no answers about the same examples: which says yes more often?"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Paired(NamedTuple):
    """first, second  examples of which that one alone says yes;  p  see `more_often`"""

    first: int
    second: int
    p: float


def more_often(first: NDArray[Any], second: NDArray[Any]) -> Paired:
    """McNemar's exact test, one-sided: whether `first` says yes of more of the same n examples.

    first, second  (n,) bool
    p = P(X ≥ b), X ~ Binomial(b + c, 1/2), where b are those of which the first alone says yes and
    c those of which the second alone does: how probable so many are if neither says it more often.
    1 where they say the same of all. McNemar 1947, https://doi.org/10.1007/BF02295996.
    """
    from scipy.stats import binom

    a, b = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    only, other = int((a & ~b).sum()), int((b & ~a).sum())
    return Paired(only, other, float(binom.sf(only - 1, only + other, 0.5)))
