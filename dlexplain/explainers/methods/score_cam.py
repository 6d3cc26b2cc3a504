"""Score-CAM: a layer's channels, weighed by the score of the picture seen through each."""

import torch
from torch import Tensor

from dlexplain.explainers.base import Attributed, register
from dlexplain.explainers.inputs.base import ModelInput
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.methods.cam import (
    ChannelParams,
    LayerMethod,
    enlarge,
    most_varying,
    recorded,
)

SAME_SCORE = 1e-6
"""Scores that differ by no more are one."""
NO_CHANNEL = "The score is the same through every channel: the map is the channels' mean."


@register
class ScoreCam(LayerMethod[ChannelParams]):
    """Shows the model the picture through each channel of a layer, and weighs the channel by the
    score it then gives. Needs no gradient, but one evaluation a channel.

    Formula: ReLU(Σ_k w_k A_k), w = softmax over k of f(x · H_k) - f(0), H_k the channel enlarged
    and scaled to 0..1. x · H_k fades to black where H_k is 0.
    """

    name = "score-cam"
    title = "Score-CAM"
    unit = "weighted activation"
    signed = False
    paper = "Wang et al. 2020, https://arxiv.org/abs/1910.01279"

    Params = ChannelParams

    def attribute(self, given: ModelInput, params: ChannelParams) -> Attributed:
        assert isinstance(given, PictureInput)
        activation, _ = recorded(given, params.layer)  # (channels, height, width)
        chosen, note = most_varying(activation, params.channels)
        grids = activation[chosen][:, None]  # (tried, 1, height, width)
        low = given.model.value_range[0]

        def make(start: int, stop: int) -> Tensor:
            masks = enlarge(grids[start:stop], given.inputs.shape)
            least, most = masks.amin((2, 3), keepdim=True), masks.amax((2, 3), keepdim=True)
            masks = (masks - least) / (most - least).clamp_min(1e-8)
            return low + (given.inputs - low) * masks

        nothing = given.score(torch.full_like(given.inputs, low))
        given.progress.plan(len(chosen))
        scores: list[Tensor] = []
        for span, part in given.evaluator.scores(make, len(chosen)):
            scores.append(part - nothing)
            given.preview(lambda stop=span.stop: self._combine(given, grids[:stop], scores)[0])  # type: ignore[misc]
        found = torch.cat(scores)
        if float(found.max() - found.min()) <= SAME_SCORE:
            note = " ".join(filter(None, (note, NO_CHANNEL)))
        return Attributed(self._combine(given, grids, scores), note=note)

    @staticmethod
    def _combine(given: PictureInput, grids: Tensor, scores: list[Tensor]) -> Tensor:
        weights = torch.cat(scores).softmax(0)[:, None, None, None]
        summed = (weights * grids).sum(dim=0, keepdim=True).clamp_min(0)  # (1, 1, height, width)
        return enlarge(summed, given.inputs.shape)[0]
