"""A spec is checked whole, completed, and changed by texts as the command line takes them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from dlexplain.errors import BadInput, SpecError, UnknownName
from dlexplain.services.training.catalogue import (
    RunSpec,
    architectures,
    augmentation_params,
    changed,
    complete,
    completed_with,
    data_sets,
    data_status,
    tasks,
    with_data_path,
)
from dlexplain.services.training.presets import (
    PRESETS,
    is_quick,
    preset,
    preset_seconds,
    presets_by_case,
)
from dlexplain.services.training.presets.base import CASES
from dlexplain.trained.zoo_cards import trained_in, zoo_card, zoo_cards

DIGITS = RunSpec(task="classify-image", model="cnn", data="digits")


def test_everything_that_is_wrong_is_named_at_once() -> None:
    wrong = RunSpec(
        task="classify-image", model="cn", data="macrodata",
        training={"epochs": 0, "optimiser": "sdg", "epoch": 3}, device="tpu",
        augmentation={"flip": "up"},
    )  # fmt: skip
    with pytest.raises(SpecError) as caught:
        complete(wrong)
    problems = caught.value.problems
    assert len(problems) == 7
    for words in (
        ('model is "cn"', "airbench, cnn"),
        ('data "macrodata" does not suit the task classify-image', "digits"),
        ('epochs is "0"', "1 to 1000"),
        ('optimiser is "sdg"', "sgd, adam, adamw"),
        ('unknown parameter "epoch"', "epochs"),
        ('flip is "up"', "alternating"),
        ('device is "tpu"', "cuda:N"),
    ):
        assert any(all(word in problem for word in words) for problem in problems), words


def test_a_completed_spec_says_everything_and_stays_as_it_is() -> None:
    whole = complete(DIGITS)
    assert whole.training["epochs"] == 5
    assert whole.model_params["activation"] == "relu"
    assert complete(whole) == whole
    assert RunSpec.from_json(whole.to_json()) == whole
    assert changed(whole) == {}


def test_paths_become_absolute_since_a_worker_may_stand_elsewhere() -> None:
    spec = RunSpec(
        task="classify-image", model="cnn", data="picture-folder", data_params={"path": "pictures"}
    )
    assert complete(spec).data_params["path"] == str(Path("pictures").resolve())


def test_augmentation_of_series_is_told() -> None:
    spec = RunSpec(
        task="forecast", model="lstm-forecaster", data="macrodata", augmentation={"shift": 2}
    )
    with pytest.raises(SpecError, match="shift is given, but varies pictures only"):
        complete(spec)


def test_a_run_says_only_of_what_varies_its_own_kind() -> None:
    old = {"flip": "none", "shift": 0, "cutout": 0, "mixup": 0.0, "colour": 0.0, "early_side": 0}
    spec = RunSpec(task="forecast", model="lstm-forecaster", data="macrodata", augmentation=old)
    whole = complete(replace(spec, augmentation=old | {"jitter": 0.1}))
    assert whole.augmentation == {"jitter": 0.1, "scaling": 0.0, "warping": 0.0}
    assert changed(replace(spec, augmentation=old)) == {}
    with pytest.raises(SpecError, match='unknown parameter "jiter"'):
        complete(replace(spec, augmentation={"jiter": 0.1}))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nobody", 'task: teacher: unknown model "nobody"; the zoo has: '),
        ("cifar10-resnet", "task: the teacher knows 10 classes (airplane, automobile, bird …)"),
        ("~nobody/x", 'unknown model "~nobody/x"'),
        ("x" * 300, "unknown model"),
        ("a\0b", "unknown model"),
        ("sst2-cnn", 'task: teacher is "sst2-cnn", a model for classify-text; it takes one for '),
    ],
)
def test_who_cannot_teach_is_told_before_the_run(name: str, said: str) -> None:
    with pytest.raises(SpecError, match=re.escape(said)):
        complete(replace(DIGITS, task_params={"teacher": name}))
    assert complete(replace(DIGITS, task_params={"teacher": "digits-cnn"}))


def test_a_checkpoint_that_lies_alone_is_no_teacher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.ckpt").write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match="has no facts.json; only a whole run is a model"):
        complete(replace(DIGITS, task_params={"teacher": "a.ckpt"}))


def test_texts_find_their_group() -> None:
    spec = completed_with(DIGITS, ["epochs=7", "model.width=8", "seed=3", "activation=tanh"])
    assert changed(spec) == {"training.epochs": 7, "model.width": 8, "model.activation": "tanh"}
    assert spec.seed == 3


def test_wrong_keys_and_wrong_values_are_named_at_once() -> None:
    forecast = RunSpec(task="forecast", model="lstm-forecaster", data="macrodata", device="tpu")
    with pytest.raises(SpecError) as caught:
        completed_with(forecast, ["bogus=1", "hidden", "epochs=0", "seed=-3", "seed=x"])
    problems = caught.value.problems
    for word in ("bogus", "KEY=VALUE", 'epochs is "0"', 'seed is "-3"', 'seed is "x"', "tpu"):
        assert any(word in problem for problem in problems), word
    assert len(problems) == 6


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_is_complete_and_repeatable_from_what_differs(name: str) -> None:
    spec = preset(name)
    texts = [f"{key}={value}" for key, value in changed(spec).items()]
    bare = RunSpec(task=spec.task, model=spec.model, data=spec.data, name=spec.name)
    assert completed_with(bare, texts) == spec


@pytest.mark.parametrize("name", list(PRESETS))
def test_no_preset_names_a_precision_that_is_slow_or_fails_on_some_machines(name: str) -> None:
    assert preset(name).training["precision"] in ("auto", "float32")


TIMES = re.compile(r"seconds?\b|minutes?\b|\bhours?\b|quick", re.IGNORECASE)


@pytest.mark.parametrize("name", list(PRESETS))
def test_a_presets_time_is_said_once_and_is_the_zoo_cards(name: str) -> None:
    known, cards = PRESETS[name], {card.name: card for card in zoo_cards()}
    assert known.zoo == (name in cards)
    assert not TIMES.search(known.description)
    if known.zoo and not cards[name].on_gpu:
        assert known.about == 0  # the card says it
        assert preset_seconds(name) == cards[name].seconds
    else:
        assert preset_seconds(name) == known.about
        assert known.about or "path" in known.description


def test_a_gpus_minutes_are_not_told_as_those_of_two_cores() -> None:
    card = zoo_card("cifar10-resnet")
    assert card.on_gpu and card.seconds < 300
    assert trained_in(card).endswith(" on a GPU")
    assert preset_seconds("cifar10-resnet") > 3600
    assert not is_quick("cifar10-resnet")


def test_quick_presets_come_first_in_each_case() -> None:
    cases = [(PRESETS[name].case, not is_quick(name)) for name in presets_by_case()]
    assert cases == sorted(cases, key=lambda c: (CASES.index(c[0]), c[1]))
    assert is_quick("digits-cnn")
    assert not is_quick("cifar10-cnn")


def test_an_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="digits-cnn"):
        preset("digits")


def test_choices_suit_their_task() -> None:
    names = [task.name for task in tasks()]
    assert {"classify-image", "forecast"} <= set(names)
    assert {"cnn", "resnet9", "airbench"} <= {m.name for m in architectures("classify-image")}
    assert "digits" not in {d.name for d in data_sets("forecast")}
    assert set(augmentation_params("forecast")) == {"jitter", "scaling", "warping"}
    assert set(augmentation_params("classify-text")) == {"word_dropout", "word_swaps"}
    assert augmentation_params("translate") == {}
    assert {"cutmix", "generated_by"} <= set(augmentation_params("classify-image"))
    assert "generated_by" not in augmentation_params("vae")


def test_the_status_of_data_says_how_to_get_it() -> None:
    assert data_status("digits").there
    away = data_status("picture-folder", {"path": "/nowhere"})
    assert not away.there
    assert not away.fetched
    assert away.how.startswith("/nowhere is not there")
    assert data_status("cifar10").fetched


def test_a_data_path_is_refused_where_there_is_none_to_give() -> None:
    with pytest.raises(BadInput, match="digits is always there"):
        with_data_path(DIGITS, "/data")


@pytest.mark.parametrize(
    ("model", "side", "told"),
    [("cnn", 16, "cnn takes one side only"), ("airbench", 8, "airbench takes sides from 17")],
)
def test_smaller_pictures_at_first_need_a_model_that_takes_them(
    model: str, side: int, told: str
) -> None:
    spec = RunSpec(
        task="classify-image", model=model, data="shapes", augmentation={"early_side": side}
    )
    with pytest.raises(SpecError, match=told):
        complete(spec)
    assert complete(replace(spec, augmentation={})).augmentation["early_side"] == 0
