"""Batch norms replaced by group norms, which see one example at a time.

Wu and He, "Group Normalization", 2018, https://arxiv.org/abs/1803.08494. Private training needs it:
what a batch norm makes of a record depends on the others of its batch.
"""

import math

from torch import nn

GROUPS = 32
"""At most; those of the paper."""


def with_group_norms(network: nn.Module) -> int:
    """Replace every batch norm by a group norm of gcd(32, channels) groups, as opacus's
    ModuleValidator does, in place; how many there were."""
    count = 0
    for module in list(network.modules()):
        for name, child in list(module.named_children()):
            if isinstance(child, nn.modules.batchnorm._BatchNorm):
                channels = child.num_features
                groups = math.gcd(GROUPS, channels)
                setattr(module, name, nn.GroupNorm(groups, channels, affine=child.affine))
                count += 1
    return count
