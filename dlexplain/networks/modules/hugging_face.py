"""Language models of Hugging Face's transformers, as ours are called."""

from inspect import signature
from typing import Any, cast

from torch import Tensor, nn

from dlexplain.errors import TextError
from dlexplain.networks.modules.language import State


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
