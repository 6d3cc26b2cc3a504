"""Tiny causal language models with random weights in Hugging Face's form, and what transformers
itself writes with them."""

from pathlib import Path
from typing import Any

import torch

TEXTS = ["a good film\n\nit is not bad", "the cat sat on the mat\n", "a bad film it was, not good"]
SPECIALS = ["<s>", "</s>", "<pad>"]
SIZE = 300
PROMPT = "a good\n\n  film"


def save_writer(
    folder: Path, family: str, marks: bool = True, bos: bool = False, longest: int = 64
) -> str:
    """A GPT-2 over byte pairs or a Llama over pieces that carry their blank before them.

    marks  it has <s>, </s> and <pad>; without, it has neither BOS nor EOS
    bos    its tokenizer puts <s> before each text
    """
    from tokenizers import processors
    from transformers import PreTrainedTokenizerFast

    tokeniser = _tokeniser(family, SPECIALS if marks else [])
    if bos:
        start = ("<s>", tokeniser.token_to_id("<s>"))
        tokeniser.post_processor = processors.TemplateProcessing("<s> $A", special_tokens=[start])
    roles = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"} if marks else {}
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokeniser, clean_up_tokenization_spaces=False, **roles
    )
    fast.save_pretrained(folder)
    torch.manual_seed(1)
    model = _model(family, len(fast), fast.bos_token_id, fast.eos_token_id, longest)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.copy_(torch.randn(parameter.shape) * 0.4)
    model.save_pretrained(folder)
    return str(folder)


def _tokeniser(family: str, specials: list[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    trained: Any
    if family == "GPT2":
        trained = Tokenizer(models.BPE())
        trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trained.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
    else:
        trained = Tokenizer(models.BPE())
        trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
        trained.decoder = decoders.Metaspace(prepend_scheme="first")
        alphabet = []
    trained.train_from_iterator(
        TEXTS,
        trainers.BpeTrainer(
            vocab_size=SIZE, special_tokens=specials, initial_alphabet=alphabet, show_progress=False
        ),
    )
    return trained


def _model(family: str, words: int, bos: int | None, eos: int | None, longest: int) -> Any:
    import transformers

    ids = {"bos_token_id": bos, "eos_token_id": eos}
    if family == "GPT2":
        config = transformers.GPT2Config(
            vocab_size=words, n_positions=longest, n_embd=16, n_layer=2, n_head=2, **ids
        )
        return transformers.GPT2LMHeadModel(config)
    config = transformers.LlamaConfig(
        vocab_size=words, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, intermediate_size=16, max_position_embeddings=longest, **ids,
    )  # fmt: skip
    return transformers.LlamaForCausalLM(config)


def ends_early(folder: str, token: int) -> None:
    """Change the model's output layer so that `token` is often the likeliest."""
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        head, table = model.get_output_embeddings(), model.get_input_embeddings()
        if head.weight is table.weight:
            head.weight = torch.nn.Parameter(head.weight.clone())
            model.config.tie_word_embeddings = False
        head.weight[token] *= 4
    model.save_pretrained(folder)


def theirs(folder: str, prompt: str, special: bool, count: int) -> tuple[list[int], str]:
    """The new ids that transformers' generate gives, the likeliest each time, and their text."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokeniser = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    given = tokeniser(prompt, add_special_tokens=special, return_tensors="pt").input_ids
    found = model.generate(
        given, attention_mask=torch.ones_like(given), max_new_tokens=count, do_sample=False
    )
    whole = tokeniser.decode(found[0], skip_special_tokens=True)
    return found[0, given.shape[1] :].tolist(), whole
