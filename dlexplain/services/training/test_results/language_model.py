"""What a language model foretold, and what it writes."""

from collections.abc import Mapping
from typing import Any

from dlexplain.results import LanguageTest
from dlexplain.services.training.test_results.base import READERS, Kept


def _language(facts: Mapping[str, Any], kept: Kept) -> LanguageTest:
    return LanguageTest(
        often=kept["often"],
        counts=kept["counts"],
        perplexities=kept["perplexities"],
        text=tuple(map(str, kept["text"])),
        surprise=kept["surprise"],
        samples=tuple(map(str, kept["samples"])),
        temperature=float(kept["temperature"]),
    )


READERS.add("language-model", _language)
