"""The one layer to the model: chunks, memory, turns, progress, cancel."""

import json
import threading
import time
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from dlexplain.errors import Cancelled
from dlexplain.explainers import batching
from dlexplain.explainers.base import methods_for
from dlexplain.explainers.batching import (
    CPU_CHUNKS,
    USUAL_CPU_CHUNK,
    BatchSizes,
    Evaluator,
    Target,
    measure_chunk,
)
from dlexplain.explainers.fair_lock import FairLock, computing
from dlexplain.explainers.progress import Progress, Snapshot
from dlexplain.turns import Turns
from tests.tiny import conv_net, explain, fixed, picture, prepared, suited

SMALL = {
    "expected-gradients": {"samples": 20, "baselines": 3},
    "smoothgrad": {"samples": 5},
    "vargrad": {"samples": 5},
    "occlusion": {"window": 8, "stride": 8},
    "rise": {"samples": 20},
    "sobol": {"designs": 8, "grid": 4},
    "hsic": {"samples": 40, "grid": 4},
    "lime": {"samples": 30, "regions": 8},
    "kernel-shap": {"samples": 60, "regions": 8},
    "shap-partition": {"evaluations": 60},
}


class Hungry(nn.Module):
    """Runs out of memory, as a GPU does, on batches of more than `most`; counts its batches."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.seen: list[int] = []
        self.inside = conv_net()

    def forward(self, x: Tensor) -> Tensor:
        if len(x) > self.most:
            raise torch.OutOfMemoryError(f"no memory for {len(x)}")
        self.seen.append(len(x))
        return self.inside(x)


def test_out_of_memory_halves_the_chunk_goes_on_and_is_remembered() -> None:
    model = prepared(Hungry(most=3))
    book = fixed(model, 16)
    expected = explain(conv_net(), "occlusion", window=8, stride=8)
    hungry: Hungry = model.module  # type: ignore[assignment]
    hungry.seen.clear()
    found = explain(model, "occlusion", chunks=book, window=8, stride=8)
    assert abs(found.values - expected.values).max() < 1e-5
    assert max(hungry.seen) == 2  # 16, 8 and 4 did not fit
    assert book.get(model, "forward") == 2
    assert found.evaluations == expected.evaluations == 17


def test_an_error_that_is_not_about_memory_is_passed_on() -> None:
    class Broken(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            if len(x) == 4:
                raise RuntimeError("shapes do not match")
            return x.mean(dim=(2, 3))

    model = prepared(Broken())
    with pytest.raises(RuntimeError, match="shapes do not match"):
        explain(model, "occlusion", chunks=fixed(model, 4), window=8, stride=8)


def test_no_memory_for_one_picture_is_passed_on() -> None:
    model = prepared(Hungry(most=2))
    model.module.most = 0  # type: ignore[assignment]
    with pytest.raises(torch.OutOfMemoryError):
        explain(model, "saliency", chunks=fixed(model, 4))


def test_measuring_stops_at_the_size_that_does_not_fit() -> None:
    model = prepared(Hungry(most=4))
    assert measure_chunk(model, "forward") <= 4
    assert measure_chunk(model, "gradient") <= 4


def test_work_is_shared_out_evenly_over_chunks() -> None:
    model = prepared(Hungry(most=100))
    evaluator = Evaluator(model, Target(0), Progress(), fixed(model, 8))
    hungry: Hungry = model.module  # type: ignore[assignment]
    hungry.seen.clear()
    evaluator.all_scores(picture().repeat(17, 1, 1, 1))
    assert hungry.seen == [9, 8]  # rather than 8, 8, 1


def test_a_book_is_kept_in_its_file_and_a_damaged_file_costs_a_measurement(
    tmp_path: Path,
) -> None:
    path, model = tmp_path / "deep" / "chunks.json", prepared(conv_net())
    chunk = BatchSizes(path).get(model, "forward")
    assert list(json.loads(path.read_text()).values()) == [chunk]
    key = next(iter(json.loads(path.read_text())))
    path.write_text(json.dumps({key: 7}))
    assert BatchSizes(path).get(model, "forward") == 7
    for damaged in ("{", "[1]", '{"x": "many"}', ""):
        path.write_text(damaged)
        assert BatchSizes(path).get(model, "forward") in CPU_CHUNKS


def test_nobody_waits_for_another_threads_measurement() -> None:
    model, book = prepared(conv_net()), BatchSizes()
    with model.lock.turn():  # the measurement cannot begin
        thread = threading.Thread(target=book.get, args=(model, "forward"))
        thread.start()
        while not book._measuring:
            time.sleep(0.001)
        assert book.get(model, "forward") == USUAL_CPU_CHUNK
    thread.join(30)
    assert not book._measuring
    assert book.get(model, "forward") == next(iter(book._known.values()))


OFFERED = [name for name in methods_for("picture") if name != "attn-lrp"]
"""The network of the tests does not attend."""


@pytest.mark.parametrize("method", OFFERED)
def test_every_method_does_what_it_planned_and_counts_it(method: str) -> None:
    shots: list[Snapshot] = []
    progress = Progress(report=shots.append)
    found = explain(suited(method), method, progress=progress, **SMALL.get(method, {}))
    assert found.evaluations == progress.done > 0
    assert shots
    assert all(a.done <= b.done for a, b in pairwise(shots))
    assert shots[-1].done == progress.done
    assert progress.done <= progress.planned <= 1.5 * progress.done + 10
    assert found.values.ndim == 3
    assert found.values.shape[1:] == (32, 32)
    assert found.unit


@pytest.mark.parametrize("method", OFFERED)
def test_every_method_can_be_cancelled_between_chunks(method: str) -> None:
    model = prepared(suited(method))
    progress = Progress(cancelled=lambda: progress.done >= 1)
    with pytest.raises(Cancelled):
        explain(model, method, progress=progress, chunks=fixed(model, 2), **SMALL.get(method, {}))
    assert progress.done <= 2
    explain(model, method, chunks=fixed(model, 2), **SMALL.get(method, {}))  # nothing stays behind


SAMPLING = ("smoothgrad", "occlusion", "superpixel-ablation", "rise", "lime", "kernel-shap",
            "ablation-cam", "sobol", "hsic")  # fmt: skip


@pytest.mark.parametrize("method", SAMPLING)
def test_methods_that_sample_show_a_coarse_map_before_they_end(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dlexplain.explainers.inputs.picture.PREVIEW_SECONDS", 0)
    shots: list[Snapshot] = []
    model = prepared(conv_net())
    found = explain(
        model,
        method,
        progress=Progress(report=shots.append),
        chunks=fixed(model, 2),
        **SMALL.get(method, {}),
    )
    previews = [shot for shot in shots if shot.preview is not None]
    assert previews[0].done < found.evaluations / 2
    assert previews[0].preview.shape == (32, 32)


def test_an_estimate_follows_from_the_work_done() -> None:
    assert Snapshot(0, 10, 1.0).seconds_left is None
    assert Snapshot(2, 10, 1.0).seconds_left == pytest.approx(4.0)
    # The first took 3 s, imports and all; the two after it a second each.
    assert Snapshot(3, 10, 5.0, first=(1, 3.0)).seconds_left == pytest.approx(7.0)
    assert Snapshot(1, 10, 3.0, first=(1, 3.0)).seconds_left is None
    assert Snapshot(2, 10, 1.0).fraction == pytest.approx(0.2)
    assert Snapshot(0, 0, 0.0).fraction == 0


def test_turns_are_taken_in_the_order_of_asking() -> None:
    turns, order = Turns(lambda: 1), []
    lock = FairLock(turns)

    def ask(name: int) -> None:
        with lock.turn():
            order.append(name)

    with lock.turn():
        threads = []
        for name in range(5):
            threads.append(threading.Thread(target=ask, args=(name,)))
            threads[-1].start()
            while turns.counts()["waiting"] < name + 1:
                time.sleep(0.001)
        assert order == []
    for thread in threads:
        thread.join(5)
    assert order == [0, 1, 2, 3, 4]


def test_two_models_take_turns_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else several persons' chunks would be inside torch at once, and none would be any faster."""
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    with FairLock().turn():
        thread = threading.Thread(target=use_once, args=(FairLock(),))
        thread.start()
        while not computing()["waiting"]:
            time.sleep(0.001)
        assert computing() == {"waiting": 1, "running": 1}
    thread.join(5)
    assert not thread.is_alive()


def use_once(lock: FairLock) -> None:
    with lock.turn():
        pass


def test_a_turn_is_handed_on_after_an_error() -> None:
    lock = FairLock()
    with pytest.raises(ValueError, match="inside"), lock.turn():
        raise ValueError("inside")
    with lock.turn():
        pass


def test_a_short_job_does_not_wait_for_a_long_one() -> None:
    model = prepared(conv_net())
    book, slow = fixed(model, 1), Progress()
    thread = threading.Thread(
        target=explain,
        args=(model, "rise"),
        kwargs={"progress": slow, "chunks": book, "samples": 3000},
    )
    thread.start()
    while slow.done < 10:
        time.sleep(0.001)
    explain(model, "saliency", chunks=book)
    assert slow.done < 3000
    thread.join()


def test_measuring_tries_no_size_above_one_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def slow(_model: object, _kind: str, chunk: int) -> float:
        tried.append(chunk)
        return 0.2 * chunk**0.9  # larger chunks are faster a picture, but each takes longer

    monkeypatch.setattr(batching, "time_chunk", slow)
    assert measure_chunk(prepared(Hungry(most=4)), "forward") == 4
    assert max(tried) == 4  # 0.7 s; of 2, 0.37 s


@pytest.mark.parametrize("held_up", [2.0, 0.05], ids=["as if it took long", "as if it were slow"])
def test_work_beside_for_a_moment_does_not_decide_for_good(
    held_up: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def disturbed(_model: object, _kind: str, chunk: int) -> float:
        tried.append(chunk)
        return held_up if len(tried) == 2 else 0.012 if chunk == 1 else 0.004 * chunk

    monkeypatch.setattr(batching, "time_chunk", disturbed)
    assert measure_chunk(prepared(Hungry(most=64)), "forward") == 2


def test_measuring_ends_soon_where_a_chunk_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, tried = [0.0], list[int]()

    def slow(_model: object, _kind: str, chunk: int) -> float:
        tried.append(chunk)
        clock[0] += 2.0
        return 2.0

    monkeypatch.setattr(batching, "time_chunk", slow)
    monkeypatch.setattr(batching.time, "perf_counter", lambda: clock[0])
    assert measure_chunk(prepared(Hungry(most=4)), "forward") == 1
    assert tried == [1, 1, 1]  # once more at first, and two rounds take 6 s; a third is not begun
