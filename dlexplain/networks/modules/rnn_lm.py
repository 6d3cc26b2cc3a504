"""Recurrent language models: Elman's network, the LSTM and the GRU.

Elman, "Finding Structure in Time", 1990, https://doi.org/10.1207/s15516709cog1402_1; Hochreiter
and Schmidhuber, "Long Short-Term Memory", 1997, https://doi.org/10.1162/neco.1997.9.8.1735; Cho et
al., "Learning Phrase Representations using RNN Encoder-Decoder", 2014,
https://arxiv.org/abs/1406.1078. Layers and dropout as in Zaremba et al., "Recurrent Neural Network
Regularization", 2014, https://arxiv.org/abs/1409.2329.
"""

from itertools import pairwise

import torch
from torch import Tensor, nn

from dlexplain.networks.base import LanguageShape
from dlexplain.networks.modules.language import Output, State
from dlexplain.networks.modules.recurrent_steps import Steps, unroll
from dlexplain.networks.rnn_lm import Params

CELLS: dict[str, type[nn.RNN | nn.LSTM | nn.GRU]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
STATES = {"rnn": 1, "lstm": 2, "gru": 1}
"""Tensors that a layer remembers."""
WIDTH = 0.1
"""Embeddings are drawn from the uniform distribution on -WIDTH to WIDTH."""


class RecurrentLM(nn.Module):
    """tokens (batch, time) -> logits (batch, time, vocabulary) and the state to go on with.

    The state holds each layer's hidden state, for an LSTM followed by its cell, (batch, units).
    """

    def __init__(self, shape: LanguageShape, params: Params) -> None:
        super().__init__()
        self.cell = params.cell
        last = params.embedding if params.tied else params.units
        sizes = [params.embedding, *[params.units] * (params.layers - 1), last]
        self.embedding = nn.Embedding(shape.vocabulary, params.embedding)
        nn.init.uniform_(self.embedding.weight, -WIDTH, WIDTH)
        self.layers = nn.ModuleList(_layer(params.cell, i, o) for i, o in pairwise(sizes))
        drop = TimeDropout if params.one_mask else nn.Dropout
        self.dropouts = nn.ModuleList(drop(params.dropout) for _ in sizes)
        self.output = Output(last, shape.vocabulary, params.tied)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        x = self.dropouts[0](self.embedding(tokens))  # (batch, time, embedding)
        new: list[Tensor] = []
        for index, layer in enumerate(self.layers):
            x, after = layer(x, self._before(index, state))
            # torch gives (1, batch, units), an LSTM two of them
            new += [part[0] for part in (after if isinstance(after, tuple) else (after,))]
            x = self.dropouts[index + 1](x)
        return self.output(x, self.embedding), tuple(new)

    def _before(self, place: int, state: State | None) -> Tensor | tuple[Tensor, ...] | None:
        """A layer's part of the state, in the form that torch takes."""
        if state is None:
            return None
        count = STATES[self.cell]
        parts = [part[None].contiguous() for part in state[place * count : (place + 1) * count]]
        return tuple(parts) if count > 1 else parts[0]

    def inside(self, tokens: Tensor, state: State | None = None) -> list[Steps]:
        """Each layer's states and gates at every step, without dropout."""
        x, found = self.embedding(tokens), []
        count = STATES[self.cell]
        for index, layer in enumerate(self.layers):
            assert isinstance(layer, nn.RNN | nn.LSTM | nn.GRU)
            before = () if state is None else state[index * count : (index + 1) * count]
            found += unroll(layer, x, [part[None] for part in before])
            x = found[-1].states
        return found


class TimeDropout(nn.Module):
    """Dropout of (batch, time, size) with one mask for all steps.

    Gal and Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural
    Networks", 2016, https://arxiv.org/abs/1512.05287.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return x
        mask = torch.empty_like(x[:, :1]).bernoulli_(1 - self.p) / (1 - self.p)
        return x * mask


def _layer(cell: str, inputs: int, units: int) -> nn.RNNBase:
    """One layer; Elman's steps begin orthogonal, and an LSTM begins by remembering."""
    layer = CELLS[cell](inputs, units, batch_first=True)
    if isinstance(layer, nn.RNN):
        nn.init.orthogonal_(layer.weight_hh_l0)  # type: ignore[arg-type]
    if isinstance(layer, nn.LSTM):
        bias: Tensor = layer.bias_ih_l0  # type: ignore[assignment]
        with torch.no_grad():  # Jozefowicz et al. 2015; gates lie in the order i, f, g, o
            bias[units : 2 * units] = 1.0
    return layer
