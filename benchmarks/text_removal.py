"""Whether the word that a method calls the weightiest is: what its removal does to the class.

python benchmarks/text_removal.py FILE.tsv [--model NAME] [--texts N] [--methods A,B]

FILE has lines of text<TAB>label, such as SST-2's dev.tsv. Of each text the class's probability is
taken before and after the removal of one word: the weightiest by each method, and one drawn at
random (the mean over all words, so that no luck is in it). Words are masked, and left out.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `make run` sets it
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from dlexplain.data.texts import read_labelled
from dlexplain.services.loading import load
from dlexplain.services.texts.changes import changed, words_of
from dlexplain.services.texts.explain import classify_reading, explain_text, text_method_infos
from dlexplain.services.texts.models import Reading, TextModel

WAYS = ("mask", "drop")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", default="sst2-minilm")
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--methods", default="")
    args = parser.parse_args()
    model = load(TextModel, args.model)
    labels = [name.label for name in model.classes]
    texts = read_labelled(args.file, labels).texts[: args.texts]
    readings = [reading for reading in map(model.read, texts) if len(words_of(reading)) > 1]
    methods = (
        args.methods.split(",") if args.methods else [i.name for i in text_method_infos(model)]
    )
    drops = {way: [removals(model, reading, way) for reading in readings] for way in WAYS}
    print(f"{args.model}, {len(readings)} texts; how far the class's probability falls, in points")
    print(f"{'':24}{'masked':>10}{'left out':>10}")
    random = [np.mean([found.mean() for found in drops[way]]) for way in WAYS]
    print(f"{'a random word':24}" + "".join(f"{100 * value:10.2f}" for value in random))
    beaten = True
    for method in methods:
        best = [weightiest(model, reading, method) for reading in readings]
        found = [
            np.mean([drop[place] for drop, place in zip(drops[way], best, strict=True)])
            for way in WAYS
        ]
        beaten &= all(value > chance for value, chance in zip(found, random, strict=True))
        print(f"{method:24}" + "".join(f"{100 * value:10.2f}" for value in found), flush=True)
    return 0 if beaten else 1


def removals(model: TextModel, reading: Reading, way: str) -> np.ndarray:
    """(words,) how far the probability of the class that is said falls without each word."""
    said = classify_reading(model, reading).scores[0]
    left = []
    for place in range(len(words_of(reading))):
        after = classify_reading(model, changed(model, reading, [place], way))
        shares = {score.name.index: score.probability for score in after.scores}
        left.append(shares[said.name.index])
    return said.probability - np.array(left)


def weightiest(model: TextModel, reading: Reading, method: str) -> int:
    """The position of the word with the largest value for the class that is said."""
    found = explain_text(model, reading, method).of_words()
    own = found.words >= 0
    return int(found.values[own].argmax())


if __name__ == "__main__":
    sys.exit(main())
