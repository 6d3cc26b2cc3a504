"""Methods that take away one part of the input at a time and watch the score."""

from typing import ClassVar

import torch

from dlexplain.explainers.base import (
    Attributed,
    Explainer,
    Family,
    NoParams,
    register,
    without_rounding,
)
from dlexplain.explainers.inputs.base import ModelInput, Need

ONE_REGION = (
    "The picture is of one colour, or nearly: it is one region, and all of it counts the same."
)


class _OneByOne(Explainer[NoParams]):
    family: ClassVar[Family] = "perturbation"
    uses = ("features",)
    Params = NoParams

    def attribute(self, given: ModelInput, params: NoParams) -> Attributed:
        features = given.features()
        count = features.count
        given.progress.plan(count + 1)
        everything = torch.ones(1, count, dtype=torch.bool)
        score = float(features.scores(everything)[0])
        drops = torch.zeros(count)
        for places, scores in features.parts(~torch.eye(count, dtype=torch.bool)):
            drops[places] = score - scores
            given.preview(lambda: features.shown(drops))
        return Attributed(features.shown(without_rounding(drops, score)), note=self.note(count))

    def note(self, count: int) -> str:
        """On an input of so many features."""
        return ""


@register
class SuperpixelAblation(_OneByOne):
    """Covers one superpixel, a region of similar colour, at a time and shows by how much the
    score drops. Follows the outlines of things, where Occlusion knows only squares.

    Formula: f(x) - f(x with the region covered), for all pixels of the region.
    """

    name = "superpixel-ablation"
    title = "Superpixel ablation"
    unit = "logits lost without the region"
    needs: ClassVar[frozenset[Need]] = frozenset({"features", "pixels"})
    usual: ClassVar = {"picture": {"regions": 100, "baseline": "blur"}}
    paper = "Zeiler, Fergus 2014, https://arxiv.org/abs/1311.2901"

    def note(self, count: int) -> str:
        return ONE_REGION if count == 1 else ""


@register
class LeaveOneOut(_OneByOne):
    """Leaves out one word, or token, after the other and sees how far the score falls. It asks
    nothing but the model's own answers, yet overlooks words that say the same twice: without
    either, the score stays. The pieces of a word share its value alike.

    Formula: f(x) - f(x without the word)
    """

    name = "leave-one-out"
    title = "Leave one out"
    needs: ClassVar[frozenset[Need]] = frozenset({"features", "tokens"})
    usual: ClassVar = {key: {"removed": "drop"} for key in ("text", "next-token", "translation")}
    paper = "Li, Monroe, Jurafsky 2016, https://arxiv.org/abs/1612.08220"
