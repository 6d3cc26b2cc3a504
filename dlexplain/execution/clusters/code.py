"""The code that goes to a cluster: this package, without the zoo but for models that are used."""

import shutil
from collections.abc import Collection
from pathlib import Path

from dlexplain.execution import paths

LEFT_OUT = ("__pycache__", "zoo")


def stage_code(folder: Path, models: Collection[str]) -> Path:
    """Copy into a folder what Ray sends to nodes; returns the package there.

    models  names of zoo models that the run begins with or learns from
    """
    package, zoo = Path(__file__).parents[2], paths.zoo_folder()
    staged = folder / package.name
    shutil.copytree(package, staged, ignore=shutil.ignore_patterns(*LEFT_OUT))
    own = staged / zoo.name
    own.mkdir()
    for file in zoo.glob("*.py"):
        shutil.copy(file, own / file.name)
    for name in models:
        shutil.copytree(zoo / name, own / name)
    return staged


def zoo_models(texts: Collection[str]) -> list[str]:
    """Those of the zoo that some texts name."""
    known = {f.name for f in paths.zoo_folder().iterdir() if f.is_dir() and f.name[0].isalnum()}
    return sorted(known & set(map(model_in, texts)))


def model_in(text: str) -> str:
    """The model that a text of a spec may name, without one of its heads or weights on the way."""
    return text.partition("@")[0].partition(":")[0]
