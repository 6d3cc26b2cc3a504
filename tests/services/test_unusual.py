"""What is said of how unusual a picture is: measures are those of the data, verdicts by share."""

from typing import Any

import numpy as np
import pytest

from dlexplain.explainers.progress import Progress
from dlexplain.results import EncodedPictures, Reconstruction, SeenPicture
from dlexplain.services.latent.map import encode_parts
from dlexplain.services.latent.unusual import how_unusual
from tests.latents import encoded, model, pictures

NONE = np.zeros(0, np.float32)
HUNDRED = np.arange(100, dtype=np.float32)


def known(variational: bool) -> EncodedPictures:
    """Errors and KL 0 to 99 of test pictures, and far larger ones of training pictures."""
    every, tested = np.concatenate([HUNDRED, 1000 + HUNDRED]), np.arange(200) < 100
    more: dict[str, Any] = {"kl_sums": every} if variational else {}
    return encoded(np.zeros((200, 2)), tested, np.zeros(200, int), errors=every, **more)


def made(error: float, nats: float = 0.0, pixels: Any = None) -> Reconstruction:
    if pixels is None:
        pixels = pictures(1).pixels[0]
    kl = np.array([nats], np.float32)
    return Reconstruction("m", SeenPicture("p", pixels), pixels, error, NONE, kl, NONE)


@pytest.mark.parametrize(
    ("error", "share", "follows"),
    [
        (93.5, "94.0%", "it can be copied as well as they are"),
        (94.5, "95.0%", "it is copied worse than most of them"),
        (99.5, "100.0%", "it is copied worse than nearly all of them: an anomaly"),
    ],
)
def test_of_an_autoencoder_the_error_is_told(error: float, share: str, follows: str) -> None:
    (finding,), beware = how_unusual(made(error), known(False))
    assert finding.measured == f"Its error is larger than that of {share} of the 100 test pictures"
    assert finding.follows == follows
    assert ("alone cannot tell" in beware) == (error < 94)


@pytest.mark.parametrize(
    ("nats", "share", "follows"),
    [
        (0.0, "0.0%", "its code says less than nearly all of theirs: an anomaly"),
        (3.5, "4.0%", "its code says less than most of theirs"),
        (49.5, "50.0%", "its code says as much as theirs"),
        (95.5, "96.0%", "its code says more than most of theirs"),
        (200.0, "100.0%", "its code says more than nearly all of theirs: an anomaly"),
    ],
)
def test_of_a_variational_one_the_kl_is_told_too(nats: float, share: str, follows: str) -> None:
    (error, kl), beware = how_unusual(made(10, nats), known(True))
    assert error.follows == "it can be copied as well as they are"
    told = f"Its KL to the prior, {nats:.1f} nats, is larger than that of {share} of them"
    assert kl == (told, follows)
    assert bool(beware) == (nats == 49.5)


def test_a_nearly_empty_picture_gets_no_verdict_unless_it_is_copied_badly() -> None:
    red = np.zeros((8, 8, 3), np.uint8) + np.array([255, 0, 0], np.uint8)
    red[0, 0, 2] = 40
    (finding,), beware = how_unusual(made(0.5, 50, red), known(True))
    assert finding.measured.startswith("Its error is larger than that of 1.0%")
    assert finding.follows == "nothing follows from that"
    assert "a nearly empty picture is always easy to copy" in beware
    assert red.std() / 255 > 0.4  # colours that differ are no variation over the picture
    (error, _), _ = how_unusual(made(99.5, 50, red), known(True))
    assert error.follows.endswith("an anomaly")


def test_kl_sums_are_those_of_single_pictures() -> None:
    vae = model("vae")
    found = encode_parts(vae, pictures(3, 1), pictures(4, 2), ("a", "b"), Progress())
    assert found.kl_sums.shape == (7,)
    assert np.isclose(found.kl_sums.mean(), found.kl.sum(), rtol=1e-5)
    middle = float(np.sort(found.kl_sums[3:])[1:3].mean())
    assert found.kl_share(middle) == 0.5
    plain = encode_parts(model("mlp-autoencoder"), pictures(3), pictures(2), ("a", "b"), Progress())
    assert plain.kl_share(1.0) is None
