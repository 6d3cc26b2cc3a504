"""Reading a picture from anywhere.

`read_picture` takes a path, the bytes of a file, a NumPy array or a Pillow image and gives a
`Picture`: 8-bit RGB, upright, without transparency. What a file is, is decided by its content
and never by its name; its size is checked before it is decoded. Everything that cannot be used
raises PictureError with one sentence for a person.
"""

import contextlib
import hashlib
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dlexplain.data.decoding import (
    ON_WHITE,
    Decoded,
    Pixels,
    check_megapixels,
    decode,
    from_16_bits,
    from_floats,
    load,
    number,
    on_white,
    one_line,
    open_file,
    reason,
)
from dlexplain.data.decoding_apart import decode_apart
from dlexplain.data.file_kinds import ACCEPTED, jpeg_scans, kind_of, what_it_is
from dlexplain.data.fit import MIDDLE, Fit
from dlexplain.errors import PictureError
from dlexplain.server_files import check_link, open_regular
from dlexplain.settings import settings

Source = str | Path | bytes | NDArray[np.generic] | Image.Image
"""What `read_picture` takes."""
MOST_SCANS = 100
"""Passes over the pixels that a JPEG may ask for; encoders write about ten."""
CHEAP_BYTES = {"JPEG": 500_000, "PNG": 500_000, "WEBP": 500_000, "BMP": 3_000_000, "GIF": 50_000}
HEAD_BYTES = 500_000
"""Of a file, in which its size is looked for: reading on would take long of one that is made of
millions of small parts."""
DECLARE = ("JPEG", "PNG", "WEBP", "BMP", "GIF")
"""Kinds whose size stands at the beginning of their files."""
CHEAP_MEGAPIXELS = 1.0
"""A file of up to so many bytes, and pixels times scans, is decoded in the calling process."""

# warnings.catch_warnings changes the whole process, so two readings must not overlap.
_pillow_lock = threading.Lock()


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded picture.

    name    what to call it before a person: a file's name, without its folder
    pixels  (H, W, 3) uint8, RGB, 0..255, row 0 at the top; read-only
    digest  SHA-256 of shape and pixels, 64 hex digits; equal digests mean equal pictures
    notes   what reading changed of what there is to see, such as transparency
    fit     how it is made into a model's square
    """

    name: str
    pixels: Pixels
    digest: str
    notes: tuple[str, ...] = ()
    fit: Fit = MIDDLE

    @property
    def key(self) -> str:
        """Equal keys mean that a model sees the same: its digest and how it is fitted."""
        return f"{self.digest} {self.fit}"


def read_picture(
    source: Source,
    name: str | None = None,
    *,
    max_file_mb: float | None = None,
    max_megapixels: float | None = None,
) -> Picture:
    """Read `source` into an upright 8-bit RGB picture.

    source          a path; the bytes of a PNG, JPEG, WebP, BMP, GIF, TIFF, AVIF or HEIC file (of
                    several pictures in it the first); a Pillow image; or an array (H, W),
                    (H, W, 1), (H, W, 3) or (H, W, 4) of uint8 0..255, uint16 0..65535 or
                    float 0..1
    name            shown to people; by default the file's name, else "picture"
    max_file_mb     largest file, in 10^6 bytes; by default settings().max_file_mb
    max_megapixels  largest width x height, in 10^6 pixels, checked before decoding; by default
                    settings().max_megapixels

    EXIF orientation is applied, an RGB picture with a colour profile is converted to sRGB,
    transparency is laid on white, CMYK and greyscale become RGB and 16-bit values are scaled to
    8 bits. A large file is decoded in a process of its own, in at most
    settings().decode_seconds. Raises PictureError on anything that is not such a picture, is
    damaged or cut short, or is over a limit.
    """
    file_limit = settings().max_file_mb if max_file_mb is None else max_file_mb
    pixel_limit = settings().max_megapixels if max_megapixels is None else max_megapixels
    if isinstance(source, np.ndarray):
        shown = one_line(name or "picture")
        found = _from_array(source, shown, pixel_limit)
    elif isinstance(source, Image.Image):
        shown = one_line(name or Path(str(getattr(source, "filename", ""))).name or "picture")
        found = _from_image(source, shown, pixel_limit)
    elif isinstance(source, (str, Path)):
        path = Path(source)
        shown = one_line(name or path.name or str(path))
        found = _from_file(_file_bytes(path, shown, file_limit), shown, pixel_limit)
    elif isinstance(source, bytes):
        shown = one_line(name or "picture")
        _check_file_size(len(source), shown, file_limit)
        found = _from_file(source, shown, pixel_limit)
    else:
        raise PictureError(
            f"{one_line(name or 'picture')} is given as {type(source).__name__}; a path, the"
            " bytes of a file, a NumPy array or a Pillow image is accepted"
        )
    return _picture(shown, found)


def _picture(name: str, found: Decoded) -> Picture:
    pixels = np.ascontiguousarray(found.pixels)  # decoded here, so nobody else's
    pixels.setflags(write=False)
    digest = hashlib.sha256("x".join(map(str, pixels.shape)).encode())
    digest.update(pixels.data)
    return Picture(name, pixels, digest.hexdigest(), found.notes)


# Files


def _file_bytes(path: Path, name: str, limit_mb: float) -> bytes:
    try:
        check_link(path)
        if path.is_dir():
            raise PictureError(f"{name} is a folder; a picture file is accepted")
        size = path.stat().st_size
        if not path.is_file():
            raise PictureError(f"{name} is not a regular file; a picture file is accepted")
        _check_file_size(size, name, limit_mb)
        with open_regular(path) as file:
            data = file.read(int(limit_mb * 1e6) + 1)  # it may have grown meanwhile
    except FileNotFoundError as error:
        where = one_line(str(path))
        at = "" if where == name else f" at {where}"
        raise PictureError(
            f"{name} was not found{at}; the path of an existing file is accepted"
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
            f"{name} could not be opened ({reason(error)}); a readable file is accepted"
        ) from error
    _check_file_size(len(data), name, limit_mb)
    return data


def _check_file_size(size: int, name: str, limit_mb: float) -> None:
    if size > limit_mb * 1e6:
        raise PictureError(
            f"{name} is {number(size / 1e6)} MB large; at most {limit_mb:g} MB are accepted"
        )


def _from_file(data: bytes, name: str, limit: float) -> Decoded:
    if not data:
        raise PictureError(f"{name} is empty (0 bytes); {ACCEPTED}")
    kind = kind_of(data)
    if kind is None:
        raise PictureError(f"{name} {what_it_is(data)}")
    scans = jpeg_scans(data, MOST_SCANS) if kind == "JPEG" else 1
    if scans > MOST_SCANS:
        raise PictureError(
            f"{name} is a JPEG of more than {MOST_SCANS} scans, each of which takes as long as a"
            f" whole picture; up to {MOST_SCANS} are accepted"
        )
    if len(data) <= CHEAP_BYTES.get(kind, 0):
        with _muted(), open_file(data, kind, name, limit) as image:
            if image.width * image.height * scans <= CHEAP_MEGAPIXELS * 1e6:
                return decode(image, name)
    return decode_apart(data, kind, name, limit, settings().decode_seconds)


def declared_pixels(data: bytes) -> int:
    """Width times height as a file of a common kind declares them at its beginning, without
    decoding it; 0 where only decoding tells."""
    kind = kind_of(data)
    if kind not in DECLARE:
        return 0
    try:
        with _muted(), open_file(data[:HEAD_BYTES], kind, "", float("inf")) as image:
            return image.width * image.height
    except PictureError:
        return 0


@contextlib.contextmanager
def _muted() -> Iterator[None]:
    """Without Pillow's warnings: size limits are ours, and odd metadata are no concern."""
    with _pillow_lock, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _from_image(image: Image.Image, name: str, limit: float) -> Decoded:
    check_megapixels(image.size, name, limit)
    load(image, name, image.format or "picture")  # a lazy one may take long: not under the lock
    with _muted():
        return decode(image, name)


def _from_array(array: NDArray[np.generic], name: str, limit: float) -> Decoded:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise PictureError(
            f"{name} is an array of shape {array.shape};"
            " (H, W), (H, W, 1), (H, W, 3) and (H, W, 4) are accepted"
        )
    check_megapixels((array.shape[1], array.shape[0]), name, limit)
    if array.dtype == np.uint8:
        pixels = array.astype(np.uint8)
    elif array.dtype == np.uint16:
        pixels = from_16_bits(array.astype(np.uint16))
    elif np.issubdtype(array.dtype, np.floating):
        pixels = from_floats(array.astype(np.float64), name)
    else:
        raise PictureError(
            f"{name} is an array of {array.dtype}; uint8, uint16 and float (0 to 1) are accepted"
        )
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.shape[2] == 1:
        return Decoded(np.repeat(pixels, 3, axis=2))
    if pixels.shape[2] == 3:
        return Decoded(pixels)
    opaque, transparent = on_white(pixels)
    return Decoded(opaque, (ON_WHITE,) if transparent else ())
