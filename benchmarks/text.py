"""Explanations of texts: how many times faster than Captum and SHAP as they come.

python benchmarks/text.py [--json FILE] [--rounds N]

The zoo's MiniLM classifier on texts of 64 and 256 tokens: Integrated Gradients of 50 steps, and
SHAP Partition of 500 evaluations, the same on both sides; ours as it is by default and, as a user
may choose, in bf16.
"""

import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `make run` sets it
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from benchmarks.peer import peer, vendors_on_texts
from benchmarks.table import Row, arguments, at_least, in_turn, median, report
from dlexplain.data.text_reading import Reading
from dlexplain.explain.batching import Target
from dlexplain.explain.texts.base import TEXT_METHODS
from dlexplain.params import Value, parse
from dlexplain.results import TextAttribution
from dlexplain.services.texts.explain import run_of
from dlexplain.services.texts.models import TextModel, load_text_model

TOKENS = (64, 256)
STEPS, EVALUATIONS, TARGET = 50, 500, 1
CASES: tuple[tuple[str, str, dict[str, Value]], ...] = (
    ("integrated-gradients", "Captum", {"steps": STEPS, "tolerance": 0.0}),
    ("shap-partition", "SHAP", {"evaluations": EVALUATIONS}),
)
PRECISIONS = ("float32", "bf16")
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
    model = load_text_model("sst2-minilm")
    readings = {count: reading_of(model, count) for count in TOKENS}
    texts = {count: (reading.text, reading.ids) for count, reading in readings.items()}
    ours: dict[str, TextAttribution] = {}
    theirs: dict[str, np.ndarray] = {}

    def mine(method: str, count: int, params: dict[str, Value], precision: str) -> float:
        explainer = TEXT_METHODS[method]
        wanted = parse(explainer.Params, {**params, "precision": precision})
        found = explainer.explain(run_of(model, readings[count], Target(TARGET)), wanted)
        ours[f"{method} {count} {precision}"] = found
        return found.seconds

    with peer(vendors_on_texts, texts, STEPS, EVALUATIONS, TARGET) as ask:

        def vendors(case: str) -> float:
            seconds, theirs[case] = ask(case)
            return seconds

        cases = [(method, count, params) for method, _, params in CASES for count in TOKENS]
        sides = [(f"their {m} {count}", partial(vendors, f"{m} {count}")) for m, count, _ in cases]
        sides += [
            (f"{m} {count} {precision}", partial(mine, m, count, params, precision))
            for m, count, params in cases
            for precision in PRECISIONS
        ]
        seconds = {name: median(taken) for name, taken in in_turn(sides, args.rounds).items()}

    rows = []
    for method, vendor, _ in CASES:
        for count in TOKENS:
            case = f"{method} {count}"
            for precision in PRECISIONS:
                what = f"{TEXT_METHODS[method].title}, {count} tokens, {precision}"
                rows.append(
                    at_least(f"{what}: times faster than {vendor}", seconds[f"{case} {precision}"],
                             seconds[f"their {case}"], FASTER)
                )  # fmt: skip
                own = ours[f"{case} {precision}"].values
                if method == "shap-partition":
                    own = own[1:-1]  # SHAP says nothing of the marks
                like = cosine(own, theirs[case])
                rows.append(Row(f"{what}: cosine with {vendor}'s values", like, "", 1.0, like,
                                COSINE, like >= COSINE))  # fmt: skip
    return report(rows, args.json)


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
