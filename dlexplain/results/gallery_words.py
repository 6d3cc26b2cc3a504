"""What an example of the gallery shows, in one sentence, made from what was measured."""

from collections.abc import Callable, Mapping
from typing import Any

from dlexplain.results.gallery import GalleryExample
from dlexplain.results.words import listed, scored, written

TITLES = {
    "picture": "Why this class?",
    "text": "Which words decided?",
    "attention": "Where does it look?",
    "forecast": "What drives the forecast?",
    "walk": "What lies between two codes?",
    "training": "How did it learn?",
}
MARKED = 0.1
"""The most marked tenth of a map."""


def answer(example: GalleryExample) -> str:
    """The sentence; Markdown nowhere."""
    return _TELLS[example.kind](example.facts)


def _picture(facts: Mapping[str, Any]) -> str:
    methods = listed([one["title"] for one in facts["methods"]])
    return (
        f"It says {facts['label']} ({facts['probability']:.0%}). {methods} have "
        f"{facts['shared']:.0%} of their most marked tenth in common, two by two; by chance it "
        f"would be {MARKED:.0%}."
    )


def _text(facts: Mapping[str, Any]) -> str:
    words = sorted(facts["words"], key=lambda one: -abs(one[1]))
    best = next((one for one in words if one[1] > 0), None)
    against = next((one for one in words if one[1] < 0), None)
    told = f"It says {facts['label']} ({facts['probability']:.0%})"
    if best:
        told += f", most because of “{best[0]}” ({_signed(best[1])} {facts['unit']})"
    if against:
        told += f"; “{against[0]}” speaks most against it ({_signed(against[1])})"
    return f"{told}."


def _attention(facts: Mapping[str, Any]) -> str:
    return (
        f"In layer {facts['layer']}, head {facts['head']}, {facts['share']:.0%} of the attention "
        f"goes to {facts['where']}. Point at a word to see where it looks."
    )


def _forecast(facts: Mapping[str, Any]) -> str:
    low, high = (_signed(facts[key]) for key in ("change_low", "change_high"))
    drivers = listed([name for name, _ in facts["drivers"][:2]])
    return (
        f"From {facts['origin']} on it expects {facts['title']} to change by "
        f"{_signed(facts['change'])}% in {facts['steps']} {facts['period']}, {facts['level']}% "
        f"interval {low}% to {high}%; {facts['truth']}. Most moved by {drivers}."
    )


def _walk(facts: Mapping[str, Any]) -> str:
    return (
        f"{facts['frames']} pictures along the arc between two codes of {facts['latent']} numbers, "
        f"all made up by the network; class {facts['class']}."
    )


def _training(facts: Mapping[str, Any]) -> str:
    sure = scored("test/accuracy", facts["test"], facts["n"])
    epochs = len(facts["validation"])
    return (
        f"After {epochs} epochs it gets {sure} of the test digits right; drawn is the accuracy in "
        "validation."
    )


def _signed(value: float) -> str:
    return written(value, signed=True, digits=2)


_TELLS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "picture": _picture, "text": _text, "attention": _attention, "forecast": _forecast,
    "walk": _walk, "training": _training,
}  # fmt: skip
