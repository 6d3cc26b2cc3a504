"""Files of pictures in folders and ZIPs: what is found, what is refused, and limits that hold."""

import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dlexplain.data.picture_files
from dlexplain.data.picture_files import PictureFiles, find_pictures
from dlexplain.data.reading_ahead import read_ahead
from dlexplain.errors import DataError, PictureError
from dlexplain.settings import Settings
from dlexplain.turns import act_for, owner
from tests.bad_pictures import encoded


def png(value: int, side: int = 8) -> bytes:
    return encoded(Image.new("RGB", (side, side), (value,) * 3), "PNG")


CONTENT = {
    "b/2.png": png(2), "a/1.png": png(1), "0.PNG": png(0), "notes.txt": b"x", "a/x.csv": b"x",
    ".hidden/3.png": png(3), "__MACOSX/4.png": png(4),
}  # fmt: skip


def folder(root: Path, content: dict[str, bytes]) -> Path:
    for name, data in content.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def packed(path: Path, content: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    return path


def as_folder(root: Path, content: dict[str, bytes]) -> Path | bytes:
    return folder(root / "in", content)


def as_zip(root: Path, content: dict[str, bytes]) -> Path | bytes:
    return packed(root / "in.zip", content)


def as_bytes(root: Path, content: dict[str, bytes]) -> Path | bytes:
    return packed(root / "in.zip", content).read_bytes()


WAYS = [as_folder, as_zip, as_bytes]
Way = Callable[[Path, dict[str, bytes]], Path | bytes]


def read(files: PictureFiles) -> list[int]:
    """The value of each picture that can be read."""
    found = []
    with files.opened() as reader:
        for file in files.files:
            try:
                found.append(int(reader.read(file).pixels[0, 0, 0]))
            except PictureError:
                continue
    return found


@pytest.mark.parametrize("way", WAYS)
def test_what_is_named_as_a_picture_is_found_in_the_order_of_the_names(
    tmp_path: Path, way: Way
) -> None:
    files = find_pictures(way(tmp_path, CONTENT))
    assert [file.name for file in files.files] == ["0.PNG", "a/1.png", "b/2.png"]
    assert [file.folder for file in files.files] == ["", "a", "b"]
    assert files.skipped == ("2 files are left out, not named as pictures are",)
    assert read(files) == [0, 1, 2]


def test_the_fingerprint_follows_what_the_files_are(tmp_path: Path) -> None:
    one = find_pictures(packed(tmp_path / "1.zip", CONTENT)).fingerprint
    assert find_pictures(packed(tmp_path / "2.zip", CONTENT)).fingerprint == one
    for changed in ({"a/1.png": png(9)}, {"c.png": png(1)}):
        other = find_pictures(packed(tmp_path / "3.zip", CONTENT | changed))
        assert other.fingerprint != one
    root = folder(tmp_path / "in", CONTENT)
    before = find_pictures(root).fingerprint
    (root / "a/1.png").write_bytes(png(5))
    assert find_pictures(root).fingerprint != before


def test_names_that_lead_out_of_the_zip_are_told_and_nothing_is_written(tmp_path: Path) -> None:
    names = ["../out.png", "/etc/out.png", "a/../../out.png", "..\\out.png"]
    inside = tmp_path / "deep" / "deeper"
    inside.mkdir(parents=True)
    path = packed(inside / "in.zip", {"good.png": png(7), **{name: png(1) for name in names}})
    files = find_pictures(path)
    assert read(files) == [7]
    assert len(files.skipped) == len(names)
    assert all("leads out of the ZIP" in told for told in files.skipped)
    assert [each.name for each in tmp_path.rglob("*.png")] == []


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    folder(tmp_path / "other", {"secret.png": png(1)})
    root = folder(tmp_path / "in", {"a.png": png(2)})
    (root / "link").symlink_to(tmp_path / "other", target_is_directory=True)
    (root / "up").symlink_to(root, target_is_directory=True)
    assert [file.name for file in find_pictures(root).files] == ["a.png"]


def limited(monkeypatch: pytest.MonkeyPatch, **limits: float) -> None:
    known = Settings(**limits)  # type: ignore[arg-type]
    monkeypatch.setattr(dlexplain.data.picture_files, "settings", lambda: known)
    monkeypatch.setattr(dlexplain.data.class_folders, "settings", lambda: known)


@pytest.mark.parametrize("way", WAYS)
def test_too_many_pictures_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    limited(monkeypatch, max_folder_pictures=2)
    with pytest.raises(DataError, match="more than 2 pictures; up to 2 are accepted"):
        find_pictures(way(tmp_path, CONTENT))


@pytest.mark.parametrize("way", WAYS)
def test_pictures_share_a_number_of_pixels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: Way
) -> None:
    content = {"1.png": png(1, 100), "2.png": png(2, 150), "3.png": png(3, 100)}
    files = find_pictures(way(tmp_path, content))
    limited(monkeypatch, max_folder_megapixels=0.02)
    with files.opened() as reader:
        reader.read(files.files[0])
        with pytest.raises(PictureError, match=r"2\.png is not read: with it the pictures would"):
            reader.read(files.files[1])
        assert reader.read(files.files[2]).pixels.shape == (100, 100, 3)
    with files.opened(used=20_000) as reader:
        with pytest.raises(PictureError, match=r"1\.png is not read"):
            reader.read(files.files[0])


def test_a_bomb_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bomb = packed(tmp_path / "bomb.zip", {f"{i}.png": bytes(3_000_000) for i in range(4)})
    files = find_pictures(bomb)  # of a size that does no harm
    limited(monkeypatch, max_file_mb=1)
    with files.opened() as reader:
        with pytest.raises(PictureError, match="unpacks to 3 MB; at most 1 MB are accepted"):
            reader.read(files.files[0])
    monkeypatch.setattr(dlexplain.data.picture_files, "HARMLESS", 10**6)
    with pytest.raises(DataError, match="times its size; up to 100 times is accepted"):
        find_pictures(bomb)


def test_an_encrypted_or_damaged_file_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    path = packed(tmp_path / "in.zip", {"a.png": png(1), "b.png": png(2)})
    data = bytearray(path.read_bytes())
    data[data.index(b"a.png") - 24] |= 1  # the flag of encryption, in both headers
    data[data.rindex(b"a.png") - 38] |= 1
    files = find_pictures(bytes(data))
    with files.opened() as reader:
        with pytest.raises(PictureError, match=r"a\.png cannot be unpacked .*encrypted"):
            reader.read(files.files[0])
        assert int(reader.read(files.files[1]).pixels[0, 0, 0]) == 2


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"no zip at all", "the ZIP is no ZIP that can be read"),
        ("/nowhere/at/all", "/nowhere/at/all is not there; a folder or ZIP of pictures"),
        ("a\0b", "is no path that can be read"),
    ],
)
def test_what_is_no_folder_and_no_zip_is_one_sentence(source: str | bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        find_pictures(source)


def test_a_folder_without_pictures_and_a_picture_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="in has no picture; looked for"):
        find_pictures(folder(tmp_path / "in", {"a.txt": b"x"}))
    (tmp_path / "a.png").write_bytes(png(1))
    with pytest.raises(DataError, match=r"a\.png is no ZIP"):
        find_pictures(tmp_path / "a.png")


def test_reading_ahead_keeps_the_order_and_no_more_than_asked() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        return item * item

    ahead = read_ahead(range(50), work, 3)
    assert next(ahead) == 0
    ahead.close()
    assert len(begun) <= 5
    assert list(read_ahead(range(20), lambda item: item, 4)) == list(range(20))


def test_who_reads_ahead_is_known_there() -> None:
    """What one person's jobs read counts as theirs, see dlexplain/turns.py."""
    done: list[str] = []

    def job() -> None:
        act_for("ada")
        done.extend(read_ahead(range(3), lambda item: owner(), 1))

    thread = threading.Thread(target=job)
    thread.start()
    thread.join()
    assert done == ["ada"] * 3


def test_what_reading_raises_is_raised() -> None:
    def work(item: int) -> int:
        return 1 // item

    with pytest.raises(ZeroDivisionError):
        list(read_ahead([2, 1, 0, 1], work, 2))


def test_arrays_of_what_was_read_are_of_the_picture(tmp_path: Path) -> None:
    files = find_pictures(as_zip(tmp_path, {"a.png": png(200, 16)}))
    with files.opened() as reader:
        picture = reader.read(files.files[0])
    assert np.array_equal(picture.pixels, np.full((16, 16, 3), 200, np.uint8))
    assert picture.name == "a.png"
