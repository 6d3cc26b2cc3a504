"""Measures models in a process of its own: python -m dlexplain.services.compress.computing.

Reads {"look": model} or {"turns": [models], "batches": [...], ...} on standard input, see `asked`,
and writes a JSON object a line. In a process of its own, since a page's threads, and what is in its
memory, would be measured as well.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import torch

from dlexplain.services.apart import answer
from dlexplain.services.compress.inputs import FirstOutput, inputs_of
from dlexplain.services.compress.looking import look
from dlexplain.services.compress.timing import Run, best_batch, order, visit
from dlexplain.trained.catalogue import trained
from dlexplain.trained.networks import load_network


def answers(asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """To {"look": name}: {"look": what `look` gives}. To {"turns": names, "batches": best batches
    that are known, or None, "first": turn, "count": turns in all, "limit": batch, "seed": s}:
    {"batch": best, "place": i, "tried": {...}} of each that is not known, then a turn at a time
    {"turn": t, "visits": [[single, best] of each model], "load": l, "threads": n}."""
    if "look" in asked:
        yield {"look": look(trained(asked["look"])), "date": now()}
        return
    models = [Computing(name, asked["seed"]) for name in asked["turns"]]
    batches = list(asked["batches"])
    with torch.inference_mode():
        for place, model in enumerate(models):
            if batches[place] is None:
                batches[place], tried = best_batch(model.run_of, asked["limit"])
                yield {"batch": batches[place], "place": place, "tried": tried}
        for turn in range(asked["first"], asked["count"]):
            visits: list[Any] = [None] * len(models)
            for place in order(len(models), turn):
                visits[place] = [
                    list(vars(visit(models[place].run_of(size))).values())
                    for size in (1, batches[place])
                ]
            yield {
                "turn": turn, "visits": visits, "load": _load(),
                "threads": torch.get_num_threads(), "date": now(),
            }  # fmt: skip


class Computing:
    """A model that is ready to compute, on the processor."""

    def __init__(self, name: str, seed: int) -> None:
        found = trained(name)
        self.inputs, self.seed = inputs_of(found), seed
        self.network = FirstOutput(load_network(found)).eval()

    def run_of(self, count: int) -> Run:
        """Computes a batch of so many examples."""
        x = self.inputs.some(count, self.seed)
        return lambda: self.network(x)


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _load() -> float | None:
    """Of the last minute: how many wanted a core."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def _answer(asked: str, say: Callable[..., None]) -> None:
    """The process's side."""
    for told in answers(json.loads(asked)):
        say(**told)


if __name__ == "__main__":
    sys.exit(answer(_answer))
