"""Checkpoint files: written whole or not at all, damage seen, the newest good one found."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from dlexplain.errors import CheckpointError
from dlexplain.execution.checkpoints import (
    newest_good,
    read_checkpoint,
)
from dlexplain.execution.files import kept_told, remove_parts, saved_step, steps_in, write_whole
from dlexplain.execution.paths import digest_file
from dlexplain.execution.saving import SafeCheckpoints
from tests.execution.full_disk import FullDisk, full_disk


@pytest.fixture(params=[True, False], ids=["tmpfs", "file size limit"])
def disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[FullDisk]:
    with full_disk(tmp_path / "disk", mount=request.param) as disk:
        yield disk


def content(step: int, value: float = 1.0) -> dict[str, Any]:
    weights = torch.full((50_000,), value)
    return {"global_step": step, "state_dict": {"weight": weights, "count": torch.tensor(3)}}


def save(folder: Path, *steps: int) -> list[Path]:
    files = [folder / f"latest-{step}.ckpt" for step in steps]
    for file, step in zip(files, steps, strict=True):
        SafeCheckpoints(pytest.fail).save_checkpoint(content(step), file)
    return files


def truncate(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def flip(file: Path) -> None:
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)


def lose_digest(file: Path) -> None:
    digest_file(file).unlink()


def empty(file: Path) -> None:
    file.write_bytes(b"")


def damage_digest(file: Path) -> None:
    digest_file(file).write_bytes(b"\xff\xfe")


DAMAGES = {
    flip: "is damaged: its digest differs",
    truncate: "is damaged: its digest differs",
    empty: "is damaged: its digest differs",
    lose_digest: "cannot be read (No such file or directory)",
    damage_digest: "cannot be read (its digest is damaged)",
    Path.unlink: "cannot be read (No such file or directory)",
}


def test_there_and_back(tmp_path: Path) -> None:
    (file,) = save(tmp_path / "new", 7)
    read = read_checkpoint(file)
    assert read["global_step"] == 7
    assert (read["state_dict"]["weight"] == 1).all()
    assert sorted(f.name for f in file.parent.iterdir()) == [
        "latest-7.ckpt",
        "latest-7.ckpt.sha256",
    ]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda d: d.__name__)
def test_damage_is_seen(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    (file,) = save(tmp_path, 7)
    damage(file)
    with pytest.raises(CheckpointError) as caught:
        read_checkpoint(file)
    assert str(caught.value) == f"latest-7.ckpt {DAMAGES[damage]}"


def test_code_is_not_run(tmp_path: Path) -> None:
    file = tmp_path / "latest-1.ckpt"
    SafeCheckpoints(pytest.fail).save_checkpoint({"state_dict": {}, "evil": print}, file)
    with pytest.raises(CheckpointError, match="latest-1.ckpt cannot be read: Weights only load"):
        read_checkpoint(file)


def test_the_newest_is_that_of_most_steps(tmp_path: Path) -> None:
    save(tmp_path, 90, 100, 9)
    SafeCheckpoints(pytest.fail).save_checkpoint(content(95), tmp_path / "best-95.ckpt")
    newest = newest_good(tmp_path, pytest.fail)
    assert newest == tmp_path / "latest-100.ckpt"
    assert steps_in(newest)[0] == 100
    assert newest_good(tmp_path / "none", pytest.fail) is None


@pytest.mark.parametrize("damage", [flip, truncate, lose_digest])
def test_a_damaged_newest_is_passed_and_reported(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    _, _, newest = save(tmp_path, 8, 9, 10)
    damage(newest)
    told: list[str] = []
    assert newest_good(tmp_path, told.append) == tmp_path / "latest-9.ckpt"
    assert told == [f"latest-10.ckpt {DAMAGES[damage]}; going back to the one before"]


def test_weights_that_are_no_numbers_are_passed(tmp_path: Path) -> None:
    save(tmp_path, 8)
    SafeCheckpoints(pytest.fail).save_checkpoint(
        content(9, float("nan")), tmp_path / "latest-9.ckpt"
    )
    told: list[str] = []
    assert newest_good(tmp_path, told.append) == tmp_path / "latest-8.ckpt"
    assert told == ["latest-9.ckpt has weights that are no numbers; going back to the one before"]


def test_all_damaged_is_one_sentence(tmp_path: Path) -> None:
    for file in save(tmp_path, 8, 9):
        flip(file)
    with pytest.raises(CheckpointError) as caught:
        newest_good(tmp_path, lambda text: None)
    assert str(caught.value) == (
        f"none of the 2 checkpoints in {tmp_path} can be used; launch the run anew"
    )


def test_a_full_disk_leaves_what_was_there(disk: FullDisk) -> None:
    told: list[str] = []
    writer = SafeCheckpoints(told.append)
    older, again = disk.folder / "latest-1.ckpt", disk.folder / "latest-2.ckpt"
    writer.save_checkpoint(content(1), older)
    writer.save_checkpoint(content(2), again)
    with disk.full():
        for file in (disk.folder / "latest-3.ckpt", again):
            writer.save_checkpoint(content(3, value=2), file)
            assert writer.failed
            writer.remove_checkpoint(older)  # as Lightning does after a save
    assert told == [
        f"checkpoint latest-{step}.ckpt could not be written ({disk.says}); "
        "the ones before it are kept"
        for step in (3, 2)
    ]
    assert [read_checkpoint(f)["global_step"] for f in (older, again)] == [1, 2]
    assert len(list(disk.folder.glob("[.l]*.ckpt*"))) == 4  # and no remains
    writer.save_checkpoint(content(3), disk.folder / "latest-3.ckpt")
    assert not writer.failed
    writer.remove_checkpoint(older)
    assert not older.exists()
    assert not digest_file(older).exists()
    assert newest_good(disk.folder, pytest.fail) == disk.folder / "latest-3.ckpt"


def test_whole_or_not_at_all(disk: FullDisk) -> None:
    file = disk.folder / "card.json"
    write_whole(file, b"old")
    with disk.full(), pytest.raises(OSError, match=disk.says):
        write_whole(file, bytes(200_000))
    assert file.read_bytes() == b"old"
    write_whole(file, b"new")
    assert file.read_bytes() == b"new"


def test_a_writer_that_is_killed_leaves_no_half_checkpoint(tmp_path: Path) -> None:
    """Killed again and again while it writes: whatever bears a checkpoint's name can be read."""
    code = f"""
import itertools, sys
from pathlib import Path
from dlexplain.execution.saving import SafeCheckpoints
from tests.execution.test_checkpoints import content
files = SafeCheckpoints(print)
print("ready", flush=True)
for step in itertools.count():
    files.save_checkpoint(content(step % 3), Path({str(tmp_path)!r}) / f"latest-{{step % 3}}.ckpt")
    print(step, flush=True)
"""
    writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    for _ in range(30):
        assert writer.stdout.readline()
    writer.kill()
    writer.wait()
    writer.stdout.close()
    found = [read_checkpoint(file)["global_step"] for file in sorted(tmp_path.glob("*.ckpt"))]
    assert found == [0, 1, 2]


def test_what_a_killed_writer_has_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / "latest-20.ckpt").write_bytes(b"whole")
    (tmp_path / ".latest-40.ckpt.4711.part").write_bytes(b"ha")
    remove_parts(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["latest-20.ckpt"]
    remove_parts(tmp_path / "absent")


def test_what_is_kept_is_what_there_is(tmp_path: Path) -> None:
    folder = tmp_path / "checkpoints"
    assert saved_step(folder) is None  # nor the folder
    assert kept_told(folder) == "no checkpoint had been written yet"
    SafeCheckpoints(pytest.fail).save_checkpoint({}, folder / "latest-6.ckpt")
    SafeCheckpoints(pytest.fail).save_checkpoint({}, folder / "best-1200.ckpt")
    (folder / "latest-2000.ckpt").write_bytes(b"without its digest")
    (folder / ".latest-3000.ckpt.7.part").write_bytes(b"half")
    assert saved_step(folder) == 1200
    assert kept_told(folder) == "the last good checkpoint, of step 1,200, is kept"
