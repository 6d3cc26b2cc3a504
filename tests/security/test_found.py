"""What the fuzzer found, each as the smallest input that showed it."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch

from dlexplain.data.class_list import plain_classes
from dlexplain.data.dates import read_dates
from dlexplain.data.imagenet import find_class
from dlexplain.data.shortcuts import Shortcut, find_marked
from dlexplain.data.texts import place_of_label
from dlexplain.data.tokenisers import encoded, load_tokeniser, train_tokeniser
from dlexplain.errors import (
    BadInput,
    CheckpointError,
    DataError,
    ModelError,
    RunError,
    SpecError,
    TargetError,
    WeightsError,
)
from dlexplain.execution import alerts, paths
from dlexplain.execution.checkpoints import newest_good
from dlexplain.execution.paths import digest_file
from dlexplain.execution.rows import read_row
from dlexplain.execution.schema import ADDED
from dlexplain.execution.spec import RunSpec
from dlexplain.params import from_digits
from dlexplain.results.smoothing import Certificate
from dlexplain.results.sweeps import Trial
from dlexplain.results.trust import TrustTable
from dlexplain.services.latent.sampling import class_place
from dlexplain.services.objects.own import own_detector_spec
from dlexplain.services.pictures.sources import kept_pictures
from dlexplain.services.quality.trust_table import Judged
from dlexplain.services.sweeps.spec import sweep_spec
from dlexplain.services.sweeps.store import SweepFiles
from dlexplain.services.texts.own_reading import read_model
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.presets import PRESETS
from dlexplain.trained.catalogue import trained
from dlexplain.trained.folder import at_path
from dlexplain.trained.hugging_face import check_folder
from dlexplain.ui.address import whole_number
from tests import own, own_objects
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


@pytest.mark.parametrize("text", [":" * 5_000, '{"a":' * 3_000, "a:b:c"])
def test_a_name_of_many_heads(text: str) -> None:
    """Each colon was a head of the model before it, one call deeper."""
    with pytest.raises(BadInput):
        trained(text)


def test_dates_of_several_zones() -> None:
    dates = read_dates(pd.Series(["1990-01-01", "1990-03-03-03-03-01", "1990-04-01"]))
    assert str(dates[0].date()) == "1990-01-01" and dates.dt.tz is None


@pytest.mark.parametrize("named", [True, 3, "BertForSequenceClassification", {"a": 1}])
def test_architectures_that_are_no_list(named: object, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"architectures": named}))
    with pytest.raises(ModelError, match="of no architecture that its config.json names"):
        check_folder(tmp_path, "classify-text")


def test_a_tokeniser_that_panics() -> None:
    """A library in Rust raises what is no Exception: here for a mark without its id."""
    told = json.loads(train_tokeniser("word", ["a b"], 10).to_str())
    told["post_processor"] = {
        "type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}}],
        "pair": [], "special_tokens": {},
    }  # fmt: skip
    with pytest.raises(DataError, match="no entry found for key"):
        encoded(load_tokeniser(json.dumps(told)), "a b")


@pytest.mark.parametrize("epochs", [None, float("nan"), 0])
def test_a_sweep_of_no_epochs(epochs: float | None, tmp_path: Path) -> None:
    spec = sweep_spec(SPEC, ["width=8,16"])
    files = SweepFiles.make(tmp_path, "abcd1234", spec)
    told = spec.to_dict()
    told["base"]["training"] = {} if epochs is None else {"epochs": epochs}
    paths.sweep_spec_file(tmp_path, files.id).write_text(json.dumps(told))
    with pytest.raises(RunError, match="cannot be read"):
        files.sweep()


def test_a_finished_trial_without_a_value(tmp_path: Path) -> None:
    files = SweepFiles.make(tmp_path, "abcd1234", sweep_spec(SPEC, ["width=8,16"]))
    told = {"number": 0, "state": "finished", "params": {}, "values": [], "curve": []}
    paths.sweep_trials_file(tmp_path, files.id).write_text(json.dumps({"trials": [told]}))
    with pytest.raises(RunError, match="one has no value"):
        files.sweep()


def test_a_trial_without_params() -> None:
    with pytest.raises(TypeError, match="params is None"):
        Trial.from_dict(
            {"number": 0, "state": "finished", "params": None, "values": [], "curve": []}
        )


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("id", []),
        ("state", ["finished"]),
        ("number", 2**80),
        ("created", "now"),
        ("started", 2**80),
        ("name", "\ud800"),
    ],
)
def test_a_row_of_a_run_with_other_types(column: str, value: object) -> None:
    row = {
        **ADDED, "number": 1, "id": "abcd1234", "name": "x", "tags": "", "spec": SPEC.to_json(),
        "state": "finished", "why": "", "device": "", "created": 1.0, "started": None,
        "ended": None, "spent": 0.0, "pid": None, "born": None, "host": "", "beat": None,
        "wish": "", "tracking": "", "progress": "{}",
    }  # fmt: skip
    assert read_row(row).id == "abcd1234"
    with pytest.raises(RunError, match="is damaged"):
        read_row({**row, column: value})


def test_a_checkpoint_of_another_form_is_passed(tmp_path: Path) -> None:
    torch.save({"other": 1}, tmp_path / "step=1.ckpt")
    content = (tmp_path / "step=1.ckpt").read_bytes()
    digest_file(tmp_path / "step=1.ckpt").write_text(hashlib.sha256(content).hexdigest())
    told: list[str] = []
    with pytest.raises(CheckpointError, match="none of the 1 checkpoints"):
        newest_good(tmp_path, told.append)
    assert "cannot be read: 'state_dict'" in told[0]


@pytest.mark.parametrize(
    ("file", "key", "value"),
    [
        ("tokenizer_config.json", "model_max_length", [10**30]),
        ("tokenizer_config.json", "unk_token", "gone"),
        ("tokenizer_config.json", "unk_token", None),
        ("config.json", "pad_token_id", "0"),
        ("config.json", "eos_token_id", ""),
    ],
)
def test_a_folder_with_one_wrong_value(file: str, key: str, value: object, tmp_path: Path) -> None:
    """Read, or refused in one line."""
    own.save_own(own.classifier("Bert", **own.SMALL), tmp_path)
    told = json.loads((tmp_path / file).read_text())
    (tmp_path / file).write_text(json.dumps({**told, key: value}))
    try:
        assert read_model(str(tmp_path), "classify-text").longest > 0
    except ModelError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("side", [1400, 2048])
def test_a_processor_that_asks_for_all_memory(side: int, tmp_path: Path) -> None:
    """Attention among its patches would take 17 GB at 2,048 pixels."""
    own_objects.save("yolos", tmp_path)
    file = tmp_path / "preprocessor_config.json"
    told = json.loads(file.read_text())
    file.write_text(json.dumps({**told, "size": {"shortest_edge": side, "longest_edge": side}}))
    with pytest.raises(ModelError, match="for which it makes a tensor of"):
        own_detector_spec(str(tmp_path))
