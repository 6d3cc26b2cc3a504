"""Picture classifiers that users bring: each is opened, answers as by itself, and is explained."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import transformers as hf
from PIL import Image
from safetensors.torch import load_file, save_file

import dlexplain as dx
from dlexplain.data.samples import sample_path
from dlexplain.errors import DlexplainError, ModelError
from dlexplain.explainers.capture import find_layer, spatial_layers
from dlexplain.services.pictures.models import LoadedModel
from tests.own_pictures import LABELS, MADE, SIDE, save

PICTURE = str(sample_path("coffee"))
FEW: dict[str, dict[str, int]] = {
    "integrated-gradients": {"steps": 4, "tolerance": 0},
    "smoothgrad": {"samples": 2},
    "vargrad": {"samples": 2},
    "expected-gradients": {"samples": 10, "baselines": 1},
    "score-cam": {"channels": 4},
    "ablation-cam": {"channels": 4},
    "rise": {"samples": 8},
    "sobol": {"designs": 8, "grid": 2},
    "hsic": {"samples": 8},
    "lime": {"samples": 20, "regions": 6},
    "kernel-shap": {"samples": 20, "regions": 6},
    "shap-partition": {"evaluations": 20},
    "shap-sampling": {"orders": 2, "regions": 6},
    "shapley-values": {"regions": 4},
    "superpixel-ablation": {"regions": 6},
    "occlusion": {"window": 32, "stride": 32},
}
LAST = {  # a block whose grid the class is read from, and its places
    "vit": ("model.vit.layers.0", 4),
    "deit": ("model.deit.layers.0", 4),
    "beit": ("model.beit.layers.1", 4),
    "dinov2": ("model.dinov2_with_registers.encoder.layer.1", 4),
    "swin": ("model.swin.layernorm", 8),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = {}
    for kind in MADE:
        found[kind] = tmp_path_factory.mktemp("own") / kind
        save(kind, found[kind])
    return found


@pytest.mark.parametrize("kind", MADE)
def test_it_answers_as_its_own_library_does(kind: str, folders: dict[str, Path]) -> None:
    model = dx.load(str(folders[kind]))
    assert isinstance(model, LoadedModel)
    assert [name.label for name in model.classes] == list(LABELS.values())
    own = hf.AutoModelForImageClassification.from_pretrained(folders[kind]).eval()
    processor = hf.AutoImageProcessor.from_pretrained(folders[kind])
    side = model.spec.preprocessing.resize
    image = Image.open(PICTURE).convert("RGB").resize((side, side))
    with torch.inference_mode():
        expected = own(**processor(images=image, return_tensors="pt")).logits.softmax(1)[0]
    said = {score.name.index: score.probability for score in dx.predict(model, image).scores}
    for index, probability in enumerate(expected.tolist()):
        assert said[index] == pytest.approx(probability, abs=1e-4)


@pytest.mark.parametrize("kind", MADE)
def test_every_method_that_is_offered_explains_it(kind: str, folders: dict[str, Path]) -> None:
    model = dx.load(str(folders[kind]))
    offered = [method.name for method in dx.methods(model)]
    assert {"grad-cam", "integrated-gradients", "occlusion", "rise", "lime"} <= set(offered)
    for method in offered:
        found = dx.explain(model, PICTURE, method, **FEW.get(method, {}))
        assert found.heatmap.shape == (SIDE, SIDE), method
        assert np.isfinite(found.values).all(), method
    assert np.abs(dx.explain(model, PICTURE, "grad-cam", positive=False).values).max() > 0


@pytest.mark.parametrize("kind", LAST)
def test_the_layer_is_one_that_the_class_is_read_from(kind: str, folders: dict[str, Path]) -> None:
    model = dx.load(str(folders[kind])).prepared
    layer = find_layer(model)
    assert (layer.name, layer.height, layer.width) == (LAST[kind][0], *[LAST[kind][1]] * 2)
    assert layer.reached
    after = {known.name: known for known in spatial_layers(model)}
    if kind == "vit":  # after it only the class token goes on
        assert not after["model.vit.layers.1"].reached


def test_a_picture_that_is_no_square_is_squashed_where_its_processor_does_so(
    folders: dict[str, Path],
) -> None:
    model = dx.load(str(folders["vit"]))
    assert dx.explain(model, PICTURE, "saliency").fit == "squash"
    assert dx.explain(model, PICTURE, "saliency", fit="crop").fit == "crop"
    assert dx.load(str(folders["deit"])).spec.notes[0].startswith("its own processor resizes")


def _change(folder: Path, file: str, **values: object) -> None:
    told = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps({**told, **values}))


def _pickles(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _not_finite(folder: Path) -> None:
    state = load_file(folder / "model.safetensors")
    state["classifier.bias"][0] = float("nan")
    save_file(state, folder / "model.safetensors", {"format": "pt"})


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "pickles only": (_pickles, "holds pickles only"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "has no weights"),
    "code of its own": (
        lambda f: _change(f, "config.json", auto_map={"AutoModel": "m.M"}),
        "needs code of its own, which is never run",
    ),
    "no processor": (
        lambda f: (f / "preprocessor_config.json").unlink(),
        "lacks a preprocessor_config.json; save the image processor beside the model",
    ),
    "far too large": (
        lambda f: _change(f, "config.json", num_hidden_layers=40, intermediate_size=10**6),
        r"describes [\d,]+ parameters, its weights hold [\d,]+; they do not belong together",
    ),
    "not finite": (_not_finite, "weights that are not finite: classifier.bias"),
    "four channels": (lambda f: _change(f, "config.json", num_channels=4), "4 channels|cannot be"),
    "no square": (
        lambda f: _change(f, "preprocessor_config.json", size={"height": 64, "width": 32}),
        "takes pictures of 32 x 64 pixels; squares",
    ),
    "cut weights": (
        lambda f: (f / "model.safetensors").write_bytes(b"x" * 200),
        "cannot be read",
    ),
    "another kind": (
        lambda f: _change(f, "config.json", architectures=["ViTForMaskedImageModeling"]),
        "is ViTForMaskedImageModeling; a",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_folders_are_one_sentence(kind: str, tmp_path: Path) -> None:
    save("vit", tmp_path)
    spoil, told = BAD[kind]
    spoil(tmp_path)
    with pytest.raises(DlexplainError, match=told) as error:
        dx.load(str(tmp_path))
    assert isinstance(error.value, ModelError)
    assert "\n" not in str(error.value)
