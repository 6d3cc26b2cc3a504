"""Pictures explained in shards: the same here and on a real Ray cluster, whatever is killed."""

import json
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.data.picture_files import find_pictures
from dlexplain.errors import BadInput, Cancelled, DataError, RunError
from dlexplain.execution.clusters.connecting import connect
from dlexplain.execution.clusters.pool import Pool
from dlexplain.results import AttackedMany, ExplainedMany
from dlexplain.services.many.job import found_model
from dlexplain.services.many.rows import map_of
from dlexplain.settings import settings
from tests.digit_files import digits_folder
from tests.execution.clusters import TestCluster
from tests.execution.many import in_process, killed_after_a_shard, rows, shards

COUNT, SHARD, MODEL = 20, 5, "digits-cnn"
METHOD = ("rise", {"samples": 400})
"""Long enough to be killed in the middle."""
pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One of its files is no picture."""
    return digits_folder(tmp_path_factory.mktemp("in"), COUNT - 1, {"7/bad.png": b"no picture"})


def explained(folder: Path, out: Path, **more: object) -> ExplainedMany:
    given = {"method": METHOD[0], "shard": SHARD, **METHOD[1], **more}
    return dx.explain_many(MODEL, folder, out=out, **given)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def whole(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> ExplainedMany:
    """Explained here without any fault."""
    torch.set_num_threads(1)
    return explained(folder, tmp_path_factory.mktemp("whole"))


def assert_each_once(found: ExplainedMany, folder: Path) -> None:
    names = [row["name"] for row in rows(found.folder)]
    assert names == sorted(f.relative_to(folder).as_posix() for f in folder.rglob("*.png"))
    assert len(set(names)) == COUNT == found.pictures


def test_each_row_is_what_explain_says_of_the_picture(folder: Path, whole: ExplainedMany) -> None:
    assert_each_once(whole, folder)
    assert (whole.shards, whole.refused, whole.known, whole.earlier) == (4, 1, COUNT - 1, 0)
    assert whole.accuracy_told.endswith(f"n = {COUNT - 1}")
    for row in rows(whole.folder)[::6]:
        file = folder / str(row["name"])
        alone = dx.explain(MODEL, file, METHOD[0], **METHOD[1])  # type: ignore[arg-type]
        scale = abs(alone.heatmap).max()
        assert abs(map_of(row) - alone.heatmap).max() <= 1e-3 * scale
        assert row["map_max"] == pytest.approx(alone.heatmap.max(), rel=1e-4)
        assert row["map_mean"] == pytest.approx(alone.heatmap.mean(), rel=1e-3)
        scores = {s.name.index: s.probability for s in dx.predict(MODEL, file, top=10).scores}
        assert row["probabilities"] == pytest.approx([scores[i] for i in range(10)], abs=1e-5)
        assert row["probability"] == pytest.approx(max(scores.values()), abs=1e-5)
        assert (row["class_index"], row["error"]) == (max(scores, key=scores.__getitem__), None)
    (refused,) = [row for row in rows(whole.folder) if row["error"] is not None]
    assert str(refused["error"]).startswith("7/bad.png is text, not a picture")
    assert refused["name"] == "7/bad.png" and refused["map"] is None
    assert whole.problems == (refused["error"],)
    told = json.loads((whole.folder / "manifest.json").read_text())
    assert (told["rows"], told["refused"], told["digest"]) == (COUNT, 1, whole.digest)
    assert [each["rows"] for each in told["shards"]] == [5, 5, 5, 5]


def test_a_worker_on_the_cluster_is_killed_and_all_is_as_here(
    folder: Path, whole: ExplainedMany, tmp_path: Path, cluster: TestCluster, on_ray: str
) -> None:
    killed: list[int] = []

    def kill(now: object) -> None:
        there = cluster.workers("ray::Workplace")
        if not killed and there:
            killed.append(there[0].pid)
            there[0].kill()

    found = explained(folder, tmp_path / "out", on="ray", progress=dx.Progress(report=kill))
    assert len(killed) == 1 and len(found.lost) == 1
    assert " died" in found.lost[0] and " another" in found.lost[0]
    assert (found.on, found.workers, found.earlier, found.damaged) == ("ray", 2, 0, 0)
    assert_each_once(found, folder)
    assert shards(found) == shards(whole)
    assert found.digest == whole.digest
    psutil.wait_procs(cluster.workers("ray::Workplace"), 30)
    assert cluster.workers("ray::Workplace") == []


def test_a_killed_driver_is_gone_on_with_here(
    folder: Path, whole: ExplainedMany, tmp_path: Path, on_ray: str
) -> None:
    out = tmp_path / "out"
    words = ["explain-many", str(folder), "--model", MODEL, "--method", METHOD[0]]
    words += ["--set", f"samples={METHOD[1]['samples']}", "--shard", str(SHARD)]
    killed_after_a_shard([*words, "--on", "ray", "--workers", "1"], out)
    with pytest.raises(BadInput, match="has answers of an earlier job"):
        explained(folder, out)
    found = explained(folder, out, resume=True)
    assert 0 < found.earlier < COUNT and found.earlier % SHARD == 0
    assert_each_once(found, folder)
    assert shards(found) == shards(whole)


def test_a_task_that_kills_its_workers_is_given_up(on_ray: str) -> None:
    ray = connect(on_ray)
    try:
        pool = Pool(ray, on_ray, "tests.execution.poisoned:poisoned", {"deadly": 1}, 1, 1)
        notes: list[str] = []
        done: list[tuple[int, bytes]] = []
        with pytest.raises(RunError, match=r"shard 1 has cost 3 workers, the last one on node "):
            done.extend(pool.results(((n, n) for n in range(3)), lambda: None, notes.append))
        assert done == [(0, b"0")] and len(notes) == 2
        with pytest.raises(RunError, match="No module named 'nobody'"):
            list(Pool(ray, on_ray, "nobody:x", {}, 1, 1).results([(0, 0)], lambda: None, print))
        with pytest.raises(RunError, match="no node of the cluster at .* has 64 processors"):
            Pool(ray, on_ray, "nobody:x", {}, 1, 64)
    finally:
        ray.shutdown()


def flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_damaged_shards_are_done_again(folder: Path, whole: ExplainedMany, tmp_path: Path) -> None:
    found = explained(folder, tmp_path / "out")
    file = found.folder / "shards/000000.parquet"
    faults: list[Callable[[], object]] = [
        lambda: flipped(file), lambda: file.write_bytes(file.read_bytes()[:99]), file.unlink,
    ]  # fmt: skip
    for fault in faults:
        fault()
        again = explained(folder, found.folder, resume=True)
        assert (again.damaged, again.earlier) == (1, COUNT - SHARD)
        assert shards(again) == shards(whole)
    lines = (found.folder / "answers.jsonl").read_text().splitlines()
    (found.folder / "answers.jsonl").write_text("\n".join(["{", *lines[1:3], '{"shard": 1}', ""]))
    again = explained(folder, found.folder, resume=True)
    assert shards(again) == shards(whole) and again.digest == whole.digest


def test_a_cancelled_job_goes_on(folder: Path, whole: ExplainedMany, tmp_path: Path) -> None:
    done: list[int] = []
    stopping = dx.Progress(
        report=lambda now: done.append(now.done), cancelled=lambda: bool(done and done[-1] >= 12)
    )
    with pytest.raises(Cancelled):
        explained(folder, tmp_path / "out", progress=stopping)
    counts: list[int] = []
    going = dx.Progress(report=lambda now: counts.append(now.done))
    found = explained(folder, tmp_path / "out", resume=True, progress=going)
    assert found.earlier == 10
    assert counts == list(range(10, COUNT + 1))
    assert shards(found) == shards(whole)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"on": "moon"}, 'on is "moon"; local or ray is accepted'),
        ({"shard": 0}, "shard is 0; 1 to 4,096 is accepted"),
        ({"workers": -1}, "workers is -1; 0 to"),
        ({"cpus": 0}, "cpus is 0; 1 to 1,024 is accepted"),
    ],
)
def test_what_cannot_be_is_one_sentence(
    folder: Path, tmp_path: Path, more: dict[str, object], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        explained(folder, tmp_path / "out", **more)
    assert not (tmp_path / "out").exists()


def test_faults_around_it_are_one_sentence(
    folder: Path, whole: ExplainedMany, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RunError, match="no cluster is known; set DLEXPLAIN_RAY"):
        explained(folder, tmp_path / "out", on="ray")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="empty has no picture"):
        explained(tmp_path / "empty", tmp_path / "out")
    for more, words in (
        ({"shard": 4}, "its shards have 5 pictures, not 4"),
        ({"samples": 30}, "its method had other parameters"),
        ({"method": "saliency", "samples": None}, "its method is rise, not saliency"),
    ):
        given = {key: value for key, value in {**METHOD[1], **more}.items() if value is not None}
        given = {"method": METHOD[0], "shard": SHARD, **given}
        with pytest.raises(BadInput, match=words):
            dx.explain_many(MODEL, folder, out=whole.folder, resume=True, **given)  # type: ignore[arg-type]
    pytest.importorskip("ray", reason="pip install -r requirements-ray.txt")
    monkeypatch.setenv("DLEXPLAIN_RAY", "127.0.0.1:9")
    settings.cache_clear()
    try:
        with pytest.raises(RunError, match="no Ray cluster answers at 127.0.0.1:9"):
            explained(folder, tmp_path / "out", on="ray")
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_more_pictures_are_accepted_than_on_a_page(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DLEXPLAIN_MAX_FOLDER_PICTURES", "3")
    settings.cache_clear()
    try:
        with pytest.raises(DataError, match="more than 3 pictures"):
            find_pictures(folder)
        assert len(find_pictures(folder, most=COUNT).files) == COUNT
        with pytest.raises(DataError, match="more than 19 pictures"):
            find_pictures(folder, most=COUNT - 1)
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_the_command_prints_what_was_found(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["explain-many", str(folder), "--model", MODEL, "--out", str(tmp_path / "out")]
    assert main(words) == 1
    printed = capsys.readouterr()
    assert printed.err.startswith("dlexplain: 7/bad.png is text, not a picture")
    assert printed.out.splitlines()[0].endswith(": 20 pictures, Grad-CAM by digits-cnn")
    assert "Without an answer: 1" in printed.out and "1 file in shards/" in printed.out
    assert main(words) == 2
    assert "has answers of an earlier job; resume it" in capsys.readouterr().err
    assert main([*words, "--resume", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["pictures"], told["earlier"], told["refused"]) == (COUNT, COUNT, 1)
    assert main([*words, "--resume", "--set", "steps=3"]) == 2
    assert 'unknown parameter "steps"' in capsys.readouterr().err


def attacked(folder: Path, out: Path, **more: object) -> AttackedMany:
    given = {"method": "pgd", "epsilon": 0.1, "steps": 5, "shard": SHARD, **more}
    return dx.attack_many(MODEL, folder, out=out, **given)  # type: ignore[arg-type]


def test_each_row_is_what_attack_says_of_the_picture(folder: Path, tmp_path: Path) -> None:
    found = attacked(folder, tmp_path / "out")
    told = rows(found.folder)
    assert [row["name"] for row in told] == sorted(
        f.relative_to(folder).as_posix() for f in folder.rglob("*.png")
    )
    answered = [row for row in told if row["error"] is None]
    for row in answered[::4]:
        name = str(row["name"])
        alone = dx.attack(MODEL, folder / name, "pgd", epsilon=0.1, label=name[0], steps=5)
        assert (row["success"], row["already_misclassified"]) == (alone.success, alone.already)
        assert (row["class"], row["truth"]) == (alone.before[0].name.label, name[0])
        assert row["after_class"] == alone.after[0].name.label
        assert row["after_probability"] == pytest.approx(alone.after[0].probability, abs=1e-6)
        assert (row["linf"], row["l2"]) == pytest.approx((alone.linf, alone.l2), abs=1e-6)
        assert (row["pixels"], row["evaluations"]) == (alone.pixels, alone.evaluations)
    assert (found.refused, len(answered)) == (1, COUNT - 1)
    right = [row for row in answered if row["class"] == row["truth"]]
    assert (found.right, found.attacked) == (len(right), len(right))
    assert 0 < found.fooled == sum(bool(row["success"]) for row in right)
    assert found.robust_told.endswith(f"n = {COUNT - 1}")
    assert found.budget_told == "25.5/255 in L∞"
    with pytest.raises(BadInput, match="its method had other parameters"):
        attacked(folder, found.folder, epsilon=0.2, resume=True)
    with pytest.raises(BadInput, match="its method is attack pgd, not attack fgsm"):
        dx.attack_many(
            MODEL, folder, "fgsm", out=found.folder, epsilon=0.1, shard=SHARD, resume=True
        )


@pytest.mark.parametrize("job", [explained, attacked])
def test_what_a_worker_makes_of_what_it_is_sent_is_what_is_made_here(
    job: Callable[..., ExplainedMany | AttackedMany],
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = job(folder, tmp_path / "here")
    with in_process(monkeypatch):
        there = job(folder, tmp_path / "there", on="ray")
    assert shards(there) == shards(here) and there.on == "ray"


def test_a_model_with_other_weights_elsewhere_is_refused() -> None:
    with pytest.raises(RunError, match="digits-cnn has other weights here than where the job was"):
        found_model(MODEL, "0" * 16)


@pytest.mark.slow
def test_attacks_on_the_cluster_are_those_of_here(
    folder: Path, tmp_path: Path, cluster: TestCluster, on_ray: str
) -> None:
    there = attacked(folder, tmp_path / "there", on="ray", workers=1)
    here = attacked(folder, tmp_path / "here")
    assert shards(there) == shards(here) and there.digest == here.digest
    assert there.workers == 1 and there.lost == ()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"epsilon": 2}, "the budget is 2; it has to be above 0 and at most 1"),
        ({"norm": "l0", "epsilon": 1}, "keeps a budget in"),
        ({"norm": "l7"}, 'the norm is "l7"'),
        ({"method": "pgf"}, 'unknown attack "pgf"'),
        ({"on": "moon"}, 'on is "moon"'),
    ],
)
def test_an_attack_that_cannot_be_is_one_sentence(
    folder: Path, tmp_path: Path, more: dict[str, object], words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        attacked(folder, tmp_path / "out", **more)
    assert not (tmp_path / "out").exists()


def test_the_command_attacks(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["attack-many", str(folder), "--model", MODEL, "--method", "fgsm"]
    words += ["--epsilon", "25/255", "--out", str(tmp_path / "out")]
    assert main(words) == 1
    printed = capsys.readouterr().out
    assert "Fooled within 25/255 in L∞: " in printed and "Right and not fooled: " in printed
    assert main([*words, "--resume", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["epsilon"] == pytest.approx(25 / 255) and told["earlier"] == COUNT
    assert main([*words, "--resume", "--set", "seed=3"]) == 2
    assert 'unknown parameter "seed"' in capsys.readouterr().err
