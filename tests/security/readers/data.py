"""Readers of pictures, archives, tables and texts."""

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import dlexplain.data.sets  # noqa: F401, registers them
from dlexplain.data.base import DATA, silent
from dlexplain.data.class_folders import read_class_folders, read_given_folders
from dlexplain.data.given_table import read_given, read_unknown
from dlexplain.data.picture_files import find_pictures
from dlexplain.data.pictures import read_picture
from dlexplain.data.sets.csv_texts import read_rows
from dlexplain.data.tables import column_names, read_table
from dlexplain.data.text_column import column_names as text_columns
from dlexplain.data.text_column import other_columns, read_text_column
from dlexplain.data.views import model_view
from dlexplain.errors import PictureError
from dlexplain.params import parse
from tests.bad_pictures import encoded, noise
from tests.heic_pictures import HEIC, TURNED_HEIC
from tests.security.mutations import changed_bytes, changed_zip
from tests.security.readers.base import Reader, laid, reader


def _seeds(kind: str) -> list[bytes]:
    small = noise(12, 9)
    turned = Image.Exif()
    turned[0x0112] = 6
    more: dict[str, list[bytes]] = {
        "PNG": [encoded(small.convert(mode), "PNG") for mode in ("P", "LA", "1", "I;16")],
        "JPEG": [
            encoded(small, "JPEG", progressive=True),
            encoded(small.convert("CMYK"), "JPEG"),
            encoded(small, "JPEG", exif=turned),
        ],
        "TIFF": [encoded(small, "TIFF", compression=way) for way in ("tiff_lzw", "jpeg")],
        "GIF": [encoded(small, "GIF", save_all=True, append_images=[noise(12, 9)])],
    }
    return [encoded(small, kind), *more.get(kind, [])]


def _picture(kind: str, share: float = 1.0) -> None:
    def made(folder: Path) -> Reader:
        seeds = [HEIC, TURNED_HEIC] if kind == "HEIF" else _seeds(kind)

        def read(content: bytes, folder: Path) -> None:
            found = read_picture(content, "x")
            assert found.pixels.ndim == 3 and found.pixels.shape[2] == 3
            model_view(found, 8, 8)

        return Reader(changed_bytes(seeds), read, share, (PictureError,))

    reader(f"picture {kind}")(made)


for _kind in ("PNG", "JPEG", "WEBP", "BMP", "GIF"):
    _picture(_kind)
for _kind in ("TIFF", "AVIF", "HEIF"):  # decoded in a process of their own
    _picture(_kind, 0.5)


def _pictures() -> dict[str, bytes]:
    small = encoded(noise(6, 6), "PNG")
    places = ("train/a", "train/b", "test/a", "test/b")
    return {f"{place}/{n}.png": small for place in places for n in range(3)}


@reader("ZIP of pictures")
def _(folder: Path) -> Reader:
    def read(content: bytes, folder: Path) -> None:
        found = find_pictures(content, "x.zip", 50)
        _ = found.fingerprint
        with found.opened() as opened:
            for file in found.files:
                try:
                    opened.read(file)
                except PictureError:
                    continue  # one of many: it is told, the others are read

    return Reader(changed_zip(_pictures()), read)


@reader("ZIP of class folders")
def _(folder: Path) -> Reader:
    def read(content: bytes, folder: Path) -> None:
        file = laid(folder, "x.zip", content)
        read_given_folders(file, 8, silent)
        read_class_folders(file, 8, (0.2, 0.2), folder / "cache", silent)

    return Reader(changed_zip(_pictures()), read, 0.5)


def _loads(name: str, file: str, seeds: list[bytes], share: float = 1.0, **params: Any) -> None:
    """A data set of a file of one's own."""

    def made(folder: Path) -> Reader:
        def read(content: bytes, folder: Path) -> None:
            path = laid(folder, file, content)
            spec = DATA[name]
            wanted: Any = parse(spec.Params, {"path": str(path), **params})
            if spec.check is not None:
                spec.check(wanted, folder / "data", silent)
            spec.status(wanted, folder / "data")
            spec.load(wanted, folder / "data", silent)

        return Reader(changed_bytes(seeds), read, share)

    reader(f"data set {name} {Path(file).suffix}")(made)


_TEXTS = "text,label,more\n" + "".join(
    f'"a {word} film, {n}",{word},{n}\n' for n in range(6) for word in ("good", "bad")
)
_loads("csv-texts", "x.csv", [_TEXTS.encode(), _TEXTS.replace(",", ";").encode("utf-16")])
_PAIRS = "".join(f"a man {n}\tein Mann {n}\n" for n in range(12))
_loads("tsv-pairs", "x.tsv", [_PAIRS.encode()])
_loads("tsv-pairs", "x.gz", [gzip.compress(_PAIRS.encode(), mtime=0)])
_loads("text-file", "x.txt", [b"a good film it is\n" * 900], 0.3, tokeniser="word", size=300)
_DATES = [f"{1990 + n // 12}-{n % 12 + 1:02}-01" for n in range(80)]
_SERIES = "date,a,b\n" + "".join(
    f"{day},{np.sin(n) + 3:.3f},{n % 7 + 1}\n" for n, day in enumerate(_DATES)
)
_EUROPEAN = _SERIES.replace(",", ";").replace(".", ",")
_QUOTED = "date,a,b\n" + "".join(
    f'{day},"{1000 + n * 7:,}.5",{n % 7 + 1}\n' for n, day in enumerate(_DATES)
)
_TABLES = [_SERIES.encode(), _EUROPEAN.encode(), _QUOTED.encode(), _SERIES.encode("utf-16")]
_loads("csv-series", "x.csv", _TABLES)
_FRED = "sasdate,a,b\nTransform:,5,1\n" + "".join(
    f"{n % 12 + 1}/1/{1990 + n // 12},{n + 3.5},{n % 7 + 1}\n" for n in range(320)
)
_loads("fred-md", "x.csv", [_FRED.encode()], series="a,b", targets="a")
_IDX = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (2, 28, 28)) + bytes(2 * 784)


@reader("data set mnist")
def _(folder: Path) -> Reader:
    def read(content: bytes, folder: Path) -> None:
        labels = b"\0\0\x08\x01" + (2).to_bytes(4, "big") + b"\x01\x02"
        packed = content[:2] == b"\x1f\x8b"
        laid(folder, "train-images-idx3-ubyte" + ".gz" * packed, content)
        for name in ("train-labels-idx1-ubyte", "t10k-labels-idx1-ubyte"):
            laid(folder, name, labels)
        laid(folder, "t10k-images-idx3-ubyte", _IDX)
        spec = DATA["mnist"]
        params: Any = parse(spec.Params, {"path": str(folder)})
        spec.load(params, folder, silent)

    return Reader(changed_bytes([_IDX, gzip.compress(_IDX, mtime=0)]), read, 0.5)


def _tar(members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as written:
        for name, content in members.items():
            about = tarfile.TarInfo(name)
            about.size = len(content)
            written.addfile(about, io.BytesIO(content))
    return out.getvalue()


_BATCHES = [*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"]
_CIFAR = {name: b"".join(bytes([n]) + bytes(3072) for n in range(10)) for name in _BATCHES}
_loads(
    "cifar10", "x.tar.gz",
    [_tar(_CIFAR), gzip.decompress(_tar(_CIFAR)), _tar({"../../test_batch.bin": b"x"})], 0.5,
)  # fmt: skip


@reader("table of series")
def _(folder: Path) -> Reader:
    facts = {"series": ["a", "b"], "period": 12}

    def read(content: bytes, folder: Path) -> None:
        for one in (
            lambda: column_names(content),
            lambda: read_table(content),
            lambda: read_unknown(content, ("a", "b")),
            lambda: read_given(content, facts, 10),
            lambda: read_given(laid(folder, "x.csv", content), facts, 10),
        ):
            try:
                one()
            except Reader.raises:
                continue

    return Reader(changed_bytes(_TABLES), read)


@reader("table of texts")
def _(folder: Path) -> Reader:
    def read(content: bytes, folder: Path) -> None:
        for one in (
            lambda: text_columns(content),
            lambda: read_text_column(content),
            lambda: other_columns(content, "text"),
            lambda: read_rows(laid(folder, "x.csv", content), ("bad", "good")),
        ):
            try:
                one()
            except Reader.raises:
                continue

    seeds = [_TEXTS.encode(), _TEXTS.replace(",", "\t").encode("utf-16"), b"text\na good film\n"]
    return Reader(changed_bytes(seeds), read)


def _folders(name: str, files: Mapping[str, bytes], damaged: str) -> None:
    """A data set of a folder of files, of which one is changed."""

    def made(folder: Path) -> Reader:
        def read(content: bytes, folder: Path) -> None:
            for file, usual in files.items():
                laid(folder, file, content if file == damaged else usual)
            spec = DATA[name]
            params: Any = parse(spec.Params, {"path": str(folder)})
            spec.status(params, folder)
            spec.load(params, folder, silent)

        return Reader(changed_bytes([files[damaged]]), read, 0.5)

    reader(f"data set {name}")(made)


_RATED = "sentence\tlabel\n" + "".join(f"a film {n}\t{n % 2}\n" for n in range(20))
_folders("sst2", {name: _RATED.encode() for name in ("train.tsv", "dev.tsv")}, "train.tsv")
_SIDES = {
    f"{part}.{language}": b"a man\nein Mann\n" * 3
    for part in ("train", "val", "test_2016_flickr")
    for language in ("en", "de")
}
_folders("multi30k", _SIDES, "val.de")
_LINES = b"a good <unk> film N\n" * 60
_folders("ptb", {f"ptb.{part}.txt": _LINES for part in ("train", "valid", "test")}, "ptb.valid.txt")
