"""Models that users bring in Hugging Face's form, told without loading them; no torch here.

A local folder, or a name on the hub. Weights are read from safetensors only, and code that comes
with a model is never run.
"""

import json
import re
from pathlib import Path
from typing import Any, Literal

from dlexplain.errors import BadInput, ModelError, UnknownName
from dlexplain.settings import local_path

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")


def is_own_model(name: str) -> bool:
    """Whether the name may be of a folder or of the hub, rather than of the zoo or a run."""
    try:
        return local_path(name).is_dir() or HUB_NAME.fullmatch(name) is not None
    except BadInput:
        return False


Kind = Literal["sequence classifier", "causal language model"]
ENDINGS: dict[Kind, tuple[str, ...]] = {
    "sequence classifier": ("ForSequenceClassification",),
    "causal language model": ("ForCausalLM", "LMHeadModel"),
}
"""What classes of the kind are called in the end."""


def check_own(name: str, kind: Kind) -> None:
    """What can be told of a folder without loading it.

    Raises UnknownName where it is no model, ModelError where it is one that cannot be read, one
    sentence.
    """
    path = local_path(name)
    if path.is_file():
        raise UnknownName(f"{path} is a file; the folder of a model is accepted")
    if path.is_dir():
        check_folder(path, kind)


def check_folder(folder: Path, kind: Kind) -> None:
    """Raises UnknownName or ModelError where the folder lacks what a model of the kind needs."""
    file = folder / "config.json"
    try:
        config = json.loads(file.read_text("utf-8"))
    except FileNotFoundError as error:
        raise UnknownName(f"{folder} has no config.json, so it is no model's folder") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{file} cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise ModelError(f"{file} is damaged: it is no JSON object")
    check_architecture(config, kind, str(folder))
    if not list(folder.glob("*.safetensors")):
        pickles = [path.name for pattern in PICKLES for path in folder.glob(pattern)]
        if pickles:
            raise ModelError(
                f"{folder} holds pickles only ({pickles[0]}), which can run code and are never "
                "read; save the model with save_pretrained, which writes safetensors"
            )
        raise ModelError(f"{folder} has no weights; a .safetensors file is accepted")
    if not (folder / "tokenizer.json").is_file():
        raise ModelError(f"{folder} lacks a tokenizer.json; save the tokenizer beside the model")


def check_architecture(config: dict[str, Any], kind: Kind, name: str) -> None:
    """Raises ModelError where the config is of another kind, or of a model with its own code."""
    if config.get("auto_map"):
        raise ModelError(f'the model "{name}" needs code of its own, which is never run')
    built = [str(architecture) for architecture in config.get("architectures") or ()]
    if not any(architecture.endswith(ENDINGS[kind]) for architecture in built):
        what = ", ".join(built) or "of no architecture that its config.json names"
        raise ModelError(f'the model "{name}" is {what}; a {kind} is accepted')
