"""One list of models: registered ones and finished runs; classes, views and damaged files."""

import json
import shlex
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.data.base import DATA, silent
from dlexplain.data.class_list import plain_classes
from dlexplain.data.fit import Fit
from dlexplain.data.pictures import Picture, read_picture
from dlexplain.data.views import model_view
from dlexplain.errors import BadInput, TargetError, UnknownName
from dlexplain.execution import paths
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import States
from dlexplain.networks.base import MODELS
from dlexplain.services.loading import load
from dlexplain.services.pictures import models
from dlexplain.services.pictures.bundle import repeat
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sources import kept_pictures
from dlexplain.services.training.inline import inline_queue
from dlexplain.settings import settings
from dlexplain.trained.catalogue import entries, find
from dlexplain.trained.zoo import readable_zoo
from tests.finished import ABC, MEAN, SCALE, finished_run, network, states

COLOUR = {"channels": 3, "side": 32, "width": 4}
COME_TRAINED = len(MODELS) + len(readable_zoo("classify-image"))


def names() -> tuple[str, ...]:
    return tuple(entry.name for entry in entries("classify-image"))


def rgb(side: int = 20, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3)).astype(np.uint8)


def test_the_registered_are_listed_as_they_are_registered() -> None:
    listed = [
        (e.name, e.title, e.task, e.data)
        for e in entries("classify-image")
        if e.source == "registered"
    ]
    assert listed == [(s.name, s.title, s.task, s.labels) for s in MODELS.values()]


def test_a_run_is_a_model_as_soon_as_it_is_finished() -> None:
    before = names()
    run = states().add(RunSpec("classify-image", "cnn", "digits")).id
    other = states().add(RunSpec("forecast", "lstm-forecaster", "macrodata")).id
    for name in (run, other):
        states().move(name, "running", "a test")
    assert names() == before
    with pytest.raises(UnknownName, match=f'run "{run}" is running'):
        load(LoadedModel, run)
    for name in (run, other):
        states().move(name, "finished", "a test")
    assert names() == (*before[:COME_TRAINED], run, *before[COME_TRAINED:])
    with pytest.raises(UnknownName, match=f'run "{other}" is a run of forecast'):
        load(LoadedModel, other)


def test_a_runs_title_has_its_present_name_and_its_accuracy() -> None:
    run = finished_run(accuracy=0.9612)
    entry = find(run)
    assert (entry.source, entry.task, entry.data) == ("run", "classify-image", "digits")
    assert entry.title == f"cnn on digits, accuracy 96.1% (run {run})"
    states().rename(run, "my best")
    assert find(run).title == f"my best, accuracy 96.1% (run {run})"


def test_listing_hundreds_opens_no_file_for_each_and_imports_no_torch(tmp_path: Path) -> None:
    """It takes 20 ms on a quiet machine."""
    file = paths.states_file(tmp_path)
    spec = RunSpec("classify-image", "cnn", "digits", training={"epochs": 3}).to_json()
    rows = [(f"{i:08x}", spec, "finished" if i < 300 else "failed") for i in range(500)]
    States(file)
    with sqlite3.connect(file) as db:  # 500 durable transactions would take seconds
        db.executemany(
            "INSERT INTO runs (id, name, spec, state, created) VALUES (?, 'a run', ?, ?, 0)", rows
        )
    db.close()
    code = (
        "import sys\n"
        "from dlexplain.trained.catalogue import entries\n"
        "opened = []\n"
        "sys.addaudithook(lambda event, _: opened.append(event) if event == 'open' else None)\n"
        "count = len(entries('classify-image'))\n"
        "print(count, len(opened), 'torch' in sys.modules)"
    )
    environment = {"DLEXPLAIN_HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    count, opened, torch_there = done.stdout.split()
    assert (int(count), torch_there) == (COME_TRAINED + 300, "False")
    assert int(opened) < 300, "one of each run"


def test_looking_at_the_list_creates_nothing(tmp_path: Path) -> None:
    code = "from dlexplain.trained.catalogue import entries; print(len(entries('classify-image')))"
    environment = {
        "DLEXPLAIN_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == COME_TRAINED
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(("channels", "side"), [(1, 8), (3, 32)])
def test_a_run_predicts_what_its_network_does(channels: int, side: int) -> None:
    params = {"width": 8, "blocks": 2, "dense": 16}
    run = finished_run("cnn", channels, side, **params)
    model = load(LoadedModel, run)
    assert load(LoadedModel, run) is model
    pixels = rgb(side)
    seen = pixels if channels == 3 else np.asarray(Image.fromarray(pixels).convert("L"))[..., None]
    inputs = (torch.tensor(seen).permute(2, 0, 1)[None].float() - MEAN) / SCALE
    with torch.no_grad():
        expected = network("cnn", channels, side, len(ABC), **params)(inputs).softmax(1)[0]
    found = {s.name.label: s.probability for s in dx.predict(model, pixels, top=6).scores}
    assert list(found) == [ABC[i] for i in expected.argsort(descending=True)]
    for label, share in zip(ABC, expected.tolist(), strict=True):
        assert found[label] == pytest.approx(share, abs=1e-5)


def test_a_picture_of_the_models_size_is_seen_pixel_by_pixel() -> None:
    model = load(LoadedModel, finished_run("resnet9", **COLOUR))
    pixels = rgb(32)
    np.testing.assert_array_equal(model.view(dx.read_picture(pixels)), pixels)


def test_a_model_of_grey_shows_the_grey_that_it_sees() -> None:
    model = load(LoadedModel, finished_run())
    view = model.view(dx.read_picture(rgb(8)))
    grey = np.asarray(Image.fromarray(rgb(8)).convert("L"))
    np.testing.assert_array_equal(view, np.repeat(grey[..., None], 3, axis=2))
    back = model.to_input(view)[0, 0].numpy() * SCALE + MEAN
    np.testing.assert_allclose(back, grey, atol=1e-4)


def test_classes_of_a_run_by_index_and_by_label_in_any_case() -> None:
    model = load(LoadedModel, finished_run())
    assert model.class_titles == ABC
    assert model.class_list.title == "6 classes of digits"
    assert model.class_definition(0) == ""
    for wanted in (2, "2", "cat", "CAT", " Cat "):
        assert model.find_class(wanted).index == 2
    for wanted in (6, "-1", "cow", ""):
        with pytest.raises(TargetError, match=r"0 to 5 or one of apple, bear, cat"):
            model.find_class(wanted)


def test_labels_that_are_numbers_or_alike() -> None:
    numbers = plain_classes(("10", "1", "007"), "counts")
    assert [numbers.find(w).index for w in ("10", "1", 1, "007", "0")] == [0, 1, 1, 2, 0]
    alike = plain_classes(("Cat", "cat", "dog", "dog"), "pets")
    assert alike.titles == ("Cat", "cat", "dog (2)", "dog (3)")
    assert [alike.find(title).index for title in alike.titles] == [0, 1, 2, 3]
    for wanted in ("CAT", "dog"):
        with pytest.raises(TargetError, match="several classes, give an index: "):
            alike.find(wanted)
    assert plain_classes(("only",), "one").title == "1 class of one"


def test_few_classes_are_all_shown() -> None:
    model = load(LoadedModel, finished_run(labels=("yes", "no", "maybe")))
    assert len(dx.predict(model, rgb()).scores) == 3
    with pytest.raises(BadInput, match="from 1 to 3"):
        dx.predict(model, rgb(), top=5)


def test_the_command_line_knows_runs(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    run = finished_run("resnet9", **COLOUR)
    picture, out = tmp_path / "a.png", tmp_path / "map.npz"
    Image.fromarray(rgb(40)).save(picture)
    assert main(["models", "--json"]) == 0
    assert run in [row["name"] for row in json.loads(capsys.readouterr().out)]
    assert main(["classify", str(picture), "--model", run, "--json"]) == 0
    best = json.loads(capsys.readouterr().out)[0]["predictions"][0]
    asked = ["explain", str(picture), "--model", run, "--method", "occlusion", "--json"]
    assert main([*asked, "--target", "CAT"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["target"]["index"], found["model"]) == (2, run)
    assert best["label"] in ABC
    same = dx.explain(load(LoadedModel, run), picture, "occlusion", target=2)
    again = shlex.split(repeat(same).replace("PICTURE", str(picture)).replace("map.npz", str(out)))
    assert again[:3] == ["python", "-m", "dlexplain"]
    assert main(again[3:]) == 0
    with np.load(out) as saved:
        np.testing.assert_allclose(saved["attribution"], same.values, atol=1e-6)
    assert main(["classify", str(picture), "--model", "nosuchrun"]) == 2
    assert "known: efficientnet-lite0, " in capsys.readouterr().err


def test_pictures_that_a_run_kept() -> None:
    run = finished_run(samples=4)
    kept = kept_pictures(run)
    assert [k.truth.label for k in kept] == ["apple", "bear", "cat", "dog"]
    with np.load(paths.results_file(settings().home, run)) as arrays:
        for known, pixels in zip(kept, arrays["samples_pixels"], strict=True):
            np.testing.assert_array_equal(known.picture.pixels, pixels.repeat(3, axis=2))
    assert kept_pictures(finished_run(samples=0)) == ()
    paths.results_file(settings().home, run).write_text("no archive")
    assert kept_pictures(run) == ()


def test_a_trained_run_keeps_pictures_of_its_whole_test_part_and_scores_as_it_said() -> None:
    spec = RunSpec(
        "classify-image",
        "cnn",
        "digits",
        model_params={"width": 8, "blocks": 2, "dense": 32},
        training={"epochs": 3, "batch_size": 64, "learning_rate": 0.01, "precision": "float32"},
    )
    row = inline_queue(settings().home).submit(spec)
    assert row.state == "finished", row.why
    source = DATA["digits"]
    data = source.load(source.Params(), paths.data_folder(settings().home), silent)
    kept = kept_pictures(row.id)
    every = 15  # 359 pictures, at most 24 kept
    assert len(kept) == 24
    assert [k.truth.index for k in kept] == data.test.labels[::every].tolist()
    for known, pixels in zip(kept, data.test.pixels[::every], strict=True):
        np.testing.assert_array_equal(known.picture.pixels, pixels.repeat(3, axis=2))
    model = load(LoadedModel, row.id)
    inputs = torch.cat([model.to_input(p.repeat(3, axis=2)) for p in data.test.pixels])
    right = (model.prepared.logits(inputs).argmax(1).numpy() == data.test.labels).mean()
    assert right == pytest.approx(row.progress["metrics"]["test/accuracy"], abs=1e-6)
    assert right > 0.5
    assert f"{right:.1%}" in find(row.id).title
    assert entries("classify-image")[COME_TRAINED].name == row.id  # the latest run comes first


def test_a_model_is_loaded_once() -> None:
    run = finished_run()
    network = load(LoadedModel, run).prepared
    assert load(LoadedModel, run).prepared is network


def test_what_a_model_sees_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page asks six times, and resizing 64 megapixels takes half a second."""
    made: list[Picture] = []

    def counted(picture: Picture, *how: Any) -> Any:
        made.append(picture)
        return model_view(picture, *how)

    monkeypatch.setattr(models, "model_view", counted)
    picture = read_picture(rgb(12, 5)[:9])
    colour, grey = load(LoadedModel, "cifar10-cnn"), load(LoadedModel, "mnist-cnn")
    first = colour.view(picture)
    assert colour.view(read_picture(picture.pixels, "another name")) is first
    assert len(made) == 1
    moved = colour.view(replace(picture, fit=Fit("squash")))
    assert not np.array_equal(moved, first)
    assert (grey.view(picture) == grey.view(picture)[:, :, :1]).all()
    assert len(made) == 3
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 0
    monkeypatch.setattr(models._views, "_most", 2)
    for seed in range(3):
        colour.view(read_picture(rgb(9, seed)))
    assert len(models._views._entries) == 2
