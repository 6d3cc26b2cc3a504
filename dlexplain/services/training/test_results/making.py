"""Pictures made anew, and made from nothing."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from dlexplain.results import GeneratedPictures, Reconstructions
from dlexplain.services.training.test_results.base import READERS, Kept


def _reconstructions(facts: Mapping[str, Any], kept: Kept) -> Reconstructions:
    none = kept["originals"][:0]
    latent = len(kept["kl"]) if "kl" in kept else 0
    return Reconstructions(
        originals=kept["originals"],
        copies=kept["copies"],
        inputs=kept.get("inputs", none),
        samples=kept.get("samples", none),
        kl=kept["kl"] if "kl" in kept else np.empty(0, np.float32),
        means=kept["means"] if "means" in kept else np.empty((0, latent), np.float32),
        labels=kept["labels"] if "labels" in kept else np.empty(0, np.int64),
        classes=tuple(facts.get("classes", ())),
    )


def _generated(facts: Mapping[str, Any], kept: Kept) -> GeneratedPictures:
    return GeneratedPictures(
        samples=kept["samples"],
        said=kept["samples_said"],
        share=kept["samples_share"],
        counts=kept["counts"],
        judged=int(kept["judged"]),
        real=kept["real"],
        classes=tuple(facts.get("classes", map(str, range(len(kept["counts"]))))),
    )


READERS.add("autoencode", _reconstructions)
READERS.add("vae", _reconstructions)
READERS.add("gan", _generated)
