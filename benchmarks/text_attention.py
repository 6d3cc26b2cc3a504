"""Attention of all 72 heads of MiniLM for 512 tokens: seconds from forward pass to figure.

python benchmarks/text_attention.py [--json FILE] [--rounds N]

The clock starts when the network has answered and stops when what the page sends to the browser
is there as JSON: all heads at a glance with the facts of each, and one head as matrix and links.
"""

import sys
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import torch

from benchmarks.table import Row, arguments, at_most, in_turn, median, report
from dlexplain.data.text_reading import Reading
from dlexplain.explainers.attention import attention
from dlexplain.figures.attention import plot_links, plot_matrix
from dlexplain.figures.attention_heads import plot_heads
from dlexplain.services.loading import load
from dlexplain.services.texts.attention import maps_from
from dlexplain.services.texts.attention_facts import head_facts, one_head
from dlexplain.services.texts.models import TextModel

TOKENS, BOUND = 512, 1.5
TEXT = "a film that is , in turns , funny , moving and dull ; its cast is splendid . "


def main() -> int:
    args = arguments(__doc__)
    model = load(TextModel, "sst2-minilm")
    reading = long_reading(model)
    layers = attention(model.prepared, torch.from_numpy(reading.ids)[None])
    assert sum(layer.shape[0] for layer in layers) == 72

    def forward() -> float:
        started = time.perf_counter()
        attention(model.prepared, torch.from_numpy(reading.ids)[None])
        return time.perf_counter() - started

    def all_heads() -> float:
        started = time.perf_counter()
        maps = maps_from(model, reading, layers)
        plot_heads(maps, head_facts(maps), (1, 8)).to_json()
        return time.perf_counter() - started

    maps = maps_from(model, reading, layers)

    def one() -> float:
        started = time.perf_counter()
        found = one_head(maps, (1, 8))
        plot_matrix(found).to_json()
        plot_links(found).to_json()
        return time.perf_counter() - started

    sides = (("forward", forward), ("all", all_heads), ("one", one))
    seconds = {name: median(taken) for name, taken in in_turn(sides, args.rounds).items()}
    rows = [
        Row(f"The forward pass itself, {TOKENS} tokens", seconds["forward"], "s"),
        at_most(f"All 72 heads of {TOKENS} tokens, forward pass to figure", seconds["all"], BOUND),
        at_most(f"One head of {TOKENS} tokens, matrix and links", seconds["one"], BOUND),
    ]
    return report(rows, args.json)


def long_reading(model: TextModel) -> Reading:
    """Exactly 512 tokens, marks included: the network has places for them, though the zoo's card
    says 128, with which it was trained."""
    reader = replace(model.reader, longest=TOKENS)
    reading = reader.read(TEXT * 40)
    assert len(reading) == TOKENS
    return reading


if __name__ == "__main__":
    sys.exit(main())
