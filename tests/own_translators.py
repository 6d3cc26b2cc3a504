"""Tiny encoder-decoders with random weights in Hugging Face's form, and what transformers itself
writes with them."""

from pathlib import Path
from typing import Any

import torch

from tests.own import WORDS, save_own

MARKS: dict[str, Any] = {
    "vocab_size": len(WORDS), "d_model": 16, "pad_token_id": 1, "bos_token_id": 0,
    "eos_token_id": 2,
}  # fmt: skip
STACKS = MARKS | {
    "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "encoder_ffn_dim": 16, "decoder_ffn_dim": 16,
    "max_position_embeddings": 40,
}  # fmt: skip
FAMILIES: dict[str, tuple[str, str, dict[str, Any], tuple[int, ...]]] = {
    # its class, the marks of its tokenizer, its shape, and what its decoder reads before it writes
    "T5": ("T5ForConditionalGeneration", "end", MARKS | {
        "d_kv": 8, "d_ff": 16, "num_layers": 2, "num_heads": 2, "decoder_start_token_id": 1,
    }, (1,)),
    "Marian": ("MarianMTModel", "end", STACKS | {
        "decoder_start_token_id": 1, "scale_embedding": True, "forced_eos_token_id": None,
    }, (1,)),
    "Bart": ("BartForConditionalGeneration", "both", STACKS | {
        "decoder_start_token_id": 2, "forced_eos_token_id": None,
    }, (2, 0)),
}  # fmt: skip
TASKS = {
    "summarization": {"prefix": "film "},
    "translation_en_to_de": {"prefix": "it is: "},
}


def save_translator(folder: Path, family: str, **config: Any) -> str:
    """One of FAMILIES with large weights, whose end is seldom the likeliest."""
    import transformers

    kind, frame, shape, opening = FAMILIES[family]
    found = getattr(transformers, f"{family}Config")(**shape | config)
    name = save_own(getattr(transformers, kind)(found).eval(), folder, frame)
    drawn = read_translator(name)
    with torch.no_grad():
        drawn.get_output_embeddings().weight[2] *= 0.1
    if len(opening) > 1:
        drawn.generation_config.forced_bos_token_id = opening[1]
    drawn.save_pretrained(folder)
    return name


def read_translator(folder: str) -> Any:
    """As transformers itself reads it, in float32, with attention to be seen."""
    from transformers import AutoModelForSeq2SeqLM

    return AutoModelForSeq2SeqLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager"
    ).eval()


def generated(theirs: Any, ids: list[int], opening: tuple[int, ...], count: int) -> list[int]:
    """The likeliest token each time by transformers' generate, without the opening."""
    banned = [[token] for token in {1, opening[0]} - {2}]
    source = torch.tensor([ids])
    found = theirs.generate(
        source, attention_mask=torch.ones_like(source), num_beams=1, do_sample=False,
        max_new_tokens=count + len(opening) - 1, bad_words_ids=banned,
    )  # fmt: skip
    return [int(token) for token in found[0, len(opening) :]]


def their_log_p(theirs: Any, source: list[int], target: list[int], opening: tuple[int, ...]) -> Any:
    """(target, vocabulary) log-probabilities of what follows each token before it."""
    given = torch.tensor([[*opening, *target]])
    with torch.no_grad():
        found = theirs(input_ids=torch.tensor([source]), decoder_input_ids=given[:, :-1])
    return found.logits[0, len(opening) - 1 :].log_softmax(-1)
