"""A sequence classifier of Hugging Face's transformers, as our text classifiers are called."""

from typing import Any, cast

import torch
from torch import Tensor, nn

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
