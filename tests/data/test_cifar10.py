"""CIFAR-10's binary files, small ones made here, and what is not CIFAR-10."""

import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import dlexplain.data.sets  # noqa: F401, registers cifar10
from dlexplain.data.base import DATA, PictureData, silent
from dlexplain.data.sets.cifar10 import CLASSES, TEST_FILE, TRAIN_FILES
from dlexplain.errors import DataError
from dlexplain.params import parse
from tests.bad_pictures import encoded

SPEC = DATA["cifar10"]
PER_FILE = 40


def records(seed: int, count: int = PER_FILE) -> bytes:
    """`count` records, labels in turn: one byte, then 1024 of red, of green, of blue."""
    pixels = np.random.default_rng(seed).integers(0, 256, (count, 3072), dtype=np.uint8)
    labels = (np.arange(count) % 10).astype(np.uint8)[:, None]
    return np.concatenate([labels, pixels], axis=1).tobytes()


def binary() -> dict[str, bytes]:
    return {name: records(seed) for seed, name in enumerate((*TRAIN_FILES, TEST_FILE))}


def folder(root: Path, files: dict[str, bytes]) -> Path:
    root.mkdir(parents=True)
    for name, content in files.items():
        (root / name).write_bytes(content)
    return root


def archive(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


def load(path: Path, validation: float = 0.1) -> PictureData:
    params = parse(SPEC.Params, {"path": str(path), "validation": validation})
    data = SPEC.load(params, path.parent / "kept", silent)
    assert isinstance(data, PictureData)
    return data


def test_a_record_is_a_label_and_three_planes_of_colour(tmp_path: Path) -> None:
    data = load(folder(tmp_path / "bin", binary()))
    raw = np.frombuffer(records(5), np.uint8).reshape(PER_FILE, 3073)
    assert data.classes == CLASSES
    assert (data.test.labels == raw[:, 0]).all()
    y, x = 3, 17
    for colour in range(3):
        plane = raw[:, 1 + 1024 * colour + 32 * y + x]
        assert (data.test.pixels[:, y, x, colour] == plane).all()


def test_validation_is_that_part_of_each_class_and_disjoint(tmp_path: Path) -> None:
    data = load(folder(tmp_path / "bin", binary()), validation=0.2)
    assert (np.bincount(data.validation.labels) == 4).all()  # of 5 files x 4
    assert (np.bincount(data.train.labels) == 16).all()
    seen = [{p.tobytes() for p in part.pixels} for part in (data.train, data.validation, data.test)]
    assert len(set.union(*seen)) == 6 * PER_FILE
    again = load(folder(tmp_path / "again", binary()), validation=0.2)
    assert (again.validation.pixels == data.validation.pixels).all()


def test_an_archive_gives_the_same_as_its_folder_and_unpacks_nothing(tmp_path: Path) -> None:
    tar = archive(tmp_path / "cifar.tar.gz", binary())
    data = load(tar)
    assert data.digest == load(folder(tmp_path / "x" / "cifar-10-batches-bin", binary())).digest
    assert data.digest == load(tmp_path / "x").digest
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cifar.tar.gz", "x"]


def test_the_arrays_may_be_written_to(tmp_path: Path) -> None:
    """Torch warns of arrays that are read-only."""
    data = load(folder(tmp_path / "bin", binary()))
    assert all(p.pixels.flags.writeable for p in (data.train, data.validation, data.test))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"data_batch_3.bin": None}, r"lacks data_batch_3.bin of CIFAR-10's binary files"),
        ({"data_batch_2.bin": records(0)[:-5]}, r"damaged: data_batch_2.bin has 122915 bytes"),
        ({"data_batch_2.bin": b""}, r"damaged: data_batch_2.bin has 0 bytes; a multiple of 3073"),
        ({"data_batch_1.bin": b"\x0b" + bytes(3072)}, r"not CIFAR-10: it has a label 11; 0 to 9"),
        ({"data_batch_1.bin": bytes(3073 * 10_001)}, r"has 3073\d{4} bytes; .* up to 30730000"),
    ],
)
def test_damage(tmp_path: Path, changed: dict[str, bytes | None], message: str) -> None:
    files = {n: c for n, c in (binary() | changed).items() if c is not None}
    with pytest.raises(DataError, match=message):
        load(archive(tmp_path / "a.tar.gz", files))
    with pytest.raises(DataError, match=message):
        load(folder(tmp_path / "bin", files))


@pytest.mark.parametrize("cut", [20, 5000, -3000])
def test_an_archive_that_is_cut_short_or_damaged(tmp_path: Path, cut: int) -> None:
    tar = archive(tmp_path / "a.tar.gz", binary())
    whole = tar.read_bytes()
    tar.write_bytes(whole[:cut])
    with pytest.raises(DataError, match=r"a.tar.gz is no tar archive that can be read"):
        load(tar)
    tar.write_bytes(whole[:cut] + b"\xff" * 200 + whole[cut:][200:])
    with pytest.raises(DataError, match=r"a.tar.gz is no tar archive that can be read"):
        load(tar)


def test_class_folders_are_accepted_and_others_refused(tmp_path: Path) -> None:
    for name in CLASSES:
        for place in range(4):
            path = tmp_path / "good" / "train" / name / f"{place}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encoded(Image.new("RGB", (32, 32), (place, 0, 0)), "PNG"))
    data = load(tmp_path / "good")
    assert [len(p) for p in (data.train, data.validation, data.test)] == [20, 10, 10]
    (tmp_path / "good" / "train" / "truck").rename(tmp_path / "good" / "train" / "lorry")
    with pytest.raises(DataError, match=r"not CIFAR-10: its classes are airplane, .*are accepted"):
        load(tmp_path / "good")


def test_where_it_is_and_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere is not there; CIFAR-10's folder or archive"):
        load(tmp_path / "nowhere")
    empty = SPEC.status(parse(SPEC.Params, {}), tmp_path)
    assert not empty.there and "fetches it once from https://" in empty.how
    there = SPEC.status(parse(SPEC.Params, {"path": str(tmp_path)}), tmp_path)
    assert there.there and there.where == str(tmp_path)


def test_the_real_pictures_that_lie_here(tmp_path: Path) -> None:
    root = Path(os.environ.get("DLEXPLAIN_TEST_DATA", "../shared/data")) / "cifar10"
    if not (root / "test.zip").exists():
        pytest.skip(f"{root} is not there")
    small = tmp_path / "small"
    small.mkdir()
    (small / "test.zip").symlink_to((root / "test.zip").resolve())
    data = SPEC.status(parse(SPEC.Params, {"path": str(root)}), tmp_path)
    assert data.there
    with pytest.raises(DataError, match=r"no picture of 5000 for the train part"):
        load(small)
