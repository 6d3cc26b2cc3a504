"""Reading a picture from anywhere and cutting the view that a model sees.

`read_picture` takes a path, the bytes of a file, a NumPy array or a Pillow image and gives a
`Picture`: 8-bit RGB, upright, without transparency. What a file is, is decided by its content
and never by its name; its size is checked before it is decoded. Everything that cannot be used
raises PictureError with one sentence for a person.
"""

import contextlib
import hashlib
import io
import re
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError, features

from dlexplain.data.file_kinds import ACCEPTED, FORMATS, TITLES, kind_of, what_it_is
from dlexplain.errors import ParamError, PictureError
from dlexplain.settings import settings

Source = str | Path | bytes | NDArray[np.generic] | Image.Image
"""What `read_picture` takes."""

# warnings.catch_warnings changes the whole process, so two readings must not overlap.
_pillow_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture.

    name    what to call it before a person: a file's name, without its folder
    pixels  (H, W, 3) uint8, RGB, 0..255, row 0 at the top; read-only
    digest  SHA-256 of shape and pixels, 64 hex digits; equal digests mean equal pictures
    """

    name: str
    pixels: NDArray[np.uint8]
    digest: str


def read_picture(
    source: Source,
    name: str | None = None,
    *,
    max_file_mb: float | None = None,
    max_megapixels: float | None = None,
) -> Picture:
    """Read `source` into an upright 8-bit RGB picture.

    source          a path; the bytes of a PNG, JPEG, WebP, BMP or GIF file (an animation gives
                    its first frame); a Pillow image; or an array (H, W), (H, W, 1), (H, W, 3) or
                    (H, W, 4) of uint8 0..255, uint16 0..65535 or float 0..1
    name            shown to people; by default the file's name, else "picture"
    max_file_mb     largest file, in 10^6 bytes; by default settings().max_file_mb
    max_megapixels  largest width x height, in 10^6 pixels, checked before decoding; by default
                    settings().max_megapixels

    EXIF orientation is applied, an RGB picture with a colour profile is converted to sRGB,
    transparency is laid on white, CMYK and greyscale become RGB and 16-bit values are scaled to
    8 bits. Raises PictureError on anything that is not such a
    picture, is damaged or cut short, or is over a limit.
    """
    file_limit = settings().max_file_mb if max_file_mb is None else max_file_mb
    pixel_limit = settings().max_megapixels if max_megapixels is None else max_megapixels
    if isinstance(source, np.ndarray):
        shown = _one_line(name or "picture")
        pixels = _from_array(source, shown, pixel_limit)
    elif isinstance(source, Image.Image):
        shown = _one_line(name or Path(str(getattr(source, "filename", ""))).name or "picture")
        pixels = _from_image(source, shown, pixel_limit)
    elif isinstance(source, (str, Path)):
        path = Path(source)
        shown = _one_line(name or path.name or str(path))
        pixels = _from_file(_file_bytes(path, shown, file_limit), shown, pixel_limit)
    elif isinstance(source, bytes):
        shown = _one_line(name or "picture")
        _check_file_size(len(source), shown, file_limit)
        pixels = _from_file(source, shown, pixel_limit)
    else:
        raise PictureError(
            f"{_one_line(name or 'picture')} is given as {type(source).__name__}; a path, the"
            " bytes of a file, a NumPy array or a Pillow image is accepted"
        )
    return _picture(shown, pixels)


def model_view(picture: Picture, resize: int = 256, crop: int = 224) -> NDArray[np.uint8]:
    """The square that a model sees, (crop, crop, 3) uint8 RGB.

    The short side is resized to `resize` pixels (bicubic, antialiased), the long side to
    round(long * resize / short), and the middle `crop` x `crop` pixels are taken, starting at
    round((side - crop) / 2). Memory does not grow with the picture's proportions.
    Raises ParamError unless 1 <= crop <= resize.
    """
    if not 1 <= crop <= resize:
        raise ParamError(f"crop is {crop}; 1 to resize ({resize}) is accepted")
    image = Image.fromarray(picture.pixels)
    width, height = image.size
    short = min(width, height)
    new_width = round(width * resize / short)
    new_height = round(height * resize / short)
    left, top = round((new_width - crop) / 2), round((new_height - crop) / 2)
    if max(width, height) <= 4 * short:
        resized = image.resize((new_width, new_height), Image.Resampling.BICUBIC)
        view = resized.crop((left, top, left + crop, top + crop))
    else:
        # Only the middle of a panorama is resampled; Pillow's filter still reads the pixels
        # beyond the box, so this is what resizing all of it and cropping would give.
        x_step, y_step = width / new_width, height / new_height
        box = (left * x_step, top * y_step, (left + crop) * x_step, (top + crop) * y_step)
        view = image.resize((crop, crop), Image.Resampling.BICUBIC, box=box)
    return np.array(view, dtype=np.uint8)


def _picture(name: str, pixels: NDArray[np.uint8]) -> Picture:
    pixels = np.array(pixels, dtype=np.uint8, order="C")
    pixels.setflags(write=False)
    digest = hashlib.sha256("x".join(map(str, pixels.shape)).encode())
    digest.update(pixels.data)
    return Picture(name, pixels, digest.hexdigest())


def _one_line(text: str) -> str:
    """`text` fit to stand in a sentence: printable, on one line and not endless."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= 100 else line[:60] + "..." + line[-37:]


# Files


def _file_bytes(path: Path, name: str, limit_mb: float) -> bytes:
    try:
        if path.is_dir():
            raise PictureError(f"{name} is a folder; a picture file is accepted")
        size = path.stat().st_size
        if not path.is_file():
            raise PictureError(f"{name} is not a regular file; a picture file is accepted")
        _check_file_size(size, name, limit_mb)
        with path.open("rb") as file:
            data = file.read(int(limit_mb * 1e6) + 1)  # it may have grown meanwhile
    except FileNotFoundError as error:
        where = _one_line(str(path))
        raise PictureError(
            f"{name} was not found at {where}; the path of an existing file is accepted"
        ) from error
    except PermissionError as error:
        raise PictureError(
            f"{name} may not be opened by this user (permission denied); a file that it may read"
            " is accepted"
        ) from error
    except (OSError, ValueError) as error:
        if isinstance(error, PictureError):
            raise
        raise PictureError(
            f"{name} could not be opened ({_reason(error)}); a readable file is accepted"
        ) from error
    _check_file_size(len(data), name, limit_mb)
    return data


def _check_file_size(size: int, name: str, limit_mb: float) -> None:
    if size > limit_mb * 1e6:
        raise PictureError(
            f"{name} is {_number(size / 1e6)} MB large; at most {limit_mb:g} MB are accepted"
        )


def _from_file(data: bytes, name: str, limit: float) -> NDArray[np.uint8]:
    if not data:
        raise PictureError(f"{name} is empty (0 bytes); {ACCEPTED}")
    with _pillow_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # size limits are ours; odd metadata is no concern
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        except Image.DecompressionBombError as error:
            found = re.search(r"(\d+) pixels", str(error))
            ceiling = 2 * (Image.MAX_IMAGE_PIXELS or 0) / 1e6
            declared = _number(int(found[1]) / 1e6) if found else f"over {_number(ceiling)}"
            raise PictureError(
                f"{name} declares {declared} megapixels;"
                f" at most {_number(min(limit, ceiling))} megapixels are accepted"
            ) from error
        except UnidentifiedImageError as error:
            raise PictureError(f"{name} {what_it_is(data)}") from error
        except Exception as error:  # Pillow's plugins raise nearly anything on damaged headers
            raise PictureError(_damaged(name, kind_of(data) or "picture", error)) from error
        with image:
            kind = image.format or "picture"
            _check_megapixels(image.size, name, limit)
            return _decode(image, name, kind)


def _damaged(name: str, kind: str, error: Exception) -> str:
    return (
        f"{name} is a {TITLES.get(kind, kind)} file that is cut short or damaged"
        f" ({_reason(error)}); a complete file is accepted"
    )


def _reason(error: Exception) -> str:
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return _one_line(text) or type(error).__name__


# Decoding


def _number(value: float) -> str:
    return f"{value:,.1f}".removesuffix(".0")


def _check_megapixels(size: tuple[int, int], name: str, limit: float) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise PictureError(f"{name} is {width} × {height} pixels; at least 1 × 1 pixel is accepted")
    if width * height > limit * 1e6:
        raise PictureError(
            f"{name} is {width:,} × {height:,} pixels ({_number(width * height / 1e6)}"
            f" megapixels); at most {limit:g} megapixels are accepted"
        )


def _from_image(image: Image.Image, name: str, limit: float) -> NDArray[np.uint8]:
    _check_megapixels(image.size, name, limit)
    with _pillow_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _decode(image, name, image.format or "picture")


def _decode(image: Image.Image, name: str, kind: str) -> NDArray[np.uint8]:
    """Decode, turn upright and make RGB; the caller holds the lock and mutes warnings."""
    try:
        image.load()
    except Exception as error:  # as above: nearly anything
        raise PictureError(_damaged(name, kind, error)) from error
    with contextlib.suppress(Exception):  # unreadable EXIF; the pixels are good
        image = ImageOps.exif_transpose(image)
    try:
        return _rgb(image, name)
    except PictureError:
        raise
    except Exception as error:
        raise PictureError(
            f"{name} has the colour mode {image.mode}, which cannot be turned into RGB"
            f" ({_reason(error)}); greyscale, RGB, palette and CMYK are accepted"
        ) from error


def _rgb(image: Image.Image, name: str) -> NDArray[np.uint8]:
    transparency = image.info.get("transparency")
    if image.mode.startswith("I"):  # 16-bit greyscale; "I" is how older Pillows give it
        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise PictureError(
                f"{name} has values from {values.min()} to {values.max()};"
                " 0 to 65535 is accepted for this kind of picture"
            )
        grey = _from_16_bits(values.astype(np.uint16))
        if isinstance(transparency, int):
            grey[values == transparency] = 255
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.mode == "F":
        return _from_array(np.asarray(image), name, float("inf"))
    if transparency is not None or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        straight = image.convert("LA") if image.mode == "La" else image
        return _on_white(np.asarray(_in_srgb(straight.convert("RGBA"), image)))
    return np.asarray(_in_srgb(image.convert("RGB"), image))


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


def _from_16_bits(values: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """0..65535 to 0..255, rounded to the nearest."""
    return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _on_white(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W, 4) laid on white, (H, W, 3), rounded to the nearest."""
    image = Image.fromarray(np.ascontiguousarray(rgba))
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return np.asarray(Image.alpha_composite(white, image).convert("RGB"))


def _from_array(array: NDArray[np.generic], name: str, limit: float) -> NDArray[np.uint8]:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise PictureError(
            f"{name} is an array of shape {array.shape};"
            " (H, W), (H, W, 1), (H, W, 3) and (H, W, 4) are accepted"
        )
    _check_megapixels((array.shape[1], array.shape[0]), name, limit)
    if array.dtype == np.uint8:
        pixels = array.astype(np.uint8)
    elif array.dtype == np.uint16:
        pixels = _from_16_bits(array.astype(np.uint16))
    elif np.issubdtype(array.dtype, np.floating):
        values = array.astype(np.float64)
        if not np.isfinite(values).all():
            raise PictureError(f"{name} holds NaN or infinite values; floats 0 to 1 are accepted")
        if values.min() < 0 or values.max() > 1:
            raise PictureError(
                f"{name} has float values from {values.min():g} to {values.max():g};"
                " floats 0 to 1 (or uint8 0 to 255) are accepted"
            )
        pixels = np.rint(values * 255).astype(np.uint8)
    else:
        raise PictureError(
            f"{name} is an array of {array.dtype}; uint8, uint16 and float (0 to 1) are accepted"
        )
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.shape[2] == 1:
        return np.repeat(pixels, 3, axis=2)
    return _on_white(pixels) if pixels.shape[2] == 4 else pixels
