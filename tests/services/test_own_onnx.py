"""ONNX files that users bring: they answer as the network does, or are refused in one sentence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

import dlexplain as dx
from dlexplain.data.samples import sample_path
from dlexplain.errors import DlexplainError, Incompatible, ModelError
from dlexplain.explainers.base import methods_for
from tests.own_files import CLASSES, SIDE, export_onnx, given, net, save_onnx, write_card
from tests.services.test_own_pictures import FEW

PICTURE = str(sample_path("coffee"))
NO_GRADIENTS = "an ONNX file gives no gradients, so methods that need some are not offered"


def loaded(file: Path, told: dict[str, object] | None = None, **params: Any) -> Any:
    save_onnx(file, **params)
    write_card(file, **(told or {}))
    return dx.load(str(file))


@pytest.mark.parametrize(
    ("dims", "note"),
    [
        (("batch", 3, SIDE, SIDE), ""),
        ((1, 3, SIDE, SIDE), "its file takes one picture at a time, so methods take longer"),
        ((4, 3, SIDE, SIDE), "its file takes 4 pictures at a time, so methods take longer"),
        (("batch", SIDE, SIDE, 3), ""),
    ],
)
def test_it_answers_as_the_network_does(
    dims: tuple[int | str, ...], note: str, tmp_path: Path
) -> None:
    model = loaded(tmp_path / "net.onnx", dims=dims)
    pixels = torch.rand(6, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = net()(given(pixels))
    torch.testing.assert_close(model.prepared.logits(pixels), expected, rtol=1e-4, atol=1e-5)
    assert model.spec.notes == tuple(filter(None, (NO_GRADIENTS, note)))
    assert [name.label for name in model.classes] == list(CLASSES)


def test_what_needs_gradients_is_not_offered_and_says_why(tmp_path: Path) -> None:
    model = loaded(tmp_path / "net.onnx")
    offered = {info.name for info in dx.methods(model)}
    needing = {name for name, m in methods_for("picture").items() if "gradients" in m.needs}
    assert offered == set(methods_for("picture")) - needing - {"attention-rollout"}
    assert {"occlusion", "rise", "lime", "kernel-shap", "shapley-values"} <= offered
    for method in needing:
        with pytest.raises(
            Incompatible, match="needs gradients, and the model gives none"
        ) as error:
            dx.explain(model, PICTURE, method)
        assert "methods that need none: " in str(error.value)
        assert "occlusion" in str(error.value)
    assert dx.explain(model, PICTURE).method == "occlusion"  # where none is named
    for method in offered:
        found = dx.explain(model, PICTURE, method, **FEW.get(method, {}))
        assert np.isfinite(found.values).all(), method


def test_a_softmax_inside_is_undone(tmp_path: Path) -> None:
    plain, probable = loaded(tmp_path / "a.onnx"), loaded(tmp_path / "b.onnx", end="softmax")
    assert "ends in a softmax" in probable.spec.notes[-1]
    for a, b in zip(*(dx.predict(m, PICTURE).scores for m in (plain, probable)), strict=True):
        assert (a.name, a.probability) == (b.name, pytest.approx(b.probability, abs=1e-5))


@pytest.mark.parametrize("output", ["scores", "features"])
def test_of_several_outputs_the_card_says_which(output: str, tmp_path: Path) -> None:
    model = loaded(tmp_path / "net.onnx", {"output": "scores"}, end="two")
    assert len(model.classes) == 3
    if output == "features":
        with pytest.raises(ModelError, match=r"shape \(2, 16\) for 2 pictures; \(2, 3\)"):
            loaded(tmp_path / "b.onnx", {"output": "features"}, end="two")


def test_without_a_card_what_is_assumed_is_told(tmp_path: Path) -> None:
    save_onnx(tmp_path / "net.onnx")
    model = dx.load(str(tmp_path / "net.onnx"))
    assert [name.label for name in model.classes] == ["class 0", "class 1", "class 2"]
    assert "there is no net.json beside it" in model.spec.notes[-1]
    pixels = torch.rand(1, 3, SIDE, SIDE)
    with torch.no_grad():
        torch.testing.assert_close(model.prepared.logits(pixels), net()(pixels))


def test_an_open_size_is_what_the_card_says(tmp_path: Path) -> None:
    model = loaded(
        tmp_path / "net.onnx", {"input_shape": [3, 24, 24], "resize": 32, "fit": "squash"},
        dims=("batch", 3, "height", "width"),
    )  # fmt: skip
    assert model.spec.input_shape == (3, 24, 24)
    assert model.spec.preprocessing.resize == 32
    assert dx.explain(model, PICTURE, "occlusion").fit == "squash"


def test_half_precision_is_converted(tmp_path: Path) -> None:
    model = loaded(tmp_path / "net.onnx", kind=TensorProto.FLOAT16)
    pixels = torch.rand(2, 3, SIDE, SIDE)
    with torch.no_grad():
        torch.testing.assert_close(
            model.prepared.logits(pixels), net()(given(pixels)), rtol=1e-2, atol=1e-2
        )


def test_another_file_has_another_fingerprint(tmp_path: Path) -> None:
    one = loaded(tmp_path / "a.onnx")
    same = loaded(tmp_path / "b.onnx")

    def changed(model: onnx.ModelProto) -> None:
        (bias,) = (t for t in model.graph.initializer if t.name == "head.bias")
        bias.CopyFrom(numpy_helper.from_array(np.zeros(3, np.float32), "head.bias"))

    other = loaded(tmp_path / "c.onnx", change=changed)
    assert one.prepared.fingerprint == same.prepared.fingerprint != other.prepared.fingerprint


def test_an_exported_zoo_model_is_the_same_again(tmp_path: Path) -> None:
    original = dx.load("cifar10-resnet")
    how = original.spec.preprocessing
    export_onnx(tmp_path / "net.onnx", original.spec.network(), torch.rand(2, 3, 32, 32))
    write_card(
        tmp_path / "net.onnx", classes=[name.label for name in original.classes],
        mean=how.mean / 255, std=how.scale / 255,
    )  # fmt: skip
    model = dx.load(str(tmp_path / "net.onnx"))
    assert (tmp_path / "net.onnx.data").is_file()  # its weights, in a file of their own
    for a, b in zip(*(dx.predict(m, PICTURE).scores for m in (original, model)), strict=True):
        assert (a.name.label, a.probability) == (b.name.label, pytest.approx(b.probability, 1e-4))
    asked = {"window": 8, "stride": 4, "baseline": "black"}
    expected, found = (dx.explain(m, PICTURE, "occlusion", **asked) for m in (original, model))
    np.testing.assert_allclose(found.values, expected.values, atol=1e-3)
    assert np.abs(expected.values).max() > 0.1


def _tensor(model: onnx.ModelProto, name: str) -> onnx.TensorProto:
    (found,) = (tensor for tensor in model.graph.initializer if tensor.name == name)
    return found


def _outside(location: str) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        tensor = _tensor(model, "head.weight")
        onnx.external_data_helper.set_external_data(tensor, location)
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL

    return change


def _billion(model: onnx.ModelProto) -> None:
    _tensor(model, "head.weight").dims[:] = [10**9, 16]


def _huge(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.array([10**6, 10**5]), "shape"))
    model.graph.node.insert(0, helper.make_node("ConstantOfShape", ["shape"], ["large"]))
    model.graph.node.append(helper.make_node("ReduceSum", ["large"], ["sum"]))


def _hidden_huge(model: onnx.ModelProto) -> None:
    """The same inside a function."""
    model.graph.initializer.append(numpy_helper.from_array(np.array([10**6, 10**5]), "shape"))
    node = helper.make_node("ConstantOfShape", ["s"], ["o"])
    opset = [helper.make_opsetid("", 20)]
    model.functions.append(helper.make_function("mine", "Fill", ["s"], ["o"], [node], opset))
    model.opset_import.append(helper.make_opsetid("mine", 1))
    model.graph.node.append(helper.make_node("Fill", ["shape"], ["large"], domain="mine"))


def _custom(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("Steal", ["scores"], ["y"], domain="evil"))


def _loop(model: onnx.ModelProto) -> None:
    values = [
        helper.make_tensor_value_info(name, kind, [])
        for name, kind in (("i", TensorProto.INT64), ("c", TensorProto.BOOL))
    ]
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["d"])], "body", values,
        [helper.make_tensor_value_info("d", TensorProto.BOOL, [])],
    )  # fmt: skip
    model.graph.node.append(helper.make_node("Loop", ["", ""], [], body=body))


def _sparse(model: onnx.ModelProto) -> None:
    values = numpy_helper.from_array(np.ones(1, np.float32), "sparse")
    places = numpy_helper.from_array(np.zeros(1, np.int64), "places")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, places, [10**9, 10**9]))


SECOND = [helper.make_tensor_value_info("mask", TensorProto.FLOAT, [1])]
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "not finite": ({"end": "nan"}, "scores of a picture of noise are not finite"),
    "random": ({"end": "random"}, "draws at random"),
    "several outputs": ({"end": "two"}, "has the outputs scores, features; say which one"),
    "two inputs": ({"more": SECOND}, "has the inputs x, mask; one, a picture"),
    "whole numbers": ({"kind": TensorProto.UINT8}, "input x of net.onnx is no tensor of float32"),
    "a row": ({"dims": ("batch", 768)}, r"takes \(any, 768\); pictures"),
    "four channels": ({"dims": ("batch", 4, SIDE, SIDE)}, r"takes \(any, 4, 16, 16\)"),
    "no square": ({"dims": ("batch", 3, SIDE, 2 * SIDE)}, r"takes \(any, 3, 16, 32\)"),
    "far too wide": ({"dims": (1, 3, 4096, 4096)}, "of sides from 1 to 2048"),
    "open": ({"dims": ("b", 3, "h", "w")}, 'leaves the size open; say it in net.json: "input_sh'),
    "unknown opset": ({"opset": 999}, "cannot be run by onnxruntime .*[Oo]pset 999"),
    "ten to the nine": ({"change": _billion}, r"head.weight is of shape \(1000000000, 16\), its"),
    "a huge value": ({"change": _huge}, "computes large, of 100,000,000,000 numbers"),
    "in a function": ({"change": _hidden_huge}, "of 100,000,000,000 numbers"),
    "custom": ({"change": _custom}, "evil::Steal, which onnxruntime does not bring"),
    "loop": ({"change": _loop}, "has a Loop, which may run without end"),
    "sparse": ({"change": _sparse}, "has sparse weights"),
    "absolute": ({"change": _outside("/etc/passwd")}, "/etc/passwd\", which is outside"),
    "above": ({"change": _outside("../secret.bin")}, "secret.bin\", which is outside"),
    "by a link": ({"change": _outside("link.bin")}, "link.bin\", which is outside"),
    "absent": ({"change": _outside("no.bin")}, "no.bin\", which is not there"),
    "too short": ({"change": _outside("short.bin")}, "short.bin\", which is too short"),
    "a folder": ({"change": _outside("folder")}, "folder\", which is not there"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_one_sentence(kind: str, tmp_path: Path) -> None:
    params, told = BAD[kind]
    folder = tmp_path / "models"
    (folder / "folder").mkdir(parents=True)
    (tmp_path / "secret.bin").write_bytes(b"\0" * 192)
    (folder / "short.bin").write_bytes(b"\0" * 4)
    (folder / "link.bin").symlink_to(tmp_path / "secret.bin")
    with pytest.raises(DlexplainError, match=told) as error:
        loaded(folder / "net.onnx", **params)
    assert isinstance(error.value, ModelError)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"\0\1no model" * 20, b"PK\3\4"])
def test_a_damaged_file_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(ModelError, match="is no ONNX file, or is damaged") as error:
        dx.load(str(tmp_path / "net.onnx"))
    assert "\n" not in str(error.value)


def test_a_cut_file_is_one_sentence(tmp_path: Path) -> None:
    save_onnx(tmp_path / "net.onnx")
    whole = (tmp_path / "net.onnx").read_bytes()
    (tmp_path / "net.onnx").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ModelError, match="damaged"):
        dx.load(str(tmp_path / "net.onnx"))


def test_weights_in_a_file_beside_it_are_read_and_tell_it_apart(tmp_path: Path) -> None:
    save_onnx(tmp_path / "net.onnx", change=_outside("weights.bin"))
    weight = net().state_dict()["head.weight"].numpy()
    (tmp_path / "weights.bin").write_bytes(weight.tobytes())
    model = dx.load(str(tmp_path / "net.onnx"))
    pixels = torch.rand(1, 3, SIDE, SIDE)
    with torch.no_grad():
        torch.testing.assert_close(model.prepared.logits(pixels), net()(pixels))
    folder = tmp_path / "other"
    folder.mkdir()
    save_onnx(folder / "net.onnx", change=_outside("weights.bin"))
    (folder / "weights.bin").write_bytes((weight + 1).tobytes())
    other = dx.load(str(folder / "net.onnx"))
    assert other.prepared.fingerprint != model.prepared.fingerprint
