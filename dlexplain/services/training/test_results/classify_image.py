"""The confusion and the worst mistakes of a picture classifier."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dlexplain.results import ClassificationTest
from dlexplain.services.training.test_results.base import READERS, Kept


def _classification(facts: Mapping[str, Any], kept: Kept) -> ClassificationTest:
    count = len(kept["confusion"])
    some = "mistakes_pixels" in kept
    return ClassificationTest(
        classes=tuple(facts.get("classes", map(str, range(count)))),
        confusion=kept["confusion"],
        pixels=kept["mistakes_pixels"] if some else np.empty((0, 1, 1, 1), np.uint8),
        truth=kept["mistakes_truth"] if some else np.empty(0, np.int64),
        said=kept["mistakes_said"] if some else np.empty(0, np.int64),
        share=kept["mistakes_share"] if some else np.empty(0, np.float32),
    )


READERS.add("classify-image", _classification)
