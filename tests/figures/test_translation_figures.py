"""The figure of an alignment, from a result made by hand."""

import numpy as np

from dlexplain.figures.translations import plot_alignment
from dlexplain.results import Alignment, TranslationTest


def alignment() -> Alignment:
    weights = np.array([[0.9, 0.1], [0.25, 0.75], [0.5, 0.5]], np.float32)
    return Alignment(weights, ("Hund", " ", "(end)"), ("<dog>", "(end)"))


def test_the_source_is_across_and_what_was_written_down() -> None:
    figure = plot_alignment(alignment())
    assert figure.data[0].z.tolist() == alignment().weights.tolist()
    assert (figure.data[0].zmin, figure.data[0].zmax) == (0, 1)
    assert figure.layout.xaxis.ticktext == ("&lt;dog>", "(end)")
    assert figure.layout.yaxis.ticktext == ("Hund", "␣", "(end)")
    assert figure.layout.yaxis.autorange == "reversed"


def test_a_test_draws_its_first_alignment() -> None:
    found = TranslationTest(("dog",), ("Hund",), ("Hund",), (alignment(),), ("en", "de"))
    assert found.plot() == plot_alignment(alignment())


def test_of_many_tokens_some_are_named_and_no_gaps_are_drawn() -> None:
    many = tuple(f"t{place}" for place in range(90))
    figure = plot_alignment(Alignment(np.eye(90, dtype=np.float32), many, many))
    assert figure.data[0].xgap == 0
    assert figure.layout.xaxis.ticktext == many[::3]
    assert figure.layout.xaxis.tickvals == tuple(range(0, 90, 3))
