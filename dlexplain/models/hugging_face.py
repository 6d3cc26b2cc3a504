"""Models of Hugging Face's transformers, as ours are called: a classifier, a language model."""

from inspect import signature
from typing import Any, cast

import torch
from torch import Tensor, nn

from dlexplain.errors import TextError
from dlexplain.models.language import State

PAD = -1
"""Behind the end; the model's own padding may be a word of another."""


class HuggingFaceClassifier(nn.Module):
    """(batch, time) ids, PAD behind the end -> (batch, classes) logits; see text_shapes.Attends.

    model  a `...ForSequenceClassification` with attn_implementation="eager"
    """

    marks, reads_first = 0, True

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model
        padding = model.config.pad_token_id
        self.padding = 0 if padding is None else int(padding)
        model.config.pad_token_id = self.padding

    def forward(self, x: Tensor) -> Tensor:
        mask = x != PAD
        ids = torch.where(mask, x, self.padding)
        return cast(Tensor, self.model(input_ids=ids, attention_mask=mask.long()).logits)

    def embed(self, x: Tensor) -> Tensor:
        """Of word pieces alone; the model adds the places."""
        table = self.model.get_input_embeddings()
        return cast(Tensor, table(torch.where(x == PAD, self.padding, x)))

    def read_vectors(self, vectors: Tensor, mask: Tensor) -> Tensor:
        """mask is True everywhere: the vectors are of whole texts."""
        found = self.model(inputs_embeds=vectors, attention_mask=mask.long())
        return cast(Tensor, found.logits)

    def attend(self, vectors: Tensor, mask: Tensor) -> tuple[Tensor, list[Tensor]]:
        found = self.model(
            inputs_embeds=vectors, attention_mask=mask.long(), output_attentions=True
        )
        return found.logits, list(found.attentions)


class HuggingFaceLM(nn.Module):
    """tokens (batch, time) -> logits (batch, time, vocabulary) and keys and values to go on with.

    model    a `...ForCausalLM`
    longest  positions that it has
    The state holds each layer's keys and values, (batch, heads, time, head size).
    """

    def __init__(self, model: Any, longest: int) -> None:
        super().__init__()
        self.model = model
        self.longest = longest
        # transformers is renaming it, model by model.
        named = signature(model.forward).parameters
        self.cache = "cache" if "cache" in named else "past_key_values"

    @property
    def embedding(self) -> nn.Module:
        return cast(nn.Module, self.model.get_input_embeddings())

    @property
    def output(self) -> nn.Module:
        return cast(nn.Module, self.model.get_output_embeddings())

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Raises TextError beyond the last position."""
        from transformers import DynamicCache

        past = 0 if not state else state[0].shape[2]
        if past + tokens.shape[1] > self.longest:
            raise TextError(
                f"the text has more than {self.longest:,} tokens, the most that the model reads"
            )
        cache: Any = DynamicCache()
        for layer in range(len(state or ()) // 2):
            cache.update(state[2 * layer], state[2 * layer + 1], layer)  # type: ignore[index]
        found = self.model(input_ids=tokens, use_cache=True, **{self.cache: cache})
        kept = [part for layer in cache.layers for part in (layer.keys, layer.values)]
        return found.logits, tuple(kept)
