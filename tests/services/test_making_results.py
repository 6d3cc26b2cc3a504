"""What runs of the picture-making tasks leave, read back for their pages."""

import numpy as np

from dlexplain.results import GeneratedPictures, Reconstructions
from dlexplain.services.training.test_results import KINDS

FACTS = {"classes": ["row", "column"]}
PIXELS = np.zeros((4, 8, 8, 1), np.uint8)


def test_a_plain_autoencoder_has_pictures_only() -> None:
    found = KINDS["autoencode"].from_arrays(FACTS, {"originals": PIXELS, "copies": PIXELS})
    assert isinstance(found, Reconstructions)
    assert found.classes == ("row", "column")
    assert len(found.inputs) == len(found.samples) == len(found.kl) == len(found.means) == 0
    noisy = KINDS["autoencode"].from_arrays(
        FACTS, {"originals": PIXELS, "copies": PIXELS, "inputs": PIXELS}
    )
    assert len(noisy.inputs) == 4


def test_a_variational_one_has_all() -> None:
    kept = {
        "originals": PIXELS, "copies": PIXELS, "samples": PIXELS, "kl": np.ones(3),
        "means": np.ones((5, 3)), "labels": np.arange(5),
    }  # fmt: skip
    found = KINDS["vae"].from_arrays(FACTS, kept)
    assert found.kl.shape == (3,) and found.means.shape == (5, 3) and found.labels.shape == (5,)


def test_a_gan_has_what_its_judge_says() -> None:
    kept = {
        "samples": PIXELS, "samples_said": np.zeros(4, np.int64), "samples_share": np.ones(4),
        "counts": np.array([3, 1]), "judged": np.array(9), "real": PIXELS,
    }  # fmt: skip
    found = KINDS["gan"].from_arrays(FACTS, kept)
    assert isinstance(found, GeneratedPictures)
    assert (found.judged, found.counts.tolist()) == (9, [3, 1])
