"""Pictures that cannot be read are refused in one sentence; formats are told by content."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dlexplain.data.pictures import read_picture
from dlexplain.errors import PictureError
from dlexplain.settings import settings
from tests.bad_pictures import BAD_PICTURES, encoded, noise, png_declaring

RED = (255, 0, 0)


# What is refused

WORDS = {
    "empty": ("empty", "0 bytes"),
    "text": ("text",),
    "program": ("Windows program",),
    "archive": ("ZIP",),
    "svg": ("SVG", "vector drawing", "export it to PNG"),
    "pdf": ("PDF",),
    "heic": ("HEIC", "cut short"),
    "mp4": ("video",),
    "scans": ("JPEG", "more than 100 scans"),
    "unknown": ("93 00 fe 81",),
    "truncated_jpeg": ("JPEG", "cut short"),
    "truncated_png": ("PNG", "cut short"),
    "truncated_webp": ("WebP", "cut short"),
    "truncated_gif": ("GIF", "cut short"),
    "truncated_bmp": ("BMP", "cut short"),
    "header_only": ("PNG", "header", "cut short"),
    "corrupt_body": ("PNG", "damaged"),
    "huge_png": ("2,500 megapixels", "at most 64 megapixels"),
    "large_png": ("12,000 × 10,000", "120 megapixels", "at most 64"),
    "huge_file": ("60 MB", "at most 50 MB"),
}


def check_sentence(message: str, name: str, words: tuple[str, ...]) -> None:
    assert message.startswith(name)
    assert "\n" not in message
    assert "BytesIO" not in message
    assert "accepted" in message
    assert ". " not in message and not message.endswith(".")
    assert len(message) < 260
    for word in words:
        assert word in message


def test_every_bad_picture_has_its_words() -> None:
    assert set(WORDS) == set(BAD_PICTURES)


@pytest.mark.parametrize("way", ["bytes", "path"])
@pytest.mark.parametrize("key", BAD_PICTURES)
def test_bad_picture_is_refused_in_one_sentence(key: str, way: str, tmp_path: Path) -> None:
    name, data = BAD_PICTURES[key]()
    with pytest.raises(PictureError) as caught:
        if way == "bytes":
            read_picture(data, name)
        else:
            (tmp_path / name).write_bytes(data)
            read_picture(tmp_path / name)
    check_sentence(str(caught.value), name, WORDS[key])


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "progressive JPEG", "WEBP", "BMP", "GIF"])
def test_no_cut_is_accepted_with_other_pixels(kind: str) -> None:
    """Cut at any length: refused, or (where only the trailer is lost) read without loss."""
    data = encoded(noise(9, 7), kind.split()[-1], progressive=kind.startswith("progressive"))
    whole = read_picture(data).digest
    refused = 0
    for length in range(len(data)):
        try:
            assert read_picture(data[:length]).digest == whole, length
        except PictureError:
            refused += 1
    trailer = 20 if kind == "PNG" else 2  # a checksum, IEND and the zlib stream's end
    assert refused >= len(data) - trailer


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_damage_anywhere_never_raises_anything_else(kind: str) -> None:
    good = encoded(noise(16, 12), kind)
    rng = np.random.default_rng(1)
    for _ in range(300):
        data = bytearray(good)
        for at in rng.integers(0, len(data), 4):
            data[at] = rng.integers(0, 256)
        try:
            read_picture(bytes(data), max_megapixels=1.0)
        except PictureError as error:
            assert "\n" not in str(error)


def test_pillow_error_is_chained() -> None:
    name, data = BAD_PICTURES["corrupt_body"]()
    with pytest.raises(PictureError) as caught:
        read_picture(data, name)
    assert isinstance(caught.value.__cause__, Exception)


def test_huge_png_is_refused_before_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self: Image.Image) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(Image.Image, "load", load)
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    for key in ("huge_png", "large_png"):
        with pytest.raises(PictureError, match="megapixels"):
            read_picture(BAD_PICTURES[key]()[1])


def test_raised_limit_lets_pillows_warning_range_through() -> None:
    """12,000 x 10,000 passes the header check; its too short body is what is refused then."""
    with pytest.raises(PictureError, match="cut short"):
        read_picture(png_declaring(12_000, 10_000), max_megapixels=150)


def test_limits_are_inclusive_and_can_be_given() -> None:
    data = encoded(Image.new("RGB", (1000, 1000)), "PNG")
    assert read_picture(data, max_megapixels=1.0).pixels.shape == (1000, 1000, 3)
    with pytest.raises(PictureError, match="1,000 × 1,000 pixels"):
        read_picture(data, max_megapixels=0.99)
    assert read_picture(data, max_file_mb=len(data) / 1e6)
    with pytest.raises(PictureError, match="at most 0.001 MB"):
        read_picture(data, max_file_mb=0.001)
    with pytest.raises(PictureError, match="at most 0.5 megapixels"):
        read_picture(np.zeros((1000, 1000), np.uint8), max_megapixels=0.5)
    with pytest.raises(PictureError, match="at most 0.5 megapixels"):
        read_picture(Image.new("L", (1000, 1000)), max_megapixels=0.5)


def test_limits_default_to_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLEXPLAIN_MAX_MEGAPIXELS", "0.5")
    settings.cache_clear()
    try:
        with pytest.raises(PictureError, match="at most 0.5 megapixels"):
            read_picture(np.zeros((1000, 1000), np.uint8))
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_large_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "sparse.png"
    with path.open("wb") as file:
        file.truncate(60_000_000)
    monkeypatch.setattr(Path, "open", lambda *a, **k: pytest.fail("opened"))
    with pytest.raises(PictureError, match="60 MB"):
        read_picture(path)


def test_missing_path_and_folder(tmp_path: Path) -> None:
    with pytest.raises(PictureError) as caught:
        read_picture(tmp_path / "nowhere.png")
    check_sentence(str(caught.value), "nowhere.png", ("not found",))
    with pytest.raises(PictureError) as caught:
        read_picture(str(tmp_path))
    check_sentence(str(caught.value), tmp_path.name, ("folder",))


@pytest.mark.parametrize("path", ["a\0b.png", "x" * 5000 + ".png"])
def test_impossible_path(path: str) -> None:
    with pytest.raises(PictureError) as caught:
        read_picture(path)
    assert "\0" not in str(caught.value) and len(str(caught.value)) < 400


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "mine.png"
    path.write_bytes(encoded(noise(), "PNG"))
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PictureError) as caught:
        read_picture(path)
    check_sentence(str(caught.value), "mine.png", ("permission denied",))


def test_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(PictureError, match="not a regular file"):
        read_picture(tmp_path / "pipe.png")


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((2, 2, 2), np.uint8), r"shape \(2, 2, 2\)"),
        (np.zeros((2, 2, 3, 1), np.uint8), r"shape \(2, 2, 3, 1\)"),
        (np.zeros(5, np.uint8), r"shape \(5,\)"),
        (np.zeros((0, 5, 3), np.uint8), "5 × 0 pixels"),
        (np.zeros((2, 2), np.int64), "int64"),
        (np.zeros((2, 2), bool), "bool"),
        (np.zeros((2, 2), complex), "complex"),
        (np.full((2, 2), 200.0), "from 200 to 200"),
        (np.full((2, 2), -0.5), "from -0.5 to -0.5"),
        (np.full((2, 2), np.nan), "NaN"),
    ],
)
def test_bad_array(array: np.ndarray, words: str) -> None:
    with pytest.raises(PictureError, match=words):
        read_picture(array)


def test_other_types_and_modes() -> None:
    with pytest.raises(PictureError, match="list"):
        read_picture([[0, 0]])  # type: ignore[arg-type]
    with pytest.raises(PictureError, match="0 × 5 pixels"):
        read_picture(Image.new("RGB", (0, 5)))
    with pytest.raises(PictureError, match="70000"):
        read_picture(Image.new("I", (1, 1), 70000))


def test_other_picture_formats_are_refused_by_content() -> None:
    with pytest.raises(PictureError, match="is a JPEG 2000 picture, whatever its name says"):
        read_picture(encoded(noise(), "JPEG2000"), "photo.png")


# What is accepted


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "WEBP", "JPEG"])
def test_formats_by_content_under_a_wrong_name(kind: str, tmp_path: Path) -> None:
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100} if kind == "JPEG" else {}
    path = tmp_path / "picture.txt"
    path.write_bytes(encoded(Image.new("RGB", (8, 4), RED), kind, **options))
    picture = read_picture(path)
    assert picture.name == "picture.txt"
    assert picture.pixels.shape == (4, 8, 3)
    assert picture.pixels.dtype == np.uint8
    slack = 2 if kind == "JPEG" else 0
    assert np.abs(picture.pixels.astype(int) - RED).max() <= slack
