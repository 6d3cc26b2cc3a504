"""Methods that average a gradient method over noisy copies of the picture."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from dlexplain.explain.base import METHODS, Attributed, Explainer, Family, Run, register, seeded
from dlexplain.explain.methods.gradients import GradientMethod
from dlexplain.explain.prepare import PreparedModel
from dlexplain.params import choice, number

OVER = ("saliency", "input-x-gradient", "guided-backprop", "integrated-gradients")


@dataclass(frozen=True)
class NoiseParams:
    over: str = choice("saliency", "Over", OVER, help="The method that is averaged.")
    samples: int = number(25, "Samples", low=1, high=500, help="Noisy copies of the picture.")
    noise: float = number(
        0.15,
        "Noise",
        low=0.0,
        high=1.0,
        step=0.05,
        help="Standard deviation of the noise, as a share of the picture's range of values.",
    )
    seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="Same seed, same noise.")


class _OverNoise(Explainer):
    family: ClassVar[Family] = "gradient"
    Params = NoiseParams

    def fit(self, model: PreparedModel, params: Any) -> tuple[Any, str]:
        _method(params.over)[0].check(model)
        return params, ""

    def noisy_maps(self, run: Run, params: Any) -> Iterator[Tensor]:
        """Yield the maps of the noisy copies, (count, channels, height, width) at a time."""
        method, over = _method(params.over)
        spread = float(run.inputs.max() - run.inputs.min())
        shape = (params.samples, *run.inputs.shape[1:])
        noise = torch.randn(shape, generator=seeded(params.seed)).to(run.inputs)
        noisy = run.inputs + params.noise * spread * noise
        run.progress.plan(params.samples * method.evaluations(over))
        for _, maps in method.maps(run, noisy, over):
            yield maps


def _method(name: str) -> tuple[GradientMethod, Any]:
    method = METHODS[name]
    assert isinstance(method, GradientMethod)
    return method, method.Params()


def no_noise(run: Run) -> str:
    """A note on a picture of one colour."""
    if bool(run.inputs.max() > run.inputs.min()):
        return ""
    return "The picture is of one colour: noise, a share of its range of values, is none."


@register
class SmoothGrad(_OverNoise):
    """The mean of a gradient method over noisy copies of the picture. Gradients jump about from
    pixel to pixel; averaged over a neighbourhood of the picture, what is stable remains.

    Formula: 1/n · Σ M(x + ε), ε normal with the given deviation.
    """

    name = "smoothgrad"
    title = "SmoothGrad"
    unit = "as the method that is averaged"
    signed = False
    paper = "Smilkov et al. 2017, https://arxiv.org/abs/1706.03825"

    def is_signed(self, params: Any) -> bool:
        method, over = _method(params.over)
        return method.is_signed(over)

    def attribute(self, run: Run, params: Any) -> Attributed:
        total, count = torch.zeros_like(run.inputs[0]), 0
        for maps in self.noisy_maps(run, params):
            total, count = total + maps.sum(0), count + len(maps)
            mean = total / count
            run.preview(lambda mean=mean: mean.mean(0))  # type: ignore[misc]
        return Attributed(total / count, note=no_noise(run))


@register
class VarGrad(_OverNoise):
    """The variance of a gradient method over noisy copies of the picture: where the gradient
    changes most when the picture changes a little. Independent of the gradient's sign.

    Formula: Var M(x + ε), ε normal with the given deviation.
    """

    name = "vargrad"
    title = "VarGrad"
    unit = "variance of the averaged method"
    signed = False
    paper = "Adebayo et al. 2018, https://arxiv.org/abs/1810.03307"

    def attribute(self, run: Run, params: Any) -> Attributed:
        total, squares = torch.zeros_like(run.inputs[0]), torch.zeros_like(run.inputs[0])
        count = 0
        for maps in self.noisy_maps(run, params):
            total, squares, count = (
                total + maps.sum(0),
                squares + (maps**2).sum(0),
                count + len(maps),
            )
            variance = squares / count - (total / count) ** 2
            run.preview(lambda variance=variance: variance.mean(0))  # type: ignore[misc]
        values = (squares / count - (total / count) ** 2).clamp_min(0)
        return Attributed(values, note=no_noise(run))
