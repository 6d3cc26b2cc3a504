"""Methods that average a gradient method over noisy copies of the input."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.explainers.base import METHODS, Attributed, Explainer, Family, register, seeded
from dlexplain.explainers.inputs.base import ModelInput, Need
from dlexplain.explainers.methods.gradients import GradientMethod
from dlexplain.params import choice, number

OVER = ("saliency", "input-x-gradient", "guided-backprop", "integrated-gradients")
NO_NOISE = "All values of the input are the same: noise, a share of their range, is none."


@dataclass(frozen=True)
class NoiseParams:
    over: str = choice("saliency", "Over", OVER, help="The method that is averaged.")
    samples: int = number(25, "Samples", low=1, high=500, help="Noisy copies of the input.")
    noise: float = number(
        0.15,
        "Noise",
        low=0.0,
        high=1.0,
        step=0.05,
        help="Standard deviation of the noise, as a share of the input's range of values.",
    )
    seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="Same seed, same noise.")


class _OverNoise(Explainer[NoiseParams]):
    family: ClassVar[Family] = "gradient"
    needs: ClassVar[frozenset[Need]] = frozenset({"gradients", "sensitivities"})
    Params = NoiseParams

    def noisy_maps(self, given: ModelInput, params: NoiseParams) -> Iterator[Tensor]:
        """Yield the maps of the noisy copies, (count, ...) of what is shown at a time."""
        method = _method(params.over)
        if not method.suits(given.modality.name):
            raise Incompatible(f"{method.title} is not offered for a {given.modality.name}")
        method.check_all(given.model)
        request = method.request(given.modality.name)
        given.options, over = request.options, request.params
        evaluator, x = given.differentiable()
        spread = float(x.max() - x.min())
        noise = torch.randn((params.samples, *x.shape[1:]), generator=seeded(params.seed)).to(x)
        noisy = x + params.noise * spread * noise
        given.progress.plan(params.samples * method.evaluations(over))
        for _, maps in method.maps(given, evaluator, noisy, over):
            yield torch.stack([given.fold(one) for one in maps])

    def moments(
        self, given: ModelInput, params: NoiseParams
    ) -> Iterator[tuple[Tensor, Tensor, int]]:
        """(sum, sum of squares, count) of the maps so far."""
        total, squares, count = torch.zeros(()), torch.zeros(()), 0
        for maps in self.noisy_maps(given, params):
            total, squares = total.to(maps) + maps.sum(0), squares.to(maps) + (maps**2).sum(0)
            count += len(maps)
            yield total, squares, count


def _method(name: str) -> GradientMethod[Any]:
    method = METHODS[name]
    assert isinstance(method, GradientMethod)
    return method


def no_noise(given: ModelInput) -> str:
    """A note on a picture of one colour, or other inputs all of whose values are the same."""
    _, x = given.differentiable()
    return "" if bool(x.max() > x.min()) else NO_NOISE


@register
class SmoothGrad(_OverNoise):
    """The mean of a gradient method over noisy copies of the input. Gradients jump about from pixel
    to pixel; averaged over a neighbourhood of the input, what is stable remains.

    Formula: 1/n · Σ M(x + ε), ε normal with the given deviation.
    """

    name = "smoothgrad"
    title = "SmoothGrad"
    unit = "as the method that is averaged"
    signed = False
    paper = "Smilkov et al. 2017, https://arxiv.org/abs/1706.03825"

    def is_signed(self, params: NoiseParams) -> bool:
        method = _method(params.over)
        return method.is_signed(method.Params())

    def unit_of(self, modality: str, params: NoiseParams) -> str:
        return _method(params.over).unit

    def attribute(self, given: ModelInput, params: NoiseParams) -> Attributed:
        for total, _, count in self.moments(given, params):
            mean = total / count
            given.preview(lambda mean=mean: mean.mean(0))  # type: ignore[misc]
        return Attributed(mean, note=no_noise(given))


@register
class VarGrad(_OverNoise):
    """The variance of a gradient method over noisy copies of the input: where the gradient changes
    most when the input changes a little. Independent of the gradient's sign.

    Formula: Var M(x + ε), ε normal with the given deviation.
    """

    name = "vargrad"
    title = "VarGrad"
    unit = "variance of the averaged method"
    signed = False
    paper = "Adebayo et al. 2018, https://arxiv.org/abs/1810.03307"

    def attribute(self, given: ModelInput, params: NoiseParams) -> Attributed:
        for total, squares, count in self.moments(given, params):
            variance = squares / count - (total / count) ** 2
            given.preview(lambda variance=variance: variance.mean(0))  # type: ignore[misc]
        return Attributed(variance.clamp_min(0), note=no_noise(given))
