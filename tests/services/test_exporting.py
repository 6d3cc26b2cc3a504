"""Exports say what the model says, stand in a list, and what cannot be exported is named."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

import dlexplain.services.compress.exporting as service
from dlexplain.errors import BadInput, ModelError
from dlexplain.execution.paths import exports_file
from dlexplain.execution.spec import RunSpec
from dlexplain.results.exports import Export
from dlexplain.services.compress.exporting import export
from dlexplain.services.compress.exports import export_rows, exports, new_file
from dlexplain.services.compress.inputs import inputs_of
from dlexplain.services.compress.programs import Written, to_onnx
from dlexplain.services.training.compressing import compression_spec
from dlexplain.settings import settings
from dlexplain.trained.catalogue import trained
from dlexplain.trained.networks import load_network
from tests.trained import trained_run


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A tiny text classifier, which packs texts of several lengths."""
    file = tmp_path_factory.mktemp("texts") / "texts.csv"
    rows = [f"a good film {i},good\na bad film {i},bad" for i in range(40)]
    file.write_text("text,label\n" + "\n".join(rows) + "\n")
    return trained_run(
        RunSpec(
            task="classify-text", model="lstm-attention", data="csv-texts",
            task_params={"vocabulary": 60, "longest": 8},
            model_params={"embedding": 4, "hidden": 4},
            data_params={"path": str(file)},
            training={"epochs": 1, "batch_size": 16, "precision": "float32"},
            name="tiny texts to export",
        )
    )  # fmt: skip


def said(file: str, x: Tensor) -> Tensor:
    """By onnxruntime, asked here."""
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(None, {"x": x.numpy()})[0])


@pytest.mark.parametrize("name", ["digits-cnn", "macrodata-lstm"])
def test_an_onnx_file_says_what_the_model_says(name: str, tmp_path: Path) -> None:
    done = export(name, tmp_path / "model.onnx")
    model = trained(name)
    x = inputs_of(model).some(7, 11)
    with torch.no_grad():
        wanted = load_network(model)(x)
    torch.testing.assert_close(said(done.path, x), wanted, atol=1e-4, rtol=1e-4)
    assert (done.opset, done.free, done.checked) == (18, ("batch",), 8)
    assert 0 <= done.difference < 1e-4 < done.scale
    about = json.loads({p.key: p.value for p in onnx.load(done.path).metadata_props}["dlexplain"])
    assert about["spec"]["model"] == model.spec.model
    assert exports(name)[0] == done
    with pytest.raises(BadInput, match="is there already"):
        export(name, tmp_path / "model.onnx")


def test_texts_of_any_length_go_through_a_traced_network(texts: str, tmp_path: Path) -> None:
    done = export(texts, tmp_path / "texts.onnx")
    assert done.free == ("batch", "tokens")
    assert done.notes == ("torch.export cannot follow this network; it was traced instead",)
    x = torch.tensor([[3, 4, 5, 0, 0], [6, 7, 8, 9, 3]])
    with torch.no_grad():
        wanted = load_network(trained(texts))(x)
    torch.testing.assert_close(said(done.path, x), wanted, atol=1e-5, rtol=1e-4)
    with pytest.raises(BadInput, match="torch.export cannot follow this network"):
        export(texts, tmp_path / "texts.pt2")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["texts.onnx"]


def test_a_program_and_a_folder_are_read_again(tmp_path: Path) -> None:
    program = export("digits-cnn", tmp_path / "digits.pt2")
    assert program.difference < 1e-5 and program.free == ("batch",)
    folder = export("digits-cnn", tmp_path / "digits")
    assert folder.difference == 0
    assert "says exactly what the model says on 8 inputs" in folder.told
    again = trained(folder.path)
    assert again.metrics == trained("digits-cnn").metrics
    assert {file.name for file in Path(folder.path).iterdir()} == {
        "model.safetensors", "card.json",
    }  # fmt: skip


def test_a_factored_network_is_exported_as_it_is(tmp_path: Path) -> None:
    spec = compression_spec(trained("digits-cnn"), "low-rank", {"energy": 0.6})
    run = trained_run(replace(spec, name="to be exported"))
    done = export(run, tmp_path / "small")
    small = sum(p.numel() for p in load_network(trained(done.path)).parameters())
    assert small < 53098
    assert (tmp_path / "small" / "structure.json").is_file()
    onnx_file = export(run, tmp_path / "small.onnx")
    kept = onnx.load(onnx_file.path).graph.initializer
    assert sum(int(np.prod(tensor.dims)) for tensor in kept) < 53098


class Lacking(nn.Module):
    """The modified Bessel function, for which ONNX has no operation."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.special.modified_bessel_i0(x).flatten(1)


def test_an_operation_that_onnx_lacks_is_named(tmp_path: Path) -> None:
    inputs = inputs_of(trained("digits-cnn"))
    with pytest.raises(BadInput, match=r"ONNX has no operation for aten.*modified_bessel_i0"):
        to_onnx(Lacking(), inputs, tmp_path / "x.onnx", {})
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_says_something_else_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(network: nn.Module, inputs: object, target: Path, about: object) -> Written:
        target.write_bytes(b"x")
        return Written(lambda x: network(x) + 1, ("batch",))

    monkeypatch.setattr(service, "to_onnx", wrong)
    with pytest.raises(BadInput, match="differs from the model by 1, of outputs up to"):
        export("digits-cnn", tmp_path / "x.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_network_in_half_precision_is_written_in_float32(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Halves(nn.Module):
        """Rounds what it is given to its weights' precision, which differs after export."""

        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(64, 3).half().eval()

        def forward(self, x: Tensor) -> Tensor:
            weight = self.layer.weight
            return nn.functional.linear(x.flatten(1).to(weight.dtype), weight).float()

    torch.manual_seed(0)
    halves = Halves()
    monkeypatch.setattr(service, "load_network", lambda model: halves)
    done = export("digits-cnn", tmp_path / "x.pt2")
    assert done.notes[0].startswith(
        "the model computes in half precision; the file does in float32"
    )
    assert done.difference < 1e-5
    assert halves.layer.weight.dtype == torch.float16


def test_a_network_that_computes_in_whole_numbers_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = load_network(trained("digits-cnn"))
    whole = nn.Sequential(network)
    whole.register_buffer("weight_int8", torch.zeros(2, dtype=torch.int8))
    monkeypatch.setattr(service, "load_network", lambda model: whole)
    with pytest.raises(BadInput, match="digits-cnn computes in whole numbers by torch's own"):
        export("digits-cnn", tmp_path / "x.onnx")


@pytest.mark.parametrize(
    ("model", "name", "told"),
    [
        ("digits-cnn", "x.zip", 'the file is "x.zip"; a name that ends in .onnx or .pt2'),
        ("nobody", "x.onnx", 'unknown model "nobody"'),
        ("mnist-vae", "x.onnx", "is of the task vae; picture classifiers, text classifiers"),
        (4, "x.onnx", "a int is no model of dlexplain"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(
    model: object, name: str, told: str, tmp_path: Path
) -> None:
    with pytest.raises((BadInput, ModelError), match=told):
        export(model, tmp_path / name)


def test_damaged_lines_do_not_take_the_list_away(tmp_path: Path) -> None:
    first = export("digits-cnn", tmp_path / "one")
    with exports_file(settings().home).open("ab") as file:
        file.write(b'{"model": 3\n[]\n{"model": "x"}\n\xff\n')
    second = export("digits-cnn", tmp_path / "two")
    assert exports("digits-cnn")[:2] == (second, first)
    assert Export.from_dict(second.to_dict()) == second
    (tmp_path / "one" / "card.json").unlink()
    assert export_rows((second,))[0]["There"] == "yes"
    assert export_rows((replace(first, path=str(tmp_path / "gone")),))[0]["There"] == "no longer"
    assert exports("nobody") == ()


def test_a_page_exports_under_a_name_that_is_free() -> None:
    folder = new_file("a/b c.d", "onnx")
    assert folder.name == "b-c.d.onnx"
    assert new_file("b c.d", "safetensors").name == "b-c-d"
