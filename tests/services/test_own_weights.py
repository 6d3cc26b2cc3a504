"""Weights that users bring for an architecture that is here, and files of no accepted form."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import dlexplain as dx
from dlexplain.data.fit import WAYS
from dlexplain.data.samples import sample_path
from dlexplain.errors import DlexplainError, ModelError, UnknownName
from dlexplain.networks.base import ARCHITECTURES, PictureShape
from dlexplain.params import parse
from dlexplain.trained.catalogue import entries, find
from dlexplain.trained.folder import at_path
from dlexplain.trained.own_file_card import FITS
from dlexplain.trained.own_files import is_own_file
from tests.own_files import CLASSES, SIDE, given, save_onnx, weights_card, write_card

PICTURE = str(sample_path("coffee"))


def network(**params: Any) -> torch.nn.Module:
    torch.manual_seed(0)
    told: dict[str, Any] = {"width": 4, "blocks": 1, "dense": 8, **params}
    cnn = ARCHITECTURES["cnn"]
    return cnn.build(PictureShape(3, SIDE, len(CLASSES)), parse(cnn.Params, told)).eval()


def save(file: Path, **told: object) -> None:
    save_file(network().state_dict(), file)
    file.with_suffix(".json").write_text(json.dumps(weights_card(**told)))


def test_the_network_is_built_with_its_classes_and_pixels_scaled(tmp_path: Path) -> None:
    save(tmp_path / "net.safetensors")
    model = dx.load(str(tmp_path / "net.safetensors"))
    assert [name.label for name in model.classes] == list(CLASSES)
    assert model.spec.notes == ()
    pixels = torch.rand(2, 3, SIDE, SIDE)
    with torch.no_grad():
        expected = network()(given(pixels))
    torch.testing.assert_close(model.prepared.logits(pixels), expected, rtol=1e-4, atol=1e-5)
    assert {"grad-cam", "integrated-gradients"} <= {info.name for info in dx.methods(model)}


def test_a_zoo_models_weights_with_a_card_are_the_zoo_model(tmp_path: Path) -> None:
    zoo = dx.load("cifar10-cnn")
    card, file = find("cifar10-cnn").trained, tmp_path / "net.safetensors"
    file.write_bytes(card.weights.read_bytes())  # packed, see stored_weights
    told = weights_card(
        architecture=card.spec.model, params=dict(card.spec.model_params), side=32,
        classes=[name.label for name in zoo.classes],
        mean=zoo.spec.preprocessing.mean / 255, std=zoo.spec.preprocessing.scale / 255,
    )  # fmt: skip
    file.with_suffix(".json").write_text(json.dumps(told))
    for a, b in zip(
        dx.predict(zoo, PICTURE).scores, dx.predict(dx.load(str(file)), PICTURE).scores, strict=True
    ):
        assert (a.name.label, a.probability) == (b.name.label, pytest.approx(b.probability, 1e-4))


def _weights(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        state = load_file(file)
        change(state)
        save_file(state, file)

    return write


def _card(**told: object) -> Callable[[Path], None]:
    return lambda file: file.with_suffix(".json").write_text(json.dumps(weights_card(**told)))


def _text(text: str) -> Callable[[Path], None]:
    return lambda file: file.with_suffix(".json").write_text(text)


FIRST = next(iter(network().state_dict()))
BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "lacking": (_weights(lambda s: s.pop(FIRST)), f"net.json says: it lacks {FIRST}"),
    "unexpected": (_weights(lambda s: s.update(more=torch.ones(1))), "it has besides more"),
    "of another shape": (
        _weights(lambda s: s.update({FIRST: torch.ones(2, 2)})),
        rf"has of another shape {FIRST} \(2, 2\) rather than \(4, 3, 3, 3\)",
    ),
    "not finite": (
        _weights(lambda s: s.update({FIRST: torch.full((4, 3, 3, 3), torch.nan)})),
        f"{FIRST} has values that are not finite",
    ),
    "more classes": (_card(classes=["a", "b", "c", "d"]), r"\(3,?.*\) rather than \(4"),
    "far wider": (_card(params={"width": 512, "dense": 4096}), "rather than"),
    "ten to the nine": (_card(params={"width": 10**9}), "net.json cannot be followed: .*width"),
    "an unknown parameter": (_card(params={"wide": 3}), 'unknown parameter "wide"'),
    "an unknown architecture": (_card(architecture="resnt9"), 'did you mean "resnet9"'),
    "of texts": (_card(architecture="text-cnn"), "classifies no pictures; .*resnet9"),
    "a list of params": (_card(params=[1]), r'"params" is \[1\]; an object'),
    "four channels": (_card(channels=4), '"channels" is 4; 1 or 3 is accepted'),
    "no side": (_card(side=0), '"side" is 0; a whole number from 1 to 2048'),
    "grey weights": (_card(channels=1), "rather than"),
    "no classes": (_card(classes=[]), r'"classes" is \[\]; a list of labels'),
    "numbers as classes": (_card(classes=[1, 2, 3]), '"classes" is .*; a list of labels'),
    "mean of NaN": (_card(mean=float("nan")), '"mean" is NaN; a finite number'),
    "mean of two": (_card(mean=[0.1, 0.2]), '"mean" is .*; a finite number'),
    "std of 0": (_card(std=0), "std is 0.0; numbers above 0"),
    "fit": (_card(fit="stretch"), '"fit" is "stretch"; crop, pad, squash'),
    "resize": (_card(resize=8), "net.json resizes to 8; at least the side"),
    "an unknown key": (_card(clases=["a"]), 'net.json says "clases"; .*did you mean "classes"'),
    "a program's key": (_card(output="x"), 'net.json says "output"'),
    "no architecture": (_text('{"classes": ["a"]}'), "net.json lacks architecture, channels, side"),
    "no object": (_text("[]"), "net.json is no JSON object"),
    "no JSON": (_text("{"), "net.json cannot be read"),
    "nested": (_text("[" * 100_000), "net.json cannot be read"),
    "a long card": (_text(" " * (10**6 + 1)), "net.json has more than 1 MB"),
    "no card": (lambda f: f.with_suffix(".json").unlink(), "holds weights alone; a net.json"),
    "cut": (lambda f: f.write_bytes(f.read_bytes()[:99]), "net.safetensors cannot be read"),
    "no safetensors": (lambda f: torch.save({}, f), "net.safetensors cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_weights_are_one_sentence(kind: str, tmp_path: Path) -> None:
    spoil, told = BAD[kind]
    file = tmp_path / "net.safetensors"
    save(file)
    spoil(file)
    with pytest.raises(DlexplainError, match=told) as error:
        dx.load(str(file))
    assert isinstance(error.value, ModelError)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["net.pt", "net.pth", "net.bin", "net.ckpt", "net.pkl"])
def test_a_pickle_is_refused_and_says_how_to_save_instead(name: str, tmp_path: Path) -> None:
    torch.save(network(), tmp_path / name)
    with pytest.raises(ModelError, match="is a pickle, which can run code and is never read") as e:
        dx.load(str(tmp_path / name))
    assert "torch.export.save" in str(e.value)
    assert "dx.wrap" in str(e.value)


def test_what_is_no_regular_file_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "net.onnx")
    (tmp_path / "zero.onnx").symlink_to("/dev/zero")
    (tmp_path / "folder.onnx").mkdir()
    for name in ("net.onnx", "zero.onnx"):
        with pytest.raises(ModelError, match="is no regular file"):
            dx.load(str(tmp_path / name))
    with pytest.raises(DlexplainError, match=r"has no config\.json"):
        dx.load(str(tmp_path / "folder.onnx"))
    save_onnx(tmp_path / "good.onnx")
    os.mkfifo(tmp_path / "good.json")
    with pytest.raises(ModelError, match="good.json beside the model is no regular file"):
        dx.load(str(tmp_path / "good.onnx"))


def test_a_file_that_is_too_large_is_not_opened(tmp_path: Path) -> None:
    with (tmp_path / "net.onnx").open("wb") as file:
        file.truncate(2 * 10**9 + 1)  # holes, which take no room
    with pytest.raises(ModelError, match="has more than 2 GB"):
        dx.load(str(tmp_path / "net.onnx"))


@pytest.mark.parametrize("name", ["no/net.onnx", "/no/such/net.pt2", "net.safetensors"])
def test_a_file_that_is_not_there_is_told(name: str) -> None:
    with pytest.raises(UnknownName, match=f'there is no file "{name}"'):
        dx.load(name)


def test_another_form_is_told(tmp_path: Path) -> None:
    (tmp_path / "net.h5").write_bytes(b"x")
    with pytest.raises(ModelError, match=r"is of no form that is read; \.onnx, \.pt2"):
        dx.load(str(tmp_path / "net.h5"))


def test_a_runs_weights_stay_the_runs(tmp_path: Path) -> None:
    model = find("cifar10-cnn").trained
    assert not is_own_file(str(model.weights))
    assert find(str(model.weights)).source == "path"
    found = at_path(str(model.weights))
    assert found is not None and found.weights == model.weights


def test_names_of_the_zoo_and_the_hub_are_no_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cifar10-cnn").write_text("")
    assert not is_own_file("cifar10-cnn")
    assert not is_own_file("organisation/model")
    assert not is_own_file("organisation/model.v1")
    assert is_own_file("folder/net.onnx")


def test_the_catalogue_tells_them_without_reading(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"")
    name = str(tmp_path / "net.onnx")
    entry = find(name)
    assert (entry.name, entry.source, entry.task) == (name, "own", "classify-image")
    assert entry in entries("classify-image", own=[name])


def test_fits_are_those_of_pictures() -> None:
    assert set(FITS) == set(WAYS)


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"channels_last": 1}, '"channels_last" is 1; true or false'),
        ({"input_shape": [3, 8]}, r'"input_shape" is \[3, 8\]; \[1 or 3, side, side\]'),
        ({"input_shape": [3, 8, 9]}, '"input_shape" is'),
        ({"input_shape": [3, 8, 8]}, r"net.json says \(3, 8, 8\); pictures"),
        ({"output": True}, '"output" is true; the name or the place'),
        ({"architecture": "cnn"}, 'net.json says "architecture"'),
        ({"classes": ["a", "b"]}, r"scores of shape \(2, 3\) for 2 pictures; \(2, 2\)"),
        ({"resize": 10**9}, '"resize" is 1000000000; a whole number from 1 to 4096'),
    ],
)
def test_a_bad_card_of_a_program_is_one_sentence(
    told: dict[str, object], why: str, tmp_path: Path
) -> None:
    save_onnx(tmp_path / "net.onnx")
    write_card(tmp_path / "net.onnx", **told)
    with pytest.raises(ModelError, match=why):
        dx.load(str(tmp_path / "net.onnx"))
