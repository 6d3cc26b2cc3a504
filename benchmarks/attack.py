"""Attacks: how many times faster than foolbox, at equal budget, and how far from the floor.

python benchmarks/attack.py [--json FILE] [--rounds N]

PGD of 20 steps in L∞ on a hundred CIFAR-10 test pictures, of ../shared/data/cifar10 or the folder
named by DLEXPLAIN_TEST_DATA, and the same network: foolbox as it comes (in a process of its own),
foolbox with our batch size and memory kept as here, and ours. Ours leaves a picture alone once it
is fooled; so there is a row of ours in which no picture can be fooled, which takes all 20 steps of
all. The floor is as many gradients of the prepared network at the best batch, and nothing else.
"""

import os
import sys
import time
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `make run` sets it
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch

import dlexplain as dx
from benchmarks.attack_peer import foolbox_on_pictures
from benchmarks.peer import peer
from benchmarks.table import Row, arguments, at_least, in_turn, median, report
from dlexplain.attacks import ATTACKS, Budget
from dlexplain.attacks.victim import Victim
from dlexplain.explainers.batching import CPU_CHUNKS, time_chunk
from dlexplain.explainers.progress import Progress
from dlexplain.services.explaining import batch_sizes
from dlexplain.services.pictures.sets import picture_sets
from dlexplain.trained.catalogue import find

MODEL, COUNT, STEPS, LEVELS = "cifar10-resnet", 100, 20, (8,)
FASTER = 2.0
DATA = Path(os.environ.get("DLEXPLAIN_TEST_DATA", "../shared/data"))
LARGEST = 64
"""Largest chunk tried for the floor."""


def main() -> int:
    args = arguments(__doc__)
    model = dx.load(MODEL)
    prepared = model.prepared
    low, high = prepared.value_range
    tested = picture_sets(find(MODEL), str(DATA / "cifar10"))[0]
    if tested.name != "data":
        sys.exit(f"{DATA / 'cifar10'} is not there; name the folder by DLEXPLAIN_TEST_DATA")
    every = tested.load()
    known = every[:: len(every) // COUNT][:COUNT]
    scaled = torch.cat([model.to_input(model.view(one)) for one in known])
    x = ((scaled - low) / (high - low)).clamp(0, 1)
    first = Victim(prepared, x, torch.zeros(len(x), dtype=torch.long), Progress(), batch_sizes())
    labels = first.logits(x).argmax(1)
    counts: dict[str, int] = {}
    fooled: dict[str, float] = {}

    def victim() -> Victim:
        return Victim(prepared, x, labels, Progress(), batch_sizes())

    def ours(levels: int, stops: bool) -> float:
        here, pgd = victim(), ATTACKS["pgd"]
        if not stops:
            here = Never(prepared, x, labels, here.progress, here.chunks)
        budget, params = Budget("linf", levels / 255), pgd.params({"steps": STEPS})
        started = time.perf_counter()
        moved = pgd.run(here, budget, params, torch.Generator().manual_seed(0))
        taken = time.perf_counter() - started
        side = f"{levels}{'' if stops else ' all'}"
        counts[side] = here.progress.done
        fooled[f"ours {side}"] = share(moved)
        return taken

    def share(moved: torch.Tensor) -> float:
        return float((first.logits(moved).argmax(1) != labels).float().mean())

    asked = (MODEL, x.numpy(), labels.numpy(), (low, high), STEPS, LEVELS)
    chunk = batch_sizes().get(prepared, "gradient")
    with (
        peer(foolbox_on_pictures, *asked) as comes,
        peer(foolbox_on_pictures, *asked, chunk, keep=True) as tuned,
    ):

        def foolbox(levels: int) -> float:
            seconds, moved = comes(f"pgd {levels}")
            fooled[f"foolbox {levels}"] = share(torch.from_numpy(np.asarray(moved)))
            return seconds

        sides = [(f"foolbox {n}", partial(foolbox, n)) for n in LEVELS]
        sides += [(f"tuned {n}", lambda n=n: tuned(f"pgd {n}")[0]) for n in LEVELS]
        sides += [(f"ours {n}", partial(ours, n, True)) for n in LEVELS]
        sides += [(f"all {n}", partial(ours, n, False)) for n in LEVELS]
        sizes = [size for size in CPU_CHUNKS if size <= LARGEST]
        sides += [(f"pass {s}", partial(time_chunk, prepared, "gradient", s)) for s in sizes]
        seconds = {side: median(taken) for side, taken in in_turn(sides, args.rounds).items()}
    floor = min(seconds[f"pass {size}"] / size for size in sizes)
    rows: list[Row] = []
    for n in LEVELS:
        mine, what = seconds[f"ours {n}"], f"PGD-{STEPS}, {n}/255"
        rows.append(
            at_least(f"{what}: times faster than foolbox", mine, seconds[f"foolbox {n}"], FASTER)
        )
        rows.append(faster(f"{what}: than foolbox tuned", mine, seconds[f"tuned {n}"]))
        every = seconds[f"all {n}"]
        rows.append(
            faster(f"{what}, every step of all: than foolbox", every, seconds[f"foolbox {n}"])
        )
        rows.append(
            faster(f"{what}, every step of all: than foolbox tuned", every, seconds[f"tuned {n}"])
        )
        rows.append(
            faster(f"{what}, every step of all: the gradients alone", every, COUNT * STEPS * floor)
        )
        rows.append(faster(f"{what}: evaluations of ours", mine, counts[str(n)] * floor))
        gap = 100 * (fooled[f"ours {n}"] - fooled[f"foolbox {n}"])
        told = (
            f"{what}: fooled, ours {fooled[f'ours {n}']:.0%}, foolbox {fooled[f'foolbox {n}']:.0%}"
        )
        rows.append(Row(told, gap, "points", bound=2, ok=abs(gap) <= 2))
    return report(rows, args.json)


class Never(Victim):
    """Takes no input for fooled, so that all are moved to the last step."""

    def fooled(self, logits: torch.Tensor) -> torch.Tensor:
        return torch.zeros(len(logits), dtype=torch.bool, device=logits.device)


def faster(name: str, mine: float, theirs: float) -> Row:
    """Without a bound."""
    return Row(name, mine, "s", theirs, theirs / mine)


if __name__ == "__main__":
    raise SystemExit(main())
