"""One attention head in numbers: softmax(q . k / sqrt(d)) and the weighted sum of the values.

Vaswani et al., "Attention Is All You Need", 2017, https://arxiv.org/abs/1706.03762. Queries, keys
and values are those that the network computes, caught on their way.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from dlexplain.errors import Incompatible
from dlexplain.explainers.layer_trace import listening
from dlexplain.networks.modules.text_transformer import TextTransformer
from dlexplain.networks.modules.transformer_lm import CausalAttention, TransformerLM
from dlexplain.results import HeadStep
from dlexplain.services.layers.listing import checked
from dlexplain.services.loading import load
from dlexplain.services.texts.attention import reading_maps, text_windows
from dlexplain.services.texts.models import TextModel
from dlexplain.services.writing.models import LoadedLanguageModel
from dlexplain.services.writing.reading import tokens_of
from dlexplain.trained.catalogue import find

MOST = 48
"""Tokens of a text for a language model."""
START = "[start]"
OWN = ".self.query"
"""The end of a query's name in the BERT family."""
Parts = tuple[Tensor, Tensor, Tensor]
"""Query, key and value of all tokens and heads, (time, width)."""


def head_step(
    model: str | TextModel | LoadedLanguageModel,
    text: str,
    layer: int = 0,
    head: int = 0,
    place: int = 0,
) -> HeadStep:
    """Where the token at `place` looks by one head of one layer; all counted from 0.

    Raises UnknownName, ParamError for what is not there, TextError or BadInput for a text without
    a token, Incompatible where the model has no such heads.
    """
    if isinstance(model, str):
        entry = find(model, *TextModel.tasks, *LoadedLanguageModel.tasks, shows="heads")
        text_model = entry.task in TextModel.tasks
        model = load(TextModel, model) if text_model else load(LoadedLanguageModel, model)
    if isinstance(model, TextModel):
        return _of_classifier(model, text, layer, head, place)
    return _of_writer(model, text, layer, head, place)


def _of_classifier(model: TextModel, text: str, layer: int, head: int, place: int) -> HeadStep:
    reading = text_windows(model, text).get(1).reading
    maps = reading_maps(model, reading)
    if maps.pooled:
        raise Incompatible(f"{model.name} attends once for the whole text, without heads of tokens")
    checked(layer, maps.weights.shape[0], "layer")
    checked(head, maps.weights.shape[1], "head")
    checked(place, len(maps.tokens), "token")
    network: Any = model.prepared.network
    names, parts_of = _where(model, network, layer)
    vectors = model.prepared.embed(torch.from_numpy(reading.ids)[None])
    mask = torch.ones(vectors.shape[:2], dtype=torch.bool, device=vectors.device)
    with model.prepared.lock.turn(), torch.inference_mode():
        caught = _caught(network, names, lambda: network.attend(vectors, mask))
        parts = parts_of(caught)
    own = maps.weights[layer, head, place]
    bias = np.zeros(len(maps.tokens))
    return _step(
        model.name, layer, head, maps.weights.shape[1], place, maps.tokens, parts, bias, own
    )


def _where(
    model: TextModel, network: nn.Module, layer: int
) -> tuple[list[str], Callable[[list[Tensor]], Parts]]:
    """Modules to listen at, and how their outputs become queries, keys and values."""
    if isinstance(network, TextTransformer):
        attention: Any = network.encoder.layers[layer].self_attn

        def projected(caught: list[Tensor]) -> Parts:
            every = F.linear(caught[0][0], attention.in_proj_weight, attention.in_proj_bias)
            query, key, value = every.chunk(3, dim=-1)
            return query, key, value

        return [f"encoder.layers.{layer}.norm1"], projected
    queries = [name for name, _ in network.named_modules() if name.endswith(OWN)]
    if layer >= len(queries):
        raise Incompatible(f"queries and keys of {model.name} cannot be told apart")
    stem = queries[layer].removesuffix("query")
    names = [stem + part for part in ("query", "key", "value")]
    return names, lambda caught: (caught[0][0], caught[1][0], caught[2][0])


def _of_writer(
    model: LoadedLanguageModel, text: str, layer: int, head: int, place: int
) -> HeadStep:
    network = model.network
    if not isinstance(network, TransformerLM):
        raise Incompatible(f"{model.name} is no Transformer whose heads are known here")
    ids, _ = tokens_of(model, text, MOST)
    tokens = (START, *model.codec.pieces(ids))
    checked(layer, len(network.blocks), "layer")
    attention = network.blocks[layer].attention
    assert isinstance(attention, CausalAttention)
    checked(head, attention.heads, "head")
    checked(place, len(tokens), "token")
    weights: list[Tensor] = []
    with model.lock.turn(), torch.no_grad():
        name = f"blocks.{layer}.attention.query_key_value"
        (every,) = _caught(
            network, [name], lambda: weights.extend(network.attention(model.ids(ids)))
        )
        query, key, value = every[0].chunk(3, dim=-1)
        bias = attention.bias(len(tokens), len(tokens))[0, head, place]
    own = weights[layer][0, head, place].float().cpu().numpy()
    return _step(model.name, layer, head, attention.heads, place, tokens, (query, key, value),
                 _numbers(bias), own)  # fmt: skip


def _caught(network: nn.Module, names: list[str], run: Callable[[], Any]) -> list[Tensor]:
    """What these modules put out during `run`."""
    found: dict[str, Tensor] = {}

    def note(name: str, _given: Any, output: Tensor) -> None:
        found[name] = output.detach()

    with listening(network, {name: partial(note, name) for name in names}):
        run()
    return [found[name] for name in names]


def _step(
    model: str,
    layer: int,
    head: int,
    heads: int,
    place: int,
    tokens: tuple[str, ...],
    parts: Parts,
    bias: NDArray[np.float64],
    own: NDArray[np.float32],
) -> HeadStep:
    # each (time, width / heads)
    query, key, value = (_numbers(part.view(len(part), heads, -1)[:, head]) for part in parts)
    scores = key @ query[place] / np.sqrt(query.shape[1]) + bias
    strong = np.exp(scores - scores.max())
    return HeadStep(
        model, layer, head, tokens, place, query[place], key, value, bias, strong / strong.sum(),
        own.astype(np.float64),
    )  # fmt: skip


def _numbers(values: Tensor) -> NDArray[np.float64]:
    found: NDArray[np.float64] = values.detach().double().cpu().numpy()
    return found


def heads_of(name: str) -> tuple[int, int]:
    """How many layers a model has, and heads in each; raises UnknownName or Incompatible."""
    if (
        find(name, *TextModel.tasks, *LoadedLanguageModel.tasks, shows="heads").task
        in TextModel.tasks
    ):
        model = load(TextModel, name)
        maps = reading_maps(model, model.read("a"))
        return maps.weights.shape[0], maps.weights.shape[1]
    network = load(LoadedLanguageModel, name).network
    if not isinstance(network, TransformerLM):
        raise Incompatible(f"{name} is no Transformer whose heads are known here")
    attention = network.blocks[0].attention
    assert isinstance(attention, CausalAttention)
    return len(network.blocks), attention.heads
