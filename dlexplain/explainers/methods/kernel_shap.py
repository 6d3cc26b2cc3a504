"""Kernel SHAP, through shap."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from dlexplain.explainers.base import Attributed, Explainer, Family, register, summed_up
from dlexplain.explainers.drawing import numpy_seed
from dlexplain.explainers.inputs.base import Features, ModelInput, Need
from dlexplain.explainers.linear_fit import Seen
from dlexplain.explainers.methods.ablation import ONE_REGION
from dlexplain.params import number

SHARED_OUT = "Each region's value is shared out evenly over its pixels, so that the map sums up."


@dataclass(frozen=True)
class KernelParams:
    samples: int = number(
        1000, "Samples", low=10, high=20000, help="Combinations tried; at least two for each part."
    )
    seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="Same seed, same draws.")


@register
class KernelShap(Explainer[KernelParams]):
    """Shapley values of the parts of the input, superpixels or words: each one's mean contribution
    over all orders in which they could be switched on, estimated from a sample of combinations.
    They sum to f(x) - f(everything off) exactly.

    Formula: the weighted least squares whose solution are Shapley values, weights
    (K - 1) / (C(K, |z|) |z| (K - |z|)), solved under the constraint of that sum.
    """

    name = "kernel-shap"
    title = "Kernel SHAP"
    family: ClassVar[Family] = "perturbation"
    needs: ClassVar[frozenset[Need]] = frozenset({"features"})
    uses = ("features", "precision")
    complete = True
    linear = True
    units: ClassVar = {"picture": "logits per pixel"}
    paper = "Lundberg, Lee 2017, https://arxiv.org/abs/1705.07874"
    Params = KernelParams

    def attribute(self, given: ModelInput, params: KernelParams) -> Attributed:
        features = given.features()
        count, picture = features.count, given.modality.name == "picture"
        if count == 1:  # nothing to compare: the whole difference is its value
            given.progress.plan(2)
            score, nothing = features.scores(torch.tensor([[1], [0]])).tolist()
            values = features.shared(torch.tensor([score - nothing]))
            return summed_up(values, score, nothing, ONE_REGION if picture else "")
        weights, score, nothing = self._solved(given, features, params)
        note = SHARED_OUT if picture else ""
        return summed_up(features.shared(weights), score, nothing, note)

    @staticmethod
    def _solved(
        given: ModelInput, features: Features, params: KernelParams
    ) -> tuple[torch.Tensor, float, float]:
        """(count,) values, and the scores of everything on and off."""
        import shap

        count, seen = features.count, Seen(given, features)
        off, all_on = np.zeros((1, count)), np.ones((1, count))
        ends: dict[float, float] = {}  # shap asks for the two ends more than once

        def model(on: NDArray[np.float64]) -> NDArray[np.float64]:
            if len(on) > 1:
                drawn()
                return seen.scores(torch.from_numpy(on)).double().numpy()
            key = float(on.sum())
            if key not in ends:
                given.progress.plan(1)
                ends[key] = float(features.scores(torch.from_numpy(on))[0])
            return np.array([ends[key]])

        # With two a feature shap tries each alone and all but each, which determines all values;
        # of fewer the equations may be singular, and rounding then decides what comes out.
        samples = max(params.samples, 2 * count)
        # Of few features shap tries every combination once, and asks for the two ends besides.
        given.progress.plan(min(samples, 2**count - 2))
        with numpy_seed(params.seed) as drawn:
            explainer = shap.KernelExplainer(model, off)
            # An ordinary least squares: shap's default keeps ten features only.
            found = explainer.shap_values(all_on, nsamples=samples, l1_reg=0, silent=True)
        values = torch.from_numpy(np.asarray(found, dtype=np.float32)).flatten()
        return values, ends[float(count)], ends[0.0]
