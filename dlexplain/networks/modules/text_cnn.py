"""Convolutions over word vectors, each feature's largest value, then one linear layer.

Kim, "Convolutional Neural Networks for Sentence Classification", 2014,
https://arxiv.org/abs/1408.5882. Per width k and feature c_t = ReLU(w . x[t : t + k] + b).
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.errors import ParamError
from dlexplain.networks.base import TextShape
from dlexplain.networks.modules.minilm_package import KeepsLearnt, word_vectors
from dlexplain.networks.modules.text_shapes import PAD, WordDropout
from dlexplain.networks.text_cnn import Params
from dlexplain.params import from_digits

WIDEST = 15


class TextCNN(KeepsLearnt):
    """(batch, time) ids -> (batch, classes) logits."""

    def __init__(self, shape: TextShape, params: Params) -> None:
        super().__init__()
        self.widths = _widths(params.widths)
        self.word_dropout = WordDropout(params.word_dropout)
        self.embedding = word_vectors(shape, params.vectors, params.embedding)
        self.input_dropout = nn.Dropout(params.dropout)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(params.embedding, params.features, width) for width in self.widths
        )
        self.activations = nn.ModuleList(nn.ReLU() for _ in self.widths)
        self.largest = nn.AdaptiveMaxPool1d(1)
        self.dropout = nn.Dropout(params.dropout)
        self.head = nn.Linear(params.features * len(self.widths), shape.classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.read_vectors(self.embed(x), x != PAD)

    def embed(self, x: Tensor) -> Tensor:
        return cast(Tensor, self.embedding(self.word_dropout(x)))

    def read_vectors(self, vectors: Tensor, mask: Tensor) -> Tensor:
        maps = self._maps(vectors, mask)
        pooled = torch.cat(
            [self.largest(found)[..., 0] for found in maps], dim=1
        )  # (batch, all features)
        return cast(Tensor, self.head(self.dropout(pooled)))

    def feature_maps(self, x: Tensor) -> list[Tensor]:
        """Of each width k: (batch, features, time + k - 1), 0 where there is no word of the text.

        Place t sees the words t - k + 1 to t: zeros surround the text, so that one shorter than
        a width can be read too.
        """
        return self._maps(self.embed(x), x != PAD)

    def _maps(self, vectors: Tensor, mask: Tensor) -> list[Tensor]:
        vectors = self.input_dropout(vectors) * mask[..., None]
        vectors = vectors.transpose(1, 2)  # (batch, embedding, time)
        lengths = mask.sum(1)
        maps = []
        for width, convolve, activate in zip(
            self.widths, self.convolutions, self.activations, strict=True
        ):
            found = activate(convolve(F.pad(vectors, (width - 1, width - 1))))
            places = torch.arange(found.shape[2], device=mask.device)
            inside = places < (lengths + width - 1)[:, None]  # (batch, places)
            maps.append(found * inside[:, None])
        return maps


def _widths(given: str) -> tuple[int, ...]:
    parts = [part.strip() for part in given.split(",") if part.strip()]
    if not parts or not all(1 <= from_digits(p) <= WIDEST for p in parts):
        raise ParamError(
            f'widths is "{given}"; whole numbers from 1 to {WIDEST} with commas are accepted'
        )
    return tuple(int(part) for part in parts)
