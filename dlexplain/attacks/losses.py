"""What an attack makes large: (n, classes) logits, (n,) right classes, target or None -> (n,)."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

Loss = Callable[[Tensor, Tensor, int | None], Tensor]


def cross_entropy_loss(logits: Tensor, labels: Tensor, target: int | None) -> Tensor:
    """-log p(right), or log p(target) where there is one."""
    if target is None:
        return cross_entropy(logits, labels, reduction="none")
    wanted = torch.full_like(labels, target)
    return -cross_entropy(logits, wanted, reduction="none")


def margin_loss(logits: Tensor, labels: Tensor, target: int | None) -> Tensor:
    """How far the model is beyond its decision: above 0 where it is fooled.

    Without a target max over j != y of z_j - z_y; with one z_t - max over j != t of z_j.
    """
    if target is None:
        return best_other(logits, labels) - of_class(logits, labels)
    wanted = torch.full_like(labels, target)
    return of_class(logits, wanted) - best_other(logits, wanted)


def dlr_loss(logits: Tensor, labels: Tensor, target: int | None) -> Tensor:
    """The difference of logits ratio, which no scaling of the logits changes.

    Without a target -(z_y - max over j != y of z_j) / (z_(1) - z_(3)); with one
    -(z_y - z_t) / (z_(1) - (z_(3) + z_(4)) / 2), of the logits sorted from the largest on.
    Of fewer than three (four) classes there is no such spread, and the margin is taken as it is.
    Croce and Hein 2020, https://arxiv.org/abs/2003.01690.
    """
    classes = logits.shape[1]
    if classes < (3 if target is None else 4):
        return margin_loss(logits, labels, target)
    ordered = logits.sort(1, descending=True).values
    if target is None:
        spread = ordered[:, 0] - ordered[:, 2]
        return margin_loss(logits, labels, None) / (spread + 1e-12)
    wanted = torch.full_like(labels, target)
    spread = ordered[:, 0] - (ordered[:, 2] + ordered[:, 3]) / 2
    return (of_class(logits, wanted) - of_class(logits, labels)) / (spread + 1e-12)


LOSSES: dict[str, Loss] = {
    "cross-entropy": cross_entropy_loss,
    "margin": margin_loss,
    "dlr": dlr_loss,
}


def fooled(logits: Tensor, labels: Tensor, target: int | None) -> Tensor:
    """(n,) bool: whether another class than the right one, or the target, is said. A model that
    says NaN is not fooled: it says nothing."""
    said = logits.argmax(1)
    hit = said != labels if target is None else said == target
    return hit & logits.isfinite().all(1)


def of_class(logits: Tensor, classes: Tensor) -> Tensor:
    """(n, classes), (n,) -> (n,)"""
    return logits.gather(1, classes[:, None])[:, 0]


def best_other(logits: Tensor, classes: Tensor) -> Tensor:
    """The largest logit of all but one class, (n,)"""
    return logits.scatter(1, classes[:, None], float("-inf")).amax(1)
