"""Everything of one question in a ZIP that lets anyone repeat it."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from importlib import metadata

from dlexplain.results import Attribution, Prediction

PACKAGES = ("dlexplain", "torch", "captum", "shap", "numpy", "scikit-image")


def bundle(
    prediction: Prediction, attributions: Sequence[Attribution], pngs: Mapping[str, bytes]
) -> bytes:
    """A ZIP with explanation.json, and for each attribution an NPZ and a PNG.

    pngs  file stem -> PNG, as drawn by dlexplain.figures; stems as `stem` gives them
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        recipe = {
            "prediction": prediction.to_dict(),
            "explanations": [
                {**a.to_dict(), "file": f"{stem(a)}.npz", "repeat": repeat(a)} for a in attributions
            ],
            "versions": versions(),
        }
        archive.writestr("explanation.json", json.dumps(recipe, indent=2))
        for attribution in attributions:
            archive.writestr(f"{stem(attribution)}.npz", attribution.to_npz())
        for name, png in pngs.items():
            archive.writestr(f"{name}.png", png)
    return buffer.getvalue()


def stem(attribution: Attribution) -> str:
    """A file name without ending, unique among the maps of one question."""
    contrast = f"-vs-{attribution.contrast.index}" if attribution.contrast else ""
    return f"{attribution.method}-{attribution.target.index}{contrast}"


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
