"""A bidirectional GRU reads, a GRU with additive attention writes."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.params import number


@dataclass(frozen=True)
class Params:
    """Size of the network."""

    embedding: int = number(256, "Embedding", low=4, high=1024, help="Numbers a token becomes.")
    hidden: int = number(
        256, "Hidden units", low=4, high=1024, help="Of the decoder, and of each reading direction."
    )
    layers: int = number(1, "Encoder layers", low=1, high=4, help="Bidirectional, stacked.")
    dropout: float = number(
        0.3, "Dropout", low=0.0, high=0.9, step=0.1, help="Of embeddings and before the output."
    )


ARCHITECTURES.add(
    "gru-attention",
    Architecture(
        name="gru-attention",
        title="GRU with additive attention",
        tasks=("translate",),
        Params=Params,
        description="A bidirectional GRU reads the source; another writes the target and looks at "
        "the source's states anew for each token.",
        paper="https://arxiv.org/abs/1409.0473",
        module="dlexplain.networks.modules.gru_attention:GRUAttention",
    ),
)
