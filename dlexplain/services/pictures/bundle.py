"""Everything of one question in a ZIP that lets anyone repeat it."""

import io
import json
import re
import zipfile
from collections.abc import Sequence
from importlib import metadata
from typing import Any

from dlexplain.results import Attribution, Prediction

UNSAFE = re.compile(r"[^\w.-]+")
"""What a file's name does not have; a user's own model is a path."""
PACKAGES = ("dlexplain", "torch", "captum", "shap", "numpy", "scikit-image")


def bundle(
    prediction: Prediction,
    attributions: Sequence[Attribution],
    pngs: Sequence[bytes],
    beside: Prediction | None = None,
) -> bytes:
    """A ZIP with explanation.json, and for each attribution an NPZ and a PNG.

    pngs    of each, as drawn by dlexplain.figures
    beside  what a second model says, whose attributions are among them
    """
    names = _stems(attributions)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        recipe: dict[str, Any] = {
            "prediction": prediction.to_dict(),
            "explanations": [
                {**a.to_dict(), "file": f"{name}.npz", "repeat": repeat(a)}
                for name, a in zip(names, attributions, strict=True)
            ],
            "versions": versions(),
        }
        if beside is not None:
            recipe["beside"] = beside.to_dict()
        archive.writestr("explanation.json", json.dumps(recipe, indent=2))
        for name, attribution, png in zip(names, attributions, pngs, strict=True):
            archive.writestr(f"{name}.npz", attribution.to_npz())
            archive.writestr(f"{name}.png", png)
    return buffer.getvalue()


def _stems(attributions: Sequence[Attribution]) -> list[str]:
    """Of two models' maps each begins with its model."""
    if len({a.model for a in attributions}) < 2:
        return [stem(a) for a in attributions]
    return [f"{UNSAFE.sub('-', a.model).strip('-')}-{stem(a)}" for a in attributions]


def stem(attribution: Attribution) -> str:
    """A file name without ending, unique among the maps of one question to one model."""
    contrast = f"-vs-{attribution.contrast.index}" if attribution.contrast else ""
    part = UNSAFE.sub("-", attribution.part)
    return f"{attribution.method}-{attribution.target.index}{contrast}{f'-{part}' if part else ''}"


def repeat(attribution: Attribution) -> str:
    """The command that gives the same map."""
    a = attribution
    words = ["python -m dlexplain explain PICTURE", f"--model {a.model}", f"--method {a.method}"]
    words.append(f"--target {a.target.index}")
    words.append(f"--contrast {a.contrast.index}" if a.contrast else "--alone")
    words += [f"--fit {a.fit}"] if a.fit != "crop" else []
    words += [f"--set {key}={value}" for key, value in a.params.items()]
    return " ".join([*words, "--out map.npz"])


def versions() -> dict[str, str]:
    """Versions of the packages that decide the numbers."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "from source"
    return found
