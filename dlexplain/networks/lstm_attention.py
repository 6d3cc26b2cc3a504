"""A bidirectional LSTM whose states are weighed by additive attention."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture, vectors_param
from dlexplain.params import choice, flag, number


@dataclass(frozen=True)
class Params:
    """Size of the network."""

    cell: str = choice(
        "lstm", "Cell", ("lstm", "gru", "rnn"), help="LSTM, GRU, or the plain tanh RNN."
    )
    vectors: str = vectors_param()
    embedding: int = number(128, "Embedding", low=4, high=1024, help="Numbers for each word.")
    hidden: int = number(96, "Hidden units", low=4, high=1024, help="In each direction.")
    layers: int = number(1, "Layers", low=1, high=4, help="Recurrent layers.")
    bidirectional: bool = flag(True, "Both directions", help="It reads backwards, too.")
    dropout: float = number(
        0.5, "Dropout", low=0.0, high=0.9, step=0.1, help="Of word vectors and before the output."
    )
    word_dropout: float = number(
        0.1, "Word dropout", low=0.0, high=0.9, step=0.05, help="Words unknown in training."
    )


ARCHITECTURES.add(
    "lstm-attention",
    Architecture(
        name="lstm-attention",
        title="LSTM with attention",
        tasks=("classify-text",),
        Params=Params,
        description="Reads forwards and backwards; attention says which words matter. Also with "
        "GRU or plain RNN cells.",
        paper="https://aclanthology.org/N16-1174",
        module="dlexplain.networks.modules.lstm_attention:LSTMAttention",
        shows=("attention",),
    ),
)
