"""DeepLift through Captum, made exact for ReLU6 and max pooling."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.explain.base import Attributed, Explainer, Family, Run, completeness_error, register
from dlexplain.explain.baselines import baseline_choice
from dlexplain.explain.batching import Target
from dlexplain.explain.prepare import PreparedModel, replace_modules
from dlexplain.params import number

INEXACT = (nn.GELU, nn.SiLU, nn.Hardswish, nn.Mish, nn.LayerNorm, nn.MultiheadAttention, nn.RNNBase)
"""Non-linear parts for which Captum's rule passes the plain gradient, which is not DeepLift's."""


POOLS = (nn.MaxPool2d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool1d)


class ReLU6AsTwo(nn.Module):
    """ReLU6(x) = ReLU(x) - ReLU(x - 6). Both parts see the same change of x, so their rescale
    multipliers add up to ReLU6's own, and Captum knows ReLU."""

    def __init__(self) -> None:
        super().__init__()
        self.lower = nn.ReLU()
        self.upper = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        # A tensor for each: Captum hooks the gradient of the tensor that a ReLU reads.
        rectified: Tensor = self.lower(x + 0) - self.upper(x - 6)
        return rectified


class _Rescaled(torch.autograd.Function):
    """Max pooling of pictures and then as many baselines, with DeepLift's multipliers.

    What a window's maximum gains is put down to the place of the larger of the two maxima: there
    the input has changed by at least as much.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, pool: Callable[[Tensor], Any]) -> Tensor:
        y, places = pool(x)
        ctx.save_for_backward(x, y, places)
        pooled: Tensor = y
        return pooled

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        (x, x0), (y, y0), (place, place0) = (saved.chunk(2) for saved in ctx.saved_tensors)
        gained = (y - y0).flatten(2)  # (batch, channels, windows)
        chosen = torch.where(y >= y0, place, place0).flatten(2)
        change = (x - x0).flatten(2)  # (batch, channels, height * width)
        at_chosen = change.gather(2, chosen)
        share = gained / torch.where(at_chosen == 0, 1.0, at_chosen)
        multiplier = torch.zeros_like(change).scatter_add(
            2, chosen, share * grads[0].chunk(2)[0].flatten(2)
        )
        multiplier = multiplier.view(x.shape)
        return torch.cat([multiplier, multiplier]), None


class RescaledMaxPool(nn.Module):
    """Stands for a max pooling; Captum's rule for it does not sum up (0.9, any two pictures)."""

    def __init__(self, pool: nn.Module) -> None:
        super().__init__()
        pool = copy.copy(pool)
        pool.return_indices = True  # type: ignore[assignment]
        self.pool = pool.forward  # as a function: Captum would hook a module

    def forward(self, x: Tensor) -> Tensor:
        pooled: Tensor = _Rescaled.apply(x, self.pool)  # type: ignore[no-untyped-call]
        return pooled


def check_exact(model: nn.Module) -> None:
    """Raise Incompatible where the rule would only be the plain gradient."""
    for name, module in model.named_modules():
        if isinstance(module, INEXACT):
            raise Incompatible(
                f"DeepLift's rule is not exact for {type(module).__name__}, which the model "
                f'has in "{name}"'
            )


def exact(model: nn.Module) -> nn.Module:
    """A copy of the model, for Captum's hooks, in layers that follow DeepLift's rule exactly."""
    split = replace_modules(model, (nn.ReLU6,), lambda _: ReLU6AsTwo())
    return replace_modules(split, POOLS, RescaledMaxPool)


class Scored(nn.Module):
    """A model with the target's score as its only output, (batch, 1)."""

    def __init__(self, module: nn.Module, target: Target) -> None:
        super().__init__()
        self.module = module
        self.target = target

    def forward(self, inputs: Tensor) -> Tensor:
        return self.target.score(self.module(inputs))[:, None]


@register
class DeepLift(Explainer):
    """Compares every activation with the one a baseline gives and passes the difference in the
    score back through the network, change by change. One pass like a gradient, yet it sums to
    f(x) - f(baseline) and does not stop at saturated units.

    Rule (rescale): multiplier of a non-linearity = Δoutput / Δinput. ReLU6 is rewritten as
    ReLU(x) - ReLU(x - 6), for which the rule is exact; what the maximum of a window gains is put
    down to the place of the larger one.
    """

    name = "deeplift"
    title = "DeepLift"
    family: ClassVar[Family] = "gradient"
    signed = True
    complete = True
    paper = "Shrikumar, Greenside, Kundaje 2017, https://arxiv.org/abs/1704.02685"

    @dataclass(frozen=True)
    class Params:
        baseline: str = baseline_choice("blur")
        seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="For the noise baseline.")

    def check(self, model: PreparedModel) -> None:
        check_exact(model.module)

    def attribute(self, run: Run, params: Any) -> Attributed:
        from captum.attr import DeepLift as CaptumDeepLift

        baseline = run.baseline(params.baseline, params.seed)
        run.progress.plan(1)
        with run.model.turnstile.turn(), torch.enable_grad():
            values = CaptumDeepLift(Scored(exact(run.model.module), run.target)).attribute(
                run.inputs.detach().requires_grad_(), baseline, target=0
            )
        run.progress.advance(1)
        score, nothing = run.score(), run.score(baseline)
        error = completeness_error(values.detach(), score, nothing)
        return Attributed(values[0], error, baseline_score=nothing)
