"""What a file is, by its first bytes: the picture formats accepted, and words for all others."""

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
"""Pillow's names of the formats that are accepted."""
ACCEPTED = "PNG, JPEG, WebP, BMP and GIF are accepted"
TITLES = {"WEBP": "WebP"}

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
)


def kind_of(data: bytes) -> str | None:
    """The one of FORMATS that the first bytes promise, or None."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return next((kind for magic, kind in _MAGIC if data.startswith(magic)), None)


_OTHERS = (
    (b"MZ", "is a Windows program"),
    (b"\x7fELF", "is a Linux program"),
    (b"PK", "is a ZIP archive or an Office document"),
    (b"%PDF", "is a PDF document"),
    (b"\x1f\x8b", "is a gzip archive"),
    (b"7z\xbc\xaf", "is a 7-Zip archive"),
    (b"Rar!", "is a RAR archive"),
    (b"II*\x00", "is a TIFF picture"),
    (b"MM\x00*", "is a TIFF picture"),
    (b"8BPS", "is a Photoshop document"),
    (b"\x00\x00\x01\x00", "is an icon file"),
    (b"\x00\x00\x00\x0cjP  ", "is a JPEG 2000 picture"),
    (b"\xff\x0a", "is a JPEG XL picture"),
)
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def what_it_is(data: bytes) -> str:
    """The rest of a sentence, "is ...", about a file that Pillow could not open."""
    start = data[:4096].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith((b"<?xml", b"<!doctype svg", b"<!--", b"<svg")) and b"<svg" in start:
        return f"is an SVG, a vector drawing; export it to PNG first ({ACCEPTED})"
    if data[4:8] == b"ftyp":
        if data[8:12] in _HEIC_BRANDS:
            return f"is a HEIC photo; convert it to JPEG or PNG first ({ACCEPTED})"
        if data[8:12] in (b"avif", b"avis"):
            return f"is an AVIF picture; convert it to JPEG or PNG first ({ACCEPTED})"
        return f"is a video or another MP4 container, not a picture; {ACCEPTED}"
    kind = kind_of(data)
    if kind is not None and not (kind == "BMP" and _is_text(data)):
        return (
            f"starts like a {TITLES.get(kind, kind)} file but its header is damaged or cut"
            " short; a complete file is accepted"
        )
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
