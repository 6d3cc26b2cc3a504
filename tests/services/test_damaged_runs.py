"""Runs whose files are damaged or missing: one sentence for who asks, the others unharmed."""

import json
from collections.abc import Callable

import pytest
import torch
from safetensors.torch import load_file, save_file

from dlexplain.errors import RunError, WeightsError
from dlexplain.execution import paths
from dlexplain.services.loading import load
from dlexplain.services.pictures.cards import picture_specs
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.training import runs as service
from dlexplain.services.training.test_results import card, results_of
from dlexplain.settings import settings
from dlexplain.trained.catalogue import entries
from tests.finished import finished_run


def _no_weights(run: str) -> None:
    paths.weights_file(settings().home, run).unlink()


def _cut_weights(run: str) -> None:
    file = paths.weights_file(settings().home, run)
    file.write_bytes(file.read_bytes()[:-100])


def _text_for_weights(run: str) -> None:
    paths.weights_file(settings().home, run).write_text("not safetensors")


def _other_weights(run: str) -> None:
    save_file({"a": torch.zeros(3)}, paths.weights_file(settings().home, run))


def _not_a_number(run: str) -> None:
    file = paths.weights_file(settings().home, run)
    state = load_file(file)
    state["classifier.0.bias"][0] = float("nan")
    save_file(state, file)


def _no_card(run: str) -> None:
    paths.card_file(settings().home, run).unlink()


def _cut_card(run: str) -> None:
    file = paths.card_file(settings().home, run)
    file.write_text(file.read_text()[:-20])


def _list_for_card(run: str) -> None:
    paths.card_file(settings().home, run).write_text("[1]")


def _card(run: str, change: str, value: object) -> None:
    file = paths.card_file(settings().home, run)
    card = json.loads(file.read_text())
    place, *path, last = [card, *change.split(".")]
    for key in path:
        place = place[key]
    place[last] = value
    file.write_text(json.dumps(card))


DAMAGE = {
    "no weights": (_no_weights, "has no model.safetensors"),
    "cut weights": (_cut_weights, "cannot be read"),
    "text for weights": (_text_for_weights, "damaged"),
    "other weights": (_other_weights, "Missing key"),
    "not finite": (_not_a_number, "classifier.0.bias has values that are not finite"),
    "no card": (_no_card, "has no card.json"),
    "cut card": (_cut_card, "card.json of run .* cannot be read"),
    "list for card": (_list_for_card, "damaged"),
    "no facts": (lambda run: _card(run, "facts", {}), "lacks 'channels'"),
    "two channels": (lambda run: _card(run, "facts.channels", 2), "2 channels"),
    "no scale": (lambda run: _card(run, "facts.scale", 0), "scale"),
    "no classes": (lambda run: _card(run, "facts.classes", []), "no classes"),
    "more classes": (lambda run: _card(run, "facts.classes", ["a"] * 9), "size mismatch"),
    "odd architecture": (lambda run: _card(run, "spec.model", "vgg"), 'unknown model "vgg"'),
    "odd parameter": (lambda run: _card(run, "spec.model_params", {"width": 1}), "width is"),
    "odd task": (lambda run: _card(run, "spec.task", "forecast"), "forecast"),
}  # fmt: skip


@pytest.mark.parametrize("kind", DAMAGE)
def test_damaged_and_missing_files_are_one_sentence(kind: str) -> None:
    damage, words = DAMAGE[kind]
    run = finished_run()
    damage(run)
    with pytest.raises(WeightsError, match=words) as told:
        load(LoadedModel, run)
    assert "\n" not in str(told.value)
    assert run in str(told.value)
    assert run in tuple(e.name for e in entries("classify-image"))  # who asks for it is told


def test_a_damaged_run_does_not_hide_the_others() -> None:
    good, bad = finished_run(), finished_run()
    _no_card(bad)
    names = [spec.name for spec in picture_specs()]
    assert good in names and bad not in names


@pytest.mark.parametrize("damage", [_cut_card, _list_for_card])
def test_a_damaged_card_is_one_sentence_for_who_asks_what_the_test_found(
    damage: Callable[[str], None],
) -> None:
    run = finished_run()
    damage(run)
    for ask in (card, results_of):
        with pytest.raises(RunError, match=rf"^the card.json of run {run} ") as told:
            ask(service.run(run))
        assert "\n" not in str(told.value)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04cut"])
def test_damaged_results_are_one_sentence(content: bytes) -> None:
    run = finished_run()
    paths.results_file(settings().home, run).write_bytes(content)
    with pytest.raises(RunError, match=rf"^the results.npz of run {run} cannot be read: "):
        results_of(service.run(run))


def test_results_without_what_the_task_draws_are_one_sentence() -> None:
    with pytest.raises(RunError, match="cannot be read: .*confusion"):
        results_of(service.run(finished_run()))  # made with samples alone


def test_a_file_that_is_no_epochs_picture_is_passed() -> None:
    run = finished_run()
    folder = paths.pictures_folder(settings().home, run) / "filters"
    folder.mkdir(parents=True)
    for name in ("0002.png", "old.png"):
        (folder / name).write_bytes(b"")
    assert list(service.pictures(service.run(run), "filters")) == [2]
