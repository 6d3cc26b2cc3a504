"""Explanations of texts: how many times faster than Captum and SHAP as they come.

python benchmarks/text.py [--json FILE] [--rounds N]

The zoo's MiniLM classifier on texts of 64 and 256 tokens: Integrated Gradients of 50 steps, and
SHAP Partition of 500 evaluations, the same on both sides; ours in float32, which is the default,
and, as a user may choose, in bf16. Then Integrated Gradients as a user gets it, with as many steps
as completeness within 1 % takes, against Captum's 50 steps.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `make run` sets it
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from benchmarks.peer import peer, vendors_on_texts
from benchmarks.table import Row, arguments, at_least, in_turn, median, report
from dlexplain.data.text_reading import Reading
from dlexplain.explainers.base import METHODS
from dlexplain.explainers.batching import Target
from dlexplain.params import Value
from dlexplain.results import TextAttribution
from dlexplain.services.loading import load
from dlexplain.services.texts.explain import input_of
from dlexplain.services.texts.models import TextModel

TOKENS = (64, 256)
STEPS, EVALUATIONS, TARGET = 50, 500, 1
BOTH = ("float32", "bf16")
FIXED = f"{STEPS} steps"
CASES: tuple[tuple[str, str, str, dict[str, Value], tuple[str, ...]], ...] = (
    ("integrated-gradients", FIXED, "Captum", {"steps": STEPS, "tolerance": 0.0}, BOTH),
    ("integrated-gradients", "until complete", "Captum", {}, BOTH[:1]),
    ("shap-partition", f"{EVALUATIONS} evaluations", "SHAP", {"evaluations": EVALUATIONS}, BOTH),
)
"""Method, how far, whom it is compared with, parameters, precisions."""
FASTER, COSINE = 2.0, 0.999
TEXT = (
    "the film begins slowly , with a long walk through an empty town , and for a while nobody "
    "speaks . then the sister comes home and everything that was quiet turns into a very funny "
    "quarrel over a house , a dog and an unpaid bill . the acting is splendid , above all that "
    "of the grandmother , who says little and means all of it . not every scene works : the "
    "second half drags , a subplot about a lost letter leads nowhere , and the music tells us "
    "far too often what to feel . yet the last minutes are so honest and so well observed that "
    "one forgives the rest , and leaves the cinema moved , a little wiser , and glad of it . "
)


def main() -> int:
    args = arguments(__doc__)
    model = load(TextModel, "sst2-minilm")
    readings = {count: reading_of(model, count) for count in TOKENS}
    texts = {count: (reading.text, reading.ids) for count, reading in readings.items()}
    ours: dict[str, TextAttribution] = {}
    theirs: dict[str, np.ndarray] = {}

    def mine(name: str, method: str, count: int, params: dict[str, Value]) -> float:
        explainer = METHODS[method]
        wanted = explainer.request("text", params)
        given = input_of(model, readings[count], Target(TARGET))
        ours[name] = TextAttribution(**vars(explainer.explain(given, wanted)))
        return ours[name].seconds

    with peer(vendors_on_texts, texts, STEPS, EVALUATIONS, TARGET) as ask:

        def vendors(case: str) -> float:
            seconds, theirs[case] = ask(case)
            return seconds

        asked = dict.fromkeys(f"{case[0]} {count}" for case in CASES for count in TOKENS)
        sides = [(case, partial(vendors, case)) for case in asked]
        sides += [
            (name, partial(mine, name, method, count, {**params, "precision": precision}))
            for name, method, count, precision, _, params in compared()
        ]
        seconds = {name: median(taken) for name, taken in in_turn(sides, args.rounds).items()}

    rows = []
    for name, method, count, _, vendor, _ in compared():
        case = f"{method} {count}"
        found = ours[name]
        rows.append(
            at_least(f"{name}: times faster than {vendor}", seconds[name], seconds[case], FASTER)
        )
        own = found.values[1:-1] if method == "shap-partition" else found.values  # without marks
        like = cosine(own, theirs[case])
        rows.append(Row(f"{name}: cosine with {vendor}'s values, {found.evaluations} evaluations",
                        like, "", 1.0, like, COSINE, like >= COSINE))  # fmt: skip
    return report(rows, args.json)


def compared() -> Iterator[tuple[str, str, int, str, str, dict[str, Value]]]:
    """Name of the row, method, tokens, precision, vendor, parameters."""
    for method, how_far, vendor, params, precisions in CASES:
        for count in TOKENS:
            for precision in precisions:
                name = f"{METHODS[method].title}, {how_far}, {count} tokens, {precision}"
                yield name, method, count, precision, vendor, params


def reading_of(model: TextModel, count: int) -> Reading:
    """Exactly so many tokens, marks included; the network has places for 512."""
    reader = replace(model.reader, longest=count)
    whole = reader.read(3 * TEXT)
    text = whole.text[: whole.offsets[-2][1]]  # without what did not fit
    reading = reader.read(text)
    assert len(reading) == count, len(reading)
    return reading


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum() / (np.linalg.norm(a) * np.linalg.norm(b)))


if __name__ == "__main__":
    sys.exit(main())
