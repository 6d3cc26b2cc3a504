"""The same method asked again at many points near an input."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from dlexplain.errors import BadInput
from dlexplain.evaluation.case import Case
from dlexplain.explainers.base import Request
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.methods.gradients import OneGradient
from dlexplain.explainers.one_pass import OnePass, explain_together


def uniform_steps(x: Tensor, count: int, radius: float, generator: torch.Generator) -> Tensor:
    """(1, ...) -> (count, ...) steps from x, each number uniform in [-radius, radius]."""
    drawn = torch.rand((count, *x.shape[1:]), generator=generator)
    return ((2 * drawn - 1) * radius).to(x)


def values_at(case: Case, points: Tensor) -> Tensor:
    """What the method shows at points (count, ...) of what `differentiable` gives -> (count, ...)
    of the shape of the case's values, on the CPU.

    Points of a method that takes one pass are explained in one batch, those of others one after
    the other. Raises Incompatible, BadInput for values that are not finite, or Cancelled.
    """
    method, request = case.asked()
    given = replace(case.given)  # asking changes its options
    if isinstance(method, OneGradient):
        found = _of_gradients(method, given, points, request)
    elif isinstance(method, OnePass) and isinstance(given, PictureInput):
        given.progress.plan(len(points))
        score = given.target.score
        _, told = explain_together(method, given, points, request, lambda _start, _stop: score)
        found = torch.stack([torch.from_numpy(one.values) for one in told])
    else:
        one_by_one = (method.explain(given.at(x[None]), request).values for x in points)
        found = torch.stack([torch.from_numpy(values) for values in one_by_one])
    bad = int((~found.flatten(1).isfinite().all(1)).sum())
    if bad:
        raise BadInput(
            f"{bad} of the {len(found)} maps of inputs near this one are not finite numbers"
        )
    return found.float()


def _of_gradients(
    method: OneGradient[Any], given: ModelInput, points: Tensor, request: Request[Any]
) -> Tensor:
    params = method.ready(given, request).params
    evaluator, _ = given.differentiable()
    given.progress.plan(len(points))
    found = [
        given.fold(one).detach().cpu()
        for _, maps in method.maps(given, evaluator, points, params)
        for one in maps
    ]
    return torch.stack(found)
