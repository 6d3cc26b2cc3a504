"""Three facts of every explanation, within a budget: is it faithful, is it stable, does it depend
on what the model has learnt?

The budget is what the map itself took, and at least as much as LEAST forward passes: one pass with
its gradient is enough for some maps, and nothing can be measured in so little. Where the method
would have to be asked again for more than that, it is asked with a quarter of its samples, here as
there; where it has none to save, these facts are measured on demand.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from dlexplain.errors import BadInput
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.metrics.noise import maps_near
from dlexplain.evaluation.metrics.stability import compared
from dlexplain.evaluation.metrics.top_removal import SHOWN, removed
from dlexplain.evaluation.random_networks import redrawn
from dlexplain.explainers.base import Request
from dlexplain.explainers.inputs.base import PROBABILITY
from dlexplain.params import Spec, Value
from dlexplain.results.quality import Badge, Fact, Measurement, RemovalCurve, Verdict

LEAST = 64
"""Forward passes that the badge may cost in any case."""
GRADIENT = 3
"""Forward passes that one with its gradient costs."""
MAPS = 16
"""Random maps."""
REPEATS = 4
"""Times that the method is asked again for each of the two facts, at most."""
DRAWS = 3
"""Of these, with random weights: inputs with noise go through the network together, networks one by
one."""
SAVED = 4
"""By so much the samples are divided where the budget is short."""
QUANTITIES = ("steps", "samples", "orders", "evaluations", "designs", "channels")
"""Parameters of methods that say how often the model is asked."""
NOISE = 0.02
FEW = 100
"""Parts that are counted rather than told as a share."""
STABLE, LEARNT = 0.7, 0.5
"""Rank correlations: from the first on a map counts as the same, up to the second as another."""


@dataclass(frozen=True)
class Plan:
    """How often the method is asked again for each fact, and with what; 0 where it is not."""

    repeats: int
    request: Request[Any] | None
    thrifty: bool = False


def plan_of(case: Case, evaluations: int, unlimited: bool = False) -> Plan:
    """evaluations  that the map took;  unlimited  whether the budget is of no matter"""
    method, request = case.method, case.request
    if method is None or request is None:
        return Plan(0, None)
    weight = GRADIENT if "gradients" in method.needs else 1
    cost = max(1, evaluations) * weight
    left = max(LEAST, cost) - (MAPS + len(SHOWN) + 1)
    repeats = min(REPEATS, left // (2 * cost))
    if unlimited or repeats:
        return Plan(max(1, repeats), request)
    few = _thrifty(case, request)
    if few is not None and 3 * cost <= SAVED * max(left, cost):
        return Plan(1, few, thrifty=True)
    return Plan(0, None)


def _thrifty(case: Case, request: Request[Any]) -> Request[Any] | None:
    """The same question with a quarter of the samples; None where it has none."""
    method = case.method
    assert method is not None
    known = method.specs(case.given.modality.name)
    given: dict[str, Value] = request.to_dict()
    fewer: dict[str, Value] = {}
    for key in QUANTITIES:
        if key in known and key in given:
            fewer[key] = _quarter(known[key], int(given[key]))
    if not fewer:
        return None
    if "tolerance" in given:  # steps would be added until it is met
        fewer["tolerance"] = 0.0
    return method.request(case.given.modality.name, {**given, **fewer})


def _quarter(spec: Spec, value: int) -> Value:
    """The largest value that is accepted and at most a quarter of this one, or the least."""
    wanted = value // SAVED
    if not spec.options:
        return max(int(spec.low), wanted)
    fitting = [option for option in spec.options if int(option) <= wanted]
    return fitting[-1] if fitting else spec.options[0]


def badge(case: Case, evaluations: int, unlimited: bool = False) -> Badge:
    """evaluations  that the map took, which say how much the badge may cost

    Raises Incompatible where nothing can be measured of the input, or Cancelled.
    """
    progress = case.given.progress
    fill, plan = case.given.fills[0], plan_of(case, evaluations, unlimited)
    least = 1 / case.parts().count
    shares = (max(SHOWN[0], least), *SHOWN[1:])
    found = removed(case, shares, MAPS, fill)
    (curve,) = found.curves
    assert isinstance(curve, RemovalCurve)
    reference = _reference(case, plan)
    facts = (
        _faithful(case, found, curve, shares[0]),
        _stable(case, plan, reference),
        _depends(case, plan, reference),
    )
    return Badge(
        facts, curve.shares, curve.answers, case.given.told_in, fill,
        progress.done, progress.seconds,
    )  # fmt: skip


def _faithful(case: Case, found: Measurement, curve: RemovalCurve, share: float) -> Fact:
    """share  of the parts, whose removal is compared with a random one's"""
    assert found.low is not None
    assert found.high is not None
    own = float(curve.answers[0] - curve.answers[1])
    chance = float(curve.answers[0] - curve.random[:, 1].mean())
    unit = case.given.told_in
    half = (found.high - found.low) / 2
    verdict, held = _more_than_chance(found.low, found.high, own)
    points = unit == PROBABILITY
    scale = 100.0 if points else 1.0
    form = ".1f" if points else ".3g"
    count = case.parts().count
    noun = f"{case.given.smallest}s"

    def said(value: float) -> str:
        return format(value * scale, form).replace("-", "−")

    lost = f"{said(own)} points of probability" if points else f"{said(own)} {unit}".rstrip()
    if count < FEW:
        many = round(share * count)
        told = (
            f"Removing the {many} of {count} {noun} that it marks most costs {lost}; as many at "
            f"random cost {said(chance)} ± {said(half)} (n = {found.n} random maps of the same "
            "smoothness)."
        )
    else:
        told = (
            f"Removing the tenth that it marks most costs {lost}; a random tenth costs "
            f"{said(chance)} ± {said(half)} (n = {found.n} random maps of the same smoothness)."
        )
    told = " ".join(filter(None, (told, held, found.note)))
    form = ".0f" if points else ".2g"
    short = f"{said(found.value)} ± {said(half)}{' points' if points else ''}"
    return Fact("faithful", "Faithful", verdict, short, told, found)


def _more_than_chance(low: float, high: float, own: float) -> tuple[Verdict, str]:
    """Whether the map marks what counts, and a sentence where only chance makes it seem so.

    low, high  95% interval of what its removal costs beyond a random map's;  own  what it costs
    """
    if high < 0:
        return "no", ""
    if low <= 0:
        return "unclear", ""
    if own <= (high - low) / 2:  # then chance made the answer surer, and that is no merit of it
        return "unclear", "What it marks costs too little by itself to be called faithful."
    return "yes", ""


def _reference(case: Case, plan: Plan) -> Tensor | None:
    """The map that the others are compared with: with fewer samples where they have fewer."""
    if not plan.repeats or not plan.thrifty:
        return case.strengths
    return replace(case, request=plan.request).again(case.given)


def _stable(case: Case, plan: Plan, reference: Tensor | None) -> Fact:
    name, title = "stable", "Stable"
    if not plan.repeats or reference is None:
        return _not_measured(name, title)
    try:
        maps = maps_near(replace(case, request=plan.request), plan.repeats, NOISE)
    except BadInput as error:
        return _not_measured(name, title, str(error))
    found = compared(reference, maps, case.seed)
    told = (
        f"With noise of 2% on the input the order of its places stays to {_short(found)} (rank "
        f"correlation, n = {found.n}, {_surely(found, plan)})."
    )
    told = " ".join(filter(None, (told, found.note, f"From {STABLE} on it counts as stable.")))
    return Fact(name, title, "yes" if found.value >= STABLE else "no", _short(found), told, found)


def _depends(case: Case, plan: Plan, reference: Tensor | None) -> Fact:
    name, title = "depends", "Depends on the model"
    if not plan.repeats or reference is None:
        return _not_measured(name, title)
    asking = replace(case, request=plan.request)
    try:
        drawn = redrawn(case.given.copied_network(), min(DRAWS, plan.repeats), case.seed)
        inputs = (case.given.of_network(one, f"drawn-{at}") for at, one in enumerate(drawn))
        maps = [asking.again(given) for given in inputs]
    except BadInput as error:
        return _not_measured(name, title, str(error))
    found = compared(reference.abs(), torch.stack(maps).abs(), case.seed)
    told = (
        f"With all weights drawn anew the order of its places stays to {_short(found)} (rank "
        f"correlation, n = {found.n}, {_surely(found, plan)})."
    )
    told = " ".join(filter(None, (told, found.note, f"Up to {LEARNT} it counts as another map.")))
    return Fact(name, title, "yes" if found.value <= LEARNT else "no", _short(found), told, found)


def _surely(found: Measurement, plan: Plan) -> str:
    """The interval, and of how many samples the method made do with."""
    if found.low is None or found.high is None:
        return (
            "too few for an interval, with a quarter of the samples"
            if plan.thrifty
            else "too few for an interval"
        )
    low, high = _signed(found.low), _signed(found.high)
    return (
        f"95% interval {low} to {high}, with a quarter of the samples"
        if plan.thrifty
        else f"95% interval {low} to {high}"
    )


def _short(found: Measurement) -> str:
    return _signed(found.value)


def _signed(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")


def _not_measured(name: str, title: str, why: str = "") -> Fact:
    told = why or "The method would take more than the map itself took; measure it on demand."
    return Fact(name, title, "not measured", "", told)
