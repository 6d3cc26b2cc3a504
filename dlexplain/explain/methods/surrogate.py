"""Methods that switch superpixels off in many combinations and fit a simple model to the scores."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.explain.base import (
    Attributed,
    Explainer,
    Family,
    Run,
    register,
    seeded,
    summed_up,
)
from dlexplain.explain.baselines import baseline_choice
from dlexplain.explain.drawing import numpy_seed
from dlexplain.explain.linear_fit import fit_evaluations, sparse_fit
from dlexplain.explain.methods.occlusion import ONE_REGION
from dlexplain.explain.prepare import PreparedModel
from dlexplain.explain.superpixels import (
    fit_regions,
    paint,
    regions_default,
    regions_field,
    superpixels,
)
from dlexplain.params import Value, number


@dataclass
class Coalitions:
    """Superpixels switched on and off, and the scores of what is then seen.

    on (count, K) of zeros and ones -> pictures -> scores; every pair is kept for previews.
    """

    run: Run
    labels: Tensor
    cover: Tensor

    def __post_init__(self) -> None:
        self.seen: list[Tensor] = []
        self.scores_seen: list[Tensor] = []

    @property
    def count(self) -> int:
        return int(self.labels.max()) + 1

    def pictures(self, on: Tensor) -> Tensor:
        """(count, K) -> (count, channels, height, width)"""
        visible = on.to(self.labels.device)[:, self.labels].bool()  # (count, height, width)
        return torch.where(visible[:, None], self.run.inputs, self.cover)

    def scores(self, on: Tensor) -> Tensor:
        """(count, K) -> (count,), in chunks, with previews."""
        parts = []
        for span, part in self.run.evaluator.scores(
            lambda a, b: self.pictures(on[a:b]), on.shape[0]
        ):
            parts.append(part)
            self.note(on[span], part)
        return torch.cat(parts)

    def note(self, on: Tensor, scores: Tensor) -> None:
        """Keep evaluated coalitions and offer the ridge regression on all of them as preview."""
        self.seen.append(on.float().cpu())
        self.scores_seen.append(scores.float().cpu())
        self.run.preview(lambda: paint(self._ridge(), self.labels)[0])

    def _ridge(self) -> Tensor:
        on, scores = torch.cat(self.seen), torch.cat(self.scores_seen)
        on, scores = on - on.mean(0), scores - scores.mean()
        normal = on.T @ on + torch.eye(on.shape[1])
        weights: Tensor = torch.linalg.solve(normal, on.T @ scores)
        return weights


def coalitions(run: Run, params: Any) -> Coalitions:
    """From the params that the methods here share: regions, baseline, seed."""
    labels = superpixels(run.inputs, params.regions, run.model.value_range)
    cover = run.baseline(params.baseline, params.seed)
    return Coalitions(run, labels, cover)


class _OverRegions(Explainer):
    """A method over superpixels, about fifty of them on a picture of 224 pixels."""

    family: ClassVar[Family] = "perturbation"
    signed = True

    def defaults(self, model: PreparedModel) -> dict[str, Value]:
        return {"regions": regions_default(50, model)}

    def fit(self, model: PreparedModel, params: Any) -> tuple[Any, str]:
        return fit_regions(model, params)


@register
class Lime(_OverRegions):
    """Switches superpixels on and off at random and fits a sparse linear model to the scores
    near the picture; its weights are the map. The weights depend on the random draws: change the
    seed to see how much.

    Formula: argmin_w Σ_i π(z_i) (f(z_i) - w·z_i)² + α |w|₁, π(z) = exp(-d(x, z)² / width²)
    with the cosine distance d of the coalition z to the whole picture.
    """

    name = "lime"
    title = "LIME"
    unit = "logits (weight of the region)"
    paper = "Ribeiro, Singh, Guestrin 2016, https://arxiv.org/abs/1602.04938"

    @dataclass(frozen=True)
    class Params:
        samples: int = number(500, "Samples", low=10, high=20000, help="Combinations tried.")
        regions: int = regions_field()
        baseline: str = baseline_choice("mean", help="What stands in a region switched off.")
        alpha: float = number(
            0.01, "Sparsity", low=0.0, high=10.0, step=0.01, help="Weight of the L1 penalty."
        )
        width: float = number(
            0.25, "Kernel width", low=0.01, high=10.0, step=0.05, help="How local the fit is."
        )
        seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="Same seed, same draws.")

    def attribute(self, run: Run, params: Any) -> Attributed:
        world = coalitions(run, params)
        run.progress.plan(fit_evaluations(world.count, params.samples))
        chunk = run.evaluator.chunks.get(run.model, "forward")
        weights = sparse_fit(
            world.scores,
            world.count,
            params.samples,
            params.alpha,
            params.width,
            seeded(params.seed),
            chunk,
        )
        note = "" if weights.any() else NOTHING_LEFT.format(params.alpha)
        if world.count == 1:
            note = ONE_REGION
        return Attributed(paint(weights, world.labels), note=note)


NOTHING_LEFT = "A sparsity of {:g} left no region: the scores hardly change; try a smaller one."


@register
class KernelShap(_OverRegions):
    """Shapley values of the superpixels: each one's mean contribution over all orders in which
    the regions could be switched on, estimated from a sample of combinations. They sum to
    f(x) - f(everything off) exactly.

    Formula: the weighted least squares whose solution are Shapley values, weights
    (K - 1) / (C(K, |z|) |z| (K - |z|)), solved under the constraint of that sum.
    """

    name = "kernel-shap"
    title = "Kernel SHAP"
    unit = "logits per pixel"
    complete = True
    paper = "Lundberg, Lee 2017, https://arxiv.org/abs/1705.07874"

    @dataclass(frozen=True)
    class Params:
        samples: int = number(1000, "Samples", low=10, high=20000, help="Combinations tried.")
        regions: int = regions_field()
        baseline: str = baseline_choice("mean", help="What stands in a region switched off.")
        seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="Same seed, same draws.")

    def attribute(self, run: Run, params: Any) -> Attributed:
        world = coalitions(run, params)
        if world.count == 1:
            return one_region(run, world)
        import shap

        nothing, everything = np.zeros((1, world.count)), np.ones((1, world.count))
        ends: dict[float, float] = {}  # shap asks for the two ends more than once

        def model(on: NDArray[np.float64]) -> NDArray[np.float64]:
            if len(on) > 1:
                drawn()
                return world.scores(torch.from_numpy(on)).double().cpu().numpy()
            key = float(on.sum())
            if key not in ends:
                ends[key] = run.score(world.pictures(torch.from_numpy(on)))
            return np.array([ends[key]])

        # Of few regions shap tries every combination once, and asks for the two ends besides.
        every = 2**world.count - 2
        run.progress.plan(min(params.samples, every))
        with numpy_seed(params.seed) as drawn:
            explainer = shap.KernelExplainer(model, nothing)
            # An ordinary least squares: shap's default keeps ten regions only.
            weights = explainer.shap_values(
                everything, nsamples=params.samples, l1_reg=0, silent=True
            )
        values = torch.from_numpy(np.asarray(weights, dtype=np.float32)).flatten()
        shared = shared_out(values, world.labels)
        return summed_up(shared, ends[float(world.count)], ends[0.0], SHARED_OUT)


SHARED_OUT = "Each region's value is shared out evenly over its pixels, so that the map sums up."


def shared_out(values: Tensor, labels: Tensor) -> Tensor:
    """(K,) and (height, width) -> (1, height, width) in which each region sums to its value."""
    sizes = torch.bincount(labels.flatten(), minlength=len(values)).to(values)
    return paint(values / sizes, labels)


def one_region(run: Run, world: Coalitions) -> Attributed:
    """What is one region has nothing to compare: the whole difference is spread over it."""
    score, nothing = run.score(), run.score(world.cover)
    values = shared_out(torch.tensor([score - nothing]), world.labels)
    return summed_up(values, score, nothing, ONE_REGION)
