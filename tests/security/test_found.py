"""What the fuzzer found, each as the smallest input that showed it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlexplain.data.class_list import plain_classes
from dlexplain.data.imagenet import find_class
from dlexplain.data.shortcuts import Shortcut, find_marked
from dlexplain.data.texts import place_of_label
from dlexplain.errors import BadInput, ModelError, RunError, SpecError, TargetError, WeightsError
from dlexplain.execution import alerts, paths
from dlexplain.execution.spec import RunSpec
from dlexplain.params import from_digits
from dlexplain.results.smoothing import Certificate
from dlexplain.results.sweeps import Trial
from dlexplain.results.trust import TrustTable
from dlexplain.services.latent.sampling import class_place
from dlexplain.services.pictures.sources import kept_pictures
from dlexplain.services.quality.trust_table import Judged
from dlexplain.services.sweeps.spec import sweep_spec
from dlexplain.services.sweeps.store import SweepFiles
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.presets import PRESETS
from dlexplain.trained.folder import at_path
from dlexplain.trained.hugging_face import check_folder
from dlexplain.ui.address import whole_number
from tests.security.readers import READERS

SPEC = PRESETS["digits-cnn"].spec
MANY = "9" * 5_000
"""Digits; Python reads no more than 4,300."""
DEEP = b"[" * 100_000
PLACES: dict[str, Callable[[str], object]] = {
    "address": whole_number("x", -3, 300),
    "class": plain_classes(("a", "b"), "x").find,
    "ImageNet": find_class,
    "latent": lambda text: class_place(("a", "b"), text),
    "label": lambda text: place_of_label(text, ("a", "b"), "x"),
    "marked": lambda text: find_marked(("a", "b"), Shortcut(kind="square", marked=text)),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", [MANY, "²", "-" * 5_000, "+-1"])
def test_thousands_of_digits_are_no_place(place: str, text: str) -> None:
    with pytest.raises(BadInput):
        PLACES[place](text)


@pytest.mark.parametrize(("text", "number"), [("07", 7), ("٣", 3), ("²", -1), ("-1", -1), ("", -1)])
def test_digits(text: str, number: int) -> None:
    assert from_digits(text) == number
    assert from_digits("1" + "0" * 18) == -1


def test_a_sign_before_a_class() -> None:
    assert find_class("+3") == find_class(3)
    with pytest.raises(TargetError, match="no class index"):
        find_class("+-3")


DEEP_IN = [
    "spec of a sweep", "state of a sweep", "budget of a sweep", "trials of a sweep", "journal",
    "end of a run", "what MLflow was told", "MLflow's answer", "alert", "alert that waits",
    "what was chosen", "chunks", "answers: trust", "answers: smoothing", "answers: robustness",
    "answers: comparison", "answers: compression", "answers: many", "answers: folder",
    "question of a job", "copies of rows, the states being lost", "result: trust",
]  # fmt: skip


@pytest.mark.parametrize("name", DEEP_IN)
def test_json_that_is_nested_too_deeply(name: str, tmp_path: Path) -> None:
    """Python's parser gives up with a RecursionError, which is no ValueError."""
    made = READERS[name](tmp_path)
    folder = tmp_path / "read"
    folder.mkdir()
    try:
        made.read(DEEP, folder)
    except made.raises as error:
        assert "\n" not in str(error)


def test_numbers_that_are_infinite() -> None:
    """int() raises OverflowError on them, which is no ValueError either."""
    told = {"place": 1e999, "label": 0, "plain": 0, "said": None, "hits": 1, "radius": 0.5}
    assert Certificate.read(json.dumps(told).encode()) is None
    assert Judged.read(b'{"values": {}, "seconds": 1e999, "place": 1e999}') is None
    with pytest.raises(BadInput):
        TrustTable.from_dict({"methods": 1e999})


@pytest.mark.parametrize("value", [None, [1], {"a": 1}])
def test_a_spec_with_what_is_no_value(value: object) -> None:
    given = SPEC.to_dict()
    given["training"] = {**given["training"], "epochs": value}
    with pytest.raises(SpecError, match=r"training\.epochs is "):
        complete(RunSpec.from_dict(given))


@pytest.mark.parametrize("spec", ["", [], None, 3])
def test_a_card_whose_spec_is_no_object(spec: object, tmp_path: Path) -> None:
    paths.card_in(tmp_path).write_text(json.dumps({"spec": spec}))
    found = at_path(str(tmp_path))
    assert found is not None
    with pytest.raises(WeightsError, match="an object is accepted"):
        _ = found.spec


def test_a_trial_with_lists_for_numbers(tmp_path: Path) -> None:
    told: dict[str, Any] = {"number": 0, "state": "finished", "params": {}, "values": [[0.9]]}
    with pytest.raises(TypeError):
        Trial.from_dict({**told, "curve": []})
    files = SweepFiles.make(tmp_path, "abcd1234", sweep_spec(SPEC, ["width=8,16"]))
    file = paths.sweep_trials_file(tmp_path, files.id)
    file.write_text(json.dumps({"trials": [{**told, "curve": []}]}))
    with pytest.raises(RunError, match="cannot be read"):
        files.sweep()


@pytest.mark.parametrize("told", [{"payload": {}, "tries": 0, "again": 0}, {"payload": {"run": 1}}])
def test_an_alert_of_no_run_is_dropped(told: object, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(json.dumps(told))
    alerts._try(tmp_path, "http://localhost:1", file, (5.0,))
    assert not file.exists()


def test_an_adapter_beside_the_weights_is_not_read(tmp_path: Path) -> None:
    """It may name another model by any path, and its own weights may be a pickle."""
    (tmp_path / "config.json").write_text('{"architectures": ["BertForSequenceClassification"]}')
    (tmp_path / "adapter_config.json").write_text('{"base_model_name_or_path": "/etc"}')
    for name in ("model.safetensors", "tokenizer.json"):
        (tmp_path / name).write_text("")
    with pytest.raises(ModelError, match="holds an adapter beside its weights"):
        check_folder(tmp_path, "classify-text")


def test_a_run_whose_name_no_file_can_have() -> None:
    assert kept_pictures("\0") == ()
