"""Models that users bring in Hugging Face's form, told without loading them; no torch here.

A local folder, or a name on the hub. Weights are read from safetensors only, and code that comes
with a model is never run.
"""

import json
import re
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from dlexplain.errors import BadInput, ModelError, UnknownName, foreign
from dlexplain.execution import paths
from dlexplain.results.words import with_article
from dlexplain.server_files import check_files, read_regular
from dlexplain.settings import folder_at, local_path
from dlexplain.trained.entry import BROUGHT, ModelEntry
from dlexplain.trained.hub import ENDINGS, model_folder

HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl")
ADAPTER = "adapter_config.json"
OWN = "your own"
LONGEST = 128
"""Tokens of a text at most where nothing else is said."""
TASKS = {
    "classify-image": ("ForImageClassification",),
    "classify-text": ("ForSequenceClassification",),
    "classify-token": ("ForTokenClassification",),
    "detect-objects": ("ForObjectDetection",),
    "segment-picture": ("ForSemanticSegmentation",),
    "language-model": ("ForCausalLM", "LMHeadModel"),
    "translate": ("ForConditionalGeneration", "MTModel"),
}
"""Tasks that a model of this form can have, and what its classes are then called in the end."""
KINDS = {
    "classify-image": "picture classifier",
    "classify-text": "sequence classifier",
    "language-model": "causal language model",
    "translate": "sequence-to-sequence model",
    **BROUGHT,
}
"""What transformers calls a model for the task."""


PROCESSED = ("preprocessor_config.json", "image processor")
BESIDE = {
    "classify-image": PROCESSED,
    "detect-objects": PROCESSED,
    "segment-picture": PROCESSED,
    "": ("tokenizer.json", "tokenizer"),
}
"""What a model needs beside its weights, by task."""


class HuggingFace:
    """A Source. It lists nothing by itself: what a user has named stands in his session."""

    def entries(self, tasks: Collection[str]) -> Iterable[ModelEntry]:
        return ()

    def find(self, name: str, tasks: Collection[str]) -> ModelEntry | None:
        fit = [task for task in TASKS if task in tasks]
        return self.entry(name, fit) if fit and is_own_model(name) else None

    def entry(self, name: str, tasks: Collection[str]) -> ModelEntry:
        """Of the first of the tasks, or of the one that its config says where there are several."""
        fit = [task for task in TASKS if task in (tasks or TASKS)]
        task = fit[0] if len(fit) == 1 else _task_of(name, fit)
        return ModelEntry(name, f"{name} ({OWN})", "own", task, data=OWN, origin=name)


def _task_of(name: str, tasks: Sequence[str]) -> str:
    """The one of the tasks that the config says; the first where it says none of them, so that
    loading says what is wrong."""
    try:
        config = json.loads(read_regular(model_folder(name) / "config.json"))
        built = _built(config)
    except Exception:  # whatever is wrong with it, loading says in one sentence
        built = []
    fit = [task for task in tasks if any(one.endswith(TASKS[task]) for one in built)]
    usual = "classify-text" if "classify-text" in tasks else tasks[0]
    return fit[0] if fit else usual


def is_backbone(name: str) -> bool:
    """Whether the name may be of such a model rather than of one that was trained here: a folder
    with a config.json and no run's card, or a name on the hub where no such path is."""
    folder = folder_at(name)
    if folder is not None:
        of_run = paths.card_in(folder).is_file() or paths.facts_in(folder).is_file()
        return (folder / "config.json").is_file() and not of_run
    return HUB_NAME.fullmatch(name) is not None and not _is_there(name)


def task_of_own(name: str, tasks: Sequence[str]) -> str:
    """The one of the tasks that a folder or a model of the hub is for, told without loading it.

    Raises UnknownName, or ModelError where it is for none, one sentence.
    """
    folder = model_folder(name)
    check_folder(folder, *tasks)
    return _task_of(str(folder), tasks)


def longest_said(name: str) -> int:
    """Of a text model: the most tokens that its config says it reads, up to LONGEST, or 0."""
    config = json.loads(read_regular(model_folder(name) / "config.json"))
    places = config.get("max_position_embeddings")
    if not isinstance(places, int) or places < 1:
        return 0
    # Families that count places from behind the padding's id have fewer than they say.
    padding = config.get("pad_token_id")
    own = padding + 1 if isinstance(padding, int) and padding > 0 else 0
    return min(LONGEST, max(1, places - own))


def is_own_model(name: str) -> bool:
    """Whether the name may be of a folder or of the hub, rather than of the zoo or a run."""
    return folder_at(name) is not None or HUB_NAME.fullmatch(name) is not None


def check_own(name: str, *tasks: str) -> None:
    """What can be told of a folder without loading it.

    tasks  one of which the model must be for

    Raises UnknownName where it is no model, ModelError where it is one that cannot be read, one
    sentence.
    """
    folder = folder_at(name)
    if folder is None and HUB_NAME.fullmatch(name) and not _is_there(name):
        return
    path = local_path(name)
    if path.is_file():
        raise UnknownName(f"{path} is a file; the folder of a model is accepted")
    if path.is_dir():
        check_folder(path, *tasks)


def _is_there(name: str) -> bool:
    try:
        return local_path(name).exists()
    except BadInput:
        return False


def check_folder(folder: Path, *tasks: str) -> None:
    """Raises UnknownName or ModelError where the folder lacks what a model for one of the tasks
    needs."""
    file = folder / "config.json"
    try:
        config = json.loads(read_regular(file))
    except FileNotFoundError as error:
        raise UnknownName(f"{folder} has no config.json, so it is no model's folder") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{file} cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise ModelError(f"{file} is damaged: it is no JSON object")
    task = check_architecture(config, str(folder), *tasks)
    if not list(folder.glob("*.safetensors")):
        pickles = [path.name for pattern in PICKLES for path in folder.glob(pattern)]
        if pickles:
            raise ModelError(
                f"{folder} holds pickles only ({pickles[0]}), which can run code and are never "
                "read; save the model with save_pretrained, which writes safetensors"
            )
        raise ModelError(f"{folder} has no weights; a .safetensors file is accepted")
    if (folder / ADAPTER).exists():  # transformers would load it by itself, from a pickle too
        raise ModelError(
            f"{folder} holds an adapter beside its weights ({ADAPTER}), which is not read; merge "
            "it into them (merge_and_unload of peft) and save the whole model"
        )
    beside, what = BESIDE.get(task, BESIDE[""])
    if not (folder / beside).is_file():
        raise ModelError(f"{folder} lacks a {beside}; save the {what} beside the model")
    try:
        check_files(folder, ENDINGS)
    except OSError as error:
        name = Path(str(error.filename)).name
        raise ModelError(f"{name} in {folder} cannot be read: {error.strerror}") from error


def check_architecture(config: dict[str, Any], name: str, *tasks: str) -> str:
    """The one of the tasks that the model is for; raises ModelError where the config is for another
    one, or of a model with its own code."""
    if config.get("auto_map"):
        raise ModelError(f'the model "{name}" needs code of its own, which is never run')
    built = _built(config)
    for task in tasks:
        if any(architecture.endswith(TASKS[task]) for architecture in built):
            return task
    what = ", ".join(built) or "of no architecture that its config.json names"
    kinds = " or ".join(with_article(KINDS[task]) for task in tasks)
    raise ModelError(f'the model "{name}" is {what}; {kinds} is accepted')


def _built(config: dict[str, Any]) -> list[str]:
    """The architectures that a config names."""
    named = config.get("architectures")
    return [str(one) for one in named] if isinstance(named, list) else []


def foreign_model(name: str) -> AbstractContextManager[None]:
    """Around reading and trying somebody's model, whose files may hold whatever: what its library,
    or what reads its answers, raises of them is a ModelError."""
    return foreign(ModelError, lambda why: f'the model "{name}" cannot be read: {why}')
