"""Many pictures: each gets what it gets by itself; a job that ends early goes on; nothing twice."""

import csv
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

import dlexplain as dx
import dlexplain.services.pictures.folder as service
from dlexplain.errors import BadInput, Cancelled, DataError
from dlexplain.execution.paths import folders_folder
from dlexplain.figures.folders import contact_sheet
from dlexplain.results import ExplainedFolder
from dlexplain.services.pictures.cards import rivals
from dlexplain.services.pictures.folder_bundle import folder_zip, repeat
from dlexplain.services.pictures.folder_work import FolderWork, truth_of
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.settings import settings
from tests.digit_files import digits_folder, digits_zip

COUNT = 40


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return dx.load("digits-cnn")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return digits_folder(tmp_path / "in", COUNT, {"7/bad.png": b"no picture", "about.txt": b"x"})


def lines(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / "answers.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("method", "params"),
    [("grad-cam", {}), ("saliency", {"absolute": False}), ("occlusion", {"window": 4})],
)
def test_each_picture_gets_what_it_gets_by_itself(
    model: LoadedModel, folder: Path, tmp_path: Path, method: str, params: dict[str, int]
) -> None:
    found = dx.explain_folder(model, folder, method, tmp_path / "out", **params)
    assert len(found.answers) == COUNT
    for answer in found.answers[::7]:
        alone = dx.explain(model, folder / answer.name, method, **params)
        values, view = found.load(answer)
        scale = np.abs(alone.heatmap).max()
        np.testing.assert_allclose(values, alone.heatmap, rtol=1e-3, atol=1e-5 * scale)
        assert np.array_equal(view, alone.picture)
        assert (answer.digest, answer.size) == (alone.picture_digest, (8, 8))
        scores = dx.predict(model, folder / answer.name, top=10).scores
        assert answer.top.name == scores[0].name
        assert answer.top.probability == pytest.approx(scores[0].probability, abs=1e-5)
        p = np.array([score.probability for score in scores])
        assert answer.entropy == pytest.approx(-(p * np.log2(p + 1e-30)).sum(), abs=1e-4)
        assert (found.params, found.unit, found.signed) == (alone.params, alone.unit, alone.signed)


def test_folders_give_the_truth_and_what_cannot_be_read_is_told(
    model: LoadedModel, folder: Path, tmp_path: Path
) -> None:
    found = dx.explain_folder(model, folder, out=tmp_path / "out")
    assert [one.truth.label for one in found.answers if one.truth] == [
        one.name.partition("/")[0] for one in found.answers
    ]
    right = sum(one.right is True for one in found.answers)
    assert found.accuracy == right / COUNT
    assert found.accuracy_told.endswith(f"n = {COUNT}")
    assert [told[:23] for told in found.refused] == ["7/bad.png is text, not "]
    assert found.skipped == ("1 file is left out, not named as pictures are",)
    assert (found.total, found.earlier) == (COUNT + 1, 0)
    assert found.orders == ("name", "least", "most", "entropy", "wrong")


def test_orders(model: LoadedModel, folder: Path, tmp_path: Path) -> None:
    found = dx.explain_folder(model, folder, out=tmp_path / "out", rival="mnist-cnn")
    for order, key in (
        ("least", lambda a: a.top.probability), ("most", lambda a: -a.top.probability),
        ("entropy", lambda a: -a.entropy), ("disagreement", lambda a: -a.disagreement),
        ("name", lambda a: a.name), ("wrong", lambda a: a.right is True),
    ):  # fmt: skip
        keys = [key(answer) for answer in found.ordered(order)]
        assert keys == sorted(keys), order


def test_a_rival_is_compared(model: LoadedModel, folder: Path, tmp_path: Path) -> None:
    found = dx.explain_folder(model, folder, out=tmp_path / "out", rival="mnist-cnn")
    for answer in found.answers[::11]:
        theirs = dx.predict("mnist-cnn", folder / answer.name, top=10).scores
        assert answer.rival is not None
        assert answer.rival.name.label == theirs[0].name.label
        p, q = np.zeros(10), np.zeros(10)
        for values, scores in (
            (p, dx.predict(model, folder / answer.name, top=10).scores), (q, theirs),
        ):  # fmt: skip
            for score in scores:
                values[score.name.index] = score.probability
        m = (p + q) / 2

        def kl(a: np.ndarray, b: np.ndarray) -> float:
            some = a > 0
            return float((a[some] * np.log2(a[some] / b[some])).sum())

        assert answer.disagreement == pytest.approx((kl(p, m) + kl(q, m)) / 2, abs=1e-3)
    assert found.rival_accuracy_told and found.agreement_told
    itself = dx.explain_folder(model, folder, out=tmp_path / "same", rival=model)
    assert max(answer.disagreement or 0 for answer in itself.answers) < 1e-9


def test_a_rival_of_other_classes_is_one_sentence(model: LoadedModel, folder: Path) -> None:
    with pytest.raises(BadInput, match=r"cifar10-cnn tells 10 classes of .* apart, digits-cnn"):
        dx.explain_folder(model, folder, rival="cifar10-cnn")
    offered = {entry.name for entry in rivals("digits-cnn", [c.label for c in model.classes])}
    assert "mnist-cnn" in offered
    assert not offered & {"digits-cnn", "cifar10-cnn", "efficientnet-lite0"}


def test_truth_is_a_label_or_a_wordnet_id(model: LoadedModel) -> None:
    imagenet = dx.load()
    for folder, label in (
        ("n02123045", "tabby"), ("tabby", "tabby"), ("Egyptian_cat", "Egyptian cat"), ("281", None),
        ("cats", None), ("", None), ("crane", None), ("+3", None),
    ):  # fmt: skip
        found = truth_of(imagenet, folder)
        assert (found.label if found else None) == label, folder
    assert truth_of(model, "7") == model.classes[7]
    assert truth_of(model, "10") is None


class Stop(Exception):
    """Ends a job as a fault does."""


def stopped_after(
    batches: int, monkeypatch: pytest.MonkeyPatch, asked: list[str], error: Exception
) -> None:
    """The names that are asked are noted; after so many batches the job ends."""
    answer = FolderWork.answer

    def counted(self: FolderWork, batch: list[service.Seen], progress: dx.Progress) -> object:
        if len(asked) >= batches * 4:
            raise error
        asked.extend(seen.name for seen in batch)
        return answer(self, batch, progress)

    monkeypatch.setattr(FolderWork, "answer", counted)
    monkeypatch.setattr(FolderWork, "at_once", 4)


@pytest.mark.parametrize("error", [Stop("a fault"), Cancelled("the user stopped it")])
def test_a_job_that_ended_goes_on_and_does_nothing_twice(
    model: LoadedModel, folder: Path, tmp_path: Path, error: Exception
) -> None:
    whole = dx.explain_folder(model, folder, out=tmp_path / "whole")
    first: list[str] = []
    with pytest.MonkeyPatch.context() as patched:
        stopped_after(4, patched, first, error)
        with pytest.raises(type(error)):
            dx.explain_folder(model, folder, out=tmp_path / "out")
    kept = [line["name"] for line in lines(tmp_path / "out") if "name" in line]
    assert sorted(kept) == sorted(first) and len(first) == 16
    second: list[str] = []
    told: list[int] = []
    with pytest.MonkeyPatch.context() as patched:
        stopped_after(10**6, patched, second, error)
        found = dx.explain_folder(
            model, folder, out=tmp_path / "out", resume=True,
            progress=dx.Progress(report=lambda now: told.append(now.done)),
        )  # fmt: skip
    assert not set(first) & set(second)
    assert sorted(first + second) == sorted(answer.name for answer in whole.answers)
    assert told[0] == found.earlier >= 16 and told[-1] == COUNT + 1
    same(found, whole)


def same(found: ExplainedFolder, whole: ExplainedFolder) -> None:
    assert found.refused == whole.refused
    for one, other in zip(found.answers, whole.answers, strict=True):
        assert (one.name, one.top.name, one.truth) == (other.name, other.top.name, other.truth)
        assert one.top.probability == pytest.approx(other.top.probability, rel=1e-5)
        assert one.entropy == pytest.approx(other.entropy, rel=1e-3, abs=1e-6)
        values, expected = found.load(one)[0], whole.load(other)[0]
        np.testing.assert_allclose(values, expected, rtol=1e-3, atol=1e-5 * expected.max())


def test_what_is_there_is_not_written_over_without_being_asked(
    model: LoadedModel, folder: Path, tmp_path: Path
) -> None:
    dx.explain_folder(model, folder, out=tmp_path / "out")
    with pytest.raises(BadInput, match="has answers of an earlier job; resume it"):
        dx.explain_folder(model, folder, out=tmp_path / "out")


def test_another_question_is_refused_with_one_sentence(
    model: LoadedModel, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    dx.explain_folder(model, folder, out=out)

    def refused(words: str, model: str = "digits-cnn", **asked: object) -> None:
        with pytest.raises(BadInput, match=f"answers to another question: {words}"):
            dx.explain_folder(model, folder, **{"out": out, "resume": True, **asked})  # type: ignore[arg-type]

    refused("its model is digits-cnn, not mnist-cnn", model="mnist-cnn")
    refused("its method is grad-cam, not saliency", method="saliency")
    refused("its method had other parameters", positive=False)
    refused("its pictures were fitted by crop, not by pad", fit="pad")
    refused("its rival is none, not mnist-cnn", rival="mnist-cnn")
    (folder / "7" / "new.png").write_bytes((folder / "0" / "0000.png").read_bytes())
    refused("its pictures were others, or have changed since")


def test_other_weights_of_the_same_name_are_seen(folder: Path, tmp_path: Path) -> None:
    import torch

    def wrapped(seed: int) -> LoadedModel:
        torch.manual_seed(seed)
        net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 2))
        found: LoadedModel = dx.wrap(net, ["a", "b"], (1, 8, 8), name="mine")
        return found

    dx.explain_folder(wrapped(0), folder, "saliency", tmp_path / "out")
    with pytest.raises(BadInput, match="its model had other weights"):
        dx.explain_folder(wrapped(1), folder, "saliency", tmp_path / "out", resume=True)


def test_damaged_lines_and_missing_maps_are_done_again(
    model: LoadedModel, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    whole = dx.explain_folder(model, folder, out=out)
    file = out / "answers.jsonl"
    text = file.read_text().splitlines()
    text[3] = text[3][:20]
    text[4] = json.dumps({**json.loads(text[4]), "top": [99, 0.5]})
    file.write_text("\n".join(text) + '\n{"place": 5, "na')
    found = dx.explain_folder(model, folder, out=out, resume=True)
    assert found.earlier == COUNT + 1 - 2
    same(found, whole)
    for array in (out / "maps").glob("*.npy"):
        array.write_bytes(array.read_bytes()[:50])
    found = dx.explain_folder(model, folder, out=out, resume=True)
    assert found.earlier == 1  # what could not be read
    same(found, dx.explain_folder(model, folder, out=tmp_path / "other"))


def test_a_folder_in_use_and_one_that_cannot_be_written_are_refused(
    model: LoadedModel, folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with FileLock(out / ".lock"):
        with pytest.raises(BadInput, match="another job is writing to"):
            dx.explain_folder(model, folder, out=out)
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(BadInput, match="file/out cannot be written: "):
        dx.explain_folder(model, folder, out=tmp_path / "file" / "out")


def test_no_room_on_the_disk_is_told_first(
    model: LoadedModel, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import dlexplain.services.pictures.folder_store as store

    usage = store.shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(store.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(BadInput, match=r"41 maps need .* GB, but 0\.0 GB are free"):
        dx.explain_folder(model, folder, out=tmp_path / "out")


def test_nothing_that_can_be_read_is_one_sentence(model: LoadedModel, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"none of the 1 pictures of .* can be read: a\.png is"):
        dx.explain_folder(model, tmp_path, out=tmp_path / "out")


def test_without_a_folder_of_its_own_a_question_is_gone_on_with_and_old_ones_go(
    model: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "KEPT", 2)
    root = folders_folder(settings().home)
    for count in (3, 4, 5, 6):
        found = dx.explain_folder(model, digits_zip(count))
        assert found.earlier == 0 and found.folder.parent == root
    assert dx.explain_folder(model, digits_zip(6)).earlier == 6
    assert len([path for path in root.iterdir() if path.is_dir()]) <= 3


def test_the_answers_grow_as_they_come(
    model: LoadedModel, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "KEEP_SECONDS", 0.0)
    monkeypatch.setattr(FolderWork, "at_once", 10)
    grown: list[ExplainedFolder] = []
    dx.explain_folder(model, folder, out=tmp_path / "out", tell=grown.append)
    counts = [len(now.answers) for now in grown]
    assert counts == sorted(counts) and {10, 20, 30, 40} <= set(counts)
    assert grown[0].load(grown[0].answers[0])[0].shape == (8, 8)


def test_the_zip_has_everything_to_repeat_it(
    model: LoadedModel, folder: Path, tmp_path: Path
) -> None:
    found = dx.explain_folder(model, folder, out=tmp_path / "out", fit="pad")
    with zipfile.ZipFile(io.BytesIO(folder_zip(found, contact_sheet(found), b"report"))) as made:
        rows = list(csv.DictReader(io.StringIO(made.read("answers.csv").decode())))
        told = json.loads(made.read("recipe.json"))
        assert made.read("report.html") == b"report"
        for row, answer in zip(rows[::9], found.answers[::9], strict=True):
            maps = np.load(io.BytesIO(made.read(row["map_file"])), allow_pickle=False)
            assert np.array_equal(maps[int(row["map_row"])], found.load(answer)[0])
            assert (row["picture"], row["class"]) == (answer.name, answer.top.name.label)
            assert row["verdict"] == answer.verdict
    assert told["question"]["model_fingerprint"] == model.prepared.fingerprint
    assert told["repeat"] == repeat(found)
    assert "--model digits-cnn --method grad-cam --fit pad --set layer=features.6" in repeat(found)
