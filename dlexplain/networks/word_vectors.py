"""The first layer of text classifiers: vectors that are learnt, or MiniLM's."""

from torch import nn

from dlexplain.networks.minilm_package import PretrainedVectors, check_tokens
from dlexplain.networks.text_shapes import TextShape, embedding
from dlexplain.params import choice

SOURCES = ("learnt", "minilm")
HELP = (
    "Learnt from the training part; or those of MiniLM, which stay and are mapped, for the "
    "task's tokeniser=minilm."
)


def vectors_param() -> str:
    """The field of an architecture's Params."""
    found: str = choice("learnt", "Word vectors", SOURCES, help=HELP)
    return found


def word_vectors(shape: TextShape, source: str, width: int) -> nn.Module:
    """(batch, time) ids -> (batch, time, width), 0 for padding."""
    if source == "learnt":
        return embedding(shape.vocabulary, width)
    check_tokens(shape, "vectors=minilm")
    return PretrainedVectors(width)
