"""DeepLift on texts through Captum, where its rule is exact: networks of ReLUs and maxima."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from dlexplain.explain.base import Attributed, completeness_error
from dlexplain.explain.methods.deeplift import Scored, check_exact, exact
from dlexplain.explain.texts.base import Family, TextExplainer, TextRun, baseline_param, register
from dlexplain.explain.texts.twin import TextTwin


@register
class DeepLift(TextExplainer):
    """Compares every activation with the one that a text without words gives and passes the
    difference in the score back through the network, change by change. One pass like a gradient,
    yet it sums to f(x) - f(baseline).

    Rule (rescale): multiplier of a non-linearity = Δoutput / Δinput; what a maximum gains is put
    down to the place of the larger one.
    """

    name = "deeplift"
    title = "DeepLift"
    family: ClassVar[Family] = "gradient"
    complete = True
    paper = "Shrikumar, Greenside, Kundaje 2017, https://arxiv.org/abs/1704.02685"

    @dataclass(frozen=True)
    class Params:
        baseline: str = baseline_param()

    def check(self, twin: TextTwin) -> None:
        check_exact(twin.network)

    def attribute(self, run: TextRun, params: Any) -> Attributed:
        from captum.attr import DeepLift as CaptumDeepLift

        evaluator, vectors = run.from_vectors()
        baseline = run.baseline(params.baseline, vectors, evaluator)
        module = exact(evaluator.model.module)
        run.progress.plan(3)
        with run.twin.turnstile.turn(), torch.enable_grad():
            found = CaptumDeepLift(Scored(module, run.target)).attribute(
                vectors.detach().requires_grad_(), baseline, target=0
            )
        run.progress.advance(1)
        score, nothing = evaluator.all_scores(torch.cat([vectors, baseline])).tolist()
        values = found.detach()[0].sum(1)
        error = completeness_error(values, score, nothing)
        return Attributed(values, error, baseline_score=nothing)
