"""The confusion and the worst mistakes of a text classifier."""

from collections.abc import Mapping
from typing import Any

from dlexplain.results import TextTest
from dlexplain.services.training.test_results.base import READERS, Kept


def _texts(facts: Mapping[str, Any], kept: Kept) -> TextTest:
    count = len(kept["confusion"])
    return TextTest(
        classes=tuple(map(str, facts.get("classes", range(count)))),
        confusion=kept["confusion"],
        texts=tuple(map(str, kept["mistakes_texts"])),
        truth=kept["mistakes_truth"],
        said=kept["mistakes_said"],
        share=kept["mistakes_share"],
    )


READERS.add("classify-text", _texts)
