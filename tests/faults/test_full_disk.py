"""Each write, on a disk without room: what was there before stays whole, what is lost is told in a
sentence, and what is only kept to save time stops nothing."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

import dlexplain.figures.reports  # noqa: F401, registers them
from dlexplain.data.class_folders import _keep
from dlexplain.errors import BadInput, StatesError
from dlexplain.execution import ended, journal, mending, paths
from dlexplain.execution.files import append_lines, whole_lines, write_whole
from dlexplain.execution.journal import Point
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import States
from dlexplain.explainers.batching import BatchSizes
from dlexplain.services import cluster
from dlexplain.services.kept import ANSWERS, KeptAnswers, KeptQuestion
from dlexplain.services.reporting import store as reports
from dlexplain.services.sweeps.spec import sweep_spec
from dlexplain.services.sweeps.store import SweepFiles
from dlexplain.services.training.presets import PRESETS
from dlexplain.settings import read_chosen, settings
from tests.faults.rooms import no_room
from tests.reports import text_report

SPEC = RunSpec("classify-image", "cnn", "digits")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DLEXPLAIN_HOME", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    settings.cache_clear()


def parts(home: Path) -> list[Path]:
    """Halves of files that were left behind."""
    return [file for file in home.rglob("*") if file.name.endswith((".part", ".new", ".part.npz"))]


def test_a_file_is_whole_or_as_it_was(home: Path) -> None:
    write_whole(home / "a", b"before")
    with no_room(), pytest.raises(OSError, match="File too large"):
        write_whole(home / "a", b"after, and longer")
    assert (home / "a").read_bytes() == b"before"
    assert parts(home) == []


def test_lines_are_added_whole_or_not_at_all(home: Path) -> None:
    append_lines(home / "a", ["first"])
    with no_room(), pytest.raises(OSError, match="File too large"):
        append_lines(home / "a", ["second", "third"])
    append_lines(home / "a", ["fourth"])
    assert whole_lines(home / "a")[0] == [b"first", b"fourth"]


def test_the_states_of_runs(home: Path) -> None:
    states = States(paths.states_file(home))
    row = states.add(SPEC)
    with no_room(), pytest.raises(StatesError, match="make room on its disk"):
        states.add(SPEC)
    assert [one.id for one in states.all()] == [row.id]
    assert states.move(row.id, "cancelled", "").state == "cancelled"
    assert states.add(SPEC).number == row.number + 1


def test_the_metrics_of_a_run(home: Path) -> None:
    journal.append(home, "abcd1234", [Point("train/loss", 0.5, 1, 1.0)])
    with no_room(), pytest.raises(OSError, match="File too large"):
        journal.append(home, "abcd1234", [Point("train/loss", 0.4, 2, 2.0)])
    journal.append(home, "abcd1234", [Point("train/loss", 0.3, 3, 3.0)])
    assert [p.value for p in journal.history(home, "abcd1234", "train/loss")] == [0.5, 0.3]


def test_what_is_a_second_copy_stops_nothing(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    row = States(paths.states_file(home)).add(SPEC)
    with no_room():
        mending.copy_row(home, {"id": "x"}, [])
        ended.note_end(home, row, "finished", "")
    assert "run x is in the states file only" in caplog.text
    assert "how the run ended is only in the states file" in caplog.text
    assert parts(home) == []


class Question(KeptQuestion):
    words: ClassVar = {}


class Answers(KeptAnswers[Question]):
    asked = Question


WRITES: dict[str, Callable[[Answers], object]] = {
    "begin": lambda answers: Answers(answers.folder / "new").begin(Question(), {}, False),
    "append": lambda answers: answers.append([{"place": 2}]),
    "finish": lambda answers: answers.finish(answers.folder / "result.json", {"a": 1}),
}


@pytest.mark.parametrize("write", WRITES)
def test_the_answers_of_a_job(home: Path, write: str) -> None:
    answers = Answers(home / "job")
    with answers.held():
        answers.begin(Question(), {}, False)
        answers.append([{"place": 1}])
        (answers.folder / "new").mkdir()
        with no_room(), pytest.raises(BadInput, match="cannot be written: File too large"):
            WRITES[write](answers)
    assert (answers.folder / ANSWERS).read_bytes() == b'{"place": 1}\n'
    assert not (answers.folder / "result.json").exists()
    assert parts(home) == []


def test_reports(home: Path) -> None:
    kept = reports.keep(text_report(), "first")
    with no_room():
        with pytest.raises(BadInput, match="cannot be written"):
            reports.keep(text_report(), "second")
        with pytest.raises(BadInput, match="cannot be written"):
            reports.rename_report(kept.id, "other")
    assert [one.name for one in reports.kept_reports()] == ["first"]
    assert reports.open_report(kept.id).to_dict() == text_report().to_dict()
    assert reports.damaged_reports() == ()


def test_a_sweep_begins_or_is_not_there(home: Path) -> None:
    spec = sweep_spec(PRESETS["digits-cnn"].spec, ["width=8,16"])
    with no_room(), pytest.raises(OSError, match="File too large"):
        SweepFiles.make(home, "abcd1234", spec)
    assert not paths.sweep_spec_file(home, "abcd1234").exists()  # so that no list has it


def test_the_cluster_that_was_chosen_stays(home: Path) -> None:
    cluster.choose_cluster("192.0.2.1:6379")
    with no_room(), pytest.raises(OSError, match="File too large"):
        cluster.choose_cluster("192.0.2.2:6379")
    assert read_chosen(home) == ("192.0.2.1:6379", "")


@dataclass
class Prepared:
    fingerprint: str = "x"

    class device:  # noqa: N801, as torch's
        type = "cpu"


def test_an_explanation_needs_no_room_for_what_it_measured(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = BatchSizes(home / "chunks.json")
    monkeypatch.setattr(BatchSizes, "_key", staticmethod(lambda model, kind: kind))
    with no_room():
        sizes.lower(Prepared(), "forward", 4)  # type: ignore[arg-type]
        assert sizes.get(Prepared(), "forward") == 4  # type: ignore[arg-type]
    assert list(home.iterdir()) == []


def test_decoded_pictures_need_not_be_kept(home: Path) -> None:
    with no_room():
        _keep(home / "data" / "pictures.npz", pixels=np.zeros((4, 8, 8, 3), np.uint8))
    assert [file for file in home.rglob("*") if file.is_file()] == []
