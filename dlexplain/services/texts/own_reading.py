"""Loading a model that a user brings in Hugging Face's form, as it really is."""

from dataclasses import dataclass
from typing import Any

import torch
from tokenizers import Tokenizer

from dlexplain.data.tokenisers import special_ids
from dlexplain.errors import ModelError
from dlexplain.networks.modules.hugging_face_classifier import Frame
from dlexplain.services.own_size import check_size
from dlexplain.services.texts.own_limits import frame_of, longest_read
from dlexplain.trained.hub import model_folder
from dlexplain.trained.hugging_face import check_architecture, check_folder, foreign_model

READERS = {
    "classify-text": "AutoModelForSequenceClassification",
    "classify-token": "AutoModelForTokenClassification",
    "language-model": "AutoModelForCausalLM",
    "translate": "AutoModelForSeq2SeqLM",
}


@dataclass(frozen=True, eq=False)
class OwnModel:
    """A user's model as it was read.

    model      of transformers, in float32, eager attention and eval mode
    tokeniser  without padding and truncation; names of marks in a text are read as text
    frame      the marks that it puts around a text
    longest    the most tokens that the model, or the encoder of a translator, reads, marks included
    unknown    id of what the vocabulary lacks, or -1
    blank      id that stands for a word that is taken away: the mask, the unknown word, or another
               special token; -1 where there is none
    padding    id that the model declares for padding; -1 where it declares none
    start      id that begins a text: BOS, or EOS where there is none; None where there is neither
    ends       ids after which a text has ended, as transformers' generate stops at them
    special    ids that stand for no text
    """

    model: Any
    tokeniser: Tokenizer
    frame: Frame
    longest: int
    unknown: int
    blank: int
    padding: int
    start: int | None
    ends: frozenset[int]
    special: frozenset[int]


def read_model(name: str, task: str) -> OwnModel:
    """From a folder or the hub; raises UnknownName or ModelError, one sentence."""
    folder = model_folder(name)
    check_folder(folder, task)
    import transformers

    source, safe = str(folder), {"trust_remote_code": False, "local_files_only": True}
    with foreign_model(name):
        config = transformers.AutoConfig.from_pretrained(source, **safe)
        check_architecture(config.to_dict(), name, task)
        check_size(config, getattr(transformers, READERS[task]), folder, name)
        tokeniser = transformers.AutoTokenizer.from_pretrained(source, **safe)
        model, info = getattr(transformers, READERS[task]).from_pretrained(
            source,
            dtype=torch.float32,  # of itself it is the file's, and halves have no exact gradients
            attn_implementation="eager",  # the default gives no attention
            use_safetensors=True,
            output_loading_info=True,
            **safe,
        )
        missing = sorted(info["missing_keys"])
        if missing:
            raise ModelError(f'the model "{name}" lacks the weights {", ".join(missing[:3])}')
        return _ready(name, model.eval(), tokeniser, task)


def _ready(name: str, model: Any, fast: Any, task: str) -> OwnModel:
    """fast  transformers' tokeniser"""
    tokeniser = _backend(fast, name)
    config = model.config.get_text_config()
    declared = config.pad_token_id
    padding = declared if isinstance(declared, int) else -1
    frame = frame_of(model, tokeniser, padding, name)
    claims = getattr(config, "max_position_embeddings", None), fast.model_max_length
    start, ends = start_and_ends(model, fast)
    special = special_ids(tokeniser) | ends | {*fast.all_special_ids} - {None}
    return OwnModel(
        model,
        tokeniser,
        frame,
        longest_read(model.get_encoder() if task == "translate" else model, frame, claims, name),
        -1 if fast.unk_token_id is None else fast.unk_token_id,
        blank_of(fast, frame),
        padding,
        start,
        ends,
        special if start is None else special | {start},
    )


def tells_words(tokeniser: Tokenizer) -> bool:
    """Whether the tokeniser says where words end; where not, they are what stands between
    blanks."""
    found = tokeniser.encode("two words", add_special_tokens=False)
    return len(set(found.word_ids)) > 1


def start_and_ends(model: Any, fast: Any) -> tuple[int | None, frozenset[int]]:
    """The id that begins a text, None where there is none, and those that end one.

    What the model says of itself counts before its tokeniser for the ends, as in transformers'
    generate. Ids beyond the vocabulary, such as a config's own defaults, are none.
    """
    config = model.config.get_text_config()
    said = getattr(model, "generation_config", None) or config
    rows = model.get_input_embeddings().weight.shape[0]

    def known(*ids: Any) -> list[int]:
        flat = [i for each in ids for i in (each if isinstance(each, list | tuple) else [each])]
        return [i for i in flat if isinstance(i, int) and 0 <= i < rows]

    ends = known(said.eos_token_id) or known(fast.eos_token_id)
    starts = known(fast.bos_token_id, config.bos_token_id) or known(fast.eos_token_id) or ends
    return starts[0] if starts else None, frozenset(ends)


def blank_of(fast: Any, frame: Frame) -> int:
    """The first special token that can stand for no word; those that mark a text's ends come last,
    since a model may count them."""
    roles = [fast.mask_token_id, fast.unk_token_id, fast.pad_token_id, fast.eos_token_id]
    found = [token for token in [*roles, fast.bos_token_id] if token is not None]
    marks = {*frame.before, *frame.after}
    return next((t for t in found if t not in marks), found[0] if found else -1)


def _backend(tokeniser: Any, name: str) -> Tokenizer:
    found = getattr(tokeniser, "backend_tokenizer", None)
    if not isinstance(found, Tokenizer):
        raise ModelError(f'the tokenizer of "{name}" has no fast form (tokenizer.json)')
    copy: Tokenizer = Tokenizer.from_str(found.to_str())
    copy.no_padding()
    copy.no_truncation()
    copy.encode_special_tokens = True
    return copy
