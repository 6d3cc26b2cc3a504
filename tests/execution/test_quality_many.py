"""The quality of explanations in shards: each row is what dx.quality says, whatever is killed."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.errors import BadInput, Cancelled
from dlexplain.evaluation.base import METRICS, metrics_for
from dlexplain.evaluation.intervals import bootstrap_mean
from dlexplain.explainers.base import METHODS
from dlexplain.results import MeasuredMany
from dlexplain.services.explaining import ResultCache
from dlexplain.services.many.explaining import SameSizes
from dlexplain.services.pictures import explain as explaining
from tests.digit_files import digits_folder
from tests.evaluation.cases import SIDE, LinearPictures, weights_of_pictures
from tests.execution.clusters import TestCluster
from tests.execution.many import in_process, killed_after_a_shard, rows, shards

pytestmark = pytest.mark.usefixtures("one_thread")
COUNT, SHARD, MODEL = 12, 5, "digits-cnn"
NAMES = ("rise", "saliency")
PARAMS = {"rise": {"samples": 60}, "deletion": {"points": 8, "maps": 5}, "noise": {"samples": 3}}
METRICS_ASKED = ("deletion", "infidelity", "noise", "max-sensitivity", "sparseness")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of its files is no picture."""
    return digits_folder(tmp_path_factory.mktemp("in"), COUNT - 1, {"7/bad.png": b"no picture"})


def measured(
    folder: Path, out: Path, methods: str | Sequence[str] = NAMES, **more: object
) -> MeasuredMany:
    given = {"metrics": METRICS_ASKED, "shard": SHARD, "params": PARAMS, "seed": 3, **more}
    return dx.quality_many(MODEL, folder, methods, out=out, **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def whole(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> MeasuredMany:
    """Measured here without any fault."""
    torch.set_num_threads(1)
    return measured(folder, tmp_path_factory.mktemp("whole"))


@pytest.fixture
def same_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the job has, and nothing in memory that was explained in others."""
    monkeypatch.setattr(explaining, "batch_sizes", SameSizes)
    monkeypatch.setattr(explaining, "_cache", ResultCache())


@pytest.mark.usefixtures("same_chunks")
def test_each_row_is_what_quality_says_to_the_last_digit(tmp_path: Path) -> None:
    folder = digits_folder(tmp_path / "in", 3)
    names = ("rise", "saliency", "grad-cam", "integrated-gradients")
    known = [name for name, one in metrics_for("picture").items() if one.family != "localisation"]
    metrics = [name for name in known if name != "label-randomisation"]
    found = measured(folder, tmp_path / "out", names, metrics=metrics)
    told = {(row["name"], row["method"]): row for row in rows(found.folder)}
    assert len(told) == 3 * len(names)
    for file in folder.rglob("*.png"):
        for name in names:
            row = told[file.relative_to(folder).as_posix(), name]
            alone = dx.explain(MODEL, file, name, **PARAMS.get(name, {}))  # type: ignore[arg-type]
            only = {key: value for key, value in PARAMS.items() if key in METRICS}
            wanted = dx.quality(dx.load(MODEL), file, alone, seed=3, params=only)
            judged = {one.metric: one.found for one in wanted if one.metric in metrics}
            assert len(judged) >= 15
            for metric in metrics:
                if metric not in judged:
                    assert row[metric] is None and row[f"{metric}_why"], metric
                    continue
                one = judged[metric]
                assert row[metric] == one.value, (name, metric)
                assert (row[f"{metric}_low"], row[f"{metric}_high"]) == (one.low, one.high)
                assert (row[f"{metric}_n"], row[f"{metric}_note"] or "") == (one.n, one.note)
                assert row[f"{metric}_why"] is None
            assert (row["class"], row["truth"]) == (alone.target.label, file.parent.name)


def test_the_means_are_those_of_the_rows(whole: MeasuredMany) -> None:
    told = rows(whole.folder)
    assert [(row["place"], row["method"]) for row in told] == [
        (place, name) for place in range(COUNT) for name in NAMES
    ]
    assert [(one.method, one.metric) for one in whole.measured] == [
        (name, metric) for name in NAMES for metric in METRICS_ASKED
    ]
    for one in whole.measured:
        values = [row[one.metric] for row in told if row["method"] == one.method]
        numbers = np.array([value for value in values if value is not None], np.float64)
        assert (one.n, one.undefined) == (len(numbers), COUNT - 1 - len(numbers))
        assert (one.mean, one.low, one.high) == bootstrap_mean(numbers, 3)
        assert one.n == COUNT - 1 and one.why == ""
    assert (whole.pictures, whole.refused, whole.known, whole.shards) == (COUNT, 1, COUNT - 1, 3)
    assert whole.params["rise.samples"] == 60 and whole.params["deletion.maps"] == 5
    assert (whole.method, whole.title) == ("rise and saliency", "RISE and Saliency")
    manifest = json.loads((whole.folder / "manifest.json").read_text())
    assert (manifest["rows"], manifest["refused"]) == (COUNT * 2, 1)
    assert [each["rows"] for each in manifest["shards"]] == [10, 10, 4]


def test_a_file_that_cannot_be_read_has_a_row_with_why(whole: MeasuredMany) -> None:
    refused = [row for row in rows(whole.folder) if row["error"] is not None]
    assert [(row["name"], row["method"]) for row in refused] == [
        ("7/bad.png", name) for name in NAMES
    ]
    for row in refused:
        assert str(row["error"]).startswith("7/bad.png is text, not a picture")
        assert row["class"] is None and row["deletion"] is None
    assert whole.problems == (refused[0]["error"],)


def test_cuts_and_order_are_no_matter(folder: Path, whole: MeasuredMany, tmp_path: Path) -> None:
    assert rows(measured(folder, tmp_path / "seven", shard=7).folder) == rows(whole.folder)
    turned = measured(folder, tmp_path / "turned", NAMES[::-1])
    by_name = {(row["name"], row["method"]): row for row in rows(turned.folder)}
    assert by_name == {(row["name"], row["method"]): row for row in rows(whole.folder)}
    other = measured(folder, tmp_path / "seed", seed=4)
    assert other.digest != whole.digest


def test_what_was_killed_is_gone_on_with(folder: Path, whole: MeasuredMany, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = ["quality-many", str(folder), "--model", MODEL, "--shard", str(SHARD), "--seed", "3"]
    words += [word for name in NAMES for word in ("--method", name)]
    words += [word for name in METRICS_ASKED for word in ("--metric", name)]
    for name, values in PARAMS.items():
        words += [word for key, v in values.items() for word in ("--set", f"{name}.{key}={v}")]
    killed_after_a_shard(words, out)
    with pytest.raises(BadInput, match="has answers of an earlier job"):
        measured(folder, out)
    found = measured(folder, out, resume=True)
    assert found.earlier in (SHARD, 2 * SHARD)
    assert shards(found) == shards(whole) and found.digest == whole.digest
    assert found.measured == whole.measured


def test_a_cancelled_job_goes_on(folder: Path, whole: MeasuredMany, tmp_path: Path) -> None:
    done: list[int] = []
    stopping = dx.Progress(
        report=lambda now: done.append(now.done), cancelled=lambda: bool(done and done[-1] >= 7)
    )
    with pytest.raises(Cancelled):
        measured(folder, tmp_path / "out", progress=stopping)
    found = measured(folder, tmp_path / "out", resume=True)
    assert found.earlier == 5 and shards(found) == shards(whole)


def test_what_a_worker_makes_of_what_it_is_sent_is_what_is_made_here(
    folder: Path, whole: MeasuredMany, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with in_process(monkeypatch):
        there = measured(folder, tmp_path / "there", on="ray")
    assert shards(there) == shards(whole) and there.on == "ray"


@pytest.mark.slow
def test_rows_from_the_cluster_are_those_of_here(
    folder: Path, whole: MeasuredMany, tmp_path: Path, cluster: TestCluster, on_ray: str
) -> None:
    there = measured(folder, tmp_path / "there", on="ray", workers=1)
    assert shards(there) == shards(whole) and there.measured == whole.measured
    assert there.workers == 1 and there.lost == ()


class Divided(LinearPictures):
    """Its scores of a black picture are no numbers."""

    def forward(self, x: Tensor) -> Tensor:
        shown: Tensor = super().forward(x) / (x.flatten(1).sum(1, keepdim=True) > 0)
        return shown


@pytest.fixture
def with_black(tmp_path: Path) -> Path:
    """Noise, and a black picture, of which a path from its blur has no length."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for index in range(4):
        pixels = np.random.default_rng(index).integers(1, 256, (SIDE, SIDE, 3), np.uint8)
        Image.fromarray(pixels * (index > 0)).save(folder / f"{index}.png")
    return folder


def test_what_is_not_defined_says_why(with_black: Path, tmp_path: Path) -> None:
    linear = dx.wrap(
        LinearPictures(weights_of_pictures()), classes=["a", "b"], input_shape=(3, SIDE, SIDE)
    )
    names, metrics = ("integrated-gradients", "saliency"), ("deletion", "completeness")
    found = dx.quality_many(linear, with_black, names, metrics, out=tmp_path / "out")
    black, other, *more = rows(found.folder)
    assert black["error"] is None and black["class"] is not None and found.refused == 0
    assert black["deletion"] is None
    assert str(black["deletion_why"]).startswith("all values of the map are 0")
    assert other["deletion"] is not None and other["completeness"] is None
    assert "Saliency" in str(other["completeness_why"])
    one, complete, _, none = found.measured
    assert (one.n, one.undefined, one.why) == (3, 1, black["deletion_why"])
    assert one.told.endswith(f"Undefined in 1: {one.why}.")
    values = [row["deletion"] for row in more if row["method"] == "integrated-gradients"]
    assert one.mean == np.mean(np.array(values, np.float64)) and one.low is not None
    assert complete.mean == pytest.approx(0, abs=1e-5) and complete.n == 3
    assert (none.mean, none.n, none.undefined) == (None, 0, 4)
    assert none.told == f"Completeness: not measured; {none.why}."


def test_scores_that_are_no_numbers_are_told(with_black: Path, tmp_path: Path) -> None:
    divided = dx.wrap(
        Divided(weights_of_pictures()), classes=["a", "b"], input_shape=(3, SIDE, SIDE)
    )
    found = dx.quality_many(divided, with_black, "saliency", "sparseness", out=tmp_path / "out")
    assert found.problems == ("0.png gets scores that are not finite",)
    assert (found.refused, found.measured[0].n, found.measured[0].undefined) == (1, 3, 0)


def test_the_usual_metrics_do_not_ask_the_method_again(folder: Path, tmp_path: Path) -> None:
    found = measured(folder, tmp_path / "out", (), metrics=(), params={})
    families = {METRICS[one.metric].family for one in found.measured}
    assert found.method == "grad-cam" and families == {"faithfulness", "complexity"}
    assert len(found.measured) >= 8 and all(one.mean is not None for one in found.measured)


def test_no_method_is_called_as_a_metric_is() -> None:
    """Parameters are given by either's name."""
    assert set(METHODS) & set(METRICS) == set()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"methods": "rice"}, 'unknown method "rice".*rise'),
        ({"metrics": "deletio"}, 'unknown metric "deletio".*deletion'),
        ({"metrics": "comprehensiveness"}, "Comprehensiveness is not for a picture"),
        ({"metrics": "pointing-game"}, "Pointing game cannot be measured here: where the evidence"),
        ({"metrics": "label-randomisation"}, "Random labels cannot be measured here"),
        ({"methods": "attention-rollout", "params": {}}, "attention"),
        ({"params": {"lime": {"samples": 9}}}, 'parameters are given of "lime", which is not ask'),
        ({"params": {"deletion": 3}}, 'parameters of "deletion" are 3; values by name are'),
        ({"params": {"rise": {"sample": 9}}}, 'unknown parameter "sample"'),
        ({"params": {"deletion": {"points": -1}}}, "points is .-1.; it takes a whole number"),
        ({"seed": -1}, "seed is -1; a whole number from 0 to"),
        ({"shard": 0}, "shard is 0; 1 to 4,096 is accepted"),
        ({"on": "moon"}, 'on is "moon"; local or ray is accepted'),
    ],
)
def test_what_cannot_be_is_one_sentence(
    folder: Path, tmp_path: Path, more: dict[str, object], words: str
) -> None:
    with pytest.raises(dx.DlexplainError, match=words):
        measured(folder, tmp_path / "out", **more)  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"metrics": "deletion"}, "its method is quality of rise and saliency by deletion, infi"),
        ({"methods": "rise"}, "its method is quality of rise and saliency by .*, not quality of"),
        ({"seed": 0}, "its method had other parameters"),
        ({"shard": 4}, "its shards have 5 pictures, not 4"),
    ],
)
def test_answers_to_another_question_are_left_alone(
    folder: Path, whole: MeasuredMany, more: dict[str, object], words: str
) -> None:
    only = {"metrics": METRICS_ASKED, "methods": NAMES, **more}
    names = (*np.atleast_1d(only["metrics"]), *np.atleast_1d(only["methods"]))  # type: ignore[arg-type]
    more = {"params": {key: value for key, value in PARAMS.items() if key in names}, **more}
    with pytest.raises(BadInput, match=words):
        measured(folder, whole.folder, resume=True, **more)  # type: ignore[arg-type]


def test_the_command_prints_what_was_found(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["quality-many", str(folder), "--model", MODEL, "--out", str(tmp_path / "out")]
    words += ["--method", "saliency", "--metric", "deletion", "--metric", "sparseness"]
    assert main([*words, "--set", "deletion.points=8"]) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("dlexplain: 7/bad.png is text, not a picture")
    assert printed.err.count("7/bad.png") == 1
    lines = printed.out.splitlines()
    assert lines[0].endswith(f": {COUNT} pictures, Saliency by digits-cnn")
    assert "  saliency, means over pictures with 95% intervals:" in lines
    assert any(line.startswith("    Deletion: ") and "n = 11" in line for line in lines)
    assert main([*words, "--set", "deletion.points=8", "--resume", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["pictures"], told["earlier"]) == (COUNT, COUNT)
    assert [one["metric"] for one in told["measured"]] == ["deletion", "sparseness"]
    assert main([*words, "--set", "points=8"]) == 2
    assert "--set takes NAME.KEY=VALUE, such as" in capsys.readouterr().err
    assert main([*words, "--resume"]) == 2
    assert "its method had other parameters" in capsys.readouterr().err
