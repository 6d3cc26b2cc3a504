"""Designs: which combinations of an input's features are asked, to learn what each contributes.

A design spreads its rows evenly over all combinations, so that fewer are needed than of independent
draws. A Sobol' sequence does so for shares between 0 and 1 only. Rounded to on and off its columns
repeat: among 2^m rows there are 2^(m - 1) different ones and their opposites, so that of 64
features in 32 rows many would be switched together, and nothing could tell them apart. Features
that are there or not take a Latin hypercube, whose columns are drawn one by one.
"""

import numpy as np
import torch
from torch import Tensor


def switches(rows: int, features: int, generator: np.random.Generator) -> Tensor:
    """(rows, features) of 0 and 1: each feature is on in half of the rows, and which rows is drawn
    for each by itself.

    A Latin hypercube (McKay, Beckman, Conover 1979, https://doi.org/10.2307/1268522), rounded.
    """
    from scipy.stats import qmc  # most explanations do without

    points = qmc.LatinHypercube(features, rng=generator).random(rows)
    return torch.from_numpy(points < 0.5).float()


def shares(rows: int, features: int, generator: np.random.Generator) -> Tensor:
    """(rows, features) from 0 to 1, of a Sobol' sequence; `rows` is a power of two.

    Scrambled, since the first row of the plain sequence is 0 everywhere. Sobol' 1967,
    https://doi.org/10.1016/0041-5553(67)90144-9.
    """
    from scipy.stats import qmc

    points = qmc.Sobol(features, rng=generator).random_base2(rows.bit_length() - 1)
    return torch.from_numpy(points).float()


def pair(rows: int, features: int, soft: bool, seed: int) -> tuple[Tensor, Tensor]:
    """Two independent designs, each (rows, features): shares where features are soft, or switches.

    Of one sequence of twice as many columns, as is usual, some columns of the second design would
    follow one of the first, and what compares the two would see those features change less than
    others. So the second is scrambled anew and its rows are shuffled.
    """
    generator = np.random.default_rng(seed)
    if not soft:
        both = switches(rows, 2 * features, generator)
        return both[:, :features], both[:, features:]
    first, second = shares(rows, features, generator), shares(rows, features, generator)
    return first, second[torch.from_numpy(generator.permutation(rows))]
