"""Readers of models that users bring, and of trained ones whose folder is damaged."""

import hashlib
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save, save_file

from dlexplain.data.tokenisers import load_tokeniser, one_up
from dlexplain.execution import paths
from dlexplain.execution.checkpoints import newest_good, read_checkpoint
from dlexplain.services.objects.own import own_detector_spec, own_segmenter_spec
from dlexplain.services.pictures.cards import picture_card
from dlexplain.services.pictures.own_files import own_file_spec
from dlexplain.services.pictures.own_models import own_picture_spec
from dlexplain.services.texts.models import TextModel
from dlexplain.services.texts.token_models import TokenModel
from dlexplain.services.translation.models import LoadedTranslator
from dlexplain.services.writing.models import LoadedLanguageModel
from dlexplain.settings import settings
from dlexplain.trained.catalogue import find
from dlexplain.trained.folder import at_path
from dlexplain.trained.heads import as_single
from dlexplain.trained.hugging_face import check_own, longest_said, task_of_own
from dlexplain.trained.networks import load_network
from dlexplain.trained.own_files import refused_as_parent
from dlexplain.trained.zoo_cards import seeds_in
from tests import own, own_objects, own_pictures, own_translators, own_writers
from tests.finished import finished_run
from tests.own_files import CARD, net, save_onnx, save_program, weights_card
from tests.security.guards import MEGABYTES
from tests.security.mutations import (
    Inputs,
    changed_bytes,
    changed_json_files,
    changed_safetensors,
    changed_zip,
)
from tests.security.readers.base import Reader, laid, reader

OF_A_TRIAL = 2500
"""Of a picture as large as own_size.LARGEST_TENSOR lets it be: about five such tensors."""
Saves = Callable[[Path], object]


def _by_name(file: str, seed: bytes) -> Inputs:
    if file.endswith(".safetensors"):
        return changed_safetensors(seed)
    return changed_json_files(json.loads(seed)) if file.endswith(".json") else changed_bytes([seed])


def _texts(of: Any, task: str) -> Callable[[str], object]:
    def read(name: str) -> object:
        check_own(name, task)
        longest_said(name)
        return of.of(find(name, task))

    return read


def _folder(
    kind: str,
    save: Saves,
    files: tuple[str, ...],
    read: Callable[[str], object],
    share: float = 0.4,
    megabytes: int = MEGABYTES,
) -> None:
    """A model's folder in Hugging Face's form, with one of its files changed."""

    def one(changed: str) -> Callable[[Path], Reader]:
        def made(folder: Path) -> Reader:
            whole = folder / kind.replace(" ", "-")
            if not whole.exists():
                save(whole)

            def damaged(content: bytes, folder: Path) -> None:
                there = folder / "model"
                there.mkdir()
                for file in whole.iterdir():
                    if file.name == changed:
                        laid(there, changed, content)
                    else:
                        (there / file.name).symlink_to(file)
                task_of_own(str(there), _TASKS)
                read(str(there))

            return Reader(
                _by_name(changed, (whole / changed).read_bytes()),
                damaged,
                share,
                megabytes=megabytes,
            )

        return made

    for file in files:
        reader(f"{kind}: {file}")(one(file))


_TASKS = [
    "classify-image", "classify-text", "classify-token", "detect-objects", "segment-picture",
    "language-model", "translate",
]  # fmt: skip
_TEXT_FILES = ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors")
_folder(
    "text classifier",
    lambda folder: own.save_own(own.classifier("Bert", **own.SMALL), folder),
    _TEXT_FILES,
    _texts(TextModel, "classify-text"),
)
_folder(
    "token classifier",
    lambda folder: own.save_own(own.labeller("Bert", **own.SMALL), folder),
    ("config.json", "tokenizer.json"),
    _texts(TokenModel, "classify-token"),
)
_folder(
    "language model",
    lambda folder: own_writers.save_writer(folder, "GPT2"),
    ("config.json", "generation_config.json", "tokenizer.json"),
    _texts(LoadedLanguageModel, "language-model"),
)
_folder(
    "translator",
    lambda folder: own_translators.save_translator(folder, "Marian"),
    ("config.json", "generation_config.json"),
    _texts(LoadedTranslator, "translate"),
    0.2,
)
_folder(
    "picture classifier",
    lambda folder: own_pictures.save("vit", folder),
    ("config.json", "preprocessor_config.json", "model.safetensors"),
    own_picture_spec,
    megabytes=OF_A_TRIAL,
)
_folder(
    "detector",
    lambda folder: own_objects.save("yolos", folder),
    ("config.json", "preprocessor_config.json"),
    own_detector_spec,
    megabytes=OF_A_TRIAL,
)
_folder(
    "segmenter",
    lambda folder: own_objects.save("segformer", folder),
    ("config.json", "preprocessor_config.json"),
    own_segmenter_spec,
    megabytes=OF_A_TRIAL,
)


@reader("tokenizer.json")
def _(folder: Path) -> Reader:
    own.save_own(own.classifier("Bert", **own.SMALL), folder / "tokens")
    seed = json.loads((folder / "tokens/tokenizer.json").read_text())

    def read(content: bytes, folder: Path) -> None:
        one_up(load_tokeniser(content.decode("utf-8", "replace")))

    return Reader(changed_json_files(seed), read)


# A classifier in one file


def _one_file(ending: str, card: Any, make: Callable[[Path], object], inputs: Any) -> None:
    def of_model(folder: Path) -> Reader:
        make(folder / f"seed{ending}")
        seed = (folder / f"seed{ending}").read_bytes()

        def read(content: bytes, folder: Path) -> None:
            file = laid(folder, f"model{ending}", content)
            laid(folder, "model.json", json.dumps(card).encode())
            refused_as_parent(str(file))
            own_file_spec(str(file))

        return Reader(inputs(seed), read, 0.6)

    def of_card(folder: Path) -> Reader:
        make(folder / f"seed{ending}")

        def read(content: bytes, folder: Path) -> None:
            file = folder / f"model{ending}"
            shutil.copy(place / f"seed{ending}", file)
            laid(folder, "model.json", content)
            own_file_spec(str(file))

        place = folder
        return Reader(changed_json_files(card), read, 0.6)

    reader(f"one file {ending}")(of_model)
    reader(f"card of one file {ending}")(of_card)


def _archive(seed: bytes) -> Inputs:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(seed)) as opened:
        members = {name: opened.read(name) for name in opened.namelist()}
    inside = {
        name: changed_json_files(json.loads(content))
        for name, content in members.items()
        if name.endswith(".json")
    }
    return changed_zip(members, inside)


_one_file(".onnx", {**CARD}, save_onnx, lambda seed: changed_bytes([seed]))
_one_file(".pt2", {**CARD}, save_program, _archive)


def _weights(file: Path) -> None:
    from dlexplain.networks.base import ARCHITECTURES, PictureShape
    from dlexplain.params import parse

    card = weights_card()
    cnn = ARCHITECTURES["cnn"]
    shape = PictureShape(3, int(str(card["side"])), 3)
    params: Any = parse(cnn.Params, dict(card["params"]))  # type: ignore[call-overload]
    save_file(cnn.build(shape, params).state_dict(), file)


_one_file(".safetensors", dict(weights_card()), _weights, changed_safetensors)


# What was trained here, and lies anywhere


def _run(folder: Path) -> Path:
    """A finished run's folder, by a path."""
    whole = folder / "whole"
    if not whole.exists():
        shutil.copytree(paths.run_folder(settings().home, finished_run()), whole)
    return whole


def _read_run(folder: Path) -> None:
    found = at_path(str(folder))
    assert found is not None
    _ = found.damage, found.files
    entry = find(str(folder), "classify-image")
    model = as_single(entry.trained)
    seeds_in(model)
    picture_card(model)
    load_network(model)(torch.zeros(1, 1, 8, 8))


@reader("card of a run")
def _(folder: Path) -> Reader:
    whole = _run(folder)
    card = paths.card_in(whole)

    def read(content: bytes, folder: Path) -> None:
        shutil.copytree(whole, folder / "run")
        laid(folder / "run", card.name, content)
        _read_run(folder / "run")

    told = json.loads(card.read_text())
    return Reader(changed_json_files(told, {**told, "files": ["a.json"], "metrics": {}}), read)


@reader("weights of a run")
def _(folder: Path) -> Reader:
    whole = _run(folder)
    file = paths.weights_in(whole)

    def read(content: bytes, folder: Path) -> None:
        shutil.copytree(whole, folder / "run")
        laid(folder / "run", file.name, content)
        _read_run(folder / "run")

    return Reader(changed_safetensors(file.read_bytes()), read)


def _checkpoint() -> bytes:
    out = io.BytesIO()
    state = {f"network.{k}": v for k, v in net().state_dict().items()}
    torch.save({"state_dict": state, "epoch": 1, "callbacks": {"a": [1, 2.0]}}, out)
    return out.getvalue()


@reader("checkpoint")
def _(folder: Path) -> Reader:
    """Its digest is right, as who writes one may make it."""

    def read(content: bytes, folder: Path) -> None:
        file = laid(folder, "latest-3.ckpt", content)
        digest = hashlib.sha256(content).hexdigest()
        paths.digest_file(file).write_text(digest)
        newest_good(folder, lambda text: None)
        read_checkpoint(file)

    return Reader(changed_bytes([_checkpoint()]), read)


@reader("digest of a checkpoint")
def _(folder: Path) -> Reader:
    content = save({"a": torch.zeros(2)})

    def read(digest: bytes, folder: Path) -> None:
        file = laid(folder, "latest-3.ckpt", content)
        paths.digest_file(file).write_bytes(digest)
        read_checkpoint(file)

    return Reader(changed_bytes([hashlib.sha256(content).hexdigest().encode()]), read, 0.3)
