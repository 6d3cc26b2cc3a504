"""What a language model wrote, read and remembered, drawn; and its text in colours."""

import numpy as np

from dlexplain.figures.coloured_text import coloured_text
from dlexplain.figures.token_names import names, shown, thinned
from dlexplain.figures.writing import plot_inside, plot_reach, plot_unit
from dlexplain.results import (
    GradientReach,
    Influence,
    Inside,
    Reading,
    TextAttribution,
    TokenChoice,
    UnitSearch,
    Writing,
)
from dlexplain.ui.writing.text import _span, chosen, named, signed, visible

TOKENS = (
    TokenChoice("the", 0.25, 0.5, (("a", 0.5), ("the", 0.25))),
    TokenChoice("\n", 0.5, 0.5, ()),
    TokenChoice(" <b>", 0.125, 0.2, (), unfamiliar=True),
)
SLOW = GradientReach("lstm", "LSTM", np.array([2.0, 1.0, 0.5]), 7)
FAST = GradientReach("rnn", "RNN", np.array([1.0, 0.09, 0.0]), 7)


def test_surprise_is_in_bits() -> None:
    written = Writing("lstm", "so", TOKENS, {}, 1.0)
    (bars,) = written.plot().data
    np.testing.assert_allclose(bars.y, [2, 1, 3])
    assert list(bars.customdata) == ["the", "↵", "<b>"]
    assert written.text == "the\n <b>"
    logs = np.log([0.25, 0.5, 0.125])
    read = Reading("lstm", TOKENS, logs)
    np.testing.assert_allclose(read.plot().data[0].y, [2, 1, 3])
    np.testing.assert_allclose(read.perplexity, 4)
    assert read.unfamiliar == 1 / 3


def test_influence_is_in_bits_and_centred_on_zero() -> None:
    found = Influence(
        "lstm", "leave-one-out", "Leave one out", "it", ("a", "b"),
        np.array([0.5, -2.0], np.float32), 0, -1.0, None, 3, 0.1,
    )  # fmt: skip
    (bars,) = found.plot().data
    np.testing.assert_allclose([bars.marker.cmin, bars.marker.cmax], [-2.88539, 2.88539])
    np.testing.assert_allclose(bars.y, [0.72135, -2.88539], rtol=1e-5)
    assert found.to_dict()["values"] == [0.5, -2.0]


def test_reach_is_of_the_nearest_token_and_leaves_out_what_is_gone() -> None:
    figure = plot_reach([SLOW, FAST])
    slow, fast = figure.data
    np.testing.assert_allclose(slow.y, [1, 0.5, 0.25])
    np.testing.assert_allclose(fast.y, [1, 0.09, np.nan])
    assert list(slow.x) == [1, 2, 3]
    assert (SLOW.reach, FAST.reach) == (None, 2)
    assert len(SLOW.plot().data) == 1


def test_the_axis_of_reach_has_ticks_that_can_be_read() -> None:
    axis = plot_reach([SLOW, FAST]).layout.yaxis
    low, high = axis.range
    ticks = dict(zip(axis.ticktext, axis.tickvals, strict=True))
    seen = {text: at for text, at in ticks.items() if low <= np.log10(at) <= high}
    assert list(seen.values()) == [1, 0.1, 0.2, 0.5]
    assert list(seen) == ["100%", "10%", "20%", "50%"]
    deep = GradientReach("rnn", "RNN", np.array([1.0, 1e-5, 1e-11]), 7)
    assert list(plot_reach([deep]).layout.yaxis.ticktext)[:3] == ["100%", "1%", "0.01%"]
    flat = GradientReach("rnn", "RNN", np.array([1.0, 1.0]), 7)
    assert "100%" in plot_reach([flat]).layout.yaxis.ticktext


def test_units_are_down_and_tokens_across() -> None:
    values = np.arange(12, dtype=np.float32).reshape(4, 3)
    inside = Inside("lstm", "lstm", ("a", "b", "c", "d"), ({"hidden": values},))
    (heat,) = plot_inside(inside, 0, "hidden", [2, 0], centred=True).data
    np.testing.assert_array_equal(heat.z, [values[:, 2], values[:, 0]])
    assert list(heat.y) == ["unit 2", "unit 0"]
    assert heat.zmin == -heat.zmax
    (gate,) = plot_inside(inside, 0, "hidden", [1], centred=False).data
    assert (gate.zmin, gate.zmax) == (0, 1)
    search = UnitSearch("line", values[:, 0], np.array([1]), np.array([1.0]), 0.5)
    assert [line.name for line in plot_unit(values[:, 1], search, 1).data] == ["unit 1", "line"]


def test_the_less_likely_the_deeper() -> None:
    text, style, said = chosen(TOKENS[0])
    assert text == "the"
    assert style == "background:rgba(213,94,0,0.24)"  # 0.6 x the root of 2 of 12 bits
    assert said.splitlines()[0] == "the: 25.0%, 2.0 bits; drawn with 50.0%"
    assert [line.split() for line in said.splitlines()[1:]] == [["50.0%", "a"], ["25.0%", "the"]]
    assert "not in the vocabulary" in chosen(TOKENS[2])[2]
    assert chosen(TokenChoice("x", 0.0, None, ()))[1].endswith("0.60)")


def test_signs_are_red_and_blue() -> None:
    found = signed(["a", "b", "c"], [1.0, -2.0, 0.0], " nats")
    assert [style for _, style, _ in found] == [
        "background:rgba(202,0,32,0.30)",
        "background:rgba(5,113,176,0.60)",
        "background:rgba(5,113,176,0.00)",
    ]
    assert found[1][2] == "−2 nats"
    assert signed([], []) == []


def test_what_cannot_be_seen_is_made_visible() -> None:
    assert visible("a\nb\x00\x1b\x85\t") == "a↵\nb␀␛\N{REPLACEMENT CHARACTER}\t"
    assert [named(piece) for piece in ("\n", " ", "", " a")] == ["↵", "␣", "␣", " a"]
    assert shown("x" * 40) == "x" * 17 + "…"
    assert shown("a\x00\t") == "a␀␉"


def test_characters_that_turn_the_text_around_are_shown_by_number() -> None:
    assert visible("a\u202eb\x1b\n") == "a[U+202E]b␛↵\n"


def test_the_blank_before_a_token_has_no_colour() -> None:
    assert _span(" cat", "s", "") == ' <span style="s">cat</span>'
    assert _span("  ", "s", "") == '<span style="s">  </span>'
    assert _span("\n", "s", "") == '<span style="s">↵\n</span>'


def test_the_blank_before_an_attributed_token_has_no_colour() -> None:
    spans = coloured_text(
        TextAttribution(
            "lime", "LIME", {}, np.array([1.0, -1.0], np.float32), True, 0.1, 2, text="a  cat",
            tokens=("a", " cat"), offsets=np.array([[0, 1], [2, 6]]), words=np.array([0, 1]),
        )
    ).split("<span")  # fmt: skip
    assert spans[1].endswith(">a</span>  ")
    assert spans[2].endswith(">cat</span></div>")


def test_bytes_of_one_character_are_told_apart() -> None:
    assert names(["a", "", "", " 好", "\x01", ""]) == ["a", "好 1/3", "好 2/3", "好 3/3", "␁", "�"]
    assert names([]) == []


def test_names_are_thinned_evenly() -> None:
    assert thinned(30) == list(range(30))
    assert thinned(31) == list(range(0, 31, 2))
    assert thinned(0) == []
    words = tuple(TokenChoice(f"w{place}", 0.5, None, ()) for place in range(50))
    axis = Writing("lstm", "", words, {}, 1.0).plot().layout.xaxis
    assert list(axis.ticktext) == [f"w{place}" for place in range(0, 50, 2)]
    assert list(axis.tickvals) == list(range(0, 50, 2))
