"""Translations of a translator's test."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dlexplain.results import Alignment, TranslationTest
from dlexplain.services.training.test_results.base import READERS, Kept


def _translations(facts: Mapping[str, Any], kept: Kept) -> TranslationTest:
    count = sum(key.startswith("alignment_") for key in kept)
    source, target = facts.get("languages", ("source", "target"))
    return TranslationTest(
        source=tuple(map(str, kept["source"])),
        reference=tuple(map(str, kept["reference"])),
        said=tuple(map(str, kept["said"])),
        alignments=tuple(
            Alignment(
                kept[f"alignment_{place}"].astype(np.float32),
                tuple(map(str, kept[f"rows_{place}"])),
                tuple(map(str, kept[f"columns_{place}"])),
            )
            for place in range(count)
        ),
        languages=(str(source), str(target)),
    )


READERS.add("translate", _translations)
