"""What one person's six tabs of RISE cost another's classes, in seconds of that other.

python benchmarks/fair.py [--json FILE] [--rounds N]

In one process, as in the dashboard: the tabs' jobs run in its threads and its line, and the other
asks for a picture's classes in a thread of his own, as a page does. Alone and beside are measured
in turn.
"""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.table import Row, arguments, at_most, in_turn, median, report
from dlexplain.data.pictures import Picture
from dlexplain.data.samples import read_sample
from dlexplain.explainers.progress import Progress
from dlexplain.services.jobs import Job, start
from dlexplain.services.loading import load
from dlexplain.services.pictures.explain import classify, explain
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.turns import act_for

BOUND = 1.5
TABS, MASKS = 6, 20_000
ASKED, PAUSE = 15, 0.05
"""Classes asked for in each round, and seconds between them: somebody looks at the answer."""
OTHERS = ("cifar10-cnn", "cifar10-resnet", "cifar10-vit", "mnist-cnn", "digits-cnn")
BEGUN_SECONDS = 60.0


def heavy(model: LoadedModel, picture: Picture, tab: int, progress: Progress) -> object:
    """A map that no tab has asked for before: it is in no memory."""
    seed = time.monotonic_ns() % 2**30 + tab
    return explain(model, picture, "rise", progress=progress, samples=MASKS, seed=seed)


@contextmanager
def tabs(models: list[LoadedModel], picture: Picture) -> Iterator[None]:
    """One person's, each with a map under way or in line."""
    work = [
        Job[object]("RISE", partial(heavy, model, picture, tab)) for tab, model in enumerate(models)
    ]
    lists = [start([job], "the one with the tabs") for job in work]
    stop = time.monotonic() + BEGUN_SECONDS
    while not any(job.snapshot.done for job in work):
        if time.monotonic() > stop:
            raise SystemExit(f"no tab has begun after {BEGUN_SECONDS:g} s")
        time.sleep(0.01)
    try:
        yield
        if not any(job.state == "running" for job in work):
            raise SystemExit("the tabs were done before the other's classes: ask for more masks")
    finally:
        for job in work:
            job.cancel()
        for found in lists:
            found.ended.wait()


def asked(ask: Callable[[], object]) -> float:
    """Median seconds of the other, in a thread of his own."""
    seconds: list[float] = []

    def page() -> None:
        act_for("the other")
        for _ in range(ASKED):
            started = time.perf_counter()
            ask()
            seconds.append(time.perf_counter() - started)
            time.sleep(PAUSE)

    thread = threading.Thread(target=page)
    thread.start()
    thread.join()
    return median(seconds)


def rows(rounds: int) -> list[Row]:
    picture, model = read_sample("chelsea"), load(LoadedModel)
    x = model.to_input(model.view(picture))
    same = [model] * TABS
    various = [model, *(load(LoadedModel, name) for name in OTHERS)]
    classes = partial(classify, model, picture)
    in_line = partial(model.prepared.logits, x)

    def beside(models: list[LoadedModel], ask: Callable[[], object]) -> float:
        with tabs(models, picture):
            return asked(ask)

    found = in_turn(
        [
            ("alone", lambda: asked(classes)),
            ("same", lambda: beside(same, classes)),
            ("various", lambda: beside(various, classes)),
            ("in line alone", lambda: asked(in_line)),
            ("in line", lambda: beside(same, in_line)),
        ],
        rounds,
    )
    usual = {name: median(values) for name, values in found.items()}
    waits = usual["in line"] / usual["in line alone"]
    return [
        at_most("Classes beside six tabs of RISE, one model", usual["same"], BOUND, usual["alone"]),
        at_most("the same, six models", usual["various"], BOUND, usual["alone"]),
        Row("in line with the chunks", usual["in line"], "s", usual["in line alone"], waits),
    ]


if __name__ == "__main__":
    args = arguments(__doc__)
    sys.exit(report(rows(args.rounds), args.json))
