"""Convolutions over word vectors, each feature's largest value, then one linear layer."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture, vectors_param
from dlexplain.params import number, text


@dataclass(frozen=True)
class Params:
    """Size of the network."""

    vectors: str = vectors_param()
    embedding: int = number(128, "Embedding", low=4, high=1024, help="Numbers for each word.")
    features: int = number(100, "Features", low=1, high=1024, help="For each width.")
    widths: str = text("3, 4, 5", "Widths", help="Words that a feature sees.")
    dropout: float = number(
        0.5, "Dropout", low=0.0, high=0.9, step=0.1, help="Of word vectors and before the output."
    )
    word_dropout: float = number(
        0.1, "Word dropout", low=0.0, high=0.9, step=0.05, help="Words unknown in training."
    )


ARCHITECTURES.add(
    "text-cnn",
    Architecture(
        name="text-cnn",
        title="Sentence CNN",
        tasks=("classify-text",),
        Params=Params,
        description="Looks for phrases of a few words wherever they stand.",
        paper="https://arxiv.org/abs/1408.5882",
        module="dlexplain.networks.modules.text_cnn:TextCNN",
    ),
)
