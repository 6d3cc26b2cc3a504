"""A language model's test: perplexity by how often a token occurs, surprise along the text."""

import plotly.graph_objects as go

from dlexplain.figures.drawn import new_figure
from dlexplain.figures.scales import BLUE
from dlexplain.figures.tested import BASE
from dlexplain.results import LanguageTest, plot


@plot.register
def plot_frequencies(tested: LanguageTest) -> go.Figure:
    """Perplexity of rare and of frequent tokens, on a logarithmic scale."""
    nexts = [*(int(n) - 1 for n in tested.often[1:]), None]
    names = [_times(int(n), after) for n, after in zip(tested.often, nexts, strict=True)]
    return new_figure(
        {
            "type": "bar",
            "x": names,
            "y": tested.perplexities,
            "customdata": tested.counts,
            "marker": {"color": BLUE},
            "hovertemplate": "%{x}: perplexity %{y:,.1f}, %{customdata:,} tokens<extra></extra>",
        },
        {
            **BASE,
            "height": 300,
            "xaxis": {"title": {"text": "times that the token is in the text"}, "type": "category"},
            "yaxis": {"title": {"text": "perplexity (lower is better)"}, "type": "log"},
        },
    )


def plot_surprise(tested: LanguageTest, count: int = 60) -> go.Figure:
    """The surprise of each of the first tokens of the text, in bits."""
    shown = tested.surprise[:count] / 0.6931472
    names = [token.replace("\n", "↵").strip() or "␣" for token in tested.text[:count]]
    places = list(range(len(shown)))
    return new_figure(
        {
            "type": "bar",
            "x": places,
            "y": shown,
            "customdata": names,
            "marker": {"color": BLUE},
            "hovertemplate": "%{customdata}: %{y:.1f} bits<extra></extra>",
        },
        {
            **BASE,
            "height": 300,
            "xaxis": {"title": {"text": "the test text's first tokens"}, "tickmode": "array",
                      "tickvals": places, "ticktext": names, "tickangle": -60},
            "yaxis": {"title": {"text": "surprise, bits"}, "rangemode": "tozero"},
        },
    )  # fmt: skip


def _times(least: int, most: int | None) -> str:
    if most is None:
        return f"{least:,}+" if least > 1 else "1"
    return f"{least:,}" if most == least else f"{least:,} to {most:,}"
