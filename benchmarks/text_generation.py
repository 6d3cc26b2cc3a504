"""Writing with a carried state against reading the whole text anew for each token.

python benchmarks/text_generation.py [--json FILE] [--rounds N]

An LSTM carries its hidden state and cell, a Transformer its keys and values. Networks have the
sizes of the zoo's on Penn Treebank and random weights, so nothing is needed beside torch. Sides
take turns in one run; both write the same tokens, greedily.
"""

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `make run` sets it
sys.path.insert(0, str(Path(__file__).parents[1]))

import torch
from torch import Tensor

import dlexplain.networks  # noqa: F401, registers the architectures
from benchmarks.table import Row, arguments, at_least, at_most, in_turn, median, report
from dlexplain.networks.base import ARCHITECTURES, LanguageShape
from dlexplain.networks.modules.language import LanguageModel
from dlexplain.params import parse
from dlexplain.tasks.modules.sampling import Sampling, write

WORDS, PROMPT, WRITTEN = 10_000, 256, 16
LONG = 8
"""Times that the long prompt is as long as the short one."""
FASTER, GROWN = 5.0, 1.5
GREEDY = Sampling(temperature=0)
NETWORKS = {
    "LSTM": ("rnn-lm", {"cell": "lstm", "layers": 2, "embedding": 400, "units": 400}),
    "Transformer": ("transformer-lm", {"layers": 4, "size": 256, "heads": 4, "context": 256}),
}


def build(name: str) -> LanguageModel:
    torch.manual_seed(0)
    architecture, params = NETWORKS[name]
    known = ARCHITECTURES[architecture]
    return known.build(LanguageShape(WORDS), parse(known.Params, params)).eval()


def text(length: int) -> Tensor:
    return torch.randint(WORDS, (1, length), generator=torch.Generator().manual_seed(1))


def carried(network: LanguageModel, prompt: Tensor, tokens: list[int]) -> float:
    """Seconds of the tokens after the first one, which reads the prompt."""
    steps = write(network, prompt, GREEDY)
    tokens[:] = [int(next(steps).tokens)]
    started = time.perf_counter()
    tokens += [int(next(steps).tokens) for _ in range(WRITTEN)]
    return time.perf_counter() - started


@torch.no_grad()
def anew(network: LanguageModel, prompt: Tensor, tokens: list[int]) -> float:
    """The same tokens, each from the whole text so far."""
    tokens[:] = [int(network(prompt)[0][0, -1].argmax())]
    started = time.perf_counter()
    for _ in range(WRITTEN):
        whole = torch.cat([prompt, torch.tensor([tokens])], dim=1)
        tokens.append(int(network(whole)[0][0, -1].argmax()))
    return time.perf_counter() - started


def main() -> int:
    args = arguments(__doc__)
    rows: list[Row] = []
    for name in NETWORKS:
        network = build(name)
        said: dict[str, list[int]] = {"carried": [], "anew": [], "long": []}
        short, long = text(PROMPT), text(LONG * PROMPT)
        sides: list[tuple[str, Callable[[], float]]] = [
            ("carried", partial(carried, network, short, said["carried"])),
            ("anew", partial(anew, network, short, said["anew"])),
            ("long", partial(carried, network, long, said["long"])),
        ]
        seconds = {side: median(found) / WRITTEN for side, found in
                   in_turn(sides, args.rounds).items()}  # fmt: skip
        if said["carried"] != said["anew"]:
            raise RuntimeError(f"{name}: a carried state wrote other tokens")
        rows += [
            at_least(f"{name}, a token after {PROMPT}, state carried against read anew",
                     seconds["carried"], seconds["anew"], FASTER),
            at_most(f"{name}, a token after {LONG * PROMPT:,} against after {PROMPT}",
                    seconds["long"], GROWN, seconds["carried"]),
        ]  # fmt: skip
    return report(rows, args.json)


if __name__ == "__main__":
    sys.exit(main())
