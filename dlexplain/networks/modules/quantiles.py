"""Quantiles that cannot cross."""

import torch
from torch import Tensor
from torch.nn import functional as F


def ascending(raw: Tensor) -> Tensor:
    """(..., quantiles) any numbers -> (..., quantiles) ascending, the middle one unchanged.

    Each further one from the middle is the one before it plus or minus a softplus.
    """
    middle = raw.shape[-1] // 2
    steps = F.softplus(raw)
    centre = raw[..., middle : middle + 1]
    below = centre - steps[..., :middle].flip(-1).cumsum(-1).flip(-1)
    above = centre + steps[..., middle + 1 :].cumsum(-1)
    return torch.cat([below, centre, above], dim=-1)
