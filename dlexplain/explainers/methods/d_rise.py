"""D-RISE: random masks, weighed by how much of a detection is left."""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from dlexplain.explainers.base import Attributed, Explainer, Family, clamped, register
from dlexplain.explainers.boxes import PreparedBox, detection_similarity
from dlexplain.explainers.inputs.base import ModelInput, Need
from dlexplain.explainers.inputs.picture import PictureInput, shorter_side
from dlexplain.explainers.methods.rise import RiseParams, mean_of_masks
from dlexplain.explainers.prepare import PreparedModel
from dlexplain.params import number


@dataclass(frozen=True)
class DRiseParams(RiseParams):
    grid: int = number(16, "Grid", low=2, high=64, help="Cells along a side of a mask.")


WHOLE = "The map is of the box and its class together, whatever class is asked."
GONE = (
    "What is left of the detection is the same under every mask: the map shows the masks, not the "
    "picture."
)


@register
class DRise(Explainer[DRiseParams]):
    """Shows the detector the picture through many random soft masks and averages the masks, each
    weighed by how much of the detection is left: the box that overlaps it most and is of a like
    class. What the box is made of counts too, not its class alone, and it may be another of the
    detector's slots that finds it.

    Formula: 1 / (n · p) · Σ_i s(x · M_i) · M_i, M as in RISE, s = max over boxes j of
    IoU(L, L_j) · O_j · cos(P, P_j), with the boxes L, the classes' probabilities P without "no
    object", and O = 1 - p(no object).
    """

    name = "d-rise"
    title = "D-RISE"
    unit = "mean likeness"
    family: ClassVar[Family] = "perturbation"
    needs: ClassVar[frozenset[Need]] = frozenset({"pixels", "boxes"})
    signed = False
    paper = "Petsiuk et al. 2021, https://arxiv.org/abs/2006.03204"
    Params = DRiseParams

    def fit(self, model: PreparedModel, params: DRiseParams) -> tuple[DRiseParams, str]:
        return clamped(params, "grid", max(2, shorter_side(model)), "A grid of side")

    def attribute(self, given: ModelInput, params: DRiseParams) -> Attributed:
        assert isinstance(given, PictureInput)
        model = given.model
        assert isinstance(model, PreparedBox)

        def likeness(found: Tensor) -> Tensor:
            return detection_similarity(found, model.box, model.probabilities)

        found = mean_of_masks(given, params, likeness, model.detector)
        return Attributed(found.values, note=GONE if found.note else WHOLE)
