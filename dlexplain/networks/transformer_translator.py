"""The Transformer: an encoder reads, a causal decoder with cross-attention writes."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.params import number


@dataclass(frozen=True)
class Params:
    """Size of the network."""

    width: int = number(256, "Width", low=8, high=1024, help="Numbers a token is; by heads.")
    layers: int = number(3, "Layers", low=1, high=12, help="Of the encoder, and of the decoder.")
    heads: int = number(8, "Heads", low=1, high=16, help="Attentions side by side.")
    feed_forward: int = number(512, "Feed-forward", low=8, high=4096, help="Units between.")
    dropout: float = number(
        0.2, "Dropout", low=0.0, high=0.9, step=0.1, help="Of embeddings and of each part's output."
    )


ARCHITECTURES.add(
    "transformer-translator",
    Architecture(
        name="transformer-translator",
        title="Transformer, encoder and decoder",
        tasks=("translate",),
        Params=Params,
        description="Self-attention reads the source; a causal decoder writes the target and looks "
        "at the source in each layer.",
        paper="https://arxiv.org/abs/1706.03762",
        module="dlexplain.networks.modules.transformer_translator:TransformerTranslator",
    ),
)
