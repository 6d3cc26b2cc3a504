"""The sample pictures are there, read without importing the packages that carry them."""

import importlib.util
import subprocess
import sys

import pytest

from dlexplain.data.samples import (
    SAMPLES,
    read_sample,
    sample,
    sample_names,
    sample_path,
    sample_title,
)
from dlexplain.errors import PictureError, UnknownName

SHAPES = {
    "chelsea": (300, 451, 3),
    "coffee": (400, 600, 3),
    "astronaut": (512, 512, 3),
    "rocket": (427, 640, 3),
    "motorcycle": (500, 741, 3),
    "china": (427, 640, 3),
    "flower": (427, 640, 3),
}


def test_names() -> None:
    assert sample_names() == tuple(SHAPES)


@pytest.mark.parametrize("name", SHAPES)
def test_sample_is_read(name: str) -> None:
    picture = read_sample(name)
    assert picture.name == name
    assert picture.pixels.shape == SHAPES[name]
    assert picture.pixels.std() > 10
    assert sample_path(name).is_file()


def test_samples_differ_and_are_credited() -> None:
    assert len({read_sample(name).digest for name in sample_names()}) == len(SAMPLES)
    assert all(s.title and s.credit for s in SAMPLES)
    assert sample("chelsea").title == sample_title("chelsea") == "A cat"


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(UnknownName) as caught:
        read_sample("dog")
    assert '"dog"' in str(caught.value)
    assert all(name in str(caught.value) for name in SHAPES)
    with pytest.raises(UnknownName, match="chelsea"):
        sample_title("dog")


def test_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PictureError, match="install scikit-image"):
        sample_path("chelsea")


def test_packages_are_not_imported() -> None:
    code = (
        "import sys\n"
        "from dlexplain.data.samples import read_sample, sample_names\n"
        "for name in sample_names(): read_sample(name)\n"
        "sys.exit(any(m in sys.modules for m in ('skimage', 'sklearn', 'torch', 'streamlit')))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
