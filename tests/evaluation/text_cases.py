"""Texts whose right answers are known by hand."""

import torch
from torch import Tensor

from dlexplain.evaluation.case import Case
from dlexplain.explainers.inputs.text import TextInput
from tests.explainers.test_texts import CLS, WEIGHTS, SumOfWords, run_on

WORDS = [7, 6, 3, 5, 4, 7, 4, 5]
"""a great bad film good a good film"""


def text_input(words: list[int] | None = None) -> TextInput:
    """Of a model whose logits are (0, the sum of the words' weights); each word is one token."""
    chosen = WORDS if words is None else words
    return run_on(SumOfWords(), [CLS, *chosen], [-1, *range(len(chosen))])


def exact_values(words: list[int] | None = None) -> Tensor:
    """(1 + words,) the weights; a removed word counts 0."""
    chosen = WORDS if words is None else words
    return torch.tensor([0.0, *[WEIGHTS[word] for word in chosen]])


def text_case(values: Tensor | None = None, seed: int = 0) -> Case:
    exact = exact_values()
    return Case(text_input(), exact if values is None else values, True, seed=seed)
