"""A language model's test, drawn."""

import numpy as np

from dlexplain.figures.tested import plot_frequencies, plot_surprise
from dlexplain.results import LanguageTest

FOUND = LanguageTest(
    often=np.array([1, 2, 10, 1000]),
    counts=np.array([5, 6, 70, 8000]),
    perplexities=np.array([900.0, 300.0, 80.0, 9.0]),
    text=("the", "\n", " ", "cat"),
    surprise=np.log([2, 4, 8, 1]).astype(np.float32),
    samples=("a text",),
    temperature=0.8,
)


def test_bars_of_rare_and_frequent_tokens() -> None:
    figure = FOUND.plot()
    (bars,) = figure.data
    assert list(bars.x) == ["1", "2 to 9", "10 to 999", "1,000+"]
    np.testing.assert_array_equal(bars.y, FOUND.perplexities)
    assert plot_frequencies(FOUND).to_dict() == figure.to_dict()


def test_surprise_is_in_bits_beside_each_token() -> None:
    figure = plot_surprise(FOUND, count=3)
    (bars,) = figure.data
    np.testing.assert_allclose(bars.y, [1, 2, 3], rtol=1e-6)
    assert list(figure.layout.xaxis.ticktext) == ["the", "↵", "␣"]
