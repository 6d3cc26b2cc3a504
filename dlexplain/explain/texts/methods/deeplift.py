"""DeepLift on texts, where its rule is exact: networks of ReLUs and maxima."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch

from dlexplain.explain.base import Attributed, seeded, summed_up
from dlexplain.explain.methods.deeplift import check_exact, rescaled
from dlexplain.explain.texts.base import Family, TextExplainer, TextRun, baseline_param, register
from dlexplain.explain.texts.twin import TextTwin

TRIAL_TOKENS = 8
LEAST_SPREAD = 0.1
"""Of a trial's word vectors."""


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
        baseline = twin.embed(torch.full((1, TRIAL_TOKENS), twin.blank))
        noise = torch.randn(baseline.shape, generator=seeded(0)).to(baseline)
        x = baseline + noise * baseline.std().clamp_min(LEAST_SPREAD)
        check_exact(twin, twin.by_vectors(baseline), x, baseline)

    def attribute(self, run: TextRun, params: Any) -> Attributed:
        evaluator, vectors = run.from_vectors()
        baseline = run.baseline(params.baseline, vectors, evaluator)
        run.progress.plan(3)
        with run.twin.turnstile.turn():
            found = rescaled(evaluator.model.module, run.target, vectors, baseline)
        run.progress.advance(1)
        score, nothing = evaluator.all_scores(torch.cat([vectors, baseline])).tolist()
        return summed_up(found.sum(1), score, nothing)
