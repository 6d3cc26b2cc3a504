"""Which of several maps is to be believed: the sentence, from facts written by hand."""

import numpy as np
import pytest

from dlexplain.results import Badge, Fact, Measurement
from dlexplain.results.quality import Verdict
from dlexplain.services.quality.believing import advice, order_of


def badge(gain: float, reach: float = 1.0, depends: Verdict = "yes") -> Badge:
    """Of a map whose marked tenth costs so much more than random ones."""
    verdict: Verdict = "yes" if gain - reach > 0 else "no"
    found = Measurement(value=gain, low=gain - reach, high=gain + reach, n=16)
    facts = (
        Fact("faithful", "Faithful", verdict, "", "", found),
        Fact("stable", "Stable", "yes", "", "", None),
        Fact("depends", "Depends on the model", depends, "", "", None),
    )
    nothing = np.zeros(0)
    return Badge(facts, nothing, nothing, "probability", "blur", 0, 0.0)


CASES = [
    ((5.0, 1.0), ("yes", "yes"), "A: what it marks costs the answer the most beyond chance."),
    ((5.0, 4.5), ("yes", "yes"), "A and B: what they mark costs"),
    ((0.5, 0.2), ("yes", "yes"), "None of these maps is told from chance"),
    ((0.5, 5.0), ("yes", "not measured"), "B: what it marks costs the answer the most"),
    ((5.0, 3.0), ("no", "yes"), "B: of the maps that depend on the model, what it marks costs"),
    ((5.0, 3.0), ("no", "no"), "told from chance alone: A and B."),
]


@pytest.mark.parametrize(("gains", "depends", "said"), CASES)
def test_the_sentence_agrees_with_the_facts(
    gains: tuple[float, float], depends: tuple[Verdict, Verdict], said: str
) -> None:
    badges = [badge(g, depends=d) for g, d in zip(gains, depends, strict=True)]
    assert said in advice(["A", "B"], badges)


def test_what_was_not_measured_is_not_first() -> None:
    badges = [badge(9.0, depends="not measured"), badge(2.0), badge(20.0, depends="no")]
    assert order_of(badges) == [1, 0, 2]
