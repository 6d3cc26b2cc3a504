"""What a run left when it was finished: its card, and what its test found."""

import json
from collections.abc import Mapping
from typing import Any
from zipfile import BadZipFile

import numpy as np

from dlexplain.errors import BAD_JSON, RunError
from dlexplain.execution import paths
from dlexplain.results import (
    Backtest,
    ClassificationTest,
    GeneratedPictures,
    LanguageTest,
    MultiTaskTest,
    Reconstructions,
    RunRecord,
    TextTest,
    TranslationTest,
)
from dlexplain.settings import settings

KINDS: Mapping[str, Any] = {
    "classify-image": ClassificationTest,
    "classify-text": TextTest,
    "multi-task": MultiTaskTest,
    "multi-task-text": MultiTaskTest,
    "forecast": Backtest,
    "language-model": LanguageTest,
    "translate": TranslationTest,
    "autoencode": Reconstructions,
    "vae": Reconstructions,
    "gan": GeneratedPictures,
}
"""By task: what its test found, made of the arrays that its module's `results` gave."""


def results_of(record: RunRecord) -> Any:
    """What the test found, a result of the task's kind; None before the run has been tested, or
    where its task keeps nothing to draw. Raises RunError where the files are damaged."""
    file = paths.results_file(settings().home, record.id)
    task = str(record.spec["task"])
    if task not in KINDS or not file.exists():
        return None
    facts = card(record).get("facts", {})
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
            return KINDS[task].from_arrays(facts, kept)
    except (OSError, EOFError, BadZipFile, *BAD_JSON) as error:
        raise RunError(f"the {file.name} of run {record.id} cannot be read: {error}") from error


def card(record: RunRecord) -> dict[str, Any]:
    """What was trained, on what, how well, where; {} before the run has finished.

    Raises RunError where the file is damaged.
    """
    file = paths.card_file(settings().home, record.id)
    if not file.exists():
        return {}
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, *BAD_JSON) as error:
        raise RunError(f"the {file.name} of run {record.id} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise RunError(f"the {file.name} of run {record.id} is damaged: it is no JSON object")
    return found
