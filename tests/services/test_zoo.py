"""The zoo: what it holds, publishing a run, verifying it; and what its cards promise."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from dlexplain.cli import main
from dlexplain.errors import UnknownName, WeightsError
from dlexplain.execution import paths
from dlexplain.integrity import digests
from dlexplain.services.training import runs as service
from dlexplain.services.training.presets import PRESETS
from dlexplain.services.zoo import find_data, publish, verify, zoo_presets
from dlexplain.trained.catalogue import trained
from dlexplain.trained.networks import load_network
from dlexplain.trained.stored_weights import pack, unpack
from dlexplain.trained.zoo import zoo_models
from tests.trained import digits_run

MEGABYTE = 1e6


def silent(text: str) -> None:
    pass


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish(digits_run(), "digits-small", silent, tmp_path_factory.mktemp("zoo"))


@pytest.fixture
def copy(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "copy"))


def test_a_published_run_is_half_as_large_and_scores_as_it_did(published: Path) -> None:
    run = service.run(digits_run())
    card = json.loads(paths.card_in(published).read_text())
    assert card["headline"] == "test/accuracy"
    assert card["metrics"]["test/accuracy"] == pytest.approx(
        run.metrics["test/accuracy"], abs=0.005
    )
    assert card["metrics"]["validation/accuracy"] > 0.8
    whole = paths.weights_in(trained(run.id).folder).stat().st_size
    assert paths.weights_in(published).stat().st_size < 0.6 * whole
    kept, source = load_file(paths.weights_in(published)), load_file(trained(run.id).weights)
    assert kept.keys() == source.keys()
    for key, tensor in source.items():
        torch.testing.assert_close(kept[key].to(tensor.dtype), tensor, rtol=1e-3, atol=1e-6)


def test_verifying_says_that_it_does_as_its_card_says(published: Path) -> None:
    (verdict,) = verify([str(published)], "", silent)
    assert (verdict.problem, verdict.skipped) == ("", "")
    card = json.loads(paths.card_in(published).read_text())
    assert verdict.metrics == card["metrics"]


def test_verifying_finds_a_card_that_promises_more(copy: Path) -> None:
    card = json.loads(paths.card_in(copy).read_text())
    card["metrics"]["test/accuracy"] = 0.999
    paths.card_in(copy).write_text(json.dumps(card))
    (verdict,) = verify([str(copy)], "", silent)
    assert verdict.problem.endswith("the card says 0.999")


def test_verifying_finds_other_weights(copy: Path) -> None:
    state = load_file(paths.weights_in(copy))
    save_file({k: torch.zeros_like(t) for k, t in state.items()}, paths.weights_in(copy))
    (verdict,) = verify([str(copy)], "", silent)
    assert verdict.problem.startswith("the model.safetensors of model ")
    card = json.loads(paths.card_in(copy).read_text())
    card["sha256"] = digests(copy, ["model.safetensors"])  # as if they were those of the card
    paths.card_in(copy).write_text(json.dumps(card))
    (verdict,) = verify([str(copy)], "", silent)
    assert "test/accuracy is 0." in verdict.problem


def test_verifying_finds_other_data(copy: Path) -> None:
    card = json.loads(paths.card_in(copy).read_text())
    card["facts"]["digest"] = "0" * 16
    paths.card_in(copy).write_text(json.dumps(card))
    (verdict,) = verify([str(copy)], "", silent)
    assert verdict.problem.startswith("the data are not those of the card")


def test_verifying_without_the_data_skips(copy: Path) -> None:
    card = json.loads(paths.card_in(copy).read_text())
    card["spec"] |= {"data": "picture-folder", "data_params": {}}
    paths.card_in(copy).write_text(json.dumps(card))
    (verdict,) = verify([str(copy)], "", silent)
    assert verdict.skipped.startswith("picture-folder is not here")


def test_damaged_weights_are_one_sentence(copy: Path) -> None:
    paths.weights_in(copy).write_bytes(b"no weights")
    with pytest.raises(WeightsError, match=r"the model\.safetensors of model .* is not the file"):
        load_network(trained(str(copy)))
    card = json.loads(paths.card_in(copy).read_text())
    paths.card_in(copy).write_text(json.dumps({**card, "sha256": {}}))  # as a run's
    with pytest.raises(WeightsError, match="weights of model .* cannot be read: .* is damaged"):
        load_network(trained(str(copy)))


def test_an_unknown_model_names_what_there_is() -> None:
    with pytest.raises(UnknownName, match=r'unknown model "nosuch"; the zoo has: .*finished runs'):
        trained("nosuch")


def test_numbers_too_large_for_halves_stay_whole() -> None:
    state = {"large": torch.tensor([1.0, 1e5]), "small": torch.ones(2), "count": torch.tensor(7)}
    kept = pack(state)
    assert {key: tensor.dtype for key, tensor in kept.items()} == {
        "large": torch.float32, "small": torch.float16, "count": torch.int64,
    }  # fmt: skip
    assert {key: t.dtype for key, t in unpack(kept).items()}["small"] == torch.float32


def test_a_large_table_takes_a_byte_a_number_and_is_right_to_half_a_step() -> None:
    table = torch.randn(4000, 256, generator=torch.Generator().manual_seed(0))
    table[7] = 0
    kept = pack({"embedding.weight": table})
    assert kept["embedding.weight"].dtype == torch.int8
    step = table.abs().amax(1, keepdim=True) / 127
    back = unpack(kept)
    assert back.keys() == {"embedding.weight"}
    assert bool(((back["embedding.weight"] - table).abs() <= step / 2 + 1e-6).all())


def test_a_convolution_has_a_scale_a_channel() -> None:
    weight = torch.randn(256, 32, 3, 3, generator=torch.Generator().manual_seed(0))
    weight[3] *= 1000  # one loud channel costs the others nothing
    back = unpack(pack({"conv.weight": weight}))["conv.weight"]
    assert back.shape == weight.shape
    step = weight.flatten(1).abs().amax(1) / 127
    assert bool(((back - weight).flatten(1).abs().amax(1) <= step / 2 * 1.001).all())


def test_data_folders_are_found_by_name(tmp_path: Path) -> None:
    (tmp_path / "fred_md").mkdir()
    (tmp_path / "ptb").mkdir()
    assert find_data("fred-md", str(tmp_path)) == str(tmp_path / "fred_md")
    assert find_data("ptb", str(tmp_path)) == str(tmp_path / "ptb")
    assert find_data("cifar10", str(tmp_path)) == ""


def test_the_zoo_is_small() -> None:
    sizes = {m.name: sum(f.stat().st_size for f in m.folder.iterdir()) for m in zoo_models()}
    assert {name: size for name, size in sizes.items() if size > 16 * MEGABYTE} == {}
    assert sum(sizes.values()) <= 70 * MEGABYTE


@pytest.mark.parametrize("name", [model.name for model in zoo_models()])
def test_each_model_of_the_zoo_loads_and_can_be_trained_again(name: str) -> None:
    model = trained(name)
    network = load_network(model)
    assert sum(p.numel() for p in network.parameters()) == model.card["parameters"]
    assert name in zoo_presets()
    preset = PRESETS[name].spec
    assert (preset.task, preset.model, preset.data) == (
        model.spec.task, model.spec.model, model.spec.data,
    )  # fmt: skip
    assert model.headline is not None
    assert "path" not in model.spec.data_params


def test_the_command_lists_the_zoo(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zoo", "--json"]) == 0
    assert [row["name"] for row in json.loads(capsys.readouterr().out)] == [
        model.name for model in zoo_models()
    ]


def test_the_command_shows_one_card(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zoo", "show", "digits-cnn"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("digits-cnn: cnn for classify-image on digits\n")
    assert "test/accuracy" in said
    assert re.search(r"training.epochs +30\n", said)
    assert "python -m dlexplain train --preset digits-cnn" in said
    assert main(["zoo", "show"]) == 2
    assert main(["zoo", "show", "none"]) == 2


def test_the_command_verifies(
    published: Path, copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["zoo", "verify", str(published)]) == 0
    assert "1 as their cards say, 0 not, 0 skipped" in capsys.readouterr().out
    paths.weights_in(copy).write_bytes(b"no weights")
    assert main(["zoo", "verify", str(copy)]) == 1
    assert "NOT as its card says" in capsys.readouterr().out
