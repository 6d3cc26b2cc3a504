"""Pictures of every mode, profile and orientation become the right pixels."""

import hashlib
import io
import struct
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, features

from dlexplain.data.decoding import open_file
from dlexplain.data.pictures import Picture, read_picture
from dlexplain.errors import PictureError
from tests.bad_pictures import BAD_PICTURES, encoded, noise, png_chunk
from tests.heic_pictures import CLEAR_HEIC, HEIC, TURNED_HEIC

RED = (255, 0, 0)


def pixel(picture: Picture, x: int = 0, y: int = 0) -> tuple[int, ...]:
    return tuple(int(v) for v in picture.pixels[y, x])


def png_of_mode(image: Image.Image, **options: object) -> Picture:
    return read_picture(encoded(image, "PNG", **options))


# What is refused


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


@pytest.mark.parametrize(
    "bad", [b"junk", swapped_profile()[:200], profile("LAB")], ids=["junk", "cut off", "of Lab"]
)
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


# Formats of phones and scanners


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "jpeg"])
def test_tiff(compression: str) -> None:
    data = encoded(Image.new("RGB", (16, 8), RED), "TIFF", compression=compression)
    picture = read_picture(data)
    assert picture.pixels.shape == (8, 16, 3)
    assert np.abs(picture.pixels.astype(int) - RED).max() <= 2


def test_tiff_of_16_bit_grey_of_floats_and_turned() -> None:
    grey = Image.fromarray(np.array([[0, 257, 65535]], np.uint16))
    assert read_picture(encoded(grey, "TIFF")).pixels[0, :, 0].tolist() == [0, 1, 255]
    floats = Image.fromarray(np.array([[0, 0.2, 1]], np.float32))
    assert read_picture(encoded(floats, "TIFF")).pixels[0, :, 1].tolist() == [0, 51, 255]
    heights = Image.fromarray(np.array([[0, 8848]], np.float32))
    with pytest.raises(PictureError, match="float values from 0 to 8848"):
        read_picture(encoded(heights, "TIFF"))
    exif = Image.Exif()
    exif[274] = 6
    data = encoded(Image.new("RGB", (16, 8), RED), "TIFF", exif=exif)
    assert read_picture(data).pixels.shape == (16, 8, 3)


def test_of_several_pages_the_first_is_read_and_said() -> None:
    pages = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    for kind in ("TIFF", "GIF", "WEBP", "AVIF"):
        options = {"lossless": True} if kind == "WEBP" else {"quality": 100}
        picture = read_picture(encoded(pages[0], kind, save_all=True, append_images=pages[1:],
                                       **options))  # fmt: skip
        assert np.abs(np.subtract(pixel(picture), RED)).max() <= 3, kind
        assert picture.notes == ("only the first of its pictures is read",), kind


def test_avif_turned_and_transparent() -> None:
    exif = Image.Exif()
    exif[274] = 6
    data = encoded(Image.new("RGB", (16, 8), RED), "AVIF", quality=100, exif=exif)
    assert read_picture(data).pixels.shape == (16, 8, 3)
    half = read_picture(encoded(Image.new("RGBA", (8, 8), (255, 0, 0, 0)), "AVIF"))
    assert pixel(half) == (255, 255, 255)
    assert half.notes == ("what is transparent is laid on white",)


def test_heic() -> None:
    picture = read_picture(HEIC, "IMG_0001.png")  # by content, never by name
    assert picture.pixels.shape == (8, 16, 3)
    assert np.abs(picture.pixels[4, 2].astype(int) - RED).max() <= 6
    assert np.abs(picture.pixels[4, 13].astype(int) - (0, 0, 255)).max() <= 6
    turned = read_picture(TURNED_HEIC)
    assert turned.pixels.shape == (16, 8, 3)
    assert np.abs(turned.pixels[2, 4].astype(int) - RED).max() <= 6  # its left is up
    clear = read_picture(CLEAR_HEIC)
    assert clear.pixels[4, 13].tolist() == [255, 255, 255]
    assert clear.notes == ("what is transparent is laid on white",)


def test_heic_without_its_package_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    with pytest.raises(PictureError, match="x is a HEIC photo, which takes the package pi-heif"):
        open_file(HEIC, "HEIF", "x", 64)


def test_notes_tell_what_is_not_to_be_seen_in_the_file() -> None:
    half, opaque = Image.new("RGBA", (1, 1), (255, 0, 0, 128)), Image.new("RGBA", (1, 1))
    opaque.putalpha(255)
    assert png_of_mode(half).notes == ("what is transparent is laid on white",)
    assert png_of_mode(opaque).notes == ()
    assert read_picture(np.asarray(half)).notes == ("what is transparent is laid on white",)
    assert read_picture(np.asarray(opaque)).notes == ()
    grey = sixteen_bit_png([0, 257], png_chunk(b"tRNS", struct.pack(">H", 257)))
    assert read_picture(grey).notes == ("what is transparent is laid on white",)
