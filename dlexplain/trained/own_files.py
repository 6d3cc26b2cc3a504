"""Picture classifiers that users bring as one file, told without loading them; no torch here.

An ONNX file, a program of torch.export, or weights of an architecture that is here. What runs code
when it is opened, as pickles do, is never read.
"""

from collections.abc import Collection, Iterable
from pathlib import Path

from dlexplain.errors import BadInput, ModelError, UnknownName
from dlexplain.execution import paths
from dlexplain.settings import local_path
from dlexplain.trained.entry import ModelEntry
from dlexplain.trained.folder import at_path

TASK = "classify-image"
OWN = "your own"
ONNX, PROGRAM, WEIGHTS = ".onnx", ".pt2", ".safetensors"
FORMS = (ONNX, PROGRAM, WEIGHTS)
ACCEPTED = ".onnx, .pt2 (torch.export), or .safetensors with a JSON beside it"
PICKLES = (".pt", ".pth", ".bin", ".ckpt", ".pkl", ".pickle", ".joblib")
LARGEST = 2 * 10**9
"""Bytes of a file: an ONNX file cannot have more."""


class OwnFiles:
    """A Source. It lists nothing by itself: what a user has named stands in his session."""

    def entries(self, tasks: Collection[str]) -> Iterable[ModelEntry]:
        return ()

    def find(self, name: str, tasks: Collection[str]) -> ModelEntry | None:
        return self.entry(name) if TASK in tasks and is_own_file(name) else None

    def entry(self, name: str) -> ModelEntry:
        """Of the file of this path, whether it can be read or not."""
        return ModelEntry(name, f"{name} ({OWN})", "own", TASK, data=OWN, origin=name)


def is_own_file(name: str) -> bool:
    """Whether the name is of a file, or could be of one, that is no part of a run of dlexplain.

    What has no ending is none: a file in the current folder may be called as a model of the zoo.
    """
    try:
        path = local_path(name)
    except BadInput:
        return False
    if path.is_dir() or _of_run(name, path):
        return False
    return path.suffix.lower() in FORMS or (path.suffix != "" and path.exists())


def _of_run(name: str, path: Path) -> bool:
    """Whether it lies beside a run's card, and has no JSON of its own name."""
    found = at_path(name)
    return (
        found is not None
        and not beside(path).exists()
        and path.suffix in (WEIGHTS, ".ckpt")
        and (paths.card_in(found.folder).is_file() or paths.is_on_the_way(path))
    )


def beside(path: Path) -> Path:
    """The JSON that says what the file does not: model.json of model.onnx."""
    return path.with_suffix(".json")


def refused_as_parent(name: str) -> str:
    """Why a run cannot begin with what a user brings as one file, a sentence; "" otherwise."""
    if not is_own_file(name):
        return ""
    kinds = {ONNX: "an ONNX file", PROGRAM: "an exported program", WEIGHTS: "a file of weights"}
    form = local_path(name).suffix.lower()
    return (
        f'"{name}" is {kinds.get(form, f"a {form} file")}, and no run begins with one: its layers '
        "cannot be trained on here; a model of the zoo, a run, or a folder of transformers "
        "(config.json with safetensors) can"
    )


def check_file(name: str) -> Path:
    """The path of a file whose form can be read; nothing of it is read.

    Raises UnknownName where there is none, ModelError where it is no regular file, too large, or of
    another form.
    """
    path = local_path(name)
    form = path.suffix.lower()
    if not path.exists():
        raise UnknownName(f'there is no file "{name}"')
    if not path.is_file():  # a FIFO or a device, by whatever link, may never end
        raise ModelError(f'"{name}" is no regular file')
    if form in PICKLES:
        raise ModelError(
            f'"{name}" is a pickle, which can run code and is never read; save it with '
            "torch.export.save, as ONNX or as safetensors, or give the module to dx.wrap"
        )
    if form not in FORMS:
        raise ModelError(f'"{name}" is of no form that is read; {ACCEPTED} is accepted')
    if path.stat().st_size > LARGEST:
        raise ModelError(f'"{name}" has more than {LARGEST / 1e9:g} GB, the most that is read')
    if form == WEIGHTS and not beside(path).is_file():
        raise ModelError(
            f'"{name}" holds weights alone; a {beside(path).name} beside it says of which '
            "architecture and classes"
        )
    return path
