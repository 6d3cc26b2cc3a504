"""The first layer of text classifiers: vectors that are learnt, or MiniLM's."""

from torch import nn

from dlexplain.networks.base import TextShape
from dlexplain.networks.modules.minilm_package import PretrainedVectors, check_tokens
from dlexplain.networks.modules.text_shapes import embedding


def word_vectors(shape: TextShape, source: str, width: int) -> nn.Module:
    """(batch, time) ids -> (batch, time, width), 0 for padding."""
    if source == "learnt":
        return embedding(shape.vocabulary, width)
    check_tokens(shape, "vectors=minilm")
    return PretrainedVectors(width)
