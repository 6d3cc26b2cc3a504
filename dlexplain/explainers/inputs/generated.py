"""A token that a network wrote: the next one of a text, or one of a translation.

The score is the token's log probability, log p(token | what it was written after). What is asked
are the tokens that it was written after, or those of the source: the differentiable form are their
vectors, and features are tokens.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.explainers.batching import Evaluator
from dlexplain.explainers.fair_lock import FairLock
from dlexplain.explainers.inputs.base import (
    MODALITIES,
    PROBABILITY,
    Features,
    Modality,
    Need,
    Option,
    Places,
)
from dlexplain.explainers.inputs.vectors import VectorInput
from dlexplain.explainers.prepare import Prepared
from dlexplain.explainers.text_model import View
from dlexplain.params import Spec, choice, number, specs

Score = Callable[[Tensor], Tensor]
REMOVED = ("zero", "drop")
SMALLEST_BUCKET = 16


@dataclass(frozen=True)
class _Background:
    baselines: int = number(16, "Baselines", low=1, high=200, help="How many texts.")


@dataclass(frozen=True)
class _Features:
    removed: str = choice(
        "zero",
        "Removed tokens",
        REMOVED,
        help="The vector of a removed token becomes zeros, or it is left out, so that the others "
        "move together.",
    )


_OFFERS: frozenset[Need] = frozenset(
    {"gradients", "baselines", "real baselines", "features", "tokens", "tree", "sensitivities"}
)
_OPTIONS: dict[Option, dict[str, Spec]] = {
    "background": specs(_Background),
    "features": specs(_Features),
}
NEXT_TOKEN = MODALITIES.add("next-token", Modality("next-token", _OFFERS, _OPTIONS))
TRANSLATION = MODALITIES.add("translation", Modality("translation", _OFFERS, _OPTIONS))


class LogProbability(nn.Module):
    """(batch, ...) vectors or ids -> (batch, 1) log p of the token; `score` gives (batch,)."""

    def __init__(self, score: Score) -> None:
        super().__init__()
        self.score = score

    def forward(self, x: Tensor) -> Tensor:
        return self.score(x)[:, None]


def scored(
    score: Score, example: Tensor, device: torch.device, fingerprint: str, lock: FairLock
) -> View:
    """The score as evaluations take it; example (1, time, ...) to measure with."""
    bucket = max(SMALLEST_BUCKET, 1 << (example.shape[1] - 1).bit_length())
    form = "vectors" if example.dim() == 3 else "ids"
    key = f"{fingerprint}/log p by {form} of {bucket}"
    return View(LogProbability(score).eval(), device, key, lock, example)


@dataclass(eq=False)
class GeneratedToken(VectorInput):
    """model    log p by vectors (batch, time, width); by_ids, by ids (batch, at most time)
    vectors  (1, time, width); ids (1, time)
    fixed    (time,) True for tokens that no baseline lacks, such as the end of a text
    hidden   how many tokens at the beginning are not shown
    """

    modality: ClassVar[Modality] = NEXT_TOKEN
    feature: ClassVar[str] = "token"
    fills: ClassVar[tuple[str, ...]] = ("zero",)
    model: Prepared
    by_ids: Prepared
    vectors: Tensor
    ids: Tensor
    fixed: Tensor
    hidden: int = 0

    @property
    def stays(self) -> Tensor:
        return self.fixed

    def said(self, logits: Tensor) -> Tensor:
        return self.target.score(logits).exp()

    @property
    def told_in(self) -> str:
        return PROBABILITY

    def smallest_parts(self, fill: str) -> Features:
        """Tokens."""
        return replace(self, options={"removed": fill}).features()

    def unit(self, usual: str) -> str:
        return usual.replace("logits", "nats")

    def differentiable(self) -> tuple[Evaluator, Tensor]:
        return Evaluator(self.model, self.target, self.progress, self.chunks), self.vectors

    def baseline(self, evaluator: Evaluator, x: Tensor, kind: str = "") -> Tensor:
        """Vectors of zeros, but for the tokens that stay."""
        return x * self.fixed.to(x.device)[None, :, None]

    def plain_baseline(self, kind: str, x: Tensor) -> Tensor:
        return self.baseline(self.differentiable()[0], x)

    def fold(self, values: Tensor) -> Tensor:
        return super().fold(values)[self.hidden :]

    def features(self) -> Features:
        """The tokens that do not stay, one by one."""
        numbers = torch.full((len(self.fixed),), -1)
        numbers[~self.fixed] = torch.arange(int((~self.fixed).sum()))
        shown = numbers[self.hidden :]
        evaluator, vectors = self.differentiable()
        nothing = self.baseline(evaluator, vectors)

        def kept(on: Tensor) -> Tensor:
            return torch.where(numbers >= 0, on.bool()[:, numbers.clamp_min(0)], True)

        if self.options["removed"] == "zero":
            return Features(
                evaluator,
                shown,
                lambda on, _: torch.where(kept(on)[..., None].to(vectors.device), vectors, nothing),
            )
        shorter = Evaluator(self.by_ids, self.target, self.progress, self.chunks)

        def left(on: Tensor, _which: Tensor) -> Tensor:
            stays = kept(on).to(self.ids.device)  # as many in each row
            if not stays.any():
                raise Incompatible("without a token nothing is left to read; zero is accepted")
            return self.ids.expand(len(on), -1)[stays].view(len(on), -1)

        return _Shorter(shorter, shown, left)


class _Shorter(Features):
    """Inputs of different lengths are evaluated by length."""

    def parts(self, on: Tensor, which: Tensor | None = None) -> Iterator[tuple[Places, Tensor]]:
        lengths = on.bool().sum(1)
        for length in sorted(set(lengths.tolist())):
            rows = (lengths == length).nonzero()[:, 0]
            for span, part in super().parts(on[rows]):
                yield rows[span], part


@dataclass(eq=False)
class TranslatedToken(GeneratedToken):
    """A token of a translation; what is asked are the tokens of the source."""

    modality: ClassVar[Modality] = TRANSLATION
