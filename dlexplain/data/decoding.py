"""From the bytes of a picture file to upright 8-bit RGB: what Pillow gives, in one shape.

Runs in the calling process and in one of its own (dlexplain/data/decoding_apart.py).
"""

import contextlib
import io
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError, features

from dlexplain.data.file_kinds import TITLES, what_it_is
from dlexplain.errors import PictureError

Pixels = NDArray[np.uint8]
ON_WHITE = "what is transparent is laid on white"
FIRST = "only the first of its pictures is read"


@dataclass(frozen=True, eq=False)
class Decoded:
    """pixels  (H, W, 3) uint8, RGB;  notes  what was done that changes what there is to see"""

    pixels: Pixels
    notes: tuple[str, ...] = ()


def open_file(data: bytes, kind: str, name: str, limit: float) -> Image.Image:
    """Read the header of a file of Pillow's format `kind`; raises PictureError.

    limit  megapixels; a larger picture is refused before it is decoded
    """
    if kind == "HEIF":
        _know_heic(name)
    try:
        image = Image.open(io.BytesIO(data), formats=(kind,))
    except Image.DecompressionBombError as error:
        found = re.search(r"(\d+) pixels", str(error))
        ceiling = 2 * (Image.MAX_IMAGE_PIXELS or 0) / 1e6
        declared = number(int(found[1]) / 1e6) if found else f"over {number(ceiling)}"
        raise PictureError(
            f"{name} declares {declared} megapixels;"
            f" at most {number(min(limit, ceiling))} megapixels are accepted"
        ) from error
    except UnidentifiedImageError as error:
        raise PictureError(f"{name} {what_it_is(data)}") from error
    except Exception as error:  # Pillow's plugins raise nearly anything on damaged headers
        raise PictureError(_damaged(name, kind, error)) from error
    check_megapixels(image.size, name, limit)
    return image


def _know_heic(name: str) -> None:
    try:
        from pi_heif import register_heif_opener
    except ImportError as error:
        raise PictureError(
            f"{name} is a HEIC photo, which takes the package pi-heif to read; with it, or"
            " converted to JPEG or PNG, it is accepted"
        ) from error
    register_heif_opener(thumbnails=False)


def decode(image: Image.Image, name: str) -> Decoded:
    """Decode what was opened, turn it upright and make it RGB; raises PictureError."""
    kind = image.format or "picture"
    load(image, name, kind)
    moving = kind != "MPO" and getattr(image, "is_animated", False)
    notes = [FIRST] if moving else []
    with contextlib.suppress(Exception):  # unreadable EXIF; the pixels are good
        image = ImageOps.exif_transpose(image)
    try:
        pixels, transparent = _rgb(image, name)
    except PictureError:
        raise
    except Exception as error:
        raise PictureError(
            f"{name} has the colour mode {image.mode}, which cannot be turned into RGB"
            f" ({reason(error)}); greyscale, RGB, palette and CMYK are accepted"
        ) from error
    notes += [ON_WHITE] if transparent else []
    return Decoded(pixels, tuple(notes))


def load(image: Image.Image, name: str, kind: str) -> None:
    """Decode its pixels where that is still to be done; raises PictureError."""
    try:
        image.load()
    except Exception as error:  # as above: nearly anything
        raise PictureError(_damaged(name, kind, error)) from error


def _damaged(name: str, kind: str, error: Exception) -> str:
    return (
        f"{name} is a {TITLES.get(kind, kind)} file that is cut short or damaged"
        f" ({reason(error)}); a complete file is accepted"
    )


def reason(error: Exception) -> str:
    """Why, on one line."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return one_line(text) or type(error).__name__


def one_line(text: str) -> str:
    """`text` fit to stand in a sentence: printable, on one line and not endless."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= 100 else line[:60] + "..." + line[-37:]


def number(value: float) -> str:
    """With thousands apart and at most one decimal."""
    return f"{value:,.1f}".removesuffix(".0")


def check_megapixels(size: tuple[int, int], name: str, limit: float) -> None:
    """Raises PictureError unless width x height is 1 pixel to `limit` megapixels."""
    width, height = size
    if width < 1 or height < 1:
        raise PictureError(f"{name} is {width} × {height} pixels; at least 1 × 1 pixel is accepted")
    if width * height > limit * 1e6:
        raise PictureError(
            f"{name} is {width:,} × {height:,} pixels ({number(width * height / 1e6)}"
            f" megapixels); at most {limit:g} megapixels are accepted"
        )


# Colours


def _rgb(image: Image.Image, name: str) -> tuple[Pixels, bool]:
    """(H, W, 3), and whether anything was transparent."""
    transparency = image.info.get("transparency")
    if image.mode.startswith("I"):  # 16-bit greyscale; "I" is how older Pillows give it
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise PictureError(
                f"{name} has values from {values.min()} to {values.max()};"
                " 0 to 65535 is accepted for this kind of picture"
            )
        grey = from_16_bits(values.astype(np.uint16))
        clear = values == transparency if isinstance(transparency, int) else np.False_
        grey = np.where(clear, np.uint8(255), grey)
        return np.repeat(grey[:, :, None], 3, axis=2), bool(clear.any())
    if image.mode == "F":
        return from_floats(np.asarray(image), name)[:, :, None].repeat(3, axis=2), False
    if transparency is not None or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        straight = image.convert("LA") if image.mode == "La" else image
        return on_white(np.asarray(_in_srgb(straight.convert("RGBA"), image)))
    return np.asarray(_in_srgb(image.convert("RGB"), image)), False


def _in_srgb(rgb: Image.Image, original: Image.Image) -> Image.Image:
    """`rgb`, RGB or RGBA made of `original`, converted to sRGB by the original's profile."""
    profile = original.info.get("icc_profile")
    # A CMYK or greyscale picture's profile says nothing about the RGB that was made of it.
    if not profile or original.mode not in ("RGB", "RGBA", "RGBX", "RGBa", "P", "PA"):
        return rgb
    if not features.check("littlecms2"):  # Pillow can be built without it
        return rgb
    try:
        converted = ImageCms.profileToProfile(
            rgb, io.BytesIO(profile), ImageCms.createProfile("sRGB")
        )
    except ImageCms.PyCMSError:
        return rgb  # a damaged or non-RGB profile; as in browsers, the values count as sRGB
    return rgb if converted is None else converted  # None only where it works in place


def from_16_bits(values: NDArray[np.uint16]) -> Pixels:
    """0..65535 to 0..255, rounded to the nearest."""
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def from_floats(values: NDArray[np.floating], name: str) -> Pixels:
    """0..1 to 0..255, rounded to the nearest; raises PictureError for other values."""
    if not np.isfinite(values).all():
        raise PictureError(f"{name} holds NaN or infinite values; floats 0 to 1 are accepted")
    if values.min() < 0 or values.max() > 1:
        raise PictureError(
            f"{name} has float values from {values.min():g} to {values.max():g};"
            " floats 0 to 1 (or uint8 0 to 255) are accepted"
        )
    return np.rint(values.astype(np.float64) * 255).astype(np.uint8)


def on_white(rgba: Pixels) -> tuple[Pixels, bool]:
    """(H, W, 4) laid on white, (H, W, 3), rounded to the nearest; whether that changed anything."""
    if rgba[:, :, 3].min() == 255:
        return np.ascontiguousarray(rgba[:, :, :3]), False
    image = Image.fromarray(np.ascontiguousarray(rgba))
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return np.asarray(Image.alpha_composite(white, image).convert("RGB")), True
