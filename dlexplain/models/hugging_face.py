"""Models of Hugging Face's transformers, as ours are called: a classifier, a language model."""

from inspect import signature
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from dlexplain.errors import TextError
from dlexplain.models.language import State

PAD = -1
"""Behind the end; the model's own padding may be a word of another."""


class HuggingFaceClassifier(nn.Module):
    """(batch, time) ids, PAD behind the end -> (batch, classes) logits.

    model  a `...ForSequenceClassification`
    """

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


class AttendingClassifier(HuggingFaceClassifier):
    """One whose attention can be seen; see text_shapes.Attends.

    model  loaded with attn_implementation="eager"
    """

    marks = 0

    def __init__(self, model: Any, reads: Literal["first", "last"]) -> None:
        super().__init__(model)
        self.reads = reads

    def attend(self, vectors: Tensor, mask: Tensor) -> tuple[Tensor, list[Tensor]]:
        found = self.model(
            inputs_embeds=vectors, attention_mask=mask.long(), output_attentions=True
        )
        return found.logits, list(found.attentions)


def own_classifier(model: Any) -> HuggingFaceClassifier:
    """An AttendingClassifier where the model, tried on three tokens, gives full weights.

    Where no token looks ahead the model reads its last state, else its first.
    """
    plain = HuggingFaceClassifier(model.eval())
    with torch.no_grad():
        ids = torch.zeros(1, 3, dtype=torch.long)
        given = model(input_ids=ids, attention_mask=ids + 1, output_attentions=True)
    layers = getattr(given, "attentions", None) or ()
    if not layers or any(w is None or w.dim() != 4 or w.shape[2:] != (3, 3) for w in layers):
        return plain
    ahead = max(float(layer.triu(1).abs().max()) for layer in layers)
    return AttendingClassifier(model, "first" if ahead > 0 else "last")


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
