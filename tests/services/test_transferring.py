"""A run that begins with a trained model's weights: what is taken, what stays, what is refused."""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from dlexplain.data.base import DATA, silent
from dlexplain.data.modules.base import TrainLoader
from dlexplain.errors import BadInput, SpecError
from dlexplain.execution import paths
from dlexplain.execution.spec import RunSpec
from dlexplain.networks.modules.layers import layers_of
from dlexplain.params import parse
from dlexplain.services.privacy.fitting import alone
from dlexplain.services.privacy.records import records_of
from dlexplain.services.training.catalogue import changed, complete, completed_with
from dlexplain.services.training.inline import inline_queue
from dlexplain.services.training.parents import begun_with, can_read, parents
from dlexplain.services.training.runs import launch
from dlexplain.services.training.worker import Built, build
from dlexplain.settings import settings
from dlexplain.trained.catalogue import find, trained
from dlexplain.trained.networks import load_network
from tests.execution.stopping import resumed_after_one_epoch
from tests.trained import digits_run, macrodata_run, trained_run

FAST = {"epochs": 1, "batch_size": 64, "precision": "float32"}
SHAPES = RunSpec(
    task="classify-image", model="cnn", data="shapes", data_params={"side": 32, "count": 200},
    training=FAST, parent="cifar10-cnn",
)  # fmt: skip
TWEETS = RunSpec(
    task="classify-text", model="text-transformer", data="tweets", data_params={"count": 600},
    training=FAST, parent="sst2-transformer",
)  # fmt: skip


def onward(**transfer: Any) -> RunSpec:
    """Digits again, from a model of digits."""
    return RunSpec(
        task="classify-image", model="cnn", data="digits", parent=digits_run(),
        training={**FAST, "epochs": 2, "learning_rate": 0.01}, transfer=transfer,
        name=f"digits onward {transfer}",
    )  # fmt: skip


def built(spec: RunSpec) -> Built:
    return build(complete(spec), torch.device("cpu"), silent)


def state_of(name: str) -> dict[str, torch.Tensor]:
    return load_network(trained(name)).state_dict()


def test_the_head_is_fresh_and_all_else_the_parents_before_the_first_step() -> None:
    begun = built(SHAPES)
    own, theirs = begun.module.network.state_dict(), state_of("cifar10-cnn")
    fresh = {"classifier.3.weight", "classifier.3.bias"}
    assert own["classifier.3.weight"].shape[0] == 5
    for name, tensor in own.items():
        assert (name in fresh) != torch.equal(tensor, theirs[name]), name
    notes = begun.data.facts["notes"]
    assert any("began with cifar10-cnn" in n and "fresh: classifier.3.weight" in n for n in notes)


def test_the_same_answers_keep_the_head() -> None:
    begun = built(onward())
    theirs = state_of(digits_run())
    assert all(torch.equal(t, theirs[k]) for k, t in begun.module.network.state_dict().items())
    assert any("none is fresh" in note for note in begun.data.facts["notes"])


def test_other_classes_as_many_have_a_fresh_head() -> None:
    spec = RunSpec(
        task="classify-image", model="cnn", data="digits", data_params={"side": 28},
        training=FAST, parent="mnist-cnn",
    )  # fmt: skip
    begun = built(spec)
    same = begun.data.facts["classes"] == trained("mnist-cnn").facts["classes"]
    head = begun.module.network.state_dict()["classifier.3.weight"]
    assert same and torch.equal(head, state_of("mnist-cnn")["classifier.3.weight"])
    other = begun.transferring
    assert other is not None
    facts = {**begun.data.facts, "classes": list("abcdefghij")}
    network = built(spec).module.network
    assert "fresh: classifier.3.weight" in other.begin(network, facts, {})


@pytest.mark.parametrize("learns", ["head", "last layers"])
def test_frozen_weights_and_statistics_stay_to_the_last_digit(learns: str) -> None:
    run = trained_run(onward(learns=learns, layers=2))
    own, theirs = state_of(run), state_of(digits_run())
    learnt = ("classifier.3.",) if learns == "head" else ("classifier.0.", "classifier.3.")
    for name, tensor in own.items():
        assert name.startswith(learnt) != torch.equal(tensor, theirs[name]), name
    assert any("running_mean" in name for name in own)
    assert all(p.requires_grad for p in load_network(trained(run)).parameters())


def test_what_learns_is_said_on_the_card() -> None:
    run = trained_run(onward(learns="head", layers=2))
    notes = trained(run).facts["notes"]
    assert any(f"began with {digits_run()}" in note for note in notes)
    assert any("of 4 layers these learn: classifier.3, 330 numbers" in note for note in notes)


def test_the_rate_falls_by_layer() -> None:
    begun = built(onward(layer_decay=0.5))
    optimiser = begun.module.configure_optimizers()["optimizer"]
    rates: dict[int, float] = {}
    for group in optimiser.param_groups:
        rates |= {id(p): group["max_lr"] for p in group["params"]}
    layers = layers_of(begun.module.network)
    found = [{rates[id(p)] for p in layer.weights.values()} for layer in layers]
    expected = [0.00125, 0.0025, 0.005, 0.01]  # by hand: 0.01 halved a layer from the end
    assert [sorted(rate) for rate in found] == [[pytest.approx(rate)] for rate in expected]
    assert len(rates) == len(list(begun.module.network.parameters()))


def test_a_decay_of_one_is_one_group() -> None:
    groups = built(onward()).module.configure_optimizers()["optimizer"].param_groups
    assert len(groups) == 1


@pytest.mark.parametrize("spec", [SHAPES, TWEETS], ids=["cnn", "transformer"])
def test_merged_adapters_answer_as_unmerged_ones(spec: RunSpec) -> None:
    spec = complete(replace(spec, transfer={"learns": "adapters", "adapter_rank": 3}))
    begun = build(spec, torch.device("cpu"), silent)
    network = begun.module.network
    for name, weight in network.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(weight, std=0.1)
    x = begun.data.some_inputs(16, seed=0)
    plain = build(complete(replace(spec, transfer={})), torch.device("cpu"), silent).module.network
    network.eval()
    assert begun.transferring is not None
    with torch.no_grad():
        before = network(x)
        begun.transferring.finish(network)
        after = network(x)
        bare = plain.eval()(x)
    torch.testing.assert_close(after, before, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(after, bare, atol=1e-3)
    assert set(network.state_dict()) == set(plain.state_dict())
    learns = {name: p.requires_grad for name, p in plain.named_parameters()}
    assert {name: p.requires_grad for name, p in network.named_parameters()} == learns


def test_a_run_with_adapters_is_a_plain_model_and_changes_matrices_by_their_rank() -> None:
    spec = onward(learns="adapters", adapter_rank=2)
    run = trained_run(spec)
    own, theirs = state_of(run), state_of(digits_run())
    change = (own["classifier.0.weight"] - theirs["classifier.0.weight"]).double()
    values = torch.linalg.svdvals(change)
    assert int((values > 1e-5 * values[0]).sum()) == 2
    stays = [k for k in own if "features.1" in k or k == "classifier.0.bias"]
    assert stays and all(torch.equal(own[k], theirs[k]) for k in stays)


def test_a_checkpoint_with_adapters_is_a_model(tmp_path: Path) -> None:
    run = trained_run(onward(learns="adapters", adapter_rank=2))
    file = next(paths.checkpoint_folder(settings().home, run).glob("last*.ckpt"), None)
    file = file or next(paths.checkpoint_folder(settings().home, run).glob("*.ckpt"))
    network = load_network(trained(str(file)))
    assert set(network.state_dict()) == set(state_of(run))


def test_a_text_run_reads_with_its_parents_tokens() -> None:
    begun = built(TWEETS)
    assert begun.data.files == trained("sst2-transformer").files
    own, theirs = begun.module.network.state_dict(), state_of("sst2-transformer")
    assert torch.equal(own["embedding.weight"], theirs["embedding.weight"])
    assert own["head.weight"].shape[0] == 3


def test_a_forecaster_gets_another_horizon() -> None:
    spec = RunSpec(
        task="forecast", model="lstm-forecaster", data="macrodata", parent=macrodata_run(),
        task_params={"horizon": 6}, training={**FAST, "epochs": 2}, name="further",
    )  # fmt: skip
    run = trained_run(spec)
    assert trained(run).spec.task_params["window"] == 8  # the parent's
    begun = built(spec)
    own, theirs = begun.module.network.state_dict(), state_of(macrodata_run())
    assert torch.equal(own["lstm.weight_ih_l0"], theirs["lstm.weight_ih_l0"])
    assert own["head.weight"].shape[0] == 6 * 3 * 7


def test_a_whitened_first_layer_is_the_parents() -> None:
    spec = RunSpec(
        task="classify-image", model="airbench", data="shapes",
        model_params={"width": 16, "deep": 16}, data_params={"count": 200}, training=FAST,
        name="whitened",
    )  # fmt: skip
    run = trained_run(spec)
    begun = built(replace(spec, parent=run, model_params={}, data_params={"count": 300}))
    own = begun.module.network.state_dict()["whiten.weight"]
    assert torch.equal(own, state_of(run)["whiten.weight"])


def test_few_examples_of_each_class_are_drawn_by_the_seed() -> None:
    few, more = (built(replace(SHAPES, parent="", training={**FAST, "examples_per_class": count}))
                 for count in (4, 9))  # fmt: skip
    labels = few.data._parts["train"]["labels"]
    assert torch.bincount(labels).tolist() == [4] * 5
    ours = {bytes(p.numpy().tobytes()) for p in few.data._parts["train"]["pixels"]}
    theirs = {bytes(p.numpy().tobytes()) for p in more.data._parts["train"]["pixels"]}
    assert ours < theirs
    assert few.data.facts["sizes"]["test"] == more.data.facts["sizes"]["test"] == 50
    assert isinstance(few.data.loader, TrainLoader) and few.data.loader.count == 20


def test_members_are_those_that_were_learned_from() -> None:
    few = {**FAST, "examples_per_class": 6}
    run = trained_run(replace(onward(), training=few, parent="", name="few digits"))
    records = records_of(find(run), "", 1000, seed=0)
    assert len(records.data.train) == len(records.members) == 60
    assert alone(trained(run).spec).training["examples_per_class"] == 0


def test_a_resumed_run_goes_on_as_if_it_had_not_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = complete(replace(onward(learns="adapters", layer_decay=0.7), seed=5))
    queue = inline_queue(settings().home)
    whole = queue.submit(spec)
    resumed = resumed_after_one_epoch(queue, spec, monkeypatch)
    own, theirs = state_of(resumed.id), state_of(whole.id)
    assert all(torch.equal(own[name], theirs[name]) for name in own)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"parent": "nobody"}, 'parent: unknown model "nobody"'),
        ({"parent": "tweets-cnn"}, 'but the parent\'s is "classify-text"'),
        ({"model": "resnet9"}, 'model is "resnet9", but the parent\'s is "cnn"'),
        ({"model_params": {"width": 9}}, 'width is "9", but the parent\'s is "32"'),
        ({"transfer": {"learns": "tail"}}, "all, last layers, head, adapters"),
        ({"parent": "", "transfer": {"learns": "head"}}, "transfer is given without a parent"),
        ({"training": {"target_epsilon": 3.0}}, "target_epsilon is given with a parent"),
    ],
)
def test_bad_parents_are_told_before_the_run(change: dict[str, Any], told: str) -> None:
    with pytest.raises(SpecError) as caught:
        complete(replace(SHAPES, **change))
    assert told in str(caught.value)


def test_dropout_alone_may_be_another() -> None:
    assert complete(replace(SHAPES, model_params={"dropout": 0.5})).model_params["dropout"] == 0.5


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (
            RunSpec(task="classify-image", model="cnn", data="digits", parent="mnist-cnn"),
            "reads grey pictures of 28 × 28, this run grey pictures of 8 × 8",
        ),
        (replace(SHAPES, parent="mnist-cnn"), "reads grey pictures of 28 × 28, this run colour"),
        (
            RunSpec(task="forecast", model="lstm-forecaster", data="macrodata", parent="fred-lstm"),
            "reads 8 series, this run 6 series",
        ),
        (replace(SHAPES, transfer={"learns": "last layers", "layers": 5}), "cnn has 5; 1 to 4"),
        (
            RunSpec(
                task="forecast", model="lstm-forecaster", data="macrodata",
                parent="macrodata-lstm", transfer={"learns": "adapters"},
            ),
            "nothing to adapt",
        ),
    ],
)  # fmt: skip
def test_what_the_data_do_not_fit_is_told_with_nothing_queued(spec: RunSpec, told: str) -> None:
    with pytest.raises(BadInput, match=told):
        launch(spec)


def test_other_tokens_are_refused() -> None:
    with pytest.raises(SpecError, match='tokeniser is "bpe", but the parent\'s is "word"'):
        complete(replace(TWEETS, task_params={"tokeniser": "bpe"}))


def test_a_classless_task_has_no_examples_a_class() -> None:
    with pytest.raises(SpecError, match="forecast has no classes"):
        spec = RunSpec(task="forecast", model="lstm-forecaster", data="macrodata")
        complete(replace(spec, training={"examples_per_class": 5}))


def test_it_can_be_repeated_from_what_differs() -> None:
    spec = complete(replace(SHAPES, transfer={"learns": "head"}, name="x"))
    texts = [f"{key}={value}" for key, value in changed(spec).items()]
    bare = RunSpec(task=spec.task, model=spec.model, data=spec.data, name="x")
    assert completed_with(bare, texts) == spec
    with pytest.raises(SpecError, match=r"transfer\.learns is given without a parent"):
        completed_with(bare, ["transfer.learns=head"])


def test_a_model_is_trained_on_as_it_was_trained(tmp_path: Path) -> None:
    spec = begun_with("mnist-cnn")
    assert (spec.parent, spec.model, spec.data) == ("mnist-cnn", "cnn", "mnist")
    with pytest.raises(BadInput, match="may begin with a trained model"):
        begun_with("mnist-vae")
    assert "mnist-cnn" in [entry.name for entry in parents("classify-image")]
    assert parents("vae") == ()


def test_only_parents_that_can_read_the_data_are_offered() -> None:
    def offered(data: str, **params: Any) -> set[str]:
        task = "forecast" if data == "macrodata" else "classify-image"
        return {entry.name for entry in parents(task) if can_read(entry, data, params)}

    assert "digits-cnn" in offered("digits") and "mnist-cnn" not in offered("digits")
    assert {"mnist-cnn"} == {"mnist-cnn", "digits-cnn"} & offered("digits", side=28)
    # a residual network takes any side, but no other colours
    assert "cifar10-resnet-robust" not in offered("digits", side=32)
    assert {"cifar10-resnet-robust", "cifar10-cnn"} <= offered("shapes", side=32)
    assert {"cifar10-resnet-robust", "cifar10-cnn"} & offered("shapes", side=64) == {
        "cifar10-resnet-robust"
    }
    assert "digits-cnn" in offered("picture-folder")  # nothing is known before it is read
    assert "macrodata-lstm" in offered("macrodata") and "fred-lstm" not in offered("macrodata")
    with pytest.raises(SpecError, match="reads colour pictures of 32 × 32, this run grey pictures"):
        complete(
            RunSpec(task="classify-image", model="resnet9", data="digits",
                    parent="cifar10-resnet-robust")
        )  # fmt: skip


@pytest.mark.parametrize("name", ["digits", "mnist", "shapes", "shapes-labelled", "macrodata"])
def test_what_data_give_is_known_before_they_are_read(name: str, tmp_path: Path) -> None:
    source = DATA[name]
    params: Any = parse(source.Params, {"count": 200} if name.startswith("shapes") else {})
    data: Any = source.load(params, tmp_path, silent)
    given = source.gives(params)
    if name == "macrodata":
        assert list(given["series"]) == list(data.names)
    else:
        height, width, channels = data.train.pixels.shape[1:]
        assert height == width
        assert given == {"channels": channels, "side": height} | (
            {"heads": tuple(data.heads)} if data.heads else {}
        )
    shutil.copytree(trained("digits-cnn").folder, tmp_path / "mine")
    found = complete(replace(onward(), parent=str(tmp_path / "mine")))
    assert found.parent == str((tmp_path / "mine").resolve())
