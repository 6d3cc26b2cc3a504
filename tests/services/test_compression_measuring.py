"""Compressed models measured in turn: fronts by hand, timing by a made clock, what is kept."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import dlexplain.services.compress.measuring as service
from dlexplain.compression.base import COMPRESSIONS
from dlexplain.errors import BadInput, Cancelled, RunError, UnknownName
from dlexplain.evaluation.intervals import of_median
from dlexplain.execution import paths
from dlexplain.explainers.progress import Progress
from dlexplain.figures.compression import plot_front
from dlexplain.figures.labels import corners
from dlexplain.params import specs
from dlexplain.results.compression import Compression
from dlexplain.results.compression_front import Point, front, knee
from dlexplain.services.apart import said_apart
from dlexplain.services.compress.computing import answers
from dlexplain.services.compress.inputs import KINDS, inputs_of
from dlexplain.services.compress.looking import count_zeros
from dlexplain.services.compress.machine import features
from dlexplain.services.compress.measuring import MEASURED, measure_compression
from dlexplain.services.compress.shipped import made_here, ship
from dlexplain.services.compress.sweeping import Way, read_ways, sweep_specs
from dlexplain.services.compress.timing import best_batch, order, visit
from dlexplain.services.compress.versions import alike, how_told, versions_of
from dlexplain.services.training.compressing import compression_spec
from dlexplain.trained.catalogue import find, trained
from dlexplain.trained.networks import load_network
from tests.compressed import measured, table
from tests.trained import trained_run


def points(*given: tuple[float, float]) -> list[Point]:
    return [Point(f"{cost:g}", cost, quality) for cost, quality in given]


def names(found: tuple[Point, ...]) -> list[str]:
    return [point.name for point in found]


def test_the_front_has_what_none_dominates() -> None:
    found = front(points((4, 0.9), (1, 0.5), (2, 0.8), (3, 0.7), (2, 0.6), (5, 0.9), (1, 0.5)))
    assert names(found) == ["1", "2", "4"]
    assert front([]) == ()


def test_the_knee_is_farthest_above_the_line_between_the_ends() -> None:
    # On axes from 0 to 1: (0.25, 0.8) is 0.55 above, (0.5, 0.9) 0.4
    curve = points((0, 0), (1, 0.8), (2, 0.9), (4, 1))
    assert knee(curve) == curve[1]
    # of other units it is the same
    scaled = [Point(p.name, 1e6 * p.cost + 7, 3 * p.quality - 1) for p in curve]
    found = knee(scaled)
    assert found is not None and found.name == "1"
    assert knee(points((0, 0), (2, 0.2), (4, 1))) is None  # below the line
    assert knee(curve[:2]) is None


def test_the_interval_of_a_median_lies_between_its_order_statistics() -> None:
    values = np.arange(15, dtype=np.float64)
    # P(B < 4) of Binomial(15, 1/2) is 576 / 32768 = 1.76%, P(B < 5) is 5.9%: the 4th and 12th
    assert of_median(values[::-1]) == (7.0, 3.0, 11.0)
    assert of_median(values[:6]) == (2.5, 0.0, 5.0)  # 2 / 64 = 3.1%
    assert of_median(values[:5]) == (2.0, None, None)
    with pytest.raises(BadInput, match="0 values"):
        of_median(values[:0])


def test_sentences_fronts_rows_and_figures_of_a_table() -> None:
    found = table()
    assert found.front("latency") == ("cccc3333", "bbbb2222", "digits-cnn")
    assert found.knee("latency") == "bbbb2222"
    assert found.knee("size") == "bbbb2222"
    assert "low-rank 0.5 is 5 [4.5–5.5] times as fast as digits-cnn" in found.told
    assert "low-rank 0.5 is the smallest, 900 KB instead of 4 MB, 4.44 times smaller" in found.told
    rows = found.rows()
    assert [row["Change"] for row in rows] == ["", "−1.0 points", "−2.0 points", "−30.0 points"]
    assert rows[1]["On the front"] == "" and rows[2]["On the front"] == "latency, size"
    assert rows[0]["Zeros"] == "25%" and rows[0]["Best batch"] == "8: 500 a second"
    assert len(found.to_csv().splitlines()) == 5
    again = Compression.from_dict(json.loads(json.dumps(found.to_dict())))
    assert again == found
    drawn = {trace.name: trace for trace in plot_front(found, "size").data}
    assert list(drawn["front"].x) == pytest.approx([0.9, 1.0, 4.0])
    assert list(drawn["knee"].text) == ["channels 0.5"]
    assert list(drawn["dominated"].text) == ["magnitude 0.8"]


def test_the_fastest_is_no_answer_where_another_is_as_fast_and_better() -> None:
    original, pruned, fast, _ = table().models
    ruined = measured("dddd4444", "channels 0.9", 0.5, 1.01, 3_000_000, 9.0)
    found = table(original, pruned, fast, ruined)
    assert ruined.name not in found.front("latency")
    assert found.told.startswith("channels 0.5 is 4 [3.6–4.4] times as fast as digits-cnn")


def test_what_the_smallest_costs_is_told_and_which_is_smallest_zipped() -> None:
    original, pruned, fast, _ = table().models
    rounded = replace(measured("dddd4444", "static-int8", 0.9, 11.0, 500_000, 0.4), zipped=450_000)
    pruned = replace(pruned, zipped=100_000)
    told = table(original, pruned, fast, rounded).told
    assert "channels 0.5 is 4 [3.6–4.4] times as fast as digits-cnn" in told
    assert (
        "static-int8 is the smallest, 500 KB instead of 4 MB, 8 times smaller; it is "
        "0.4 [0.36–0.44] times as fast, with accuracy 90.0%"
    ) in told
    assert (
        "Zipped, magnitude 0.8 is the smallest, 100 KB instead of 2 MB; it is 0.98 [0.882–1.08] "
        "times as fast, with accuracy 89.0%"
    ) in told
    assert "Zipped" not in table().told


def test_a_setting_of_a_way_is_no_strength() -> None:
    strengths = {name: way.strength for name, way in COMPRESSIONS.items()}
    assert {name: key for name, key in strengths.items() if key} == {
        "low-rank": "energy", "magnitude": "sparsity", "channels": "part",
    }  # fmt: skip
    assert all(key in specs(COMPRESSIONS[name].Params) for name, key in strengths.items() if key)
    with pytest.raises(BadInput, match="static-int8 has none to choose"):
        read_ways(["static-int8:99"])


def test_names_of_points_cover_neither_points_nor_lines_nor_each_other() -> None:
    # a line through the first: what is free is above on the left and below on the right
    line = [((0.0, 0.0), (1.0, 1.0))]
    assert corners([(0.2, 0.2), (0.8, 0.8)], ["one", "other"], line) == [
        "bottom right", "bottom right",
    ]  # fmt: skip
    assert corners([(0.95, 0.3)], ["a long name"]) == ["top left"]  # else it were cut off
    near = corners([(0.4, 0.5), (0.41, 0.5)], ["one name", "another name"])
    assert near[0] != near[1]
    drawn = plot_front(table(), "latency")
    cost = drawn.layout.xaxis
    assert cost.range[1] > 4.1 * 1.1  # the widest interval is inside
    many = [measured(f"m{i}", f"low-rank 0.{i}", 0.5, 5.0 + i, 10) for i in range(1, 10)]
    drawn = plot_front(table(table().models[0], *many), "latency")
    dominated = next(trace for trace in drawn.data if trace.name == "dominated")
    assert set(dominated.text) == {""}


def test_of_a_metric_of_which_less_is_better_the_front_is_turned() -> None:
    rows = [measured("a", "", 0, 4, 4), measured("b", "half", 0, 2, 2), measured("c", "x", 0, 3, 3)]
    scores = (90.0, 100.0, 120.0)
    of_words = [
        replace(row, metric="test/perplexity", score=score)
        for row, score in zip(rows, scores, strict=True)
    ]
    found = table(*of_words, model="a")
    assert found.lower_is_better
    assert found.front("size") == ("b", "a")
    assert found.rows()[1]["Change"] == "+10"
    assert "None is shown to be faster than a" in found.told


@pytest.mark.parametrize("change", [{"models": []}, {"machine": {}}, {"more": 1}, {"notes": None}])
def test_a_damaged_result_is_bad_input(change: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="no measurement of compressed models"):
        Compression.from_dict({**table().to_dict(), **change})


def test_a_visit_is_the_median_call() -> None:
    ticks = itertools.count(0, 0.01)
    calls: list[int] = []
    found = visit(lambda: calls.append(1), lambda: next(ticks), lambda: 0.1 * len(calls))
    # every look at the clock costs 0.01 s, so a call takes 0.01; 3 looks a call until 0.05 s
    assert found.seconds == pytest.approx(0.01)
    assert len(calls) == 1 + 3  # one before that does not count
    assert found.processor == pytest.approx(0.1)


def test_the_best_batch_is_the_one_of_most_examples_a_second() -> None:
    seconds = {1: 1.0, 2: 1.0, 4: 1.2, 8: 4.0, 16: 9.0, 32: 1.0}
    now = [0.0]

    def run_of(batch: int) -> object:
        def run() -> None:
            now[0] += seconds[batch]

        return run

    best, tried = best_batch(run_of, 32, lambda: now[0])  # type: ignore[arg-type]
    assert best == 4
    assert tried == pytest.approx({1: 1, 2: 2, 4: 4 / 1.2, 8: 2, 16: 16 / 9})  # 9 s are too long
    assert best_batch(run_of, 2, lambda: now[0])[0] == 2  # type: ignore[arg-type]


def test_models_come_forwards_then_backwards() -> None:
    assert [list(order(3, turn)) for turn in (0, 1, 2)] == [[0, 1, 2], [2, 1, 0], [0, 1, 2]]


def test_zeros_are_counted_and_shared_weights_once() -> None:
    network = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(4, 3))
    network[2].weight = network[0].weight
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.fill_(1.0)
        network[0].weight[0] = 0.0
    assert count_zeros(network) == (12 + 3 + 3 + 3 + 3, 4)


@pytest.mark.parametrize(
    ("name", "shape", "told"),
    [
        ("digits-cnn", (1, 8, 8), "a picture of 1 × 8 × 8"),
        ("sst2-cnn", (32,), "a text of 32 tokens"),
        ("ptb-lstm", (35,), "a text of 35 tokens"),
        ("macrodata-lstm", (12, 6), "12 periods of 6 series"),
    ],
)
def test_every_task_has_inputs_that_its_models_take(
    name: str, shape: tuple[int, ...], told: str
) -> None:
    model = trained(name)
    inputs = inputs_of(model)
    assert (inputs.shape, inputs.told) == (shape, told)
    assert torch.equal(inputs.some(2, 3), inputs.some(2, 3))
    with torch.no_grad():
        said = load_network(model)(inputs.some(2, 0))
    assert len(said[0] if isinstance(said, tuple) else said) == 2


def test_the_page_and_the_service_know_the_same_tasks() -> None:
    assert set(KINDS) == set(MEASURED)


def test_features_of_a_processor_are_read(tmp_path: Path) -> None:
    file = tmp_path / "cpuinfo"
    file.write_text("model name : x\nflags\t\t: fpu avx2 avx512_bf16\n")
    assert features(file) == ("avx2", "avx512_bf16")
    assert features(tmp_path / "none") == ()


@pytest.fixture(scope="module")
def version() -> str:
    """A compressed version of the CNN on digits."""
    spec = compression_spec(trained("digits-cnn"), "low-rank", {"energy": 0.6})
    return trained_run(replace(spec, name="to be measured"))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Measured in this process, which is faster; what was asked."""
    asked: list[dict[str, object]] = []

    def said(module: str, text: str, progress: Progress) -> Iterator[dict[str, object]]:
        asked.append(json.loads(text))
        for answer in answers(asked[-1]):
            progress.check()
            yield answer

    monkeypatch.setattr(service, "said_apart", said)
    for module in (paths, service):
        monkeypatch.setattr(module, "compression_folder", lambda home: tmp_path / "compression")
    return asked


def test_a_model_and_its_version_are_measured_and_kept(
    version: str, here: list[dict[str, object]]
) -> None:
    assert version in versions_of("digits-cnn")
    assert version in [entry.name for entry in alike(find("digits-cnn"))]
    assert how_told(trained(version), "digits-cnn") == "low-rank 0.6"
    reports: list[Compression] = []
    found = measure_compression("digits-cnn", version, turns=6, limit=4, tell=reports.append)
    first, small = found.models
    assert (first.name, small.name, found.done, found.found) == ("digits-cnn", version, 6, 6)
    assert first.single.faster.value == 1.0 and first.single.faster.n == 6
    assert small.size < first.size and small.parameters < first.parameters == 53098
    assert small.best.batch in (1, 2, 4)
    for spread in (small.single.seconds, small.best.faster, small.energy):
        assert spread.low is not None and spread.high is not None
        assert spread.low <= spread.value <= spread.high
    assert first.score == trained("digits-cnn").metrics["test/accuracy"]
    assert first.examples == 359 and first.stored == "float16"
    assert any("is packed (float16)" in note for note in found.notes)
    assert found.machine.threads == torch.get_num_threads()
    assert reports[-1] == found
    asked = len(here)
    assert measure_compression("digits-cnn", [version], turns=6, limit=4) == found
    assert len(here) == asked  # nothing is measured again
    assert made_here("digits-cnn") == (found,)


def test_what_was_stopped_goes_on(
    version: str, here: list[dict[str, object]], tmp_path: Path
) -> None:
    measurements = [0]

    def report(snapshot: object) -> None:
        measurements[0] += 1

    stopping = Progress(report=report, cancelled=lambda: measurements[0] >= 6)
    out = tmp_path / "out"
    with pytest.raises(Cancelled):
        measure_compression("digits-cnn", version, turns=4, limit=2, out=out, progress=stopping)
    with pytest.raises(BadInput, match="resume it"):
        measure_compression("digits-cnn", version, turns=4, limit=2, out=out)
    with pytest.raises(BadInput, match="it is of 4 turns, not of 5"):
        measure_compression("digits-cnn", version, turns=5, limit=2, out=out, resume=True)
    with (out / "answers.jsonl").open("ab") as file:
        file.write(b'{"turn": 0, "visits": "damaged"}\n{"look": 3}\n')
    found = measure_compression("digits-cnn", version, turns=4, limit=2, out=out, resume=True)
    assert found.done == 4
    assert here[-1]["first"] == 2 and here[-1]["batches"] != [None, None]
    half = replace(found, done=3)
    with pytest.raises(BadInput, match="has 3 of 4 turns"):
        ship(half)


def test_a_process_of_its_own_says_what_it_found(version: str) -> None:
    asked = json.dumps({"look": version})
    (said,) = said_apart("dlexplain.services.compress.computing", asked, Progress())
    assert said["look"]["zeros"] < said["look"]["parameters"]
    assert said["look"]["memory"] > 0 and said["look"]["zipped"] < said["look"]["size"]
    weights = trained(version).weights
    assert said["look"]["size"] == weights.stat().st_size
    with pytest.raises(RunError, match='unknown model "nobody"'):
        asked = json.dumps({"look": "nobody"})
        list(said_apart("dlexplain.services.compress.computing", asked, Progress()))


@pytest.mark.parametrize(
    ("model", "others", "more", "told"),
    [
        ("nobody", ["digits-cnn"], {}, 'unknown model "nobody"'),
        ("digits-cnn", ["nobody"], {}, 'unknown model "nobody"'),
        ("digits-cnn", ["mnist-cnn"], {}, "data of mnist-cnn is mnist, that of digits-cnn is"),
        ("digits-cnn", ["sst2-cnn"], {}, "task of sst2-cnn is classify-text"),
        ("mnist-vae", ["digits-cnn"], {}, "is of the task vae; classify-image"),
        ("macrodata-transformer", None, {}, "has no compressed version yet"),
        ("digits-cnn", ["digits-cnn"], {"turns": 0}, "turns is 0; a whole number from 1"),
        ("digits-cnn", ["digits-cnn"], {"limit": 2.5}, "limit is 2.5"),
        (3, ["digits-cnn"], {}, "a int is no model"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(
    model: object, others: list[str] | None, more: dict[str, int], told: str
) -> None:
    with pytest.raises((BadInput, UnknownName), match=told):
        measure_compression(model, others, **more)


def test_a_sweep_is_a_run_for_each_strength() -> None:
    ways = read_ways(["low-rank:0.9, 0.7", "low-rank"])
    assert ways == (
        Way("low-rank", {"energy": "0.9"}), Way("low-rank", {"energy": "0.7"}), Way("low-rank"),
    )  # fmt: skip
    specs = sweep_specs("digits-cnn", ways, epochs=2)
    assert [spec.compression_params["energy"] for spec in specs] == [0.9, 0.7, 0.9]
    assert {spec.parent for spec in specs} == {"digits-cnn"}
    assert specs[0].training["epochs"] == 2
    assert specs[0].training["learning_rate"] == 0.01  # the model's own
    assert sweep_specs("digits-cnn", ways[:1], 1, 0.003)[0].training["learning_rate"] == 0.003
    assert specs[1].name == "digits-cnn, low-rank 0.7"
    with pytest.raises(BadInput, match='energy is "2"'):
        sweep_specs("digits-cnn", read_ways(["low-rank:2"]))
    with pytest.raises(BadInput, match='unknown compression "smaller"'):
        read_ways(["smaller:1"])
    with pytest.raises(BadInput, match="0 ways are given"):
        sweep_specs("digits-cnn", [])
