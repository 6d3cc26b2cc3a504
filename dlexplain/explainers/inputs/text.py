"""Texts of a classifier: the differentiable form are word vectors; features are words or tokens.

What is explained of a text is its class, or the label of one of its tokens. There the token must
keep its place, so a word that is taken away becomes a blank or a vector without evidence, and is
never left out; the token itself may be taken away too, which says how much its label is its own
and how much its neighbours'.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from dlexplain.explainers.baselines import UNDECIDED
from dlexplain.explainers.batching import Evaluator
from dlexplain.explainers.inputs.base import (
    MODALITIES,
    PROBABILITY,
    Features,
    Modality,
    Need,
    Option,
)
from dlexplain.explainers.inputs.vectors import VectorInput
from dlexplain.explainers.precision import check_precision, precision_param
from dlexplain.explainers.prepare import part_named
from dlexplain.explainers.text_model import Moved, PreparedText
from dlexplain.params import Spec, Value, choice, number, specs

BASELINES = ("blank", "padding", "zero", UNDECIDED)
REMOVED = ("blank", "drop", UNDECIDED)
KEPT_PLACES = ("blank", UNDECIDED)
"""Of those, what moves no token."""
UNITS = ("words", "tokens")


def _baseline() -> str:
    chosen: str = choice(
        "blank",
        "Baseline",
        BASELINES,
        help="What stands for no word: the model's mask or unknown word, its padding, zeros, or "
        "what lies between two of these where the model is undecided. Marks such as [CLS] stay.",
    )
    return chosen


def _removed() -> str:
    chosen: str = choice(
        "blank",
        "Removed words",
        REMOVED,
        help="A removed word becomes the model's mask or unknown word, or is left out, so that the "
        "others move together, or what leaves the model undecided.",
    )
    return chosen


@dataclass(frozen=True)
class _Baseline:
    baseline: str = _baseline()


@dataclass(frozen=True)
class _Background:
    baselines: int = number(16, "Baselines", low=1, high=200, help="How many texts.")
    baseline: str = _baseline()


@dataclass(frozen=True)
class _Tokens:
    removed: str = _removed()


def _unit() -> str:
    chosen: str = choice(
        "words", "Left out at once", UNITS, help="A whole word, or each of its pieces alone."
    )
    return chosen


@dataclass(frozen=True)
class _Features(_Tokens):
    unit: str = _unit()


@dataclass(frozen=True)
class _Blanked:
    removed: str = choice(
        "blank",
        "Removed words",
        KEPT_PLACES,
        help="A removed word becomes the model's mask or unknown word, or what leaves the model "
        "undecided. None is left out, since the token that is explained would move.",
    )


@dataclass(frozen=True)
class _BlankedFeatures(_Blanked):
    unit: str = _unit()


@dataclass(frozen=True)
class _Precision:
    precision: str = precision_param()


_OFFERS: frozenset[Need] = frozenset(
    {
        "gradients",
        "baselines",
        "real baselines",
        "features",
        "tokens",
        "tree",
        "attention",
        "sensitivities",
        "trial",
    }
)
_OPTIONS: dict[Option, dict[str, Spec]] = {
    "baseline": specs(_Baseline),
    "background": specs(_Background),
    "precision": specs(_Precision),
}
TEXT = MODALITIES.add(
    "text",
    Modality("text", _OFFERS, {**_OPTIONS, "features": specs(_Features), "tokens": specs(_Tokens)}),
)
TOKEN = MODALITIES.add(
    "token",
    Modality(
        "token",
        _OFFERS,
        {**_OPTIONS, "features": specs(_BlankedFeatures), "tokens": specs(_Blanked)},
    ),
)


@dataclass(eq=False)
class TextInput(VectorInput):
    """ids     (1, time); words (time,) number of the word that each token is part of, -1 for marks
    tokens  what each stands for
    independent  whether each output is a label that stands by itself
    output_unit  what the outputs are measured in, where they are no logits
    """

    modality: ClassVar[Modality] = TEXT
    feature: ClassVar[str] = "word"
    smallest: ClassVar[str] = "word"
    fills: ClassVar[tuple[str, ...]] = ("blank", "drop")
    model: PreparedText
    ids: Tensor
    words: Tensor
    tokens: tuple[str, ...]
    independent: bool = False
    output_unit: str = ""

    @property
    def attended(self) -> Tensor:
        """What its model's attention is asked with."""
        return self.ids

    def prepare(self, options: Mapping[str, Value], family: str) -> str:
        """A sentence where the precision that is asked for is slower on this machine."""
        self.options = options
        return check_precision(self.model, self.ids, family, self._precision)

    def said(self, logits: Tensor) -> Tensor:
        if self.output_unit:
            return self.target.score(logits)
        shares = logits.sigmoid() if self.independent else logits.softmax(1)
        return shares[:, self.target.index]

    @property
    def told_in(self) -> str:
        return self.output_unit or PROBABILITY

    @property
    def network(self) -> nn.Module:
        return self.model.network

    def of_network(self, network: nn.Module, name: str) -> Self:
        fingerprint = part_named(self.model.fingerprint, name)
        return replace(self, model=replace(self.model, network=network, fingerprint=fingerprint))

    def at(self, x: Tensor) -> Self:
        """x  (1, time, width) word vectors"""
        shift = x.to(self.model.device) - self.model.embed(self.ids)
        moved = Moved(self.model.network, self.ids, shift, self.model.pad)
        return self.of_network(moved, "moved")

    @property
    def spread(self) -> float:
        """The deviation of the numbers of its word vectors."""
        return float(self.model.embed(self.ids).std(unbiased=False))

    def smallest_parts(self, fill: str) -> Features:
        """Words."""
        return replace(self, options={"unit": "words", "removed": fill}).features()

    def unit(self, usual: str) -> str:
        return usual.replace("logits", self.output_unit) if self.output_unit else usual

    @property
    def _precision(self) -> str:
        return str(self.options.get("precision", "float32"))

    @property
    def stays(self) -> Tensor:
        return self.words < 0

    def from_ids(self) -> Evaluator:
        """Of ids (count, at most time), `pad` behind the end."""
        view = self.model.by_ids(self.ids, self._precision)
        return Evaluator(view, self.target, self.progress, self.chunks)

    def differentiable(self) -> tuple[Evaluator, Tensor]:
        """Of word vectors (count, time, width); and those of the text, (1, time, width)."""
        vectors = self.model.embed(self.ids)
        view = self.model.by_vectors(vectors, self._precision)
        return Evaluator(view, self.target, self.progress, self.chunks), vectors

    def candidates(self, kind: str) -> tuple[str, ...]:
        return BASELINES[:-1] if kind == UNDECIDED else ()

    def plain_baseline(self, kind: str, x: Tensor) -> Tensor:
        """(1, time, width) of a text without words, its marks kept."""
        if kind == "zero":
            return x * self.stays.to(x.device)[None, :, None]
        fill = self.model.blank if kind == "blank" else self.model.pad
        return self.model.embed(torch.where(self.stays, self.ids, fill))

    def features(self) -> Features:
        """Words or tokens.

        removed  "blank", "drop", or UNDECIDED: no word leaves a model undecided, so that word
                 vectors are put in the place of the removed ones
        """
        words = self.options.get("unit") == "words"
        numbers = numbers_of_words(self.words) if words else numbers_of_tokens(self.words)
        way = str(self.options["removed"])
        if way != UNDECIDED:

            def ids(on: Tensor, _which: Tensor) -> Tensor:
                return self.without(on.bool(), numbers, way)

            return Features(self.from_ids(), numbers, ids)
        evaluator, vectors = self.differentiable()
        nothing = self.baseline(evaluator, vectors, way)

        def mixed(on: Tensor, _which: Tensor) -> Tensor:
            kept = torch.where(numbers >= 0, on.bool()[:, numbers.clamp_min(0)], True)
            return torch.where(kept[..., None].to(vectors.device), vectors, nothing)

        return Features(evaluator, numbers, mixed)

    def tree(self) -> NDArray[np.int64]:
        """Pieces, words and phrases, joined as by shap.maskers.Text."""
        from shap.maskers._text import partition_tree  # private; the version is pinned

        leaves = self.pieces()
        if len(leaves) == 1:
            return np.zeros((0, 2), np.int64)
        joined: NDArray[np.float64] = partition_tree(leaves, special_tokens=[])
        return joined[:, :2].astype(np.int64)

    def pieces(self) -> list[str]:
        """The tokens as shap.maskers.Text has them: those that go on with a word as "##ing", marks
        empty."""
        found: list[str] = []
        before = -1
        for token, word in zip(self.tokens, self.words.tolist(), strict=True):
            if word < 0:
                found.append("")
            else:
                found.append("##" + token.strip() if word == before else token.strip())
            before = word
        return found

    def without(self, on: Tensor, numbers: Tensor, way: str) -> Tensor:
        """(count, features) True where one stays -> (count, time) ids.

        way  "blank" or "drop"; where nothing would be left to read, one blank is
        """
        stays = torch.where(numbers >= 0, on[:, numbers.clamp_min(0)], True)  # (count, time)
        if way == "blank":
            return torch.where(stays, self.ids, self.model.blank)
        order = (~stays).int().argsort(dim=1, stable=True)  # what stays comes first
        moved = self.ids.expand(len(on), -1).gather(1, order)
        lengths = stays.sum(1, keepdim=True)
        ids = moved.masked_fill(torch.arange(moved.shape[1]) >= lengths, self.model.pad)
        ids[:, 0] = torch.where(lengths[:, 0] > 0, ids[:, 0], self.model.blank)
        return ids


@dataclass(eq=False)
class TokenInput(TextInput):
    """A text of which one token's label is explained."""

    modality: ClassVar[Modality] = TOKEN
    fills: ClassVar[tuple[str, ...]] = ("blank",)


def numbers_of_words(words: Tensor) -> Tensor:
    """(time,) the number, from 0, of the word of each token; -1 for marks."""
    numbers = torch.full_like(words, -1)
    own = words >= 0
    numbers[own] = words[own].unique_consecutive(return_inverse=True)[1]  # type: ignore[no-untyped-call]
    return numbers


def numbers_of_tokens(words: Tensor) -> Tensor:
    """(time,) the same where each token is a word of its own."""
    numbers = torch.full_like(words, -1)
    numbers[words >= 0] = torch.arange(int((words >= 0).sum()))
    return numbers
