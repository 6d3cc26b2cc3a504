"""Pictures of digits in folders named after their classes."""

import io
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits


@cache
def digit_files(count: int, above: str = "") -> dict[str, bytes]:
    """Name -> PNG, such as "7/0012.png"; test pictures and training ones alike."""
    known = load_digits()
    found = {}
    for index in range(count):
        buffer = io.BytesIO()
        grey = (known.images[index] * 15.9).astype(np.uint8)
        Image.fromarray(grey).save(buffer, "PNG")
        found[f"{above}{known.target[index]}/{index:04d}.png"] = buffer.getvalue()
    return found


def digits_zip(count: int, more: dict[str, bytes] | None = None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in {**digit_files(count), **(more or {})}.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def digits_folder(root: Path, count: int, more: dict[str, bytes] | None = None) -> Path:
    for name, data in {**digit_files(count), **(more or {})}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root
