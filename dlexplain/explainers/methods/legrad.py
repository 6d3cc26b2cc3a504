"""LeGrad: how each layer's score would change if attention went elsewhere."""

from typing import ClassVar

import torch
from torch import Tensor

from dlexplain.explainers.attention import on_picture
from dlexplain.explainers.base import Attributed, Explainer, Family, NoParams, register
from dlexplain.explainers.inputs.base import ModelInput, Need
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.patches import patches_of
from dlexplain.explainers.prepare import PreparedModel


@register
class LeGrad(Explainer[NoParams]):
    """Made for vision Transformers: reads the class after each layer, as if the model ended there,
    and asks by which weights of that layer's attention the score would rise. Patches that it
    would rise by looking at are marked.

    Formula: mean over layers l, heads and queries of ReLU(∂f_l/∂A_l), with f_l the score read after
    layer l and A_l its attention; the class token and registers are left out
    """

    name = "legrad"
    title = "LeGrad"
    family: ClassVar[Family] = "attention"
    needs: ClassVar[frozenset[Need]] = frozenset({"attention", "gradients", "pixels"})
    Params = NoParams
    signed = False
    unit = "logits per unit of attention"
    paper = "Bousselham et al. 2025, https://arxiv.org/abs/2404.03214"

    def check(self, model: PreparedModel) -> None:
        patches_of(model)

    def attribute(self, given: ModelInput, params: NoParams) -> Attributed:
        assert isinstance(given, PictureInput)
        patches = patches_of(given.model)
        given.progress.plan(patches.layers)
        found = []
        for through in range(1, patches.layers + 1):
            found.append(self._of_layer(given, through))
            given.progress.advance(1)
        return Attributed(on_picture(given.model, patches.grid(torch.stack(found).mean(0))))

    @staticmethod
    def _of_layer(given: PictureInput, through: int) -> Tensor:
        """(tokens,)"""
        with given.model.lock.turn(), torch.enable_grad():
            logits, weights = given.model.attend(given.inputs, through)
            score = given.target.score(logits).sum()
            (gradient,) = torch.autograd.grad(score, weights[-1])  # (1, heads, queries, keys)
        return gradient[0].clamp_min(0).mean((0, 1))
