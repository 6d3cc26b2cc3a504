"""How alike two maps are."""

from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.evaluation.ranks import spearman_of

Kind = Literal["spearman", "ssim"]
WINDOW = 7
"""Side of the square over which structural similarity compares, in pixels; scikit-image's."""


def rank_correlations(values: Tensor, others: Tensor) -> tuple[Tensor, int]:
    """Spearman's correlation of a map (...) with others (maps, ...): (maps,), -1 to 1.

    A map without an order, all of whose values are one or not all of which are finite, is like no
    other: 0. How many these were is the second value.
    """
    flat = others.flatten(1).double()
    known = flat.isfinite().all(1)
    found = spearman_of(values.flatten().double().numpy(), flat.nan_to_num().numpy())
    known &= torch.from_numpy(np.isfinite(found))
    return torch.where(known, torch.from_numpy(found), 0.0), int((~known).sum())


def structural_similarity(a: Tensor, b: Tensor) -> float:
    """Of two maps (height, width): the mean over windows of

        (2 μa μb + C1)(2 σab + C2) / ((μa² + μb² + C1)(σa² + σb² + C2)),

    C1 = (0.01 L)², C2 = (0.03 L)² with L the range of the values of both; -1 to 1. As
    skimage.metrics.structural_similarity with a uniform window of 7 x 7, or of the picture's side
    where that is less. Wang et al. 2004, https://doi.org/10.1109/TIP.2003.819861

    Raises Incompatible for maps of fewer than two rows or columns.
    """
    side = min(WINDOW, *a.shape)
    if side < 2:
        raise Incompatible(
            f"structural similarity needs a map of at least 2 x 2 places; this one has "
            f"{' x '.join(map(str, a.shape))}"
        )
    x, y = a.double()[None, None], b.double()[None, None]
    reach = float(torch.stack([x, y]).max() - torch.stack([x, y]).min())
    if reach == 0:
        return 1.0

    def mean(values: Tensor) -> Tensor:
        return F.avg_pool2d(values, side, stride=1)

    unbiased = side**2 / (side**2 - 1)
    of_x, of_y = mean(x), mean(y)
    var_x, var_y = (unbiased * (mean(v * v) - m * m) for v, m in ((x, of_x), (y, of_y)))
    both = unbiased * (mean(x * y) - of_x * of_y)
    c1, c2 = (0.01 * reach) ** 2, (0.03 * reach) ** 2
    above = (2 * of_x * of_y + c1) * (2 * both + c2)
    below = (of_x**2 + of_y**2 + c1) * (var_x + var_y + c2)
    return float((above / below).mean())


def sizes_alike(values: Tensor, others: Tensor, kind: Kind) -> tuple[Tensor, int]:
    """The similarity of the absolute values of a map (...) to those of others (maps, ...): (maps,),
    -1 to 1; and how many of these had none and count as 0, see `rank_correlations`.

    kind  of ranks, or structural, of pictures alone: each map is then scaled to a largest value
          of 1
    """
    own, theirs = values.abs(), others.abs()
    if kind == "spearman":
        return rank_correlations(own, theirs)
    largest = theirs.flatten(1).nan_to_num(0, 0, 0).amax(1)
    known = (largest > 0) & theirs.flatten(1).isfinite().all(1)
    found = [
        structural_similarity(own / own.max(), one / most) if there else 0.0
        for one, most, there in zip(theirs, largest, known.tolist(), strict=True)
    ]
    return torch.tensor(found, dtype=torch.float64), int((~known).sum())
