"""Weights that a run keeps on its way, and the film of its explanations."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import dlexplain as dx
from dlexplain.errors import BadInput, UnknownName
from dlexplain.evaluation.ranks import spearman
from dlexplain.execution import paths, saving
from dlexplain.execution.files import write_whole
from dlexplain.execution.spec import RunSpec
from dlexplain.results import Attribution, ClassName, Film, FilmFrame
from dlexplain.results.films import map_of
from dlexplain.services.film import MOST, chosen_files
from dlexplain.services.training import runs as service
from dlexplain.settings import settings
from dlexplain.trained.catalogue import find, trained
from dlexplain.trained.networks import load_network
from dlexplain.trained.runs import kept_on_the_way
from tests.trained import digits_run, filmed_run, trained_run


def test_the_weights_before_the_first_step_and_after_each_epoch_are_kept() -> None:
    run = filmed_run()
    kept = kept_on_the_way(run)
    assert list(kept) == [0, 1, 2, 3]
    assert [file.name for file in kept.values()] == [f"{n:04d}.safetensors" for n in range(4)]
    states = [load_file(file) for file in kept.values()]
    whole = load_file(paths.weights_file(settings().home, run))
    assert all(set(state) == set(whole) for state in states)
    moved = [not torch.equal(states[0][key], states[1][key]) for key in whole]
    assert any(moved)
    # Of these, one is the best, which is the finished model.
    assert any(all(torch.equal(state[key], whole[key]) for key in whole) for state in states[1:])


def test_a_file_of_them_is_a_model_by_its_path() -> None:
    file = str(kept_on_the_way(filmed_run())[2])
    model, known = trained(file), find(file)
    assert model.folder == paths.run_folder(settings().home, filmed_run())
    assert (known.source, known.task) == ("path", "classify-image")
    assert "accuracy" not in known.title  # which is the finished model's
    assert model.metrics == {}
    loaded = dx.load(file)
    picture = np.full((8, 8), 120, np.uint8)
    expected = load_network(model)(loaded.to_input(loaded.view(dx.read_picture(picture))))
    shares = {s.name.index: s.probability for s in dx.predict(loaded, picture, top=10).scores}
    found = [shares[index] for index in range(10)]
    np.testing.assert_allclose(found, expected.detach()[0].softmax(0), atol=1e-5)


def test_other_safetensors_in_a_folder_called_weights_are_the_users(tmp_path: Path) -> None:
    file = tmp_path / "weights" / "0001.safetensors"
    file.parent.mkdir()
    file.write_bytes(b"")
    assert not paths.is_on_the_way(file)
    assert find(str(file)).source == "own"


def small(**training: object) -> RunSpec:
    spec = RunSpec.from_dict(dict(service.run(digits_run()).spec))
    return replace(spec, training={**spec.training, **training}, name=f"kept {training}")


def test_every_other_epoch_and_none_by_default() -> None:
    run = trained_run(small(keep_every=2))
    assert list(kept_on_the_way(run)) == [0, 2]
    assert not paths.epochs_in(paths.run_folder(settings().home, digits_run())).exists()


def test_a_full_disk_ends_no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(target: Path, content: bytes) -> None:
        if target.parent.name == "weights" and target.stem == "0001":
            raise OSError(28, "No space left on device")
        write_whole(target, content)

    monkeypatch.setattr(saving, "write_whole", full)
    record = service.run(trained_run(small(keep_every=1, epochs=2)))
    assert record.state == "finished"
    told = "weights on the way could not be kept (No space left on device); some are missing"
    assert told in record.notes
    assert list(kept_on_the_way(record.id)) == [0, 2]


def test_a_film_explains_one_class_with_the_weights_of_each_epoch() -> None:
    run = filmed_run()
    film = dx.film(run)
    assert [frame.epoch for frame in film.frames] == [0, 1, 2, 3]
    assert (film.method, film.modality, film.epochs) == ("grad-cam", "picture", 3)
    targets = {frame.found.target.index for frame in film.frames}  # type: ignore[union-attr]
    assert len(targets) == 1
    assert {curve.key for curve in film.curves} == {"train/loss", "validation/loss"}
    maps = [map_of(frame.found).ravel().astype(np.float64) for frame in film.frames]
    for frame, one in zip(film.frames, maps, strict=True):
        assert frame.likeness == pytest.approx(spearman(one, maps[-1]), nan_ok=True)
    assert film.last.likeness == pytest.approx(1)
    model = dx.load(str(kept_on_the_way(run)[1]))
    from dlexplain.services.pictures.sources import kept_pictures

    test = kept_pictures(run)[0]
    assert targets == {test.truth.index}
    alone = dx.explain(model, test.picture, "grad-cam", target=test.truth.index)
    np.testing.assert_array_equal(alone.values, film.frames[1].found.values)
    shares = {s.name.index: s.probability for s in dx.predict(model, test.picture, top=10).scores}
    assert film.frames[1].value == pytest.approx(shares[test.truth.index])


def test_without_a_right_class_the_last_weights_name_it() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (8, 8), np.uint8)
    film = dx.film(filmed_run(), picture, "saliency")
    assert film.last.said == film.last.found.target.label  # type: ignore[union-attr]
    assert film.what == f"probability of {film.last.said}"


def test_texts_and_series_are_filmed_alike(tmp_path: Path) -> None:
    file = tmp_path / "texts.csv"
    rows = [f"a {['good', 'bad'][n % 2]} film number {n},{n % 2}" for n in range(120)]
    file.write_text("\n".join(["text,label", *rows]))
    training = {"epochs": 2, "batch_size": 16, "precision": "float32", "keep_every": 1}
    text = RunSpec(
        task="classify-text", model="text-cnn", data="csv-texts",
        data_params={"path": str(file)}, model_params={"embedding": 8, "features": 4},
        training={**training, "learning_rate": 0.01}, name="filmed texts",
    )  # fmt: skip
    film = dx.film(trained_run(text), "a good film")
    assert (film.modality, film.maps.shape) == ("text", (3, 1, 3))
    series = RunSpec(
        task="forecast", model="lstm-forecaster", data="macrodata",
        task_params={"window": 8, "horizon": 4}, model_params={"hidden": 4},
        training=training, name="filmed series",
    )  # fmt: skip
    film = dx.film(trained_run(series), step=1)
    assert film.modality == "series"
    assert film.maps.shape[2] == 8
    assert film.last.found.step == 1  # type: ignore[union-attr]
    assert film.frames[0].value != film.last.value


def test_what_cannot_be_filmed_is_told() -> None:
    with pytest.raises(BadInput, match="has kept no weights on its way; train one with keep_every"):
        dx.film(digits_run())
    with pytest.raises(UnknownName):
        dx.film("zzzzzzzz")
    record = service.run(digits_run())
    other = replace(record, spec={**record.spec, "task": "vae"})
    with pytest.raises(BadInput, match="is one of vae; films are made of"):
        chosen_files(other)
    assert MOST >= 2


def frame(epoch: int, likeness: float, said: str = "cat") -> FilmFrame:
    found = Attribution(
        "grad-cam", {}, np.full((1, 2, 2), 0.5 + epoch, np.float32), False, 0.0, 0,
        target=ClassName(0, "", "cat"),
    )  # fmt: skip
    return FilmFrame(epoch, said, 0.5, likeness, found)


def film_of(*frames: FilmFrame) -> Film:
    return Film("r", "run", "a cat", "picture", "probability of cat", frames, 4, 40, ())


@pytest.mark.parametrize(
    ("frames", "told"),
    [
        (
            [frame(0, 0.95, "dog"), frame(1, 0.2, "dog"), frame(2, 0.95), frame(3, 1.0)],
            "From epoch 2 on the map looks as in the end (rank correlation with that of epoch 3 "
            'above 0.9). The model says "cat" from epoch 2 on.',
        ),
        (
            [frame(0, 0.95), frame(1, 1.0)],
            "Before the first step already the map looks as in the end (rank correlation with "
            'that of epoch 1 above 0.9). The model says "cat" from before the first step on.',
        ),
        (
            [frame(0, 0.1, "dog"), frame(1, 0.5, "dog"), frame(2, 1.0)],
            "The map was still changing in the end: that of epoch 1 has a rank correlation of "
            '0.50 with that of epoch 2. Only in the last frame the model says "cat".',
        ),
        (
            [frame(0, math.nan), frame(1, 1.0)],
            "The map was still changing in the end: that of epoch 0 has no order to compare with "
            'that of epoch 1. The model says "cat" from before the first step on.',
        ),
    ],
)
def test_the_answer_in_words(frames: list[FilmFrame], told: str) -> None:
    assert film_of(*frames).answer == told
