"""Runs that prune: what they begin with, how they go on, what their cards say."""

import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

import dlexplain as dx
from dlexplain.cli import main
from dlexplain.compression.base import COMPRESSIONS
from dlexplain.compression.modules.base import compressor
from dlexplain.compression.modules.magnitude import pruned
from dlexplain.compression.modules.weights import prunable
from dlexplain.data.samples import sample_path
from dlexplain.errors import BadInput, SpecError, UnknownName
from dlexplain.execution.checkpoints import read_checkpoint
from dlexplain.execution.ending import Ending
from dlexplain.execution.paths import checkpoint_folder, weights_file
from dlexplain.execution.spec import RunSpec
from dlexplain.services.training import compression_runs
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.compressing import Compressing, fresh_network
from dlexplain.services.training.compression_runs import compressed_layers
from dlexplain.services.training.compression_specs import (
    completed_compression,
    compression_spec,
    compressions,
    parent_of,
)
from dlexplain.services.training.inline import inline_queue
from dlexplain.services.training.runs import run
from dlexplain.services.training.worker import build
from dlexplain.settings import settings
from dlexplain.tasks.modules.base import TaskModule
from dlexplain.trained.catalogue import trained
from dlexplain.trained.folder import Trained
from dlexplain.trained.networks import load_network
from tests.trained import digits_run, trained_run

GRADUAL = {"sparsity": 0.9, "schedule": "gradual"}
TICKET = {"sparsity": 0.6, "rewind": "lottery ticket"}


@pytest.fixture(scope="module")
def parent() -> Trained:
    return trained(digits_run())


def compressed(parent: Trained, how: str, params: dict[str, Any], epochs: int = 0) -> Trained:
    spec = compression_spec(parent, how, params, {"epochs": epochs})
    return trained(trained_run(replace(spec, name=f"{how} {params} {epochs}")))


def zeros(model: Trained) -> float:
    weights = prunable(load_network(model)).values()
    return sum(int((w == 0).sum()) for w in weights) / sum(w.numel() for w in weights)


@pytest.mark.parametrize(
    ("params", "epochs"),
    [({"sparsity": 0.8}, 0), ({"sparsity": 0.8}, 2), (GRADUAL, 2), (TICKET, 2)],
)
def test_a_finished_run_has_as_many_zeros_as_asked(
    parent: Trained, params: dict[str, Any], epochs: int
) -> None:
    model = compressed(parent, "magnitude", params, epochs)
    found = zeros(model)
    assert found == pytest.approx(params["sparsity"], abs=1e-3)
    assert model.metrics["test/sparsity"] == found
    assert model.metrics["test/accuracy"] > 0.15
    content = weights_file(settings().home, model.name).read_bytes()
    assert model.metrics["test/megabytes"] == len(content) / 1e6
    assert model.metrics["test/megabytes_zipped"] == len(zlib.compress(content)) / 1e6
    assert model.metrics["test/megabytes_zipped"] < 0.8 * model.metrics["test/megabytes"]
    assert any("zeros are kept in the file" in note for note in run(model.name).notes)


@pytest.mark.parametrize("params", [GRADUAL, TICKET])
def test_what_needs_a_training_is_told(parent: Trained, params: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match="epochs is 0"):
        complete(compression_spec(parent, "magnitude", params))


def test_gradual_pruning_takes_the_last_epoch(parent: Trained) -> None:
    spec = compression_spec(parent, "magnitude", GRADUAL, {"epochs": 2})
    assert spec.training["keep_best"] is False
    early = replace(spec, training={**spec.training, "keep_best": True})
    with pytest.raises(SpecError, match="keep_best=false and patience=0 are accepted"):
        complete(early)


def test_two_of_four_stay_two_of_four(parent: Trained) -> None:
    model = compressed(parent, "semi-structured", {}, 1)
    weight = prunable(load_network(model))["features.4.weight"]
    assert ((weight.movedim(1, -1).reshape(-1, 4) == 0).sum(1) == 2).all()


def test_a_lottery_ticket_begins_as_its_parent_began(parent: Trained) -> None:
    """The worker builds the parent's spec anew: those are the weights before its first step."""
    first = dict(
        build(
            parent.spec, torch.device("cpu"), lambda *told: None
        ).module.network.named_parameters()
    )
    state = torch.random.get_rng_state()
    again = fresh_network(parent)
    assert torch.equal(state, torch.random.get_rng_state())
    for name, weight in again.named_parameters():
        assert torch.equal(weight, first[name]), name
    spec = complete(compression_spec(parent, "magnitude", TICKET, {"epochs": 1}))
    network = build(spec, torch.device("cpu"), lambda *told: None).module.network
    own = prunable(load_network(parent))
    masks = pruned(own, {n: torch.ones_like(w, dtype=torch.bool) for n, w in own.items()}, 0.6)
    for name, weight in network.named_parameters():
        kept = masks.get(name, torch.ones_like(weight, dtype=torch.bool))
        assert torch.equal(weight, first[name] * kept), name


def test_a_lottery_ticket_needs_first_weights(parent: Trained) -> None:
    child = compressed(parent, "magnitude", {"sparsity": 0.8})
    for model in (child, trained("cifar10-efficientnet")):
        with pytest.raises(SpecError, match="a lottery ticket needs fresh first weights; .* began"):
            complete(compression_spec(model, "magnitude", TICKET, {"epochs": 1}))
        with pytest.raises(BadInput, match="needs fresh first weights"):
            fresh_network(model)
    spec = compression_spec(parent, "magnitude", {**TICKET, "schedule": "gradual"}, {"epochs": 1})
    with pytest.raises(SpecError, match="drawn at once"):
        complete(spec)


class Stop:
    """Has the run that is trained stop after this many steps."""

    def __init__(self, patch: pytest.MonkeyPatch, steps: int) -> None:
        plain: Callable[..., Any] = TaskModule.on_before_zero_grad

        def step(module: TaskModule, *given: Any) -> Any:
            if module.global_step == steps and Stop.ending is not None:
                Stop.ending.asked = True
            return plain(module, *given)

        entered = Ending.__enter__

        def enter(ending: Ending) -> Ending:
            Stop.ending = ending
            return entered(ending)

        patch.setattr(TaskModule, "on_before_zero_grad", step)
        patch.setattr(Ending, "__enter__", enter)

    ending: Ending | None = None


@pytest.mark.parametrize("params", [{"sparsity": 0.8}, GRADUAL, TICKET], ids=str)
def test_stopped_and_resumed_is_the_run_that_was_not(
    parent: Trained, params: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = compressed(parent, "magnitude", params, 2)
    spec = complete(compression_spec(parent, "magnitude", params, {"epochs": 2}))
    with monkeypatch.context() as patch:
        Stop(patch, 13)
        row = inline_queue(settings().home).submit(replace(spec, name="stopped"))
    assert row.state == "interrupted", row.why
    (latest, *_) = checkpoint_folder(settings().home, row.id).glob("latest-*.ckpt")
    masks = [
        value["masks"]
        for value in read_checkpoint(latest)["callbacks"].values()
        if isinstance(value, dict) and "masks" in value
    ]
    assert len(masks) == 1 and set(masks[0]) == set(prunable(load_network(parent)))
    row = inline_queue(settings().home).resume(row.id)
    assert row.state == "finished", row.why
    expected, found = (load_network(trained(name)) for name in (whole.name, row.id))
    for name, weight in expected.state_dict().items():
        assert torch.equal(weight, found.state_dict()[name]), name


def test_channels_are_gone_from_the_file_and_the_card(parent: Trained) -> None:
    model = compressed(parent, "channels", {"part": 0.5}, 1)
    before = weights_file(settings().home, parent.name).stat().st_size
    assert weights_file(settings().home, model.name).stat().st_size < 0.5 * before
    assert model.card["parameters"] < 0.5 * parent.card["parameters"]
    network = load_network(model)
    assert network.get_submodule("features.0").weight.shape == (4, 1, 3, 3)
    assert dx.predict(dx.load(model.name), str(sample_path("coffee"))).scores
    table = compressed_layers(run(model.name))
    assert table is not None
    assert table.columns == ("layer", "channels before", "channels")
    assert table.rows()[0] == {"layer": "features.0", "channels before": 8, "channels": 4}
    assert table.counts["channels"] == 4 + 8 + 16 + 10
    assert type(table).from_dict(json.loads(json.dumps(table.to_dict()))) == table
    assert compressed_layers(run(parent.name)) is None


def test_low_rank_keeps_its_table(parent: Trained) -> None:
    table = compressed_layers(run(compressed(parent, "low-rank", {"energy": 0.7}).name))
    assert table is not None
    assert {"rank", "energy kept"} <= set(table.columns)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"compression_params": {"sparsity": 0}}, 'sparsity is "0"; it takes a number from 0.01'),
        ({"compression_params": {"sparsity": 1}}, 'sparsity is "1"; it takes a number from 0.01'),
        ({"compression": "channels", "model": "vit"}, 'channels does not suit the model "vit"'),
    ],
)
def test_bad_input_before_the_run(parent: Trained, change: dict[str, Any], told: str) -> None:
    spec = compression_spec(parent, "magnitude", {"sparsity": 0.5}).to_dict() | change
    with pytest.raises(SpecError, match=told):
        complete(RunSpec.from_dict(spec))


def test_recurrent_models_have_no_channels() -> None:
    spec = compression_spec(trained("sst2-lstm-attention"), "channels", {"part": 0.5})
    with pytest.raises(SpecError, match="it takes cnn, resnet9, airbench, efficientnet, text-cnn"):
        complete(spec)
    assert "channels" not in [way.name for way in compressions("rnn-lm")]
    assert "channels" in [way.name for way in compressions("cnn")]
    assert [way.name for way in compressions()] == list(COMPRESSIONS)


def test_a_private_model_is_not_compressed(parent: Trained, tmp_path: Path) -> None:
    card = json.loads((parent.folder / "card.json").read_text())
    card["spec"]["training"]["target_epsilon"] = 8.0
    (tmp_path / "card.json").write_text(json.dumps(card))
    (tmp_path / parent.weights.name).write_bytes(parent.weights.read_bytes())
    with pytest.raises(SpecError, match="parent was trained privately"):
        completed_compression(str(tmp_path), "magnitude")


def test_models_without_their_data_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    onnx = tmp_path / "mine.onnx"
    onnx.write_bytes(b"0")
    for name in (str(onnx), str(tmp_path), "somebody/model", "efficientnet-lite0"):
        with pytest.raises(
            BadInput, match="came without the data .* a model of the zoo, the id of"
        ):
            parent_of(name)
    with pytest.raises(UnknownName, match="unknown model"):
        parent_of("nobody")


def test_other_data_are_told(parent: Trained) -> None:
    way = Compressing("magnitude", compressor("magnitude", {"sparsity": 0.5}), parent)
    data = SimpleNamespace(facts={**parent.facts, "classes": ["a", "b"]}, files={})
    with pytest.raises(BadInput, match="the data's classes are not those that run"):
        way.prepare(data)
    data.facts = {**parent.facts, "digest": "another"}
    way.prepare(data)
    assert any("the data are not those of run" in note for note in way.notes)


def test_settings_are_read_and_data_get_a_path() -> None:
    spec = completed_compression(
        "cifar10-resnet", "magnitude", 2,
        ["sparsity=0.7", "schedule=gradual", "training.schedule=cosine", "seed=3"],
        "/data/here", "mine",
    )  # fmt: skip
    assert spec.compression_params == {"sparsity": 0.7, "schedule": "gradual", "rewind": "no"}
    assert (spec.training["schedule"], spec.training["epochs"]) == ("cosine", 2)
    assert (spec.seed, spec.name, spec.parent) == (3, "mine", "cifar10-resnet")
    assert spec.data_params["path"] == str(Path("/data/here").resolve())
    assert spec.task_params["teacher"] == ""
    with pytest.raises(BadInput, match="digits is always there and takes no path"):
        completed_compression("digits-cnn", "magnitude", data="/data/here")
    with pytest.raises(UnknownName, match='unknown compression "smaller"'):
        completed_compression("digits-cnn", "smaller")
    with pytest.raises(SpecError, match='sparsity is "2".*unknown parameter|unknown parameter.*2'):
        completed_compression("digits-cnn", "magnitude", settings_=["sparsity=2", "spars=1"])


def test_the_command(parent: Trained, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    words = ["compress", parent.name, "--how", "magnitude", "--set", "sparsity=0.5"]
    assert main([*words, "--name", "half", "--wait"]) == 0
    told = capsys.readouterr().out
    assert "test/sparsity" in told and "features.0.weight" in told
    for words in (["compress", parent.name, "--how"], ["compressions"]):
        assert main(words) == 0
        listed = capsys.readouterr().out
        assert all(name in listed for name in COMPRESSIONS)
    assert main(["compressions", "--json"]) == 0
    assert {row["name"] for row in json.loads(capsys.readouterr().out)} == set(COMPRESSIONS)
    assert main(["compress", parent.name, "--set", "sparsity=1"]) == 2
    assert "it takes a number from 0.01 to 0.999" in capsys.readouterr().err


@pytest.mark.slow  # in a process of its own, as test_the_command has
def test_from_python(parent: Trained, monkeypatch: pytest.MonkeyPatch) -> None:
    queue = inline_queue(settings().home)
    monkeypatch.setattr(compression_runs, "launch", lambda spec: run(queue.submit(spec).id))
    record = dx.compress(parent.name, "channels", part=0.5, learning_rate=0.002, name="mine")
    assert record.state == "finished", record.why
    assert (record.name, record.spec["training"]["learning_rate"]) == ("mine", 0.002)
    assert record.metrics["test/channels_kept"] < 0.7
    with pytest.raises(SpecError, match='part is "1"'):
        dx.compress(parent.name, "channels", part=1)
