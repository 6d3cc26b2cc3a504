"""What a method promises of its values, checked on one input."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.evaluation.base import Metric, P, register
from dlexplain.evaluation.case import Case
from dlexplain.evaluation.first_layer import shifted_back
from dlexplain.explainers.base import SMALLEST_DIFFERENCE, NoParams, completeness_error
from dlexplain.explainers.batching import Target
from dlexplain.params import number
from dlexplain.results.quality import Measurement

NO_DIFFERENCE = (
    "The score hardly differs from that of what the input is compared with, so the error is "
    f"relative to {SMALLEST_DIFFERENCE:g}."
)
SMALLEST_NORM = 1e-12
"""Of a map; maps that are smaller are nothing."""


def relative_move(values: Tensor, others: Tensor) -> float:
    """‖M' - M‖ / the larger of ‖M‖ and ‖M'‖, Euclidean: 0 for equal maps, 1 where one of them is
    nothing, 2 for opposite ones; 0 where both are nothing."""
    a, b = values.double(), others.double()
    larger = max(float(a.norm()), float(b.norm()))
    return float((a - b).norm()) / larger if larger > SMALLEST_NORM else 0.0


class _Axiom(Metric[P]):
    family = "axioms"
    higher_is_better = False


@register
class Completeness(_Axiom[NoParams]):
    """Do the values sum to what they promise: the score less that of the method's baseline?

    The difference of the two, relative to the promised sum: 0 is exact. A sum says nothing of
    where the values are.

    Formula: |Σ M - (f(x) - f(x'))| / |f(x) - f(x')|; of methods that promise it.
    """

    name = "completeness"
    title = "Completeness"
    limits = (0.0, float("inf"))
    Params = NoParams
    paper = "Sundararajan, Taly, Yan 2017, https://arxiv.org/abs/1703.01365"

    def check(self, case: Case) -> None:
        method, _ = case.asked()
        if not method.complete:
            raise Incompatible(f"{method.title} does not promise that its values have a sum")

    def measure(self, case: Case, params: NoParams) -> Measurement:
        method, request = case.asked()
        found = method.explain(replace(case.given), request)
        assert found.score is not None
        assert found.baseline_score is not None
        small = abs(found.score - found.baseline_score) < SMALLEST_DIFFERENCE
        error = completeness_error(case.values, found.score, found.baseline_score)
        return Measurement(error, note=NO_DIFFERENCE if small else "")


@dataclass(frozen=True)
class ShiftParams:
    shift: float = number(
        0.1,
        "Shift",
        low=0.0001,
        high=10.0,
        help="Added to every number of the input: a share of the range from black to white, or of "
        "one standard deviation of a series.",
    )


@register
class InputInvariance(_Axiom[ShiftParams]):
    """Does the map stay when all pixels become brighter and the network takes that back?

    A constant is added to the input, and the first layer's bias is set so that nothing behind it
    changes: two networks that say the same for the same reasons. How far the map moves, in lengths
    of it: 0 is a map that stays. A method that multiplies with the input, or compares it with a
    baseline that does not move along, has to move.

    Formula: ‖M' - M‖ / max(‖M‖, ‖M'‖)
    """

    name = "input-invariance"
    title = "Input invariance"
    modalities = ("picture", "box", "series")
    limits = (0.0, 2.0)
    paper = "Kindermans et al. 2019, https://arxiv.org/abs/1711.00867"
    Params = ShiftParams

    def check(self, case: Case) -> None:
        case.asked()
        shifted_back(case.given, case.given.spread)

    def measure(self, case: Case, params: ShiftParams) -> Measurement:
        method, request = case.asked()
        shift = params.shift * case.given.spread
        _, x = case.given.differentiable()
        network = shifted_back(case.given, shift)
        given = case.given.of_network(network, f"shifted-{shift:g}").at(x + shift)
        found = torch.from_numpy(method.explain(given, request).values)
        return Measurement(relative_move(case.values, found))


@register
class Linearity(_Axiom[NoParams]):
    """Is the map of one class rather than another the difference of the two classes' maps?

    The score of the one less that of the other is a sum of two scores, and a method that promises
    linearity gives that sum the sum of their values. How far it is off, in lengths of the map: 0 is
    exact.

    Formula: ‖M(a - b) - (M(a) - M(b))‖ / the larger of the two norms; of methods that promise it.
    """

    name = "linearity"
    title = "Linearity"
    Params = NoParams
    limits = (0.0, 2.0)
    paper = "Sundararajan, Taly, Yan 2017, https://arxiv.org/abs/1703.01365"

    def check(self, case: Case) -> None:
        method, request = case.asked()
        if not method.is_linear(request.params):
            raise Incompatible(
                f"{method.title} does not promise that the map of a sum of scores is the sum of "
                "their maps"
            )

    def measure(self, case: Case, params: NoParams) -> Measurement:
        method, request = case.asked()
        a = case.given.target.index
        b = case.given.target.contrast
        b = _other(case, a) if b is None else b

        def of(target: Target) -> Tensor:
            found = method.explain(replace(case.given, target=target), request)
            return torch.from_numpy(found.values)

        both = of(Target(a, b))
        return Measurement(relative_move(both, of(Target(a)) - of(Target(b))))


def _other(case: Case, index: int) -> int:
    """The highest output of the model beside this one."""
    evaluator, x = case.given.differentiable()
    case.given.progress.plan(1)
    ((_, logits),) = evaluator.scores(lambda _a, _b: x, 1, lambda found: found)
    if logits.shape[1] < 2:
        raise Incompatible("the model has one output; a difference needs two")
    ranked = logits[0].argsort(descending=True).tolist()
    return int(next(place for place in ranked if place != index))
