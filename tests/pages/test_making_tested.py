"""What the test of a model that makes pictures found, on a page."""

from streamlit.testing.v1 import AppTest


def reconstructions() -> None:
    import numpy as np

    from dlexplain.results import Reconstructions
    from dlexplain.ui.tested import show

    pixels = np.zeros((16, 4, 4, 1), np.uint8)
    show(
        Reconstructions(
            originals=pixels, copies=pixels, inputs=pixels, samples=pixels,
            kl=np.array([1.0, 0.5]), means=np.zeros((5, 2)), labels=np.zeros(5, np.int64),
            classes=("a", "b"),
        )
    )  # fmt: skip


def plain() -> None:
    import numpy as np

    from dlexplain.results import Reconstructions
    from dlexplain.ui.tested import show

    pixels, none = np.zeros((16, 4, 4, 3), np.uint8), np.zeros((0, 4, 4, 3), np.uint8)
    show(
        Reconstructions(
            originals=pixels, copies=pixels, inputs=none, samples=none, kl=np.empty(0),
            means=np.empty((0, 0)), labels=np.empty(0, np.int64), classes=(),
        )
    )  # fmt: skip


def generated() -> None:
    import numpy as np

    from dlexplain.results import GeneratedPictures
    from dlexplain.ui.tested import show

    pixels = np.zeros((64, 4, 4, 1), np.uint8)
    show(
        GeneratedPictures(
            samples=pixels, predicted=np.zeros(64, np.int64), probabilities=np.ones(64, np.float32),
            counts=np.array([60, 3]), judged=64, real=pixels, classes=("a", "b"),
        )
    )  # fmt: skip


def headings(app: AppTest) -> list[str]:
    assert not app.exception
    return [heading.value for heading in app.subheader]


def test_a_variational_one_shows_copies_samples_and_its_latent_space() -> None:
    app = AppTest.from_function(reconstructions).run(timeout=60)
    assert headings(app) == [
        "Reconstructed", "Drawn from the prior", "What each dimension carries", "Latent space",
    ]  # fmt: skip
    assert "with noise" in app.caption[0].value


def test_a_plain_one_shows_copies_only() -> None:
    app = AppTest.from_function(plain).run(timeout=60)
    assert headings(app) == ["Reconstructed"]
    assert "with noise" not in app.caption[0].value


def test_a_gan_shows_samples_beside_real_ones_and_classes() -> None:
    app = AppTest.from_function(generated).run(timeout=60)
    assert headings(app) == ["Generated", "Real", "Predicted classes"]
    assert any("90%" in caption.value for caption in app.caption)
