"""A decoder-only Transformer language model with a memory, in pre-norm form."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.params import flag, number


@dataclass(frozen=True)
class Params:
    """Size of the network."""

    layers: int = number(4, "Layers", low=1, high=24, help="Of attention and a feed-forward net.")
    size: int = number(256, "Size", low=8, high=2048, help="Numbers that stand for a token.")
    heads: int = number(4, "Heads", low=1, high=32, help="Of attention; they divide the size.")
    context: int = number(
        128, "Context", low=1, high=4096, help="Tokens before its own that a layer sees."
    )
    tied: bool = flag(
        True, "Tied output", help="The embedding's weights are the output's too (Press and Wolf)."
    )
    dropout: float = number(
        0.3,
        "Dropout",
        low=0.0,
        high=0.9,
        step=0.05,
        help="Of the embeddings, of what each part adds, and before the output.",
    )


ARCHITECTURES.add(
    "transformer-lm",
    Architecture(
        name="transformer-lm",
        title="Transformer language model",
        tasks=("language-model",),
        Params=Params,
        description="Reads a text by attention to the tokens before and says what comes next.",
        paper="https://arxiv.org/abs/1706.03762",
        module="dlexplain.networks.modules.transformer_lm:TransformerLM",
        shows=("heads",),
    ),
)
