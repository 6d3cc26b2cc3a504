"""Figures of models that make pictures, from results made by hand."""

import numpy as np
import pytest

from dlexplain.figures.making import grid, pairs, plot_classes, plot_kl, plot_latent
from dlexplain.results import GeneratedPictures, Reconstructions


def flat(*values: int) -> np.ndarray:
    """Pictures of one pixel."""
    return np.array(values, np.uint8).reshape(-1, 1, 1, 1)


def reconstructions(kl: list[float], inputs: np.ndarray | None = None) -> Reconstructions:
    size = len(kl)
    return Reconstructions(
        originals=flat(*range(16)),
        copies=flat(*range(100, 116)),
        inputs=flat() if inputs is None else inputs,
        samples=flat(*range(16)) if kl else flat(),
        kl=np.array(kl, np.float32),
        means=np.arange(4 * size, dtype=np.float32).reshape(4, size),
        labels=np.array([0, 1, 1, 1]),
        classes=("a", "b"),
    )


def generated() -> GeneratedPictures:
    return GeneratedPictures(
        samples=flat(*range(64)),
        predicted=np.zeros(64, np.int64),
        probabilities=np.ones(64, np.float32),
        counts=np.array([30, 5]),
        judged=50,
        real=flat(*range(48)),
        classes=("a", "b"),
    )


def test_a_grid_by_hand() -> None:
    sheet = grid([flat(1, 2), flat(3, 4)])
    assert sheet.shape == (5, 5, 3)
    assert sheet[1::2, 1::2, 0].tolist() == [[1, 2], [3, 4]]
    assert (sheet[::2] == 128).all() and (sheet[:, ::2] == 128).all()


def test_copies_stand_below_originals_and_what_was_shown_between() -> None:
    sheet = pairs(reconstructions([]))[1::2, 1::2, 0]
    assert sheet.tolist() == [
        [*range(8)], [*range(100, 108)], [*range(8, 16)], [*range(108, 116)]
    ]  # fmt: skip
    sheet = pairs(reconstructions([], inputs=flat(*range(50, 66))))[1::2, 1::2, 0]
    assert sheet[:3, 0].tolist() == [0, 50, 100]
    few = Reconstructions(
        flat(1, 2, 3), flat(4, 5, 6), flat(), flat(), np.empty(0), np.empty((0, 0)),
        np.empty(0, np.int64), (),
    )  # fmt: skip
    assert pairs(few)[1::2, 1::2, 0].tolist() == [[1, 2, 3], [4, 5, 6]]


def test_dimensions_come_by_what_they_carry() -> None:
    figure = plot_kl(reconstructions([0.5, 2.0, 0.0]))
    assert list(figure.data[0].x) == ["1", "0", "2"]
    assert figure.data[0].y.tolist() == [2.0, 0.5, 0.0]
    assert "nats" in figure.layout.yaxis.title.text


def test_the_latent_plane_has_the_two_most_used() -> None:
    figure = plot_latent(reconstructions([0.5, 0.0, 2.0]))
    assert [trace.name for trace in figure.data] == ["a", "b"]
    assert figure.data[1].x.tolist() == [5, 8, 11] and figure.data[1].y.tolist() == [3, 6, 9]
    assert figure.layout.xaxis.title.text == "mean of latent dimension 2"


def test_classes_beside_an_even_share() -> None:
    figure = plot_classes(generated())
    assert figure.data[0].y.tolist() == [30, 5]
    assert figure.layout.shapes[0].y0 == 25


@pytest.mark.parametrize("kl", [[], [1.0, 0.2]])
def test_results_draw_themselves(kl: list[float]) -> None:
    kind = "bar" if kl else "image"
    assert reconstructions(kl).plot().data[0].type == kind
    assert generated().plot().data[0].type == "bar"
