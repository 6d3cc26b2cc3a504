"""A region of a segmenter's answer as a picture classifier, so that every method of pictures
explains it (Seg-Grad-CAM, Vinogradova et al. 2020, https://arxiv.org/abs/2002.11434)."""

import hashlib
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlexplain.explainers.prepare import PART, PreparedModel


def enlarged_logits(logits: Tensor, size: tuple[int, int]) -> Tensor:
    """(batch, classes, h, w) -> (batch, classes, *size), bilinear, as transformers does it."""
    return F.interpolate(logits, size=size, mode="bilinear", align_corners=False)


class OfRegion(nn.Module):
    """(batch, channels, height, width) -> (batch, classes): the mean of each class's logits over a
    region. The paper has their sum, which differs by the region's size alone.

    network  -> (batch, classes, h, w) logits
    weights  (h, w), which sum to 1, see `region_weights`
    """

    weights: Tensor

    def __init__(self, network: nn.Module, weights: Tensor) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("weights", weights)

    def forward(self, x: Tensor) -> Tensor:
        return torch.einsum("bchw,hw->bc", self.network(x), self.weights)


def region_weights(mask: Tensor, grid: tuple[int, int]) -> Tensor:
    """How much each place of a map of logits counts for their mean, once enlarged, over the mask.

    mask  (height, width) bool, of at least one pixel;  grid  (h, w) of the map

    Enlarging is linear, so that the mean of the enlarged logits is their sum weighed by the
    transpose of it, applied to the mask: (h, w), whose sum is 1.
    """
    with torch.enable_grad():
        small = torch.zeros((1, 1, *grid), requires_grad=True)
        height, width = mask.shape
        large = enlarged_logits(small, (height, width))[0, 0]
        (weights,) = torch.autograd.grad((large * mask).sum() / mask.sum(), small)
    return weights[0, 0].clone()


def prepared_region(segmenter: PreparedModel, mask: Tensor, grid: tuple[int, int]) -> PreparedModel:
    """A segmenter asked of one region; its network and its turns are the segmenter's.

    mask  (height, width) bool;  grid  (h, w) of its map of logits
    """
    digest = hashlib.sha256(mask.cpu().numpy().tobytes()).hexdigest()[:16]
    weights = region_weights(mask.cpu(), grid).to(segmenter.device)
    return replace(
        segmenter,
        module=OfRegion(segmenter.module, weights).eval(),
        fingerprint=f"{segmenter.fingerprint}{PART}region-{digest}",
        mapped=True,
    )
