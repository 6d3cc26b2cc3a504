"""Every kind of file that must be refused, made at run time.

`BAD_PICTURES[key]()` gives (file name, bytes). The names promise a picture on purpose.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """The bytes of `image` saved as `kind`."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def noise(width: int = 64, height: int = 48) -> Image.Image:
    """A picture that does not compress, so that a cut always loses pixels."""
    values = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(values)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    """One chunk of a PNG file, with its length and checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png_declaring(width: int, height: int) -> bytes:
    """A tiny, well-formed RGB PNG whose header declares any size."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", zlib.compress(bytes(64)))
        + png_chunk(b"IEND", b"")
    )


def repeated_scan(image: Image.Image, count: int) -> bytes:
    """A progressive JPEG whose last scan comes `count` times; each costs a decoder a whole pass."""
    data = encoded(image, "JPEG", progressive=True, quality=50)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def empty() -> tuple[str, bytes]:
    return "empty.png", b""


def text() -> tuple[str, bytes]:
    return "notes.jpg", "Dear diary, today I drew a café.\n".encode()


def program() -> tuple[str, bytes]:
    return "program.png", b"MZ\x90\x00\x03\x00\x00\x00" + bytes(range(256)) * 4


def archive() -> tuple[str, bytes]:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("a.txt", "a")
    return "archive.png", out.getvalue()


def svg() -> tuple[str, bytes]:
    return (
        "logo.png",
        b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9"><g/></svg>',
    )


def pdf() -> tuple[str, bytes]:
    return "scan.jpg", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def heic() -> tuple[str, bytes]:
    return "IMG_0001.jpg", b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(200)


def mp4() -> tuple[str, bytes]:
    return "clip.jpg", b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + bytes(200)


def scans() -> tuple[str, bytes]:
    return "again.jpg", repeated_scan(noise(), 400)


def unknown() -> tuple[str, bytes]:
    return "data.png", bytes([0x93, 0x00, 0xFE, 0x81]) * 64


def truncated_jpeg() -> tuple[str, bytes]:
    data = encoded(noise(), "JPEG")
    return "cut.jpg", data[: len(data) // 2]


def truncated_png() -> tuple[str, bytes]:
    data = encoded(noise(), "PNG")
    return "cut.png", data[: len(data) // 2]


def truncated_webp() -> tuple[str, bytes]:
    data = encoded(noise(), "WEBP")
    return "cut.webp", data[: len(data) // 2]


def truncated_gif() -> tuple[str, bytes]:
    data = encoded(noise(), "GIF")
    return "cut.gif", data[: len(data) // 2]


def truncated_bmp() -> tuple[str, bytes]:
    data = encoded(noise(), "BMP")
    return "cut.bmp", data[: len(data) // 2]


def header_only() -> tuple[str, bytes]:
    return "header.png", b"\x89PNG\r\n\x1a\n"


def corrupt_body() -> tuple[str, bytes]:
    """A PNG with its middle overwritten: checksum and compressed stream are both wrong."""
    data = bytearray(encoded(noise(), "PNG"))
    middle = len(data) // 2
    data[middle : middle + 200] = bytes(200)
    return "corrupt.png", bytes(data)


def huge_png() -> tuple[str, bytes]:
    """50,000 x 50,000 pixels declared: 7.5 GB if anyone decoded it."""
    return "bomb.png", png_declaring(50_000, 50_000)


def large_png() -> tuple[str, bytes]:
    """12,000 x 10,000 pixels declared: where Pillow would only warn."""
    return "large.png", png_declaring(12_000, 10_000)


def huge_file() -> tuple[str, bytes]:
    """A good PNG followed by zeros, 60 MB in all."""
    data = encoded(noise(), "PNG")
    return "heavy.png", data + bytes(60_000_000 - len(data))


BAD_PICTURES: dict[str, Callable[[], tuple[str, bytes]]] = {
    make.__name__: make
    for make in (
        empty,
        text,
        program,
        archive,
        svg,
        pdf,
        heic,
        mp4,
        scans,
        unknown,
        truncated_jpeg,
        truncated_png,
        truncated_webp,
        truncated_gif,
        truncated_bmp,
        header_only,
        corrupt_body,
        huge_png,
        large_png,
        huge_file,
    )
}
