"""A run that begins with the user's own backbone: what it takes over, keeps, needs afterwards."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import dlexplain as dx
from dlexplain.data.base import silent
from dlexplain.data.tokenisers import load_tokeniser
from dlexplain.errors import BadInput, SpecError, WeightsError
from dlexplain.execution import paths
from dlexplain.execution.spec import RunSpec
from dlexplain.networks.hugging_face import FILE
from dlexplain.networks.modules.backbone import outside_head
from dlexplain.services.training.catalogue import (
    architectures,
    changed,
    complete,
    completed_with,
)
from dlexplain.services.training.compression_specs import completed_compression
from dlexplain.services.training.inline import inline_queue
from dlexplain.services.training.parents import begun_with, parents
from dlexplain.services.training.runs import launch
from dlexplain.services.training.worker import Built, build
from dlexplain.settings import settings
from dlexplain.trained.catalogue import trained
from dlexplain.trained.networks import load_network
from tests import own, own_pictures
from tests.execution.stopping import resumed_after_one_epoch
from tests.own_files import save_program
from tests.trained import trained_run

FAST = {"epochs": 1, "batch_size": 16, "learning_rate": 0.003, "precision": "float32"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Untrained models as users save them: picture classifiers of three classes, text classifiers
    of three, one whose padding is no token 0."""
    place = tmp_path_factory.mktemp("own")
    found = {kind: str(place / kind) for kind in ("vit", "resnet", "bert", "roberta")}
    own_pictures.save("vit", place / "vit")
    own_pictures.save("resnet", place / "resnet")
    small = {**own.SMALL, "pad_token_id": 0, "type_vocab_size": 2}
    words = ["<pad>", "<s>", "</s>", *own.WORDS[3:]]
    own.save_own(own.classifier("Bert", **small), place / "bert", words=words)
    own.save_own(own.classifier("Roberta", **own.SMALL), place / "roberta")
    return found


def pictures(folder: str, side: int = 64, **transfer: Any) -> RunSpec:
    return RunSpec(
        task="classify-image", model="hugging-face", data="shapes", parent=folder,
        data_params={"side": side, "count": 100}, training=FAST, transfer=transfer,
    )  # fmt: skip


def texts(folder: str, **transfer: Any) -> RunSpec:
    return RunSpec(
        task="classify-text", model="hugging-face", data="tweets", parent=folder,
        data_params={"count": 200}, task_params={"longest": 30}, training=FAST, transfer=transfer,
    )  # fmt: skip


def spec_of(folders: dict[str, str], kind: str, **transfer: Any) -> RunSpec:
    made = pictures if kind in ("vit", "resnet") else texts
    return made(folders[kind], **transfer)


def built(spec: RunSpec) -> Built:
    return build(complete(spec), torch.device("cpu"), silent)


def finished(spec: RunSpec) -> str:
    """The id of the run, trained once a test process."""
    told = f"{spec.parent} {dict(spec.transfer)} {spec.compression}"
    return trained_run(replace(spec, name=spec.name or told))


def states(run: str) -> dict[str, torch.Tensor]:
    return load_network(trained(run)).state_dict()


@pytest.mark.parametrize("kind", ["vit", "resnet"])
def test_features_of_pictures_are_transformers_own(folders: dict[str, str], kind: str) -> None:
    """Before the first step, of the very pixels that its image processor makes."""
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    network = built(spec_of(folders, kind)).module.network.eval()
    model: Any = AutoModelForImageClassification.from_pretrained(folders[kind]).eval()
    processor = AutoImageProcessor.from_pretrained(folders[kind])
    pixels = np.random.default_rng(0).integers(0, 256, (2, 73, 73, 3), dtype=np.uint8)
    if kind == "vit":
        pixels = pixels[:, :64, :64]
    seen = processor(images=[Image.fromarray(p) for p in pixels], return_tensors="pt")
    x = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        own_way = network._colours(x)  # type: ignore[operator]
        assert own_way.shape == seen["pixel_values"].shape == (2, 3, 64, 64)
        torch.testing.assert_close(own_way, seen["pixel_values"], atol=1e-5, rtol=1e-5)
        theirs, ours = (m.base_model(pixel_values=seen["pixel_values"])
                        for m in (model, network.model))  # fmt: skip
    torch.testing.assert_close(
        ours.last_hidden_state, theirs.last_hidden_state, atol=1e-5, rtol=1e-5
    )


def test_pictures_of_another_size_are_enlarged_as_its_processor_does(
    folders: dict[str, str],
) -> None:
    from transformers import AutoImageProcessor

    begun = built(pictures(folders["vit"], side=32))
    part = begun.data._parts["test"]["pixels"][:4]
    seen = AutoImageProcessor.from_pretrained(folders["vit"])(
        images=[Image.fromarray(p) for p in part.numpy()], return_tensors="pt"
    )
    x = begun.data.on_after_batch_transfer(
        {"pixels": part, "labels": torch.zeros(4, dtype=torch.long)}, 0
    )["x"]
    assert (float(x.min()), float(x.max())) >= (0.0, 0.5) and float(x.max()) <= 1
    ours = begun.module.network._colours(x)  # type: ignore[operator]
    # Its own library rounds to whole levels, which are 2 / 255 apart here.
    torch.testing.assert_close(ours, seen["pixel_values"], atol=1.5 * 2 / 255, rtol=0)
    assert any("32 × 32 are resized to 64 × 64" in note for note in begun.data.facts["notes"])


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_texts_are_read_as_transformers_reads_them(folders: dict[str, str], kind: str) -> None:
    from transformers import AutoTokenizer

    spec = texts(folders[kind])
    begun = built(spec)
    network = begun.module.network.eval()
    plain = own.read_again(folders[kind])
    same_head = plain.state_dict()
    network.model.load_state_dict(same_head)  # type: ignore[operator]
    said = ["good film", "it is not a bad film", "strange words only"]
    fast = AutoTokenizer.from_pretrained(folders[kind])
    mine = load_tokeniser(begun.data.files["tokenizer.json"])
    ids = [mine.encode(text).ids for text in said]
    x = torch.zeros(3, max(map(len, ids)), dtype=torch.long)
    for row, found in zip(x, ids, strict=True):
        row[: len(found)] = torch.tensor(found)
    with torch.no_grad():
        theirs = torch.cat([plain(**fast(text, return_tensors="pt")).logits for text in said])
        torch.testing.assert_close(network(x), theirs, atol=1e-5, rtol=1e-5)
        vectors = network.embed(x)  # type: ignore[operator]
        read = network.read_vectors(vectors, x != 0)  # type: ignore[operator]
    torch.testing.assert_close(read, theirs, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("kind", ["vit", "resnet", "bert", "roberta"])
def test_another_number_of_classes_has_a_fresh_head_and_all_else_is_taken(
    folders: dict[str, str], kind: str
) -> None:
    begun = built(spec_of(folders, kind))
    state, classes = begun.module.network.state_dict(), len(begun.data.facts["classes"])
    from safetensors.torch import load_file

    theirs = load_file(Path(folders[kind]) / "model.safetensors")
    # Tweets have as many classes as the models, but others.
    fresh = {n for n, t in state.items() if n.startswith("model.")
             and n.removeprefix("model.") in theirs
             and not torch.equal(t, theirs[n.removeprefix("model.")])}  # fmt: skip
    heads = {"vit": "classifier", "resnet": "classifier.1", "bert": "classifier",
             "roberta": "classifier.out_proj"}  # fmt: skip
    assert {f"model.{heads[kind]}.weight"} <= fresh
    assert fresh <= {f"model.{heads[kind]}.{part}" for part in ("weight", "bias")}
    assert state[f"model.{heads[kind]}.weight"].shape[0] == classes
    assert any(f"began with {kind}" in note for note in begun.data.facts["notes"])


@pytest.mark.parametrize("kind", ["vit", "resnet", "bert"])
def test_frozen_weights_stay_to_the_last_digit(folders: dict[str, str], kind: str) -> None:
    spec = spec_of(folders, kind, learns="head")
    before = built(spec).module.network.state_dict()
    after = states(finished(spec))
    moved = {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    assert moved and all(name.startswith("model.classifier.") for name in moved)


@pytest.mark.parametrize("transfer", [
    {"learns": "last layers", "layers": 2}, {"layer_decay": 0.5}, {"learns": "adapters"},
], ids=["last", "decay", "adapters"])  # fmt: skip
def test_every_way_of_learning(folders: dict[str, str], transfer: dict[str, Any]) -> None:
    spec = pictures(folders["vit"], **transfer)
    before = built(replace(spec, transfer={})).module.network.state_dict()
    after = states(finished(spec))
    assert set(after) == set(before)
    moved = {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    embedded = "model.vit.embeddings.patch_embeddings.projection.weight"
    assert (embedded in moved) == (transfer.get("learns") != "last layers")
    assert any("layer" in name for name in moved) or transfer.get("learns") == "last layers"


@pytest.mark.parametrize("kind", ["vit", "roberta"])
def test_a_finished_run_needs_its_folder_no_more(
    folders: dict[str, str], kind: str, tmp_path: Path
) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(folders[kind], folder)
    spec = spec_of({kind: str(folder)}, kind)
    run = finished(replace(spec, name=f"own {kind}"))
    shutil.rmtree(folder)
    kept = paths.run_folder(settings().home, run)
    assert (kept / FILE).is_file()
    assert str(tmp_path) not in (kept / FILE).read_text()
    model = dx.load(run)
    if kind == "vit":
        picture = np.random.default_rng(0).integers(0, 256, (80, 80, 3), dtype=np.uint8)
        assert dx.explain(model, picture, "grad-cam").values.shape[-2:] == (64, 64)
    else:
        assert len(dx.predict(model, "good film").scores) == 3
        dx.explain(model, "it is a good film", "integrated-gradients")
    with pytest.raises(SpecError, match="parent: "):
        complete(spec)
    onward = replace(spec, parent=run, transfer={"learns": "head"})
    again = built(onward).module.network.state_dict()
    assert all(torch.equal(again[name], tensor) for name, tensor in states(run).items())


@pytest.mark.parametrize("kind", ["resnet", "bert"])
def test_a_resumed_run_goes_on_as_if_it_had_not_stopped(
    folders: dict[str, str], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = spec_of(folders, kind, learns="adapters")
    spec = complete(replace(spec, training={**FAST, "epochs": 2}))
    queue = inline_queue(settings().home)
    whole = queue.submit(spec)
    resumed = resumed_after_one_epoch(queue, spec, monkeypatch)
    mine, other = states(resumed.id), states(whole.id)
    assert all(torch.equal(mine[name], other[name]) for name in mine)


def test_such_a_run_can_be_made_smaller(folders: dict[str, str]) -> None:
    run = finished(pictures(folders["vit"], learns="head"))
    assert completed_compression(run, "semi-structured").compression == "semi-structured"
    small = finished(completed_compression(run, "magnitude"))
    dense, pruned = states(run), states(small)
    zeros = sum(int((pruned[name] == 0).sum()) for name in dense if name.endswith(".weight"))
    assert zeros > sum(int((tensor == 0).sum()) for tensor in dense.values())
    for name, tensor in pruned.items():
        kept = tensor != 0
        assert torch.equal(tensor[kept], dense[name][kept]), name
    assert trained(small).files[FILE] == trained(run).files[FILE]
    with pytest.raises(SpecError, match="magnitude, semi-structured are accepted"):
        completed_compression(run, "low-rank")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"task": "classify-text", "data": "tweets"}, 'the parent\'s is "classify-image"'),
        ({"model": "cnn"}, 'model is "cnn", but the parent\'s is "hugging-face"'),
        ({"parent": ""}, "name its folder, or its name on the Hugging Face hub, as the parent"),
        ({"training": {"target_epsilon": 3.0}}, "target_epsilon is given with a parent"),
    ],
)
def test_what_does_not_fit_is_told(
    folders: dict[str, str], change: dict[str, Any], told: str
) -> None:
    with pytest.raises(SpecError) as caught:
        complete(replace(pictures(folders["vit"]), data_params={}, **change))
    assert told in str(caught.value)


def test_odd_folders_are_told(folders: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    pickled = tmp_path / "pickled"
    shutil.copytree(folders["vit"], pickled)
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    coded = tmp_path / "coded"
    shutil.copytree(folders["vit"], coded)
    config = json.loads((coded / "config.json").read_text())
    (coded / "config.json").write_text(json.dumps({**config, "auto_map": {"AutoModel": "a.B"}}))
    for folder, told in (
        (pickled, "pickles only"),
        (coded, "code of its own, which is never run"),
        (tmp_path / "empty", "only a whole run is a model"),
    ):
        with pytest.raises(SpecError, match=told):
            complete(pictures(str(folder)))


def test_an_exported_program_is_refused_with_what_can(tmp_path: Path) -> None:
    file = tmp_path / "net.pt2"
    save_program(file)
    with pytest.raises(SpecError, match=r"is an exported program.*a folder of transformers"):
        complete(pictures(str(file)))


def test_a_longer_text_than_it_reads_is_refused(folders: dict[str, str]) -> None:
    with pytest.raises(BadInput, match=r"longest is 120, but roberta reads \d+ tokens at most"):
        launch(replace(texts(folders["roberta"]), task_params={"longest": 120}))
    assert complete(replace(texts(folders["roberta"]), task_params={})).task_params["longest"] < 41


def test_its_tokeniser_is_no_other_models(folders: dict[str, str]) -> None:
    alone = RunSpec("classify-text", "text-cnn", "tweets", task_params={"tokeniser": "own"})
    with pytest.raises(SpecError, match='tokeniser is "own", which only a run has'):
        complete(alone)
    with pytest.raises(SpecError, match='tokeniser is "bpe", but the parent\'s is "own"'):
        complete(replace(texts(folders["bert"]), task_params={"tokeniser": "bpe"}))


def test_lists_and_the_command_line(folders: dict[str, str]) -> None:
    begun = begun_with(folders["vit"])
    assert (begun.task, begun.model, begun.data) == ("classify-image", "hugging-face", "")
    assert folders["vit"] in [e.name for e in parents("classify-image", own=[folders["vit"]])]
    assert "hugging-face" not in [m.name for m in architectures("classify-image")]
    assert "hugging-face" in [m.name for m in architectures("classify-image", begun=True)]
    spec = complete(pictures(folders["vit"], learns="head"))
    said = [f"{key}={value}" for key, value in changed(spec).items()]
    assert completed_with(RunSpec(spec.task, spec.model, spec.data), said) == spec


def test_a_damaged_description_is_told(folders: dict[str, str], tmp_path: Path) -> None:
    run = finished(pictures(folders["vit"], learns="head"))
    shutil.copytree(paths.run_folder(settings().home, run), tmp_path / "run")
    (tmp_path / "run" / FILE).write_text('{"kind": "pictures"}')
    with pytest.raises(WeightsError, match=r"the backbone\.json of hugging-face cannot be"):
        load_network(trained(str(tmp_path / "run")))


def test_classes_of_more_than_the_last_layer_are_refused(folders: dict[str, str]) -> None:
    from transformers import SwiftFormerConfig

    config = SwiftFormerConfig(depths=[1, 1, 1, 1], embed_dims=[8, 8, 8, 8]).to_dict()
    assert outside_head("pictures", config) == ["head.weight", "head.bias"]  # beside dist_head
    plain = json.loads((Path(folders["vit"]) / "config.json").read_text())
    assert outside_head("pictures", plain) == []
    assert (
        outside_head("texts", json.loads((Path(folders["roberta"]) / "config.json").read_text()))
        == []
    )
