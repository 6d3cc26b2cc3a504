"""Methods of Lundberg and Lee and their followers that need no superpixels."""

import hashlib
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
from dlexplain.explain.baselines import baseline_choice, gaussian_blur
from dlexplain.explain.path import expected_gradients
from dlexplain.params import choice, number

AT_ONCE = 16
"""Pictures that the search for Owen values asks for together: where the evaluations end, its values
depend on it, so it may not depend on the machine."""
BACKGROUNDS = ("colours", "noise", "blurs")


def make_background(
    kind: str, inputs: Tensor, value_range: tuple[float, float], size: int, seed: int
) -> Tensor:
    """(1, channels, height, width) -> (size, channels, height, width) pictures without the object.

    colours: plain pictures of random colours; noise: uniform noise; blurs: the picture blurred
    from a little to beyond recognition.
    """
    low, high = value_range
    shape = (size, inputs.shape[1], *((1, 1) if kind == "colours" else inputs.shape[-2:]))
    if kind == "blurs":
        widest = max(inputs.shape[-2:]) / 4
        sigmas = np.geomspace(widest / 8, widest, size)
        return torch.cat([gaussian_blur(inputs, float(sigma)) for sigma in sigmas])
    drawn = low + (high - low) * torch.rand(shape, generator=seeded(seed))
    return drawn.to(inputs).expand(size, *inputs.shape[1:]).contiguous()


@register
class ExpectedGradients(Explainer):
    """Integrated Gradients from many baselines at once, at random points that are spread over all
    their paths. No single baseline colours the result. Promises to sum to f(x) less the mean score
    of the baselines, up to sampling error.

    Formula: E over b, α of (x - b) · ∂f(b + α(x - b))/∂x
    """

    name = "expected-gradients"
    title = "Expected Gradients"
    family: ClassVar[Family] = "gradient"
    signed = True
    complete = True
    paper = "Erion et al. 2021, https://arxiv.org/abs/1906.10670"

    @dataclass(frozen=True)
    class Params:
        samples: int = number(200, "Samples", low=10, high=5000, help="Gradients to average.")
        background: str = choice(
            "colours", "Background", BACKGROUNDS, help="The pictures that stand for no evidence."
        )
        baselines: int = number(16, "Baselines", low=1, high=200, help="How many of them.")
        seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="Same seed, same draws.")

    def attribute(self, run: Run, params: Any) -> Attributed:
        background = make_background(
            params.background, run.inputs, run.model.value_range, params.baselines, params.seed
        )
        generator = seeded(params.seed)
        return expected_gradients(run.evaluator, run.inputs, background, params.samples, generator)


@register
class PartitionShap(Explainer):
    """Owen values: Shapley values over a tree of rectangles. The picture is halved again and
    again where it matters most, so the evaluations go where the evidence is. They sum to
    f(x) - f(everything covered).

    Formula: Shapley values in which only the coalitions that the tree allows are counted.
    """

    name = "shap-partition"
    title = "SHAP Partition"
    unit = "logits per pixel"
    family: ClassVar[Family] = "perturbation"
    signed = True
    complete = True
    paper = "Lundberg, Lee 2017, https://arxiv.org/abs/1705.07874 (Owen 1977 for the values)"

    @dataclass(frozen=True)
    class Params:
        evaluations: int = number(
            500, "Evaluations", low=10, high=20000, help="Pictures sent through the model."
        )
        baseline: str = baseline_choice("blur", help="What stands in a covered rectangle.")
        seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="For the noise baseline.")

    def attribute(self, run: Run, params: Any) -> Attributed:
        import shap

        picture = _to_numpy(run.inputs)[0]  # (height, width, channels)
        cover = run.baseline(params.baseline, params.seed)
        masker = shap.maskers.Image(_to_numpy(cover)[0], shape=picture.shape)
        known: dict[bytes, float] = {}

        def model(pictures: NDArray[np.float32]) -> NDArray[np.float64]:
            pictures = pictures.reshape(-1, *picture.shape)
            keys = [hashlib.blake2b(p.tobytes(), digest_size=16).digest() for p in pictures]
            fresh = [i for i, key in enumerate(keys) if key not in known]
            if fresh:
                inputs = torch.from_numpy(pictures[fresh]).permute(0, 3, 1, 2).to(run.inputs)
                scores = run.evaluator.all_scores(inputs).tolist()
                known.update(zip([keys[i] for i in fresh], scores, strict=True))
            return np.array([known[key] for key in keys])[:, None]

        run.progress.plan(params.evaluations)
        explainer = shap.PartitionExplainer(model, masker)
        values: Tensor | None = None
        # The first, coarse pass is cheap: the second finds its evaluations again.
        for evaluations in sorted({max(10, params.evaluations // 8), params.evaluations}):
            explanation = explainer(
                picture[None], max_evals=evaluations, batch_size=AT_ONCE, silent=True
            )
            values = torch.from_numpy(
                np.asarray(explanation.values, dtype=np.float32).reshape(picture.shape)
            )
            run.preview(lambda values=values: values.sum(2))  # type: ignore[misc]
        assert values is not None
        return summed_up(values.permute(2, 0, 1), run.score(), run.score(cover))


def _to_numpy(inputs: Tensor) -> NDArray[np.float32]:
    """(count, channels, height, width) -> (count, height, width, channels)"""
    array: NDArray[np.float32] = inputs.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return array
