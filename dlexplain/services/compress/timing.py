"""How long models take, each in its turn: what disturbs the machine disturbs all of them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

LEAST_CALLS, LEAST_SECONDS = 3, 0.05
"""A visit calls a model so often, and for so long, at least."""
SEARCH_CALLS = 2
LONGEST_SECONDS = 5.0
"""A batch that takes longer is the last that is tried."""
Run = Callable[[], object]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Visit:
    """One model's turn at one batch: seconds of the median call, and the processor's seconds a
    call, of all threads."""

    seconds: float
    processor: float


def visit(
    run: Run, clock: Clock = time.perf_counter, processor: Clock = time.process_time
) -> Visit:
    """Call once to have weights and buffers at hand, then measure."""
    run()
    taken: list[float] = []
    began, used = clock(), processor()
    while len(taken) < LEAST_CALLS or clock() - began < LEAST_SECONDS:
        start = clock()
        run()
        taken.append(clock() - start)
    used = processor() - used
    return Visit(sorted(taken)[len(taken) // 2], used / len(taken))


def best_batch(
    run_of: Callable[[int], Run], limit: int, clock: Clock = time.perf_counter
) -> tuple[int, Mapping[int, float]]:
    """The power of two, up to the limit, of most examples a second; and the examples a second of
    each that was tried. The faster of SEARCH_CALLS counts, after one that does not."""
    tried: dict[int, float] = {}
    batch = 1
    while batch <= limit:
        run = run_of(batch)
        run()
        taken = []
        for _ in range(SEARCH_CALLS):
            start = clock()
            run()
            taken.append(clock() - start)
        tried[batch] = batch / max(min(taken), 1e-9)
        if min(taken) > LONGEST_SECONDS:
            break
        batch *= 2
    return max(tried, key=lambda size: tried[size]), tried


def order(count: int, turn: int) -> Sequence[int]:
    """In which order the models come: forwards, then backwards, so that none is always first."""
    return range(count) if turn % 2 == 0 else range(count - 1, -1, -1)
