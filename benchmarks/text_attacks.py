"""How often attacks on texts succeed: accuracy before and after, words changed, queries.

python benchmarks/text_attacks.py [FILE.tsv] [--models A,B] [--attacks A,B] [--texts N]

FILE has lines of text<TAB>label, such as SST-2's dev.tsv; without it each model's own test data is
taken, where that comes along or was fetched. N of its texts are drawn by a seed. A
text that the model has wrong as it is, or that an attack cannot be asked about (one word, of which
one is to be left out), is not attacked; the first counts as wrong after the attack too, the second
as right. Prints a Markdown table: proportions with Wilson's 95% intervals; means over the texts
that were attacked, the words of those on which it succeeded.
"""

import argparse
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `make run` sets it
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from dlexplain.cli.explaining import key_value
from dlexplain.data.texts import TextData, Texts, read_labelled
from dlexplain.errors import BadInput
from dlexplain.results.words import wilson
from dlexplain.services.attack.texts import USUAL, attack_text, known_text_attacks
from dlexplain.services.loading import load
from dlexplain.services.own_data import load_data
from dlexplain.services.texts.models import TextModel
from dlexplain.trained.catalogue import find

MODELS = "sst2-cnn,sst2-lstm-attention,sst2-transformer,sst2-minilm"
SEED = 0


@dataclass
class Tally:
    """Of one model and attack, over the texts."""

    clean: int = 0
    robust: int = 0
    texts: int = 0
    words: list[int] = field(default_factory=list)
    shares: list[float] = field(default_factory=list)
    queries: list[int] = field(default_factory=list)

    def add(self, model: TextModel, text: str, label: int, method: str, asked: dict) -> None:
        self.texts += 1
        queries, params = asked["queries"], asked["params"]
        try:
            found = attack_text(model, text, method, queries, label, seed=SEED, **params)
        except BadInput:  # nothing could be changed
            self.clean += 1
            self.robust += 1
            return
        if found.already:
            return
        self.clean += 1
        self.robust += not found.success
        self.queries.append(found.queries)
        if found.success:
            self.words.append(len(found.changes))
            self.shares.append(len(found.changes) / found.words)

    def row(self) -> str:
        words = f"{np.mean(self.words):.1f} ({np.mean(self.shares):.0%})" if self.words else "-"
        queries = f"{np.mean(self.queries):.0f}" if self.queries else "-"
        both = (told(count, self.texts) for count in (self.clean, self.robust))
        return f"{' | '.join(both)} | {words} | {queries}"


def told(count: int, texts: int) -> str:
    low, high = wilson(count / texts, texts)
    return f"{count / texts:.0%} [{100 * low:.0f}–{high:.0%}]"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--models", default=MODELS)
    parser.add_argument("--attacks", default=",".join(known_text_attacks()))
    parser.add_argument("--texts", type=int, default=100)
    parser.add_argument("--queries", type=int, default=USUAL)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    args = parser.parse_args()
    asked = {"queries": args.queries, "params": dict(map(key_value, args.set))}
    print("| model | attack | accuracy | under attack | words changed | queries |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in args.models.split(","):
        model = load(TextModel, name)
        every = texts_of(model, args.file)
        for method in args.attacks.split(","):
            known_text_attacks()[method].params(asked["params"])  # what is wrong is said at once
            tally = Tally()
            for text, label in drawn(every, args.texts):
                tally.add(model, text, label, method, asked)
            print(f"| `{name}` | `{method}` | {tally.row()} |", flush=True)
    return 0


def texts_of(model: TextModel, file: Path | None) -> Texts:
    if file is not None:
        return read_labelled(file, [name.label for name in model.classes])
    entry = find(model.name)
    data = load_data(entry.data, entry.data_params, "")
    assert isinstance(data, TextData)
    assert data.classes == tuple(c.label for c in model.classes)
    return data.test


def drawn(every: Texts, count: int) -> list[tuple[str, int]]:
    """So many texts with their labels, by SEED; all models and attacks have the same."""
    order = np.random.default_rng(SEED).permutation(len(every.texts))[:count]
    return [(every.texts[place], int(every.labels[place])) for place in order]


if __name__ == "__main__":
    sys.exit(main())
