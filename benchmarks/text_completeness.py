"""Whether Integrated Gradients add up: the completeness error on sentences, at the tolerance.

python benchmarks/text_completeness.py FILE.tsv [--model NAME] [--texts N]

FILE has lines of text<TAB>label, such as SST-2's dev.tsv. Exits with 1 where a sentence misses
the method's own tolerance of 1 %.
"""

import argparse
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `make run` sets it
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

import dlexplain as dx
from dlexplain.data.texts import read_labelled

TOLERANCE = 0.01


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--model", default="sst2-minilm")
    parser.add_argument("--texts", type=int, default=20)
    args = parser.parse_args()
    model = dx.load(args.model)
    labels = [name.label for name in model.classes]
    texts = read_labelled(args.file, labels).texts[: args.texts]
    found = [dx.explain(model, text, "integrated-gradients", tolerance=TOLERANCE) for text in texts]
    errors = np.array([one.completeness_error for one in found])
    spent = [one.evaluations for one in found]
    print(f"{args.model}, {len(found)} texts: completeness error {100 * errors.min():.2f} to "
          f"{100 * errors.max():.2f} %, {min(spent)} to {max(spent)} evaluations, "
          f"{np.mean(spent):.0f} in the mean")  # fmt: skip
    return 0 if errors.max() <= TOLERANCE else 1


if __name__ == "__main__":
    sys.exit(main())
