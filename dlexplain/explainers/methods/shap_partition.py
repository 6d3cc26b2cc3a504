"""SHAP's Partition explainer: Owen values."""

import hashlib
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.explainers.base import Attributed, Explainer, Family, register, summed_up
from dlexplain.explainers.inputs.base import ModelInput, Need
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.owen import Tree, owen_values
from dlexplain.params import number

PICTURES_AT_ONCE, TOKENS_AT_ONCE = 16, 5
"""Inputs that the search asks for together: where the evaluations end, its values depend on it, so
it may not depend on the machine."""


@dataclass(frozen=True)
class PartitionParams:
    evaluations: int = number(
        500, "Evaluations", low=10, high=20000, help="Inputs sent through the model."
    )


@register
class PartitionShap(Explainer[PartitionParams]):
    """Owen values: Shapley values over a tree, of rectangles of a picture or phrases of a text. The
    input is halved again and again where it matters most, so the evaluations go where the evidence
    is. They sum to f(x) - f(everything taken away). Marks of a text are in the tree, as they are in
    shap's, and always stay; where the evaluations end before a group is halved, its members share
    alike.

    Formula: Shapley values in which only the coalitions that the tree allows are counted.
    """

    name = "shap-partition"
    title = "SHAP Partition"
    family: ClassVar[Family] = "perturbation"
    needs: ClassVar[frozenset[Need]] = frozenset({"tree"})
    uses = ("rectangles", "tokens", "precision")
    usual: ClassVar = {key: {"evaluations": 300} for key in ("text", "token")}
    complete = True
    units: ClassVar = {"picture": "logits per pixel"}
    paper = "Lundberg, Lee 2017, https://arxiv.org/abs/1705.07874 (Owen 1977 for the values)"
    Params = PartitionParams

    def attribute(self, given: ModelInput, params: PartitionParams) -> Attributed:
        given.progress.plan(params.evaluations)
        if isinstance(given, PictureInput):
            return of_rectangles(given, params.evaluations)
        features = given.features()
        stays = features.labels < 0

        def score(on: NDArray[np.bool_]) -> NDArray[np.float64]:
            return features.scores(torch.from_numpy(on)).double().numpy()

        values, whole, nothing = owen_values(
            Tree.of(given.tree()),
            score,
            params.evaluations,
            TOKENS_AT_ONCE,
            features.at_once,
            (~stays).cpu().numpy(),
        )
        return summed_up(torch.from_numpy(values), whole, nothing)


def of_rectangles(given: PictureInput, evaluations: int) -> Attributed:
    """The picture and its channels are halved along their longest side, as in shap."""
    import shap

    picture = _to_numpy(given.inputs)[0]  # (height, width, channels)
    cover = given.baseline(given.evaluator, given.inputs)
    masker = shap.maskers.Image(_to_numpy(cover)[0], shape=picture.shape)
    known: dict[bytes, float] = {}

    def model(pictures: NDArray[np.float32]) -> NDArray[np.float64]:
        pictures = pictures.reshape(-1, *picture.shape)
        keys = [hashlib.blake2b(p.tobytes(), digest_size=16).digest() for p in pictures]
        fresh = [i for i, key in enumerate(keys) if key not in known]
        if fresh:
            inputs = torch.from_numpy(pictures[fresh]).permute(0, 3, 1, 2).to(given.inputs)
            scores = given.evaluator.all_scores(inputs).tolist()
            known.update(zip([keys[i] for i in fresh], scores, strict=True))
        return np.array([known[key] for key in keys])[:, None]

    explainer = shap.PartitionExplainer(model, masker)
    values: Tensor | None = None
    # The first, coarse pass is cheap: the second finds its evaluations again.
    for most in sorted({max(10, evaluations // 8), evaluations}):
        found = explainer(
            picture[None], max_evals=most, batch_size=PICTURES_AT_ONCE, silent=True
        ).values
        values = torch.from_numpy(np.asarray(found, dtype=np.float32).reshape(picture.shape))
        given.preview(lambda values=values: values.sum(2))  # type: ignore[misc]
    assert values is not None
    return summed_up(values.permute(2, 0, 1), given.score(), given.score(cover))


def _to_numpy(inputs: Tensor) -> NDArray[np.float32]:
    """(count, channels, height, width) -> (count, height, width, channels)"""
    array: NDArray[np.float32] = inputs.permute(0, 2, 3, 1).contiguous().cpu().numpy()
    return array
