"""One box of a detector as a picture classifier, so that every method of pictures explains it."""

import hashlib
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn

from dlexplain.explainers.prepare import PART, PreparedModel

COORDINATES = 4
"""Of a box: centre across and down, width and height, as parts of the picture's sides."""


class OfBox(nn.Module):
    """(batch, channels, height, width) -> (batch, classes + 1) logits of one query's box; the last
    class is "no object".

    network  -> (batch, queries, classes + 1 + COORDINATES)
    """

    def __init__(self, network: nn.Module, query: int) -> None:
        super().__init__()
        self.network = network
        self.query = query

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.network(x)
        return found[:, self.query, :-COORDINATES]


@dataclass(frozen=True, eq=False)
class PreparedBox(PreparedModel):
    """A detector asked of one box; its network and its turns are the detector's.

    detector       -> (batch, queries, classes + 1 + COORDINATES)
    box            (COORDINATES,) as it is in the picture that is explained
    probabilities  (classes,) of the box, without "no object"
    """

    modality: ClassVar[str] = "box"
    detector: nn.Module = field(kw_only=True)
    box: Tensor = field(kw_only=True)
    probabilities: Tensor = field(kw_only=True)


def prepared_box(detector: PreparedModel, query: int, found: Tensor) -> PreparedBox:
    """Its box of this query, as `found`, (classes + 1 + COORDINATES,), which it gives the
    picture that is explained."""
    logits, box = found[:-COORDINATES], found[-COORDINATES:]
    probabilities = logits.float().softmax(0)[:-1]
    digest = hashlib.sha256(found.detach().float().cpu().numpy().tobytes()).hexdigest()[:16]
    known = vars(detector) | {
        "module": OfBox(detector.module, query).eval(),
        "fingerprint": f"{detector.fingerprint}{PART}box-{query}-{digest}",
    }
    return PreparedBox(
        **known, detector=detector.module, box=box.to(detector.device),
        probabilities=probabilities.to(detector.device),
    )  # fmt: skip


def corners(boxes: Tensor) -> Tensor:
    """(..., COORDINATES) centre and size -> left, top, right, bottom"""
    centre, size = boxes[..., :2], boxes[..., 2:]
    return torch.cat([centre - size / 2, centre + size / 2], dim=-1)


def intersection_over_union(boxes: Tensor, other: Tensor) -> Tensor:
    """(..., COORDINATES) and (COORDINATES,) -> (...), 0 to 1; of boxes without area 0."""
    one, two = corners(boxes), corners(other)
    low, high = torch.maximum(one[..., :2], two[:2]), torch.minimum(one[..., 2:], two[2:])
    both = (high - low).clamp_min(0).prod(-1)
    areas = [(b[..., 2:] - b[..., :2]).clamp_min(0).prod(-1) for b in (one, two)]
    return both / (areas[0] + areas[1] - both).clamp_min(1e-12)


def detection_similarity(found: Tensor, box: Tensor, probabilities: Tensor) -> Tensor:
    """How much of a detection is among those of other pictures: the largest over their boxes j of
    IoU(L, L_j) · (1 - p_j(no object)) · cos(P, P_j), 0 to 1.

    found          (batch, queries, classes + 1 + COORDINATES)
    box            (COORDINATES,) the detection's, L;  probabilities  (classes,) its P

    -> (batch,); Petsiuk et al. 2021, https://arxiv.org/abs/2006.03204, equations 1 to 4, with
    1 - p(no object) as the objectness.
    """
    shares = found[..., :-COORDINATES].softmax(-1)  # (batch, queries, classes + 1)
    alike = torch.cosine_similarity(shares[..., :-1], probabilities, dim=-1)
    overlap = intersection_over_union(found[..., -COORDINATES:], box)
    return (overlap * (1 - shares[..., -1]) * alike).amax(1)
