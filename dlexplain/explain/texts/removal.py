"""Texts with some of their words taken away."""

from collections.abc import Callable

import torch
from torch import Tensor

from dlexplain.explain.baselines import UNDECIDED
from dlexplain.explain.batching import Evaluator
from dlexplain.explain.texts.base import TextRun
from dlexplain.params import choice

Removed = Callable[[Tensor], Tensor]
WAYS = ("blank", "drop")


def removal_param(usual: str = "blank", ways: tuple[str, ...] = WAYS) -> str:
    """The field of the Params of a method that removes words."""
    found: str = choice(
        usual, "Removed words", ways,
        help="A removed word becomes the model's mask or unknown word"
        + (", or is left out, so that the others move together" if "drop" in ways else "")
        + (", or what leaves the model undecided" if UNDECIDED in ways else "") + ".",
    )  # fmt: skip
    return found


def groups(run: TextRun) -> Tensor:
    """(time,) the number, from 0, of the word of each token; -1 for marks."""
    numbers = torch.full_like(run.words, -1)
    own = run.words[~run.marks]
    numbers[~run.marks] = own.unique_consecutive(return_inverse=True)[1]  # type: ignore[no-untyped-call]
    return numbers


def single_tokens(run: TextRun) -> Tensor:
    """(time,) the same where each token is a word of its own."""
    numbers = torch.full_like(run.words, -1)
    numbers[~run.marks] = torch.arange(int((~run.marks).sum()))
    return numbers


def removing(run: TextRun, way: str, precision: str) -> tuple[Evaluator, Removed]:
    """An evaluator, and what makes its inputs from (count, tokens) True where a token stays.

    way  one of WAYS, or UNDECIDED: no word leaves a model undecided, so that word vectors are put
         in the place of the removed ones
    """
    numbers = single_tokens(run)
    if way != UNDECIDED:
        return run.from_ids(precision), lambda on: without(run, on, numbers, way)
    evaluator, vectors = run.from_vectors(precision)
    nothing = run.baseline(way, vectors, evaluator)

    def mixed(on: Tensor) -> Tensor:
        stays = torch.where(numbers >= 0, on[:, numbers.clamp_min(0)], True)  # (count, time)
        return torch.where(stays[..., None].to(vectors.device), vectors, nothing)

    return evaluator, mixed


def without(run: TextRun, on: Tensor, numbers: Tensor, way: str) -> Tensor:
    """(count, words) True where a word stays -> (count, time) ids.

    Where nothing would be left to read, one blank is.
    """
    stays = torch.where(numbers >= 0, on[:, numbers.clamp_min(0)], True)  # (count, time)
    if way == "blank":
        return torch.where(stays, run.ids, run.twin.blank)
    order = (~stays).int().argsort(dim=1, stable=True)  # what stays comes first
    moved = run.ids.expand(len(on), -1).gather(1, order)
    lengths = stays.sum(1, keepdim=True)
    ids = moved.masked_fill(torch.arange(moved.shape[1]) >= lengths, run.twin.pad)
    ids[:, 0] = torch.where(lengths[:, 0] > 0, ids[:, 0], run.twin.blank)
    return ids
