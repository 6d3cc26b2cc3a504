"""What a file is, by its first bytes: the picture formats accepted, and words for all others."""

import re

ENDINGS = (
    "png", "jpg", "jpeg", "jfif", "webp", "bmp", "gif", "tif", "tiff", "avif", "heic", "heif",
)  # fmt: skip
"""Of the names of picture files, for choosing among many; what a file is, its content decides."""
FORMATS_IN_WORDS = "PNG, JPEG, WebP, BMP, GIF, TIFF, AVIF and HEIC"
ACCEPTED = f"{FORMATS_IN_WORDS} are accepted"
TITLES = {"WEBP": "WebP", "HEIF": "HEIC"}
"""Pillow's names of formats that people call otherwise."""

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),  # BigTIFF
    (b"MM\x00+", "TIFF"),
)
# Brands of ISO 14496-12's first box; mif1 and msf1 leave open how the picture inside is coded.
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def kind_of(data: bytes) -> str | None:
    """Pillow's name of the accepted format that the first bytes promise, or None."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    if data[4:8] == b"ftyp":
        size = int.from_bytes(data[:4], "big")
        brands = {data[at : at + 4] for at in (8, *range(16, min(size, 256), 4))}
        if brands & _AVIF_BRANDS:
            return "AVIF"
        return "HEIF" if brands & _HEIC_BRANDS else None
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), None)


# The next marker of a JPEG after compressed data, in which FF is followed by 00 or a restart.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_ALONE = {0x01, *range(0xD0, 0xD9)}
_SCAN, _END = 0xDA, 0xD9


def jpeg_scans(data: bytes, most: int) -> int:
    """How many passes over its pixels a JPEG asks for, counted up to `most` + 1.

    A baseline JPEG has one for all colours or one for each; a progressive one has about ten. Each
    takes as long as decoding the whole picture once, and a repeated one costs a file a few bytes:
    ITU-T T.81 sets no limit.
    """
    count, at = 0, 2
    while count <= most and (found := _MARKER.search(data, at)):
        marker = data[found.end() - 1]
        at = found.end()
        if marker == _END:
            break
        if marker in _ALONE:
            continue
        count += marker == _SCAN
        at += int.from_bytes(data[at : at + 2], "big")
    return count


_OTHERS = (
    (b"MZ", "is a Windows program"),
    (b"\x7fELF", "is a Linux program"),
    (b"PK", "is a ZIP archive or an Office document"),
    (b"%PDF", "is a PDF document"),
    (b"\x1f\x8b", "is a gzip archive"),
    (b"7z\xbc\xaf", "is a 7-Zip archive"),
    (b"Rar!", "is a RAR archive"),
    (b"8BPS", "is a Photoshop document"),
    (b"\x00\x00\x01\x00", "is an icon file"),
    (b"\x00\x00\x00\x0cjP  ", "is a JPEG 2000 picture"),
    (b"\xff\x0a", "is a JPEG XL picture"),
    (b"\x00\x00\x00\x0cJXL ", "is a JPEG XL picture"),
)


def what_it_is(data: bytes) -> str:
    """The rest of a sentence, "is ...", about a file that Pillow could not open."""
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<?xml", b"<!doctype svg", b"<!--", b"<svg")) and b"<svg" in start:
        return f"is an SVG, a vector drawing; export it to PNG first ({ACCEPTED})"
    kind = kind_of(data)
    if kind is not None and not (kind == "BMP" and _is_text(data)):
        return (
            f"starts like a {TITLES.get(kind, kind)} file but its header is damaged or cut"
            " short; a complete file is accepted"
        )
    if data[4:8] == b"ftyp":
        return f"is a video or another MP4 container, not a picture; {ACCEPTED}"
    for magic, phrase in _OTHERS:
        if data.startswith(magic):
            return f"{phrase}, whatever its name says; {ACCEPTED}"
    if _is_text(data):
        return f"is text, not a picture; {ACCEPTED}"
    return f"is no picture of a known kind (it starts with {data[:8].hex(' ')}); {ACCEPTED}"


def _is_text(data: bytes) -> bool:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    try:
        text = data[:4096].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < min(len(data), 4096) - 3:  # not just a character cut at the end
            return False
        text = data[: error.start].decode("utf-8")
    return all(c.isprintable() or c in "\t\n\r\f" for c in text)
