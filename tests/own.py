"""Tiny models with random weights in Hugging Face's form, as a user may bring them."""

from pathlib import Path
from typing import Any

import torch

WORDS = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "good", "bad", "film", "a", "is", "not", "it"]
FRAMES = {
    "none": None,
    "both": "<s> $A </s>",
    "end": "$A </s>",
    "types": "$A:0 </s>:0 <s>:2",  # as XLNet's
}
SMALL: dict[str, Any] = {
    "vocab_size": len(WORDS), "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2,
    "intermediate_size": 16, "max_position_embeddings": 40, "pad_token_id": 1, "bos_token_id": 0,
    "eos_token_id": 2,
}  # fmt: skip
LABELS = {0: "no", 1: "maybe", 2: "yes"}


def save_own(model: Any, folder: Path, frame: str = "both", words: list[str] = WORDS) -> str:
    """The model with large weights, so that every token counts, and a tokenizer beside it."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    tokeniser = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, "<unk>"))
    tokeniser.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if FRAMES[frame]:
        marks = [(mark, words.index(mark)) for mark in ("<s>", "</s>")]
        tokeniser.post_processor = processors.TemplateProcessing(
            FRAMES[frame], special_tokens=marks
        )
    roles = {
        "pad_token": "<pad>", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>",
        "cls_token": "<s>", "sep_token": "</s>", "mask_token": "<mask>",
    }  # fmt: skip
    roles = {role: token for role, token in roles.items() if token in words}
    PreTrainedTokenizerFast(tokenizer_object=tokeniser, **roles).save_pretrained(folder)
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.copy_(torch.randn(parameter.shape) * 0.4)
    model.save_pretrained(folder)
    return str(folder)


def classifier(family: str, **config: Any) -> Any:
    """An untrained one of transformers, such as "Bert"."""
    import transformers

    found = getattr(transformers, f"{family}Config")(**{"id2label": LABELS} | config)
    return getattr(transformers, f"{family}ForSequenceClassification")(found).eval()


def labeller(family: str, **config: Any) -> Any:
    """An untrained token classifier of transformers."""
    import transformers

    found = getattr(transformers, f"{family}Config")(**{"id2label": LABELS} | config)
    return getattr(transformers, f"{family}ForTokenClassification")(found).eval()


def read_labeller(folder: str) -> Any:
    """The token classifier as transformers itself reads it, in float32."""
    from transformers import AutoModelForTokenClassification

    return AutoModelForTokenClassification.from_pretrained(folder, dtype=torch.float32).eval()


def read_again(folder: str) -> Any:
    """The classifier as transformers itself reads it, in float32."""
    from transformers import AutoModelForSequenceClassification

    return AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
