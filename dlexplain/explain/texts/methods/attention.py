"""Methods that read the attention of a model."""

from typing import Any, ClassVar

from dlexplain.explain.base import Attributed
from dlexplain.explain.texts.attention import (
    attention,
    attention_gradients,
    check_attends,
    read_out,
    relevance,
    rollout,
)
from dlexplain.explain.texts.base import Family, TextExplainer, TextRun, register
from dlexplain.explain.texts.twin import TextTwin


class _Attention(TextExplainer):
    family: ClassVar[Family] = "attention"
    signed = False

    def check(self, twin: TextTwin) -> None:
        check_attends(twin)


@register
class Rollout(_Attention):
    """Where attention leads through all layers: heads averaged, half of each token carried on by
    the residual connection. It knows nothing of the class, and attention is not by itself an
    explanation; compare it with a gradient or a perturbation method.

    Formula: Π_l (A_l + I) / 2, averaged over the rows that are read
    """

    name = "attention-rollout"
    title = "Attention rollout"
    unit = "share of attention"
    paper = "Abnar, Zuidema 2020, https://arxiv.org/abs/2005.00928"

    def attribute(self, run: TextRun, params: Any) -> Attributed:
        run.progress.plan(1)
        values = read_out(run.twin, rollout(attention(run.twin, run.ids)))
        run.progress.advance(1)
        return Attributed(values)


@register
class GradientAttention(_Attention):
    """Attention that counts for the class: each weight times the gradient of the score by it,
    where positive, averaged over heads and followed through the layers.

    Formula: Π_l (I + E_heads[max(0, A_l ⊙ ∂f/∂A_l)]) - I, averaged over the rows that are read
    """

    name = "gradient-attention"
    title = "Gradient-weighted attention"
    unit = "logits"
    paper = "Chefer, Gur, Wolf 2021, https://arxiv.org/abs/2103.15679"

    def attribute(self, run: TextRun, params: Any) -> Attributed:
        run.progress.plan(1)
        layers, gradients = attention_gradients(run.twin, run.ids, run.target)
        run.progress.advance(1)
        return Attributed(read_out(run.twin, relevance(layers, gradients)))
