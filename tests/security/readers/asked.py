"""Readers of what addresses and fields ask for: names, numbers, places, spaces of sweeps."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

import dlexplain.attacks.methods
import dlexplain.compression
import dlexplain.data.sets
import dlexplain.evaluation.metrics
import dlexplain.explainers.methods
import dlexplain.networks
import dlexplain.tasks  # noqa: F401, these register what can be asked for
from dlexplain.attacks.base import ATTACKS
from dlexplain.compression.base import COMPRESSIONS
from dlexplain.data.base import DATA
from dlexplain.data.class_list import plain_classes
from dlexplain.data.fit import read_fit
from dlexplain.data.imagenet import find_class
from dlexplain.data.pictures import read_picture
from dlexplain.data.shortcuts import Shortcut, find_marked
from dlexplain.data.text_reading import check_text
from dlexplain.data.texts import place_of_label
from dlexplain.errors import DlexplainError
from dlexplain.evaluation.base import METRICS
from dlexplain.explainers.base import METHODS
from dlexplain.networks.base import ARCHITECTURES
from dlexplain.params import parse, specs
from dlexplain.server_files import allowed_folders
from dlexplain.services.latent.sampling import class_place
from dlexplain.services.pictures.sources import kept_pictures
from dlexplain.services.reporting.store import entry_of, open_report
from dlexplain.services.sweeps.spec import sweep_spec
from dlexplain.services.sweeps.sweeping import sweep_now
from dlexplain.services.training.catalogue import completed_with
from dlexplain.services.training.presets import PRESETS
from dlexplain.services.training.runs import run as run_now
from dlexplain.settings import (
    cluster_address,
    folder_at,
    folders,
    host_names,
    local_path,
    output_path,
    web_address,
    yes_or_no,
)
from dlexplain.tasks.base import TASKS
from dlexplain.trained.catalogue import find, trained
from dlexplain.ui.address import number_between, one_of, read_view, whole_number
from tests.security.mutations import texts
from tests.security.readers.base import Reader, reader

Read = Callable[[str], object]


def _all(*reads: Read) -> Callable[[str, Path], None]:
    """Each of them gets the text, and may refuse it for itself."""

    def read(text: str, folder: Path) -> None:
        for one in reads:
            with contextlib.suppress(DlexplainError):
                one(text)

    return read


@reader("values of an address")
def _(folder: Path) -> Reader:
    views = {"maps": "Feature maps", "cell": "Cell"}
    known = plain_classes(("cat", "dog", "cat", "²"), "x")
    return Reader(
        texts("3", "0.5", "maps", "crop:0.2,0.7", "cat", "n02123045"),
        _all(
            whole_number("x", -3, 300),
            number_between("x", 0, 1),
            one_of("x", ("a", "b")),
            lambda text: read_view(text, views),
            read_fit,
            known.find,
            find_class,
            lambda text: class_place(("a", "b"), text),
            lambda text: place_of_label(text, ("a", "b"), "x"),
            lambda text: find_marked(("a", "b"), Shortcut(kind="square", marked=text)),
        ),
        2.0,
    )


@reader("names of an address")
def _(folder: Path) -> Reader:
    reads: list[Read] = [lambda text, task=task: find(text, task) for task in TASKS]
    return Reader(
        texts("digits-cnn", "shapes-multitask:colour", "google/vit", str(folder)),
        _all(*reads, trained, kept_pictures, run_now, sweep_now, entry_of, open_report),
        0.5,
    )


@reader("paths of a field")
def _(folder: Path) -> Reader:
    reads = (local_path, folder_at, output_path, read_picture)
    return Reader(
        texts(str(folder), "~/x", "./x"), _all(*reads, lambda text: allowed_folders() and None)
    )


@reader("settings of the environment")
def _(folder: Path) -> Reader:
    return Reader(
        texts("https://host:80/x", "192.0.2.1:6379", "[::1]:80", "*.example.org", "/a:/b", "1"),
        _all(web_address, cluster_address, host_names, folders, yes_or_no),
    )


@reader("parameters of methods")
def _(folder: Path) -> Reader:
    """Every parameter of every method, metric, attack and architecture gets any text."""
    known = [
        entry.Params
        for registry in (METHODS, METRICS, ATTACKS, ARCHITECTURES, COMPRESSIONS, DATA)
        for entry in registry.values()  # type: ignore[attr-defined]
    ]
    fields = [(params, name) for params in known for name in specs(params)]

    def read(given: tuple[Any, str], folder: Path) -> None:
        (params, name), text = given
        parse(params, {name: text})

    return Reader(st.tuples(st.sampled_from(fields), texts("3", "0.5", "true", "1,2")), read, 2.0)


@reader("values of a run")
def _(folder: Path) -> Reader:
    spec = PRESETS["digits-cnn"].spec
    seeds = texts(
        "epochs=3", "training.learning_rate=0.1", "seed=3", "model.width=8", "parent=digits-cnn",
        "transfer.learns=head", "device=cuda:0", "data.path=/x", "seed=²", "task.x=1",
    )  # fmt: skip
    return Reader(seeds, _all(lambda text: completed_with(spec, [text])))


@reader("space of a sweep")
def _(folder: Path) -> Reader:
    spec = PRESETS["digits-cnn"].spec
    seeds = texts(
        "learning_rate=1e-4..1e-1 log", "batch_size=32..256 step 32", "width=8,16,32",
        "model=cnn,mlp", "training.epochs=1..9", "seed=1..5",
    )  # fmt: skip

    def read(text: str, folder: Path) -> None:
        for sampler in ("tpe", "grid", text):
            with contextlib.suppress(DlexplainError):
                sweep_spec(spec, [text], sampler=sampler, aims=[text], name=text)

    return Reader(seeds, read, 0.5)


@reader("texts to read")
def _(folder: Path) -> Reader:
    from dlexplain.services.loading import load
    from dlexplain.services.texts.models import TextModel

    model = load(TextModel, "sst2-cnn")
    return Reader(texts("a good film", "你好 world", "🎬 film"), _all(check_text, model.read))
