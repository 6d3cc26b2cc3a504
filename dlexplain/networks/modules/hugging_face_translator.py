"""Encoder-decoders of Hugging Face's transformers, as translators are called here.

The four marks have the ids that every translator here has (translator.PAD, UNK, BOS, EOS); the ids
of the model's own vocabulary come behind them. So searches and explanations know one form, and a
model whose decoder starts with its padding, or with its end, needs no rule of its own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from inspect import signature
from typing import Any, cast

import torch
from torch import Tensor, nn

from dlexplain.errors import Incompatible
from dlexplain.networks.modules.translator import BOS, EOS, PAD, UNK, Memory

FIRST = 4
"""The id here of the model's token 0."""
NEVER = float("-inf")


@dataclass(frozen=True)
class OwnMarks:
    """Ids of the model's own vocabulary.

    pad, end  what stands behind an end, and the end
    unknown   what the vocabulary lacks, or -1
    opening   what the decoder reads before it writes: its start, and behind that the first token
              that is forced on it, where there is one
    """

    pad: int
    end: int
    unknown: int
    opening: tuple[int, ...]

    def own(self, rows: int) -> list[int]:
        """The model's id of each id here, of a vocabulary of so many."""
        unknown = self.unknown if self.unknown >= 0 else self.pad
        marks = {PAD: self.pad, UNK: unknown, BOS: self.opening[0], EOS: self.end}
        return [*(marks[mark] for mark in range(FIRST)), *range(rows)]

    def here(self, ids: Sequence[int]) -> list[int]:
        """The other way round; of two marks that are one token, the end comes first."""
        known = {self.opening[0]: BOS, self.unknown: UNK, self.pad: PAD, self.end: EOS}
        return [known.get(token, token + FIRST) for token in ids]


class SourceTable(nn.Module):
    """(...,) ids of a source, as here, -> (..., width), as the model's encoder looks them up."""

    own: Tensor

    def __init__(self, table: nn.Module, own: Tensor) -> None:
        super().__init__()
        self.table = table
        self.register_buffer("own", own, persistent=False)

    def forward(self, ids: Tensor) -> Tensor:
        # Not called as a module, since encode replaces what the module gives.
        return cast(Tensor, self.table.forward(self.own[ids]))


class HuggingFaceTranslator(nn.Module):
    """A Translator with cross-attention: see the protocols in translator.py for the shapes.

    model  a `...ForConditionalGeneration` or `...MTModel`, loaded with attn_implementation="eager"
    rows   size of the vocabulary that it writes
    """

    own: Tensor
    opening: Tensor
    never: Tensor

    def __init__(self, model: Any, marks: OwnMarks, rows: int) -> None:
        super().__init__()
        self.model = model
        table = model.get_encoder().get_input_embeddings()
        own = torch.tensor(marks.own(max(rows, int(table.weight.shape[0]))))
        written = own[: FIRST + rows]
        # Of each token the model writes, one id here stands for it; the others are never written.
        stands = torch.tensor(marks.here(written.tolist())) == torch.arange(FIRST + rows)
        self.source_embedding = SourceTable(table, own)
        self.register_buffer("own", own, persistent=False)
        self.register_buffer("opening", torch.tensor(marks.opening), persistent=False)
        self.register_buffer("never", ~stands, persistent=False)
        # transformers is renaming it, model by model.
        named = signature(model.forward).parameters
        self.cache = "cache" if "cache" in named else "past_key_values"

    def forward(self, source: Tensor, target: Tensor) -> Tensor:
        found = self._decode(self.encode(source), self._opened(target))
        return self._columns(found.logits[:, len(self.opening) - 1 :])

    def encode(self, source: Tensor) -> Memory:
        """states (rows, S, width)"""
        vectors, ids = self.source_embedding(source), self.own[source]
        with self._read_as(ids, vectors):
            found = self.model.get_encoder()(input_ids=ids, attention_mask=torch.ones_like(ids))
        return {"states": found.last_hidden_state}

    def start(self, memory: Memory) -> Memory:
        """Nothing: the first step reads the whole opening."""
        return {}

    def step(self, last: Tensor, memory: Memory, state: Memory) -> tuple[Tensor, Memory]:
        """The state holds keys.i and values.i of the decoder's past, (rows, heads, T, d)."""
        from transformers import DynamicCache, EncoderDecoderCache

        past: Any = DynamicCache()
        for layer in range(len(state) // 2):
            past.update(state[f"keys.{layer}"], state[f"values.{layer}"], layer)
        cache: Any = EncoderDecoderCache(past, DynamicCache())
        ids = self.own[last][:, None] if state else self.opening.expand(len(last), -1)
        found = self._decode(memory, ids, use_cache=True, **{self.cache: cache})
        kept: Memory = {}
        for place, layer in enumerate(cache.self_attention_cache.layers):
            kept |= {f"keys.{place}": layer.keys, f"values.{place}": layer.values}
        return self._columns(found.logits[:, -1]).float().log_softmax(-1), kept

    def cross_attention(self, source: Tensor, target: Tensor) -> Tensor:
        """(batch, layers, heads, T, S); raises Incompatible where the model gives none."""
        found = self._decode(self.encode(source), self._opened(target), output_attentions=True)
        layers = getattr(found, "cross_attentions", None) or ()
        if not layers or any(layer is None for layer in layers):
            raise Incompatible("the model does not give the attention to its source")
        return torch.stack(list(layers), dim=1)[:, :, :, len(self.opening) - 1 :]

    def alignment(self, source: Tensor, target: Tensor) -> Tensor:
        """Mean over the heads of the last layer but one, or of the only one."""
        return self.cross_attention(source, target)[:, -2:].select(1, 0).mean(1)

    def _opened(self, target: Tensor) -> Tensor:
        """(batch, T) ids here that begin with BOS -> the model's, which begin with the opening"""
        return torch.cat([self.opening.expand(len(target), -1), self.own[target[:, 1:]]], dim=1)

    def _decode(self, memory: Memory, ids: Tensor, **asked: Any) -> Any:
        from transformers.modeling_outputs import BaseModelOutput

        states: Any = memory["states"]
        mask = torch.ones(states.shape[:2], dtype=torch.int64, device=states.device)
        outputs = BaseModelOutput(last_hidden_state=states)
        asked = {"use_cache": False} | asked
        return self.model(
            encoder_outputs=outputs, attention_mask=mask, decoder_input_ids=ids, **asked
        )

    def _columns(self, logits: Tensor) -> Tensor:
        """(..., the model's vocabulary) -> (..., that here)"""
        rows = logits.shape[-1]
        columns = self.own[: FIRST + rows].clamp_max(rows - 1)
        return logits.index_select(-1, columns).masked_fill(self.never, NEVER)

    @contextmanager
    def _read_as(self, ids: Tensor, vectors: Tensor) -> Iterator[None]:
        """Inside it, the encoder finds `vectors` where it looks up `ids`. The caller has the
        model's turn."""

        time = ids.shape[1]

        def instead(_module: nn.Module, given: tuple[Any, ...], found: Tensor) -> Tensor:
            if not torch.equal(given[0][:, :time], ids):
                raise Incompatible("it looks up other words than those of its source")
            return torch.cat([vectors, found[:, time:]], 1)  # some models fill up a window

        hook = self.source_embedding.table.register_forward_hook(instead)
        try:
            yield
        finally:
            hook.remove()
