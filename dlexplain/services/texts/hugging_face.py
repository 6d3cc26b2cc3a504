"""Models that users bring in Hugging Face's form: a local folder, or a name on the hub.

Weights are read from safetensors only, and code that comes with a model is never run.
"""

import json
import re
from pathlib import Path
from typing import Any, Literal

from safetensors import SafetensorError
from tokenizers import Tokenizer

from dlexplain.errors import UnknownName, WeightsError

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
LONGEST = 512
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


def is_own_model(name: str) -> bool:
    """Whether the name may be of a folder or of the hub, rather than of the zoo or a run."""
    return Path(name).expanduser().is_dir() or HUB_NAME.fullmatch(name) is not None


Kind = Literal["sequence classifier", "causal language model"]
ENDINGS: dict[Kind, tuple[str, ...]] = {
    "sequence classifier": ("ForSequenceClassification",),
    "causal language model": ("ForCausalLM", "LMHeadModel"),
}
"""What classes of the kind are called in the end."""
READERS: dict[Kind, str] = {
    "sequence classifier": "AutoModelForSequenceClassification",
    "causal language model": "AutoModelForCausalLM",
}


def read_model(name: str, kind: Kind) -> tuple[Any, Tokenizer, int]:
    """(the model in eager attention, its tokeniser, the most tokens that it reads).

    Raises WeightsError, one sentence.
    """
    folder = Path(name).expanduser()
    local = folder.is_dir()
    if local:
        _check_folder(folder, kind)
    import transformers

    where = {"local_files_only": True} if local else {}
    source = str(folder) if local else name
    try:
        config = transformers.AutoConfig.from_pretrained(source, trust_remote_code=False, **where)
        _check_architecture(config.to_dict(), kind, name)
        tokeniser = transformers.AutoTokenizer.from_pretrained(
            source, trust_remote_code=False, **where
        )
        model, info = getattr(transformers, READERS[kind]).from_pretrained(
            source,
            attn_implementation="eager",  # the default gives no attention
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            **where,
        )
    except (OSError, ValueError, RuntimeError, ImportError, KeyError, SafetensorError) as error:
        why = " ".join(str(error).split())[:300]
        raise WeightsError(f'the model "{name}" cannot be read: {why}') from error
    missing = sorted(info["missing_keys"])
    if missing:
        raise WeightsError(f'the model "{name}" lacks the weights {", ".join(missing[:3])}')
    return model, _backend(tokeniser, name), _longest(config, tokeniser)


def check_own(name: str, kind: Kind) -> None:
    """What can be told of a folder without loading it.

    Raises UnknownName where it is no model, WeightsError where it is one that cannot be read, one
    sentence.
    """
    path = Path(name).expanduser()
    if path.is_file():
        raise UnknownName(f"{path} is a file; the folder of a model is accepted")
    if path.is_dir():
        _check_folder(path, kind)


def _check_folder(folder: Path, kind: Kind) -> None:
    file = folder / "config.json"
    try:
        config = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise UnknownName(f"{folder} has no config.json, so it is no model's folder") from error
    except (OSError, ValueError) as error:
        raise WeightsError(f"{file} cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise WeightsError(f"{file} is damaged: it is no JSON object")
    _check_architecture(config, kind, str(folder))
    if not list(folder.glob("*.safetensors")):
        pickles = [path.name for pattern in PICKLES for path in folder.glob(pattern)]
        if pickles:
            raise WeightsError(
                f"{folder} holds pickles only ({pickles[0]}), which can run code and are never "
                "read; save the model with save_pretrained, which writes safetensors"
            )
        raise WeightsError(f"{folder} has no weights; a .safetensors file is accepted")
    if not (folder / "tokenizer.json").is_file():
        raise WeightsError(f"{folder} lacks a tokenizer.json; save the tokenizer beside the model")


def _check_architecture(config: dict[str, Any], kind: Kind, name: str) -> None:
    if config.get("auto_map"):
        raise WeightsError(f'the model "{name}" needs code of its own, which is never run')
    built = [str(architecture) for architecture in config.get("architectures") or ()]
    if not any(architecture.endswith(ENDINGS[kind]) for architecture in built):
        what = ", ".join(built) or "of no architecture that its config.json names"
        raise WeightsError(f'the model "{name}" is {what}; a {kind} is accepted')


def _backend(tokeniser: Any, name: str) -> Tokenizer:
    found = getattr(tokeniser, "backend_tokenizer", None)
    if not isinstance(found, Tokenizer):
        raise WeightsError(f'the tokenizer of "{name}" has no fast form (tokenizer.json)')
    copy: Tokenizer = Tokenizer.from_str(found.to_str())
    copy.no_padding()
    copy.no_truncation()
    copy.encode_special_tokens = True
    return copy


def _longest(config: Any, tokeniser: Any) -> int:
    """Positions from the config; some models keep the first two for padding."""
    most = getattr(config, "max_position_embeddings", None) or LONGEST
    told = int(tokeniser.model_max_length)
    return max(2, min(LONGEST, int(most), told))
