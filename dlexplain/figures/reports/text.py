"""The report of a text: its classes, and the words that decided."""

from dlexplain.figures.coloured_text import plot_text_attribution
from dlexplain.figures.reports.making import chart_of, coloured_of, measured_section
from dlexplain.figures.text_prediction import plot_text_prediction
from dlexplain.language import tr
from dlexplain.results import TextAttribution
from dlexplain.results.explained import ExplainedText, believed
from dlexplain.results.reports import About, Part, Report, Section, Words, report_of
from dlexplain.results.words import capital, listed, shortened_words

NAMED = 3
"""Words that the answer names on either side."""
TITLE = 60


@report_of.register
def report_text(found: ExplainedText, about: About) -> Report:
    """What the model says of the text, and which words decided."""
    first = found.maps[0]
    short = shortened_words(first.text, TITLE)
    asked = tr(f"Which words of “{short}” speak for {first.class_question}, to {first.model}?")
    return Report(
        "text",
        f"“{short}”: {first.class_question}",
        asked,
        _answer(found),
        (*_said(found), *(_why(one) for one in found.maps), *measured_section(found.measured)),
        about,
    )


def _answer(found: ExplainedText) -> str:
    if found.reason:
        return f"{tr(found.reason)} {tr(believed(found.measured))}".strip()
    said = (
        tr(f"{found.prediction.model} says {found.prediction.headline}. ")
        if found.prediction
        else ""
    )
    return tr(f"{said}{most_told(found.maps[0])} {believed(found.measured)}").strip()


def most_told(found: TextAttribution) -> str:
    """The words that weigh most, either way, in one sentence."""
    words = found.of_words()
    order = sorted(range(len(words.tokens)), key=lambda place: -abs(float(words.values[place])))
    own = [place for place in order if words.words[place] >= 0 and words.values[place] != 0]
    if not own:
        return tr(f"By {found.title}, no word counts.")
    sides = [[p for p in own if words.values[p] > 0], [p for p in own if words.values[p] < 0]]
    told = [
        tr(f"{listed([_word(words, place) for place in side[:NAMED]])} {_speak(side)} most {way}")
        for side, way in zip(sides, (tr("for it"), tr("against it")), strict=True)
        if side
    ]
    if not found.signed:
        return tr(f"By {found.title}, {listed([_word(words, p) for p in own[:NAMED]])} count most.")
    return tr(f"By {found.title}, {', '.join(told)}.")


def _speak(side: list[int]) -> str:
    return "speaks" if len(side) == 1 else "speak"


def _word(words: TextAttribution, place: int) -> str:
    value = f"{float(words.values[place]):+.2g}".replace("-", "−")
    return f"“{words.tokens[place].strip()}” ({value})"


def _said(found: ExplainedText) -> tuple[Section, ...]:
    said = found.prediction
    if said is None:
        return ()
    alt = tr("Bar chart of the classes: ") + ", ".join(
        f"{score.name.label} {score.text}" for score in said.scores
    )
    parts: list[Part] = [chart_of(plot_text_prediction(said), alt, said.headline)]
    if said.left:
        parts.append(
            Words(tr(f"The last {said.left:,} tokens were left out: the model reads no more."))
        )
    return (Section(tr("What the model says"), tuple(parts)),)


def _why(one: TextAttribution) -> Section:
    words = one.of_words()
    alt = tr(f"A bar for each word by {one.title}: what it adds for {one.class_question}")
    caption = tr(f"{one.explains} by word").strip() if one.explains else ""
    chart = chart_of(plot_text_attribution(words), alt, capital(caption))
    return Section(tr(f"Which words decided: {one.title}"), (coloured_of(words), chart))
