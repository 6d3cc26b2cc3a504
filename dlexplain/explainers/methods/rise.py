"""RISE: random masks, weighed by the score that is left."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dlexplain.explainers.base import Attributed, Explainer, Family, clamped, register, seeded
from dlexplain.explainers.inputs.base import ModelInput, Need
from dlexplain.explainers.inputs.picture import PictureInput, shorter_side
from dlexplain.explainers.prepare import PreparedModel
from dlexplain.params import number


@dataclass(frozen=True)
class RiseParams:
    samples: int = number(1000, "Masks", low=2, high=20000, help="How many masks are tried.")
    grid: int = number(7, "Grid", low=2, high=64, help="Cells along a side of a mask.")
    keep: float = number(
        0.5, "Kept", low=0.05, high=0.95, step=0.05, help="Share of cells that stay visible."
    )
    seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="Same seed, same masks.")


@register
class Rise(Explainer[RiseParams]):
    """Shows the model the picture through many random soft masks and averages the masks, each
    weighed by the probability that is left for the class. Needs nothing of the model's inside;
    more masks give a calmer map.

    Formula: 1 / (n · p) · Σ_i P(x · M_i) · M_i, M a random grid of zeros and ones, ones with
    probability p, enlarged and shifted at random.
    """

    name = "rise"
    title = "RISE"
    unit = "mean probability"
    family: ClassVar[Family] = "perturbation"
    needs: ClassVar[frozenset[Need]] = frozenset({"pixels"})
    signed = False
    paper = "Petsiuk, Das, Saenko 2018, https://arxiv.org/abs/1806.07421"
    Params = RiseParams

    def fit(self, model: PreparedModel, params: RiseParams) -> tuple[RiseParams, str]:
        return clamped(params, "grid", max(2, shorter_side(model)), "A grid of side")

    def attribute(self, given: ModelInput, params: RiseParams) -> Attributed:
        assert isinstance(given, PictureInput)
        return mean_of_masks(
            given, params, lambda logits: given.target.score(logits.softmax(dim=1))
        )


def mean_of_masks(
    given: PictureInput,
    params: RiseParams,
    score: Callable[[Tensor], Tensor],
    module: nn.Module | None = None,
) -> Attributed:
    """1 / (n · p) · Σ_i s(x · M_i) · M_i over random masks M.

    score   what the model gives -> (batch,);  module  stands for the model
    """
    height, width = given.inputs.shape[-2:]
    generator = seeded(params.seed)
    shape = (params.samples, 1, params.grid + 1, params.grid + 1)
    cells = (torch.rand(shape, generator=generator) < params.keep).float()
    cell = (-(-height // params.grid), -(-width // params.grid))  # pixels, rounded up
    shifts = torch.rand((params.samples, 2), generator=generator)
    big = ((params.grid + 1) * cell[0], (params.grid + 1) * cell[1])
    low = given.model.value_range[0]

    def masks(start: int, stop: int) -> Tensor:
        grown = F.interpolate(
            cells[start:stop].to(given.inputs), size=big, mode="bilinear", align_corners=False
        )
        cut = []
        for mask, shift in zip(grown, shifts[start:stop].tolist(), strict=True):
            top, left = int(shift[0] * cell[0]), int(shift[1] * cell[1])
            cut.append(mask[:, top : top + height, left : left + width])
        return torch.stack(cut)  # (stop - start, 1, height, width)

    made: list[Tensor] = []  # the chunk's masks, needed once more for the sum

    def make(start: int, stop: int) -> Tensor:
        made[:] = [masks(start, stop)]
        return low + (given.inputs - low) * made[0]

    given.progress.plan(params.samples)
    total = torch.zeros((1, height, width), device=given.inputs.device)
    least, most = float("inf"), -float("inf")
    for span, scores in given.evaluator.scores(make, params.samples, score, module):
        total += torch.einsum("n,nchw->chw", scores, made[0])
        least, most = min(least, float(scores.min())), max(most, float(scores.max()))
        given.preview(lambda stop=span.stop: total[0] / (stop * params.keep))  # type: ignore[misc]
    note = SAME_EVERYWHERE if most - least <= SAME else ""
    return Attributed(total / (params.samples * params.keep), note=note)


SAME = 1e-6
"""Probabilities, or likenesses, that differ by no more are one."""
SAME_EVERYWHERE = (
    "The probability is the same under every mask: the map shows the masks, not the picture."
)
