"""Layer-wise relevance propagation: LRP of any network, AttnLRP of Transformers."""

from abc import abstractmethod
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, TypeVar
from weakref import WeakKeyDictionary

from torch import Tensor

from dlexplain.errors import Incompatible
from dlexplain.explainers.base import Attributed, Explainer, Family, register
from dlexplain.explainers.inputs.base import ModelInput, Need
from dlexplain.explainers.prepare import Prepared
from dlexplain.explainers.propagation import Plan
from dlexplain.explainers.relevance import (
    STABILISER,
    LayerRule,
    epsilon_rule,
    gamma_rule,
    z_plus_rule,
)
from dlexplain.explainers.relevances import Relevances, without_rule
from dlexplain.params import choice, number

P = TypeVar("P")
CONSERVED = 0.1
"""Of the score, as much as the relevance may miss without a word."""
LOGITS = ("picture", "text", "series")
"""Where relevance starts as the score; elsewhere it is a log probability, whose gradient starts
with the logit less the mean of all."""
NO_ATTENTION = "the model computes none"


def _epsilon() -> float:
    found: float = number(
        STABILISER, "ε", low=0.0, high=10.0, step=1e-6,
        help="Added to each output that relevance is shared by: a larger one gives less relevance "
        "where inputs cancel each other.",
    )  # fmt: skip
    return found


class _Propagated(Explainer[P]):
    """absorbs  what takes relevance that it does not pass on"""

    family: ClassVar[Family] = "gradient"
    needs: ClassVar[frozenset[Need]] = frozenset({"gradients"})
    unit = "logits"
    signed = True
    absorbs: ClassVar[str] = "biases"

    def __init__(self) -> None:
        self._tried: WeakKeyDictionary[Any, tuple[str, int]] = WeakKeyDictionary()

    @abstractmethod
    def plan(self, params: P) -> Plan:
        """The rules of the network's operations."""

    def box(self, given: ModelInput, params: P) -> tuple[float, float] | None:
        """The range of the input's values, where the first layer follows the box rule."""
        return None

    def tried(self, model: Any) -> tuple[str, int]:
        """What there is no rule for, and how many products of matrices there are, on a trial."""
        if model not in self._tried:
            view, x = _trial(model)
            with view.lock.turn():
                self._tried[model] = without_rule(view.module, x, self.plan(self.Params()))
        return self._tried[model]

    def check(self, model: Any) -> None:
        missing, _ = self.tried(model)
        if missing:
            raise Incompatible(f"{self.title} cannot explain this model: {missing}")

    def attribute(self, given: ModelInput, params: P) -> Attributed:
        given.progress.plan(1)
        evaluator, x = given.differentiable()
        pixels, box = given.modality.name == "picture", self.box(given, params)
        ruled = Relevances(evaluator.model.module, self.plan(params), pixels, box)
        relevance, scores = evaluator.all_gradients(x, ruled)
        notes = [self.remark(ruled)]
        if given.modality.name in LOGITS:
            notes.append(kept(relevance, float(scores[0]), self.absorbs))
        return Attributed(given.fold(relevance[0]), note=" ".join(filter(None, notes)))

    def remark(self, ruled: Relevances) -> str:
        """A sentence on what was computed, or ""."""
        return ""


def _trial(model: Any) -> tuple[Prepared, Tensor]:
    """What is differentiated, and an input (1, ...) of it."""
    if hasattr(model, "trial_pair"):
        view, x, _ = model.trial_pair()
        return view, x
    return model, model.trial(1)


def kept(relevance: Tensor, score: float, absorbs: str) -> str:
    """A sentence where the relevance sums to another number than the score, as it does where
    biases, or what else `absorbs`, took some."""
    total = float(relevance.double().sum())
    if abs(total - score) <= CONSERVED * abs(score):
        return ""
    return (
        f"The relevance sums to {total:+.3g}, the score is {score:+.3g}: {absorbs} took the rest."
    )


RULES = ("epsilon-plus", "epsilon-gamma-box", "epsilon", "gamma", "z-plus")


@dataclass(frozen=True)
class LRPParams:
    rule: str = choice(
        "epsilon-plus", "Rule", RULES,
        help="epsilon-plus: z-plus at convolutions, epsilon at dense layers. epsilon-gamma-box: of "
        "pictures, z-box at the first layer, gamma at other convolutions, epsilon at dense layers. "
        "Others: at all layers alike.",
    )  # fmt: skip
    epsilon: float = _epsilon()
    gamma: float = number(
        0.25, "γ", low=0.0, high=100.0, step=0.05,
        help="How much more the contributions of the output's own sign count, where the rule has "
        "a gamma.",
    )  # fmt: skip


@register
class LRP(_Propagated[LRPParams]):
    """Hands the score back from layer to layer, each output's relevance shared out among the inputs
    by what they added to it; how is the rule's choice. What a layer is given it passes on, but for
    the part of its biases, which adds up in deep networks: the note says what the map sums to where
    that is not the score. z-plus looks only at what spoke for an output and gives clean maps, which
    depend less on the class; epsilon keeps what spoke against it, and is as noisy as a gradient.
    Gates and the weights of attention count as constants.

    Rule: R_i = Σ_j z_ij / (Σ_k z_kj) R_j; of epsilon z_ij = x_i w_ij with ε added to the sum, of
    z-plus its positive part, of gamma with what has the output's sign 1 + γ times, of z-box
    x_i w_ij - l w_ij⁺ - h w_ij⁻ for pixels from l to h.
    """

    name = "lrp"
    title = "LRP"
    usual: ClassVar = {
        kind: {"rule": "epsilon"} for kind in ("text", "series", "next-token", "translation")
    }
    paper = (
        "Bach et al. 2015, https://doi.org/10.1371/journal.pone.0130140; Montavon et al. 2019, "
        "https://doi.org/10.1007/978-3-030-28954-6_10"
    )
    Params = LRPParams

    def plan(self, params: LRPParams) -> Plan:
        epsilon: LayerRule = partial(epsilon_rule, epsilon=params.epsilon)
        gamma: LayerRule = partial(gamma_rule, gamma=params.gamma)
        rules: dict[str, tuple[LayerRule, LayerRule]] = {
            "epsilon-plus": (epsilon, z_plus_rule),
            "epsilon-gamma-box": (epsilon, gamma),
            "epsilon": (epsilon, epsilon),
            "gamma": (gamma, gamma),
            "z-plus": (z_plus_rule, z_plus_rule),
        }  # of dense layers, of convolutions
        return Plan(*rules[params.rule], params.epsilon, weighs=True)

    def box(self, given: ModelInput, params: LRPParams) -> tuple[float, float] | None:
        if params.rule != "epsilon-gamma-box":
            return None
        if given.modality.name != "picture":
            raise Incompatible(
                f"the rule epsilon-gamma-box needs values with a lowest and a highest, as pixels "
                f"have; for a {given.modality.name} {', '.join(RULES[2:])} are accepted"
            )
        low, high = given.model.value_range
        return float(low), float(high)


@dataclass(frozen=True)
class AttnLRPParams:
    epsilon: float = _epsilon()
    gamma: float = number(
        0.0, "γ", low=0.0, high=100.0, step=0.05,
        help="Of linear layers, whose rule is gamma where it is above 0, as is usual in vision "
        "Transformers, whose maps are noisy otherwise; with 0 it is epsilon.",
    )  # fmt: skip


@register
class AttnLRP(_Propagated[AttnLRPParams]):
    """LRP for Transformers: relevance goes through attention as well, back to queries and keys by
    its softmax, and not only to the values that are weighed. One pass; activations and norms, but
    for a mean that they take off, pass it on unchanged. Its softmaxes keep a part, as biases do.

    Rule: softmax R_i = x_i (R_i - s_i Σ_j R_j); product of two values: half of its relevance to
    each; LayerNorm, RMSNorm, GELU and SiLU: R_x = R_y; linear: epsilon, or gamma.
    """

    name = "attn-lrp"
    title = "AttnLRP"
    usual: ClassVar = {"picture": {"gamma": 0.25}}
    absorbs = "biases and softmaxes"
    paper = "Achtibat et al. 2024, https://arxiv.org/abs/2402.05602"
    Params = AttnLRPParams

    def plan(self, params: AttnLRPParams) -> Plan:
        rule = (
            partial(gamma_rule, gamma=params.gamma)
            if params.gamma
            else partial(epsilon_rule, epsilon=params.epsilon)
        )
        return Plan(rule, rule, params.epsilon, weighs=False)

    def check(self, model: Any) -> None:
        super().check(model)
        # Where methods are listed by model; elsewhere the note says it.
        if hasattr(model, "trial_pair") and not self.tried(model)[1]:
            raise Incompatible(f"AttnLRP is LRP with rules for attention, and {NO_ATTENTION}")

    def remark(self, ruled: Relevances) -> str:
        return (
            "" if ruled.products else f"This is LRP, without rules for attention: {NO_ATTENTION}."
        )
