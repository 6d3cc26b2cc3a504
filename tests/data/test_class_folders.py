"""Pictures in class-named folders and ZIPs: splits, damage, names and bombs that must not harm."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlexplain.data.base import PictureData, silent
from dlexplain.data.class_folders import check_memory, read_class_folders
from dlexplain.errors import DataError
from tests.bad_pictures import encoded

SIDE = 8


def png(value: int) -> bytes:
    """A flat grey picture of SIDE, which is told by its value."""
    return encoded(Image.new("RGB", (SIDE, SIDE), (value,) * 3), "PNG")


def files(per_class: int = 10, above: str = "") -> dict[str, bytes]:
    """cat: values 0, 1, ...; dog: 100, 101, ..."""
    return {
        f"{above}{name}/{place}.png": png(first + place)
        for name, first in (("cat", 0), ("dog", 100))
        for place in range(per_class)
    }


def folder(root: Path, content: dict[str, bytes]) -> Path:
    for name, data in content.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def packed(path: Path, content: dict[str, bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def read(root: Path, cache: Path, side: int = SIDE) -> PictureData:
    return read_class_folders(root, side, (0.2, 0.3), cache, silent)


def values(data: PictureData, split: str) -> set[int]:
    return {int(p[0, 0, 0]) for p in getattr(data, split).pixels}


def test_each_picture_has_its_class_and_one_split(tmp_path: Path) -> None:
    data = read(folder(tmp_path / "a", files()), tmp_path / "cache")
    assert data.classes == ("cat", "dog") and data.notes == ()
    parts = [values(data, split) for split in ("train", "validation", "test")]
    assert set.union(*parts) == {*range(10), *range(100, 110)}
    # of each class 0.3 of 10 for testing, 0.2 of the 7 left for validation
    assert [len(part) for part in parts] == [12, 2, 6]
    for split in (data.train, data.validation, data.test):
        assert (split.labels == (split.pixels[:, 0, 0, 0] >= 100)).all()


def test_the_split_is_the_same_every_time(tmp_path: Path) -> None:
    first, again = (read(folder(tmp_path / "a", files()), tmp_path / c) for c in ("c1", "c2"))
    assert first.digest == again.digest
    assert (first.test.pixels == again.test.pixels).all()


def test_folders_say_the_split(tmp_path: Path) -> None:
    content = files(4, "Train/") | files(3, "val/") | files(2, "testing/../") | files(2, "test/")
    data = read(packed(tmp_path / "a.zip", content), tmp_path / "cache")
    assert [len(p) for p in (data.train, data.validation, data.test)] == [8, 6, 4]


def test_train_zip_and_test_zip_in_a_folder(tmp_path: Path) -> None:
    packed(tmp_path / "a" / "train.zip", files(5, "train/"))
    packed(tmp_path / "a" / "test.zip", files(2))
    data = read(tmp_path / "a", tmp_path / "cache")
    assert values(data, "test") == {0, 1, 100, 101}
    assert len(data.train) + len(data.validation) == 10


def test_a_zip_made_on_windows(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", {n.replace("/", "|"): d for n, d in files().items()})
    archive.write_bytes(archive.read_bytes().replace(b"|", b"\\"))
    assert read(archive, tmp_path / "cache").classes == ("cat", "dog")


def test_a_picture_is_scaled_and_its_middle_is_taken(tmp_path: Path) -> None:
    content = files()
    wide = np.zeros((SIDE, 3 * SIDE, 3), np.uint8)
    wide[:, SIDE : 2 * SIDE] = 50
    content["cat/0.png"] = encoded(Image.fromarray(wide), "PNG")
    data = read(folder(tmp_path / "a", content), tmp_path / "cache")
    every = np.concatenate([data.train.pixels, data.validation.pixels, data.test.pixels])
    assert (every == 50).all(axis=(1, 2, 3)).sum() == 1


def test_a_second_run_reads_what_was_decoded(tmp_path: Path) -> None:
    root = folder(tmp_path / "a", files())
    first = read(root, tmp_path / "cache")
    said: list[str] = []
    again = read_class_folders(
        root, SIDE, (0.2, 0.3), tmp_path / "cache", lambda text, part: said.append(text)
    )
    assert said == ["reading the decoded pictures"]
    assert (again.train.pixels == first.train.pixels).all()


def test_what_was_decoded_is_not_taken_for_other_pictures(tmp_path: Path) -> None:
    """The same names and sizes in another ZIP: only the content differs."""
    bmp = {
        shade: {
            f"{name}/{i}.bmp": encoded(Image.new("RGB", (SIDE, SIDE), (shade,) * 3), "BMP")
            for name in ("cat", "dog")
            for i in range(6)
        }
        for shade in (10, 20)
    }
    found = [read(packed(tmp_path / f"{s}.zip", bmp[s]), tmp_path / "cache") for s in bmp]
    assert [values(data, "train") for data in found] == [{10}, {20}]


def test_damaged_decoded_pictures_are_decoded_again(tmp_path: Path) -> None:
    root = folder(tmp_path / "a", files())
    first = read(root, tmp_path / "cache")
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_bytes(kept.read_bytes()[:200])
    assert read(root, tmp_path / "cache").digest == first.digest


def test_a_few_unreadable_files_are_skipped_and_named(tmp_path: Path) -> None:
    content = files(20) | {"cat/broken.png": png(7)[:40], "cat/notes.jpg": b"Dear diary"}
    data = read(folder(tmp_path / "a", content), tmp_path / "cache")
    assert data.notes[0].startswith("2 of 42 files could not be read and were skipped: ")
    assert "broken.png" in data.notes[0] and "notes.jpg" in data.notes[0]
    assert len(data.train) + len(data.validation) + len(data.test) == 40
    assert read(tmp_path / "a", tmp_path / "cache").notes == data.notes  # from the cache too


def test_many_unreadable_files_are_refused(tmp_path: Path) -> None:
    content = files() | {f"cat/bad{i}.png": b"x" for i in range(4)}
    with pytest.raises(DataError, match=r"4 of 24 files .*bad0.png.* and others.*at most 5%"):
        read(folder(tmp_path / "a", content), tmp_path / "cache")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"cat/1.png": png(1)}, 'one class only, "cat"; at least two'),
        ({"1.png": png(1), "2.png": png(2)}, "no picture in a class-named folder"),
        ({"train/1.png": png(1), "test/1.png": png(2)}, "no picture in a class-named folder"),
        ({"cat/a.txt": b"a"}, "no picture in a class-named folder; looked for"),
        (files(1), "no picture of 2 for the validation part"),
    ],
)
def test_what_is_no_set_of_class_folders(
    tmp_path: Path, content: dict[str, bytes], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read(folder(tmp_path / "a", content), tmp_path / "cache")
    with pytest.raises(DataError, match=message):
        read(packed(tmp_path / "a.zip", content), tmp_path / "cache")


def test_what_is_not_there_or_no_zip(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere is not there; a folder or ZIP"):
        read(tmp_path / "nowhere", tmp_path / "cache")
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(DataError, match=r"a.zip is no ZIP that can be read .* is accepted"):
        read(tmp_path / "a.zip", tmp_path / "cache")


def test_names_that_lead_out_of_the_folder_are_left_out(tmp_path: Path) -> None:
    evil = {"../../cow/1.png": png(1), "/1.png": png(1), "__MACOSX/cat/1.png": b"x"}
    root = packed(tmp_path / "in" / "a.zip", files() | evil | {"cat/.hidden.png": b"x"})
    before = sorted(tmp_path.rglob("*"))
    data = read(root, tmp_path / "cache")
    assert data.classes == ("cat", "dog") and data.notes == ()
    assert sorted(set(tmp_path.rglob("*")) - set(before)) == [
        tmp_path / "cache",
        *(tmp_path / "cache").iterdir(),
    ]


def test_a_bomb_counts_as_unreadable(tmp_path: Path) -> None:
    """80 MB of zeros in 80 kB, once truly declared and once as 100 bytes."""
    content = files(25) | {"cat/bomb.png": bytes(80_000_000), "cat/liar.png": bytes(80_000_000)}
    root = packed(tmp_path / "a.zip", content)
    assert root.stat().st_size < 300_000
    data = root.read_bytes()
    at = data.rindex(b"cat/liar.png") - 46  # its entry in the central directory
    root.write_bytes(data[: at + 24] + (100).to_bytes(4, "little") + data[at + 28 :])
    found = read(root, tmp_path / "cache")
    assert found.notes[0].startswith("2 of 52 files could not be read")


def test_more_than_memory_holds_is_refused_before_it_is_decoded() -> None:
    check_memory(1000, 100, 60_000_000)  # 1000 x 100 x 100 x 3, twice
    with pytest.raises(DataError, match=r"1,001 pictures of 100 × 100 need 0.1 GB .* 0.1 GB are"):
        check_memory(1001, 100, 60_000_000)


def test_encrypted_and_damaged_entries_count_as_unreadable(tmp_path: Path) -> None:
    content = files(25) | {"cat/locked.png": png(1), "cat/torn.png": png(2)}
    root = packed(tmp_path / "a.zip", content)
    data = bytearray(root.read_bytes())
    locked = data.rindex(b"cat/locked.png") - 46
    data[locked + 8] |= 1  # the flag "encrypted"
    data[data.index(b"cat/locked.png") - 30 + 6] |= 1
    torn = data.index(b"cat/torn.png") + len(b"cat/torn.png")
    data[torn : torn + 20] = b"\xff" * 20
    root.write_bytes(data)
    notes = read(root, tmp_path / "cache").notes
    assert "locked.png" in notes[0] and "torn.png" in notes[0]


def test_a_zip_and_a_folder_give_the_same(tmp_path: Path) -> None:
    one = read(folder(tmp_path / "a", files()), tmp_path / "cache")
    two = read(packed(tmp_path / "a.zip", files()), tmp_path / "cache")
    assert one.digest == two.digest
