"""Reading pictures: exact values for what is accepted, one sentence for what is not."""

import hashlib
import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, features

from dlexplain.data.pictures import Picture, model_view, read_picture
from dlexplain.errors import ParamError, PictureError
from dlexplain.settings import settings
from tests.bad_pictures import BAD_PICTURES, encoded, noise, png_chunk, png_declaring

RED = (255, 0, 0)


def pixel(picture: Picture, x: int = 0, y: int = 0) -> tuple[int, ...]:
    return tuple(int(v) for v in picture.pixels[y, x])


def png_of_mode(image: Image.Image, **options: object) -> Picture:
    return read_picture(encoded(image, "PNG", **options))


# What is refused

WORDS = {
    "empty": ("empty", "0 bytes"),
    "text": ("text",),
    "program": ("Windows program",),
    "archive": ("ZIP",),
    "svg": ("SVG", "vector drawing", "export it to PNG"),
    "pdf": ("PDF",),
    "heic": ("HEIC", "convert"),
    "unknown": ("93 00 fe 81",),
    "truncated_jpeg": ("JPEG", "cut short"),
    "truncated_png": ("PNG", "cut short"),
    "truncated_webp": ("WebP", "cut short"),
    "truncated_gif": ("GIF", "cut short"),
    "truncated_bmp": ("BMP", "cut short"),
    "header_only": ("PNG", "header", "cut short"),
    "corrupt_body": ("PNG", "damaged"),
    "huge_png": ("2,500 megapixels", "at most 64 megapixels"),
    "large_png": ("12,000 x 10,000", "120 megapixels", "at most 64"),
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
    with pytest.raises(PictureError, match="1,000 x 1,000 pixels"):
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
    monkeypatch.setattr(Path, "open", refuse)
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
        (np.zeros((0, 5, 3), np.uint8), "5 x 0 pixels"),
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
    with pytest.raises(PictureError, match="0 x 5 pixels"):
        read_picture(Image.new("RGB", (0, 5)))
    with pytest.raises(PictureError, match="70000"):
        read_picture(Image.new("I", (1, 1), 70000))


def test_other_picture_formats_are_refused_by_content() -> None:
    with pytest.raises(PictureError, match="TIFF"):
        read_picture(encoded(noise(), "TIFF"), "photo.png")


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


def test_one_pixel() -> None:
    picture = png_of_mode(Image.new("RGB", (1, 1), (1, 2, 3)))
    assert picture.pixels.tolist() == [[[1, 2, 3]]]


def test_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (3, 2), colour) for colour in (RED, (0, 255, 0))]
    for kind in ("GIF", "WEBP", "PNG"):
        options = {"lossless": True} if kind == "WEBP" else {}
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        with Image.open(io.BytesIO(data)) as image:
            assert image.n_frames == 2
        assert pixel(read_picture(data)) == RED


def test_half_transparent_red_on_white() -> None:
    """128/255 red over white: green and blue are 255 * (1 - 128/255) = 127."""
    picture = png_of_mode(Image.new("RGBA", (2, 2), (255, 0, 0, 128)))
    assert pixel(picture) == (255, 127, 127)


def test_fully_transparent_is_white() -> None:
    assert pixel(png_of_mode(Image.new("RGBA", (1, 1), (9, 9, 9, 0)))) == (255, 255, 255)


def test_grey_with_alpha() -> None:
    """Black at alpha 51 (a fifth) on white: 255 * 0.8 = 204."""
    assert pixel(png_of_mode(Image.new("LA", (1, 1), (0, 51)))) == (204, 204, 204)


def test_palette_with_transparency() -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    picture = png_of_mode(image, transparency=0)
    assert pixel(picture, 0) == (255, 255, 255)
    assert pixel(picture, 1) == (0, 0, 255)
    gif = read_picture(encoded(image, "GIF", transparency=1))
    assert (pixel(gif, 0), pixel(gif, 1)) == (RED, (255, 255, 255))


def test_rgb_with_a_transparent_colour() -> None:
    image = Image.new("RGB", (2, 1), RED)
    image.putpixel((1, 0), (0, 0, 255))
    picture = png_of_mode(image, transparency=RED)
    assert [pixel(picture, 0), pixel(picture, 1)] == [(255, 255, 255), (0, 0, 255)]


def test_grey_and_one_bit() -> None:
    assert pixel(png_of_mode(Image.new("L", (1, 1), 77))) == (77, 77, 77)
    image = Image.new("1", (2, 1), 0)
    image.putpixel((1, 0), 1)
    picture = png_of_mode(image)
    assert [pixel(picture, 0), pixel(picture, 1)] == [(0, 0, 0), (255, 255, 255)]


def sixteen_bit_png(values: list[int], *extra: bytes) -> bytes:
    row = b"\x00" + struct.pack(f">{len(values)}H", *values)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", struct.pack(">IIBBBBB", len(values), 1, 16, 0, 0, 0, 0))
        + b"".join(extra)
        + png_chunk(b"IDAT", zlib.compress(row))
        + png_chunk(b"IEND", b"")
    )


def test_sixteen_bit_grey_is_scaled_not_clipped() -> None:
    picture = read_picture(sixteen_bit_png([0, 257, 32768, 65535, 600, 400]))
    assert picture.pixels[0].tolist() == [[v] * 3 for v in (0, 1, 128, 255, 2, 2)]


def test_sixteen_bit_grey_with_a_transparent_value() -> None:
    data = sixteen_bit_png([0, 257], png_chunk(b"tRNS", struct.pack(">H", 257)))
    assert read_picture(data).pixels[0, :, 0].tolist() == [0, 255]


def test_cmyk_jpeg_red() -> None:
    """No cyan, full magenta and yellow, no black; the file holds it inverted, as Adobe does."""
    data = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=100)
    assert b"Adobe" in data
    assert np.abs(read_picture(data).pixels.astype(int) - RED).max() <= 3


def profile(space: str = "sRGB") -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(space)).tobytes()


def swapped_profile() -> bytes:
    """sRGB with the colours of its red and green light exchanged: its red is sRGB's green."""
    data = profile()
    assert data.count(b"rXYZ") == data.count(b"gXYZ") == 1
    return data.replace(b"rXYZ", b"-XYZ").replace(b"gXYZ", b"rXYZ").replace(b"-XYZ", b"gXYZ")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_colour_profile_is_converted_to_srgb(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100} if kind == "JPEG" else {}
    image = Image.new("RGB", (16, 16), RED)
    data = encoded(image, kind, icc_profile=swapped_profile(), **options)
    slack = 4 if kind == "JPEG" else 1
    assert np.abs(read_picture(data).pixels.astype(int) - (0, 255, 0)).max() <= slack


def test_colour_profile_with_transparency_and_palette() -> None:
    """White behind is sRGB's own: green at alpha 128 gives 127 in red and blue."""
    icc = swapped_profile()
    half = png_of_mode(Image.new("RGBA", (1, 1), (255, 0, 0, 128)), icc_profile=icc)
    assert np.abs(np.subtract(pixel(half), (127, 255, 127))).max() <= 1
    image = Image.new("RGB", (2, 1), RED)
    image.putpixel((1, 0), (0, 0, 255))
    keyed = png_of_mode(image, icc_profile=icc, transparency=RED)
    assert pixel(keyed, 0) == (255, 255, 255)
    assert np.abs(np.subtract(pixel(keyed, 1), (0, 0, 255))).max() <= 1
    palette = png_of_mode(image.quantize(2), icc_profile=icc)
    assert np.abs(np.subtract(pixel(palette, 0), (0, 255, 0))).max() <= 1


def test_srgb_profile_changes_nothing() -> None:
    plain, tagged = png_of_mode(noise()), png_of_mode(noise(), icc_profile=profile())
    assert tagged.digest == plain.digest


@pytest.mark.parametrize("bad", [b"junk", swapped_profile()[:200], profile("LAB")])
def test_useless_profile_keeps_the_pixels(bad: bytes) -> None:
    assert pixel(png_of_mode(Image.new("RGB", (1, 1), RED), icc_profile=bad)) == RED


def test_profile_of_a_picture_that_is_not_rgb_is_left_alone() -> None:
    """CMYK red stays red under a profile that would make RGB red green."""
    image = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    data = encoded(image, "JPEG", quality=100, icc_profile=swapped_profile())
    assert np.abs(read_picture(data).pixels.astype(int) - RED).max() <= 3


def test_pillow_without_littlecms(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encoded(Image.new("RGB", (1, 1), RED), "PNG", icc_profile=swapped_profile())
    monkeypatch.setattr(features, "check", lambda feature: feature != "littlecms2")
    assert pixel(read_picture(data)) == RED


@pytest.mark.parametrize(
    ("orientation", "corner"),
    [
        (1, (0, 0)),
        (2, (2, 0)),
        (3, (2, 1)),
        (4, (0, 1)),
        (5, (0, 0)),
        (6, (1, 0)),
        (7, (1, 2)),
        (8, (0, 2)),
    ],
)
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_exif_orientation(orientation: int, corner: tuple[int, int], kind: str) -> None:
    """A 3 x 2 grid of blocks with red at the top left; `corner` is where red must come to lie."""
    block = 16
    image = Image.new("RGB", (3 * block, 2 * block), (0, 0, 255))
    image.paste(RED, (0, 0, block, block))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read_picture(encoded(image, kind, exif=exif))
    turned = orientation >= 5
    assert picture.pixels.shape[:2] == ((48, 32) if turned else (32, 48))
    red = picture.pixels[block // 2 :: block, block // 2 :: block, 0] > 128
    assert np.argwhere(red).tolist() == [[corner[1], corner[0]]]


def test_unreadable_exif_does_not_matter() -> None:
    data = encoded(Image.new("RGB", (4, 2), RED), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert read_picture(data).pixels.shape == (2, 4, 3)


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1), (2, 3, 3), (2, 3, 4)])
@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [(np.uint8, 51, 255), (np.uint16, 51 * 257, 65535), (np.float32, 0.2, 1), (float, 0.2, 1)],
)
def test_arrays(shape: tuple[int, ...], dtype: type, low: float, high: float) -> None:
    array = np.full(shape, high, dtype)
    array[0, 1, ...] = low
    if len(shape) == 3 and shape[2] == 4:
        array[..., 3] = high
    picture = read_picture(array)
    assert picture.name == "picture"
    assert picture.pixels.shape == (2, 3, 3)
    assert pixel(picture, 1) == (51, 51, 51)
    assert pixel(picture, 0) == (255, 255, 255)


def test_array_keeps_its_channels_in_order_and_lays_alpha_on_white() -> None:
    array = np.array([[[255, 0, 0, 128], [1, 2, 3, 255]]], np.uint8)
    picture = read_picture(array)
    assert [pixel(picture, 0), pixel(picture, 1)] == [(255, 127, 127), (1, 2, 3)]
    assert pixel(read_picture(array[:, ::-1, :3])) == (1, 2, 3)


def test_pillow_images() -> None:
    assert pixel(read_picture(Image.new("RGBA", (1, 1), (255, 0, 0, 128)))) == (255, 127, 127)
    assert pixel(read_picture(Image.new("F", (1, 1), 0.2))) == (51, 51, 51)
    assert pixel(read_picture(Image.new("I;16", (1, 1), 65535))) == (255, 255, 255)
    assert pixel(read_picture(Image.new("HSV", (1, 1), (0, 255, 255)))) == RED
    cut = Image.open(io.BytesIO(BAD_PICTURES["truncated_png"]()[1]))
    with cut, pytest.raises(PictureError, match="cut short"):
        read_picture(cut)


def test_picture_is_read_only_and_its_own() -> None:
    array = np.zeros((2, 2, 3), np.uint8)
    picture = read_picture(array)
    array[:] = 9
    assert picture.pixels.max() == 0
    with pytest.raises(ValueError, match="read-only"):
        picture.pixels[0, 0, 0] = 1
    assert array.flags.writeable


def test_digest() -> None:
    wide = read_picture(np.zeros((2, 3), np.uint8))
    tall = read_picture(np.zeros((3, 2), np.uint8), "another name")
    assert wide.digest == hashlib.sha256(b"2x3x3" + bytes(18)).hexdigest()
    assert wide.digest != tall.digest
    again = read_picture(encoded(Image.new("L", (3, 2)), "PNG"), "third")
    assert again.digest == wide.digest


def test_name_is_made_fit_for_a_sentence() -> None:
    picture = read_picture(np.zeros((1, 1), np.uint8), "a\nb\x1b[31m.png")
    assert picture.name == "a b [31m.png"
    assert len(read_picture(np.zeros((1, 1), np.uint8), "x" * 999).name) == 100


# The model's view


def test_model_view_of_a_square_of_its_own_size_is_the_middle() -> None:
    image = noise(10, 10)
    view = model_view(read_picture(image), 10, 4)
    assert view.shape == (4, 4, 3)
    assert (view == np.asarray(image)[3:7, 3:7]).all()


def test_model_view_offset_rounds_half_to_even() -> None:
    """Long side 15, crop 10: round(2.5) = 2."""
    image = noise(15, 10)
    assert (model_view(read_picture(image), 10, 10) == np.asarray(image)[:, 2:12]).all()
    tall = image.transpose(Image.Transpose.TRANSPOSE)
    assert (model_view(read_picture(tall), 10, 10) == np.asarray(tall)[2:12]).all()


def test_model_view_long_side() -> None:
    """451 x 300 to a short side of 256: 451 * 256 / 300 = 384.85, so 385, offset 80 (80.5)."""
    image = noise(451, 300)
    resized = np.asarray(image.resize((385, 256), Image.Resampling.BICUBIC))
    assert (model_view(read_picture(image), 256, 224) == resized[16:240, 80:304]).all()


@pytest.mark.parametrize("size", [(500, 40), (40, 500), (163, 40), (7, 90), (1300, 300)])
def test_panorama_matches_resizing_all_of_it(size: tuple[int, int]) -> None:
    # Low contrast: Pillow orders its two passes by cost and clips overshoot between them.
    image = noise(*size).point(lambda v: 96 + v // 4)
    short = min(size)
    width, height = (round(side * 64 / short) for side in size)
    left, top = round((width - 56) / 2), round((height - 56) / 2)
    whole = image.resize((width, height), Image.Resampling.BICUBIC)
    expected = np.asarray(whole.crop((left, top, left + 56, top + 56))).astype(int)
    view = model_view(read_picture(image), 64, 56)
    assert np.abs(view - expected).max() <= 1


@pytest.mark.parametrize("shape", [(1, 20000), (20000, 1)])
def test_extreme_panorama(shape: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Resizing all of it would make 256 x 5,120,000 pixels."""
    sizes = []
    resize = Image.Image.resize

    def recorded(self: Image.Image, size: tuple[int, int], *a: object, **k: object) -> Image.Image:
        sizes.append(size)
        return resize(self, size, *a, **k)  # type: ignore[arg-type]

    monkeypatch.setattr(Image.Image, "resize", recorded)
    array = np.zeros(shape, np.uint8)
    array.reshape(-1)[9990:10010] = 200
    view = model_view(read_picture(array), 256, 224)
    assert view.shape == (224, 224, 3)
    assert view.min() == 200
    assert sizes == [(224, 224)]


def test_model_view_defaults() -> None:
    picture = read_picture(noise(451, 300))
    assert (model_view(picture) == model_view(picture, 256, 224)).all()


def test_model_view_of_one_pixel() -> None:
    picture = read_picture(np.full((1, 1, 3), 7, np.uint8))
    view = model_view(picture, 256, 224)
    assert view.shape == (224, 224, 3) and (view == 7).all() and view.dtype == np.uint8


@pytest.mark.parametrize(("resize", "crop"), [(10, 11), (10, 0), (0, 0)])
def test_model_view_refuses_impossible_sizes(resize: int, crop: int) -> None:
    with pytest.raises(ParamError, match=f"crop is {crop}"):
        model_view(read_picture(np.zeros((5, 5), np.uint8)), resize, crop)
