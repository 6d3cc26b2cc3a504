"""A Transformer encoder, trained from scratch; its states are averaged or read at a first token."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.params import choice, number


@dataclass(frozen=True)
class Params:
    """Size of the network."""

    width: int = number(96, "Width", low=8, high=1024, help="Numbers for each word.")
    heads: int = number(4, "Heads", low=1, high=16, help="Of attention; they share the width.")
    layers: int = number(2, "Layers", low=1, high=12, help="On top of each other.")
    feed_forward: int = number(192, "Feed-forward", low=8, high=4096, help="Units in the middle.")
    pooling: str = choice(
        "mean",
        "Pooling",
        ("mean", "first"),
        help="The mean of all words' states, or the state of a mark before them (CLS).",
    )
    dropout: float = number(
        0.3, "Dropout", low=0.0, high=0.9, step=0.1, help="In the layers and before the output."
    )
    word_dropout: float = number(
        0.1, "Word dropout", low=0.0, high=0.9, step=0.05, help="Words unknown in training."
    )


ARCHITECTURES.add(
    "text-transformer",
    Architecture(
        name="text-transformer",
        title="Transformer encoder",
        tasks=("classify-text",),
        Params=Params,
        description="Every word looks at every other; trained from scratch.",
        paper="https://arxiv.org/abs/1706.03762",
        module="dlexplain.networks.modules.text_transformer:TextTransformer",
        shows=("attention", "heads"),
    ),
)
