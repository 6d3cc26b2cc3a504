"""Methods that read the attention of a model."""

from typing import ClassVar

from dlexplain.explainers.attention import (
    attention,
    attention_gradients,
    check_attends,
    read_out,
    relevance,
    rollout,
)
from dlexplain.explainers.base import Attributed, Explainer, Family, NoParams, register
from dlexplain.explainers.inputs.base import ModelInput, Need
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.inputs.text import TextInput
from dlexplain.explainers.prepare import PreparedModel
from dlexplain.explainers.text_model import PreparedText


class _Attention(Explainer[NoParams]):
    family: ClassVar[Family] = "attention"
    needs: ClassVar[frozenset[Need]] = frozenset({"attention"})
    Params = NoParams
    signed = False

    def check(self, prepared: PreparedText | PreparedModel) -> None:
        check_attends(prepared)


@register
class Rollout(_Attention):
    """Where attention leads through all layers: heads averaged, half of each token carried on by
    the residual connection. It knows nothing of the class, and attention is not by itself an
    explanation; compare it with a gradient or a perturbation method. A picture's tokens are its
    patches.

    Formula: Π_l (A_l + I) / 2, averaged over the rows that are read
    """

    name = "attention-rollout"
    title = "Attention rollout"
    unit = "share of attention"
    paper = "Abnar, Zuidema 2020, https://arxiv.org/abs/2005.00928"

    def attribute(self, given: ModelInput, params: NoParams) -> Attributed:
        assert isinstance(given, TextInput | PictureInput)
        given.progress.plan(1)
        values = read_out(given.model, rollout(attention(given.model, given.attended)))
        given.progress.advance(1)
        return Attributed(values)


@register
class GradientAttention(_Attention):
    """Attention that counts for the class: each weight times the gradient of the score by it,
    where positive, averaged over heads and followed through the layers.

    Formula: Π_l (I + E_heads[max(0, A_l ⊙ ∂f/∂A_l)]) - I, averaged over the rows that are read
    """

    needs: ClassVar[frozenset[Need]] = frozenset({"attention", "gradients"})
    name = "gradient-attention"
    title = "Gradient-weighted attention"
    unit = "logits"
    paper = "Chefer, Gur, Wolf 2021, https://arxiv.org/abs/2103.15679"

    def attribute(self, given: ModelInput, params: NoParams) -> Attributed:
        assert isinstance(given, TextInput | PictureInput)
        given.progress.plan(1)
        layers, gradients = attention_gradients(given.model, given.attended, given.target)
        given.progress.advance(1)
        return Attributed(read_out(given.model, relevance(layers, gradients)))
