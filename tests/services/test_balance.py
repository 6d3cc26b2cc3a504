"""Classes and split before the training: counted by hand, small classes said, in shell and page."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlexplain.cli import main
from dlexplain.errors import BadInput
from dlexplain.results import ClassBalance
from dlexplain.services.training.balance import class_balance
from dlexplain.services.training.catalogue import RunSpec, complete


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """40 cats and 8 dogs."""
    for name, count in (("cat", 40), ("dog", 8)):
        (tmp_path / name).mkdir()
        for place in range(count):
            noise = np.random.default_rng([len(name), place, count]).integers(0, 256, (16, 16, 3))
            Image.fromarray(noise.astype(np.uint8)).save(tmp_path / name / f"{place}.png")
    return tmp_path


def pictures(folder: Path) -> RunSpec:
    data = {"path": str(folder), "side": 16}
    return complete(RunSpec("classify-image", "cnn", "picture-folder", data_params=data))


def test_counts_are_those_of_the_folder_and_small_classes_are_said(folder: Path) -> None:
    found = class_balance(pictures(folder))
    assert found is not None
    assert found.classes == ("cat", "dog")
    assert [sum(counts) for counts in zip(*found.counts.values(), strict=True)] == [40, 8]
    assert list(found.counts) == ["train", "validation", "test"]
    assert sum(found.sizes.values()) == 48
    assert found.rows()[1] == {"class": "dog", **{s: c[1] for s, c in found.counts.items()}}
    (train,) = [told for told in found.few() if "train examples" in told]
    assert f"dog ({found.counts['train'][1]})" in train and "cat" not in train


def test_few_and_their_words() -> None:
    found = ClassBalance(("a", "b"), {"train": (10, 9), "test": (10, 10)})
    assert found.split_words == "19 for training, 20 for testing, in 2 classes"
    assert found.few() == [
        "Fewer than 10 train examples of b (9): there is little to learn those classes from"
    ]
    many = ClassBalance(tuple("abcdefgh"), {"test": (1,) * 8})
    assert many.few()[0].startswith("Fewer than 10 test examples of a (1), b (1), c (1), d (1), "
                                    "e (1) and 3 more: ")  # fmt: skip
    assert ClassBalance(("a",), {"train": (10,)}).few() == []


def test_tasks_without_classes_and_data_that_are_not_here_have_none() -> None:
    assert class_balance(complete(RunSpec("forecast", "lstm-forecaster", "macrodata"))) is None
    assert class_balance(complete(RunSpec("autoencode", "mlp-autoencoder", "digits"))) is None


def test_the_command_tells_before_it_starts(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["train", "--task", "classify-image", "--data", "picture-folder", "--model", "cnn"]
    path = ["--data-path", str(folder), "--set", "side=16"]
    # A device that is not here ends it after the classes were told.
    assert main([*arguments, *path, "--device", "cuda:31"]) == 2
    said = capsys.readouterr()
    counts = class_balance(pictures(folder)).counts  # type: ignore[union-attr]
    lines = said.out.splitlines()
    assert lines[0].endswith("in 2 classes")
    assert lines[2].split() == ["dog", *(str(count[1]) for count in counts.values())]
    assert "Fewer than 10 train examples of dog" in said.err


def test_data_that_cannot_be_read_are_a_wrong_call(tmp_path: Path) -> None:
    (tmp_path / "cat").mkdir()
    (tmp_path / "cat" / "a.png").write_bytes(b"no picture")
    with pytest.raises(BadInput):
        class_balance(pictures(tmp_path))
