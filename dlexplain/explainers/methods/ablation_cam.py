"""Ablation-CAM: a layer's channels, weighed by what the score loses without each of them."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dlexplain.explainers.base import Attributed, register, without_rounding
from dlexplain.explainers.capture import Tape, ablated
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.methods.cam import (
    ChannelParams,
    GradCamParams,
    LayerMethod,
    enlarge,
    most_varying,
    recorded,
)


@dataclass(frozen=True)
class AblationCamParams(ChannelParams, GradCamParams):
    """A layer, whether only evidence for the class is kept, and how many channels are tried."""


class _Ablated(nn.Module):
    """The model, with channel `channels[b]` of a layer's output set to 0 in row b of its input."""

    def __init__(self, module: nn.Module, layer: str, tape: Tape) -> None:
        super().__init__()
        self.module, self.layer, self.tape = module, layer, tape
        self.channels = torch.zeros(0, dtype=torch.int64)

    def forward(self, x: Tensor) -> Tensor:
        with ablated(self.module, self.layer, self.tape, self.channels):
            logits: Tensor = self.module(x)
        return logits


@register
class AblationCam(LayerMethod[AblationCamParams]):
    """Sets one channel of a layer to 0 after the other, and weighs each by what the score loses
    without it. Needs no gradient, which may vanish where the model is sure, but one evaluation a
    channel. Of tokens a channel is set to 0 in all, those in front that are no places included.

    Formula: ReLU(Σ_k w_k A_k), w_k = f(x) - f(x with A_k = 0); without "only positive", the sum
    itself, where negative places speak against the class. The paper divides w_k by f(x); that is
    left out, since a logit may be 0 or negative. Where f(x) > 0 the map is the paper's times f(x),
    so that places compare alike.
    """

    name = "ablation-cam"
    title = "Ablation-CAM"
    unit = "logits lost × activation"
    signed = False
    paper = "Ramaswamy, Desai 2020, https://doi.org/10.1109/WACV45572.2020.9093360"
    Params = AblationCamParams

    def is_signed(self, params: AblationCamParams) -> bool:
        return not params.positive

    def attribute(self, given: ModelInput, params: AblationCamParams) -> Attributed:
        assert isinstance(given, PictureInput)
        activation, tape = recorded(given, params.layer)  # (channels, height, width)
        chosen, note = most_varying(activation, params.channels)
        grids = activation[chosen]  # (tried, height, width)
        without = _Ablated(given.model.module, params.layer, tape)
        score = given.score()
        drops = torch.zeros(len(chosen))

        def make(start: int, stop: int) -> Tensor:
            without.channels = chosen[start:stop]
            return given.inputs.repeat(stop - start, 1, 1, 1)

        def shown() -> Tensor:
            weights = without_rounding(drops, score).to(grids)
            summed = torch.einsum("k,khw->hw", weights, grids)
            kept = summed.clamp_min(0) if params.positive else summed
            return enlarge(kept[None, None], given.inputs.shape)[0]

        given.progress.plan(len(chosen))
        for span, scores in given.evaluator.scores(make, len(chosen), module=without):
            drops[span] = score - scores.float().cpu()
            given.preview(shown)
        return Attributed(shown(), note=note)
