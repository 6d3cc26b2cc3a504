"""Detectors and segmenters that users bring: each answers as by itself, and is explained."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

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
from dlexplain.services.objects.models import LoadedDetector, LoadedSegmenter
from dlexplain.services.objects.parts import of_box, of_region
from dlexplain.services.pictures.explain import as_picture
from tests.own_objects import DETECTORS, LABELS, MADE, QUERIES, SEGMENTERS, SIDE, save
from tests.services.test_own_pictures import FEW

PICTURE = str(sample_path("coffee"))


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = {}
    for kind in MADE:
        found[kind] = tmp_path_factory.mktemp("own") / kind
        save(kind, found[kind])
    return found


def square(side: int) -> Image.Image:
    return Image.open(PICTURE).convert("RGB").resize((side, side))


@pytest.mark.parametrize("kind", DETECTORS)
def test_a_detector_answers_as_its_own_library_does(kind: str, folders: dict[str, Path]) -> None:
    model = dx.load(str(folders[kind]))
    assert isinstance(model, LoadedDetector)
    assert [name.label for name in model.classes] == [*LABELS.values(), "no object"]
    assert [name.label for name in model.objects] == list(LABELS.values())
    own = hf.AutoModelForObjectDetection.from_pretrained(folders[kind]).eval()
    processor = hf.AutoImageProcessor.from_pretrained(folders[kind])
    image = square(SIDE)
    with torch.inference_mode():
        given = own(**processor(images=image, return_tensors="pt"))
    (expected,) = processor.post_process_object_detection(
        given, threshold=0.0, target_sizes=[(SIDE, SIDE)]
    )
    order = expected["scores"].argsort(descending=True)
    found = dx.predict(model, image, threshold=0.0)
    assert len(found.boxes) == QUERIES
    for box, place in zip(found.boxes, order.tolist(), strict=True):
        assert box.query == place
        assert box.score.probability == pytest.approx(float(expected["scores"][place]), abs=1e-4)
        assert box.score.name.index == int(expected["labels"][place])
        sides = np.array([box.left, box.top, box.right, box.bottom])
        inside = expected["boxes"][place].numpy().clip(0, SIDE)
        np.testing.assert_allclose(sides, inside, atol=1e-2)


@pytest.mark.parametrize("kind", SEGMENTERS)
def test_a_segmenter_answers_as_its_own_library_does(kind: str, folders: dict[str, Path]) -> None:
    model = dx.load(str(folders[kind]))
    assert isinstance(model, LoadedSegmenter)
    own = hf.AutoModelForSemanticSegmentation.from_pretrained(folders[kind]).eval()
    processor = hf.AutoImageProcessor.from_pretrained(folders[kind])
    image = square(model.spec.preprocessing.resize)
    with torch.inference_mode():
        given = own(**processor(images=image, return_tensors="pt"))
    (expected,) = processor.post_process_semantic_segmentation(given, target_sizes=[(SIDE, SIDE)])
    found = dx.predict(model, image)
    assert (found.classes == expected.numpy()).mean() > 0.999
    shares = np.bincount(found.classes.ravel(), minlength=len(LABELS)) / SIDE**2
    assert {region.name.index: region.share for region in found.regions} == {
        index: share for index, share in enumerate(shares) if share
    }
    assert list(found.regions) == sorted(found.regions, key=lambda region: -region.share)


@pytest.mark.parametrize("kind", MADE)
def test_every_method_that_is_offered_explains_it(kind: str, folders: dict[str, Path]) -> None:
    model = dx.load(str(folders[kind]))
    offered = [method.name for method in dx.methods(model)]
    assert {"grad-cam", "integrated-gradients", "occlusion", "rise", "lime"} <= set(offered)
    assert ("d-rise" in offered) == (kind in DETECTORS)
    few: dict[str, dict[str, Any]] = {**FEW, "d-rise": {"samples": 8}}
    for method in offered:
        found = dx.explain(model, PICTURE, method, **few.get(method, {}))
        assert found.heatmap.shape == (SIDE, SIDE), method
        assert np.isfinite(found.values).all(), method
        assert found.fit == model.spec.preprocessing.fit
    assert np.abs(dx.explain(model, PICTURE, "saliency").values).max() > 0
    assert np.abs(dx.explain(model, PICTURE, "grad-cam", positive=False).values).max() > 0


def test_the_layer_has_places_of_the_picture_and_no_queries(folders: dict[str, Path]) -> None:
    def part(kind: str) -> Any:
        model, picture = dx.load(str(folders[kind])), as_picture(PICTURE)
        made: Any = of_box if kind in DETECTORS else of_region
        return made(model, picture)[0].prepared

    layer = find_layer(part("detr"))
    assert (layer.name, layer.height) == ("network.model.model.encoder.layers.1", 4)
    names = {known.name for known in spatial_layers(part("detr"))}
    assert "network.model.model.decoder.layers.1" not in names  # 9 queries, 3 x 3
    # 1 + 4 x 4 + 9 tokens are no grid of 5 x 5
    assert find_layer(part("yolos")).name == "network.model.vit.embeddings.patch_embeddings"
    assert {known.height for known in spatial_layers(part("yolos")) if known.reached} == {4}
    layer = find_layer(part("segformer"))
    assert (layer.height, layer.width) == (4, 4)  # of 16, 8, 4 and 2


def test_a_box_is_asked_by_its_number_and_by_its_class(folders: dict[str, Path]) -> None:
    model = dx.load(str(folders["yolos"]))
    boxes = dx.predict(model, PICTURE, threshold=0.0).boxes
    assert [box.number for box in boxes] == list(range(1, QUERIES + 1))
    first = dx.explain(model, PICTURE, "saliency")
    assert (first.part, first.target) == ("box 1", boxes[0].score.name)
    assert first.class_question == f"{boxes[0].score.name.label} in box 1"
    other = next(box for box in boxes if box.score.name != boxes[0].score.name)
    by_class = dx.explain(model, PICTURE, "saliency", other.score.name.label)
    by_number = dx.explain(model, PICTURE, "saliency", box=other.number)
    np.testing.assert_array_equal(by_class.values, by_number.values)
    assert by_number.model_fingerprint != first.model_fingerprint
    rather = dx.explain(
        model, PICTURE, "saliency", "cat", contrast="no object", box=2, absolute=False
    )
    alone = [
        dx.explain(model, PICTURE, "saliency", name, box=2, absolute=False).values
        for name in ("cat", "no object")
    ]
    np.testing.assert_allclose(rather.values, alone[0] - alone[1], atol=1e-5)


def test_a_region_is_asked_by_its_class_and_as_an_array(folders: dict[str, Path]) -> None:
    model = dx.load(str(folders["segformer"]))
    found = dx.predict(model, PICTURE)
    largest = found.regions[0].name
    first = dx.explain(model, PICTURE, "saliency")
    assert (first.target, first.part) == (largest, f"the region of {largest.label}")
    drawn = found.classes == largest.index
    given = dx.explain(model, PICTURE, "saliency", largest.index, region=drawn)
    np.testing.assert_array_equal(given.values, first.values)
    assert given.part == "the region given"
    other = dx.explain(model, PICTURE, "saliency", largest.index, region=~drawn)
    assert not np.allclose(other.values, first.values)


def test_boxes_lie_in_the_picture_however_it_is_made_square(folders: dict[str, Path]) -> None:
    model = dx.load(str(folders["detr"]))
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[10:30, 30:50] = 255  # nothing of it at an edge of the square, for the resampling
    of_query = {
        fit: {box.query: box for box in dx.predict(model, pixels, threshold=0.0, fit=fit).boxes}
        for fit in ("squash", "crop", "pad")
    }
    middle = {box.query: box for box in dx.predict(model, pixels[:, 20:60], threshold=0.0).boxes}
    for query, box in of_query["crop"].items():  # the square in the middle, 20 pixels from the left
        same = middle[query]
        assert box.left == pytest.approx(same.left + 20, abs=1e-3)
        assert (box.top, box.bottom) == pytest.approx((same.top, same.bottom), abs=1e-3)
    barred = np.zeros((80, 80, 3), np.uint8)
    barred[20:60] = pixels
    whole = {box.query: box for box in dx.predict(model, barred, threshold=0.0).boxes}
    for query, box in of_query["pad"].items():
        same = whole[query]
        assert (box.left, box.right) == pytest.approx((same.left, same.right), abs=1e-3)
        assert box.top == pytest.approx(np.clip(same.top - 20, 0, 40), abs=1e-3)
    for box in of_query["squash"].values():
        assert 0 <= box.left <= box.right <= 80
        assert 0 <= box.top <= box.bottom <= 40


def test_proportions_that_are_given_up_are_told(folders: dict[str, Path]) -> None:
    told = dx.load(str(folders["detr"])).spec.notes
    assert told == (
        "its own processor keeps a picture's proportions, here it is squashed into a square of "
        "64 x 64 pixels",
    )
    assert dx.load(str(folders["segformer"])).spec.notes == ()
    assert dx.load(str(folders["mobilenet"])).spec.preprocessing.fit == "crop"


def _change(folder: Path, file: str, **values: object) -> None:
    told = json.loads((folder / file).read_text())
    (folder / file).write_text(json.dumps({**told, **values}))


def _not_finite(folder: Path) -> None:
    state = load_file(folder / "model.safetensors")
    state["class_labels_classifier.bias"][0] = float("nan")
    save_file(state, folder / "model.safetensors", {"format": "pt"})


def _own_order(folder: Path) -> None:
    """Another processor than was saved with it, which cuts a border off."""
    processor = hf.BitImageProcessor(size={"height": 80, "width": 80}, crop_size=SIDE)
    processor.save_pretrained(folder)
    _change(folder, "preprocessor_config.json", do_convert_rgb=True)


BAD: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "pickles only": (
        "detr",
        lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"),
        "holds pickles only",
    ),
    "code of its own": (
        "detr",
        lambda f: _change(f, "config.json", auto_map={"AutoModel": "m.M"}),
        "needs code of its own, which is never run",
    ),
    "no processor": (
        "segformer",
        lambda f: (f / "preprocessor_config.json").unlink(),
        "lacks a preprocessor_config.json; save the image processor beside the model",
    ),
    "far too large": (
        "detr",
        lambda f: _change(f, "config.json", encoder_ffn_dim=10**6),
        r"describes [\d,]+ parameters, its weights hold [\d,]+; they do not belong together",
    ),
    "not finite": ("detr", _not_finite, "weights that are not finite: class_labels_classifier"),
    "one class": (
        "segformer",
        lambda f: _change(f, "config.json", id2label={"0": "a"}, label2id={"a": 0}),
        "cannot be read|has 1 class; two or more",
    ),
    "scores without no object": (
        "detr",
        lambda f: hf.RTDetrForObjectDetection(hf.RTDetrConfig(**RT_DETR)).save_pretrained(f),
        "gives 3 scores a box for 3 classes; 4, the last of them of no object, are accepted",
    ),
}
RT_DETR: dict[str, Any] = {
    "backbone_config": hf.RTDetrResNetConfig(
        embedding_size=8, hidden_sizes=[8, 8, 16, 16], depths=[1, 1, 1, 1], layer_type="basic",
        out_features=["stage2", "stage3", "stage4"],
    ),
    "encoder_in_channels": [8, 16, 16], "encoder_hidden_dim": 16, "d_model": 16,
    "encoder_ffn_dim": 16, "decoder_ffn_dim": 16, "decoder_in_channels": [16, 16, 16],
    "num_queries": QUERIES, "decoder_layers": 1, "encoder_attention_heads": 2,
    "decoder_attention_heads": 2, "num_labels": 3,
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_folders_are_one_sentence(kind: str, tmp_path: Path) -> None:
    made, spoil, told = BAD[kind]
    save(made, tmp_path)
    spoil(tmp_path)
    with pytest.raises(DlexplainError, match=told) as error:
        dx.load(str(tmp_path))
    assert isinstance(error.value, ModelError)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("kind", "asked", "told"),
    [
        ("detr", {"box": 10}, "box is 10; the model gives 9 boxes, from 1"),
        ("detr", {"box": 0}, "box is 0; the model gives 9 boxes"),
        ("detr", {"target": "horse"}, 'target "horse" is no class'),
        ("detr", {"method": "legrad"}, "no attention that can be shown"),
        ("segformer", {"method": "d-rise"}, 'unknown method "d-rise"'),
        ("segformer", {"region": "horse"}, 'target "horse" is no class'),
        ("segformer", {"region": np.ones((4, 4), bool)}, r"shape \(4, 4\) and bool with 16 places"),
        ("segformer", {"region": np.zeros((64, 64), bool)}, r"with 0 places; \(64, 64\) bool"),
        ("segformer", {"region": np.ones((64, 64))}, "and float64 with"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(
    kind: str, asked: dict[str, Any], told: str, folders: dict[str, Path]
) -> None:
    model = dx.load(str(folders[kind]))
    with pytest.raises(DlexplainError, match=told) as error:
        dx.explain(model, PICTURE, **asked)
    assert "\n" not in str(error.value)


def test_a_class_that_no_place_has_and_a_threshold_beyond_1(folders: dict[str, Path]) -> None:
    model = dx.load(str(folders["mobilenet"]))
    plain = np.zeros((8, 8, 3), np.uint8)
    there = {region.name.index for region in dx.predict(model, plain).regions}
    (gone, *_) = [name for name in model.classes if name.index not in there]
    with pytest.raises(DlexplainError, match="no place of the picture is"):
        dx.explain(model, plain, "saliency", region=gone.index)
    with pytest.raises(DlexplainError, match="threshold is 1.5; a number from 0 to 1"):
        dx.predict(dx.load(str(folders["detr"])), plain, threshold=1.5)


def test_what_comes_with_no_model_says_what_to_name() -> None:
    from dlexplain.services.loading import load

    with pytest.raises(DlexplainError, match="no object detector comes along; name the folder"):
        load(LoadedDetector)
