"""Recurrent language models: Elman's network, the LSTM and the GRU."""

from dataclasses import dataclass

from dlexplain.networks.base import ARCHITECTURES, Architecture
from dlexplain.params import choice, flag, number


@dataclass(frozen=True)
class Params:
    """Cell and size of the network."""

    cell: str = choice(
        "lstm",
        "Cell",
        ("rnn", "lstm", "gru"),
        help="Elman's network, h = tanh(W[h, x] + b); LSTM; or GRU.",
    )
    layers: int = number(2, "Layers", low=1, high=8, help="On top of each other.")
    embedding: int = number(
        400, "Embedding", low=4, high=4096, help="Numbers that stand for a token."
    )
    units: int = number(
        400,
        "Units",
        low=4,
        high=4096,
        help="Of each layer; where the output is tied, the last has as many as the embedding.",
    )
    tied: bool = flag(
        True, "Tied output", help="The embedding's weights are the output's too (Press and Wolf)."
    )
    dropout: float = number(
        0.5,
        "Dropout",
        low=0.0,
        high=0.9,
        step=0.05,
        help="Of what goes into each layer and into the output, never from step to step.",
    )
    one_mask: bool = flag(
        False,
        "One mask a window",
        help="Drops the same units at all steps of a window (Gal and Ghahramani 2016).",
    )


ARCHITECTURES.add(
    "rnn-lm",
    Architecture(
        name="rnn-lm",
        title="Recurrent language model",
        tasks=("language-model",),
        Params=Params,
        description="Reads a text token by token and says what comes next: Elman's network, LSTM "
        "or GRU.",
        paper="https://arxiv.org/abs/1409.2329",
        module="dlexplain.networks.modules.rnn_lm:RecurrentLM",
        shows=("cells",),
    ),
)
