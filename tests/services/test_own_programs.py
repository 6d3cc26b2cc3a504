"""Programs of torch.export that users bring: every method explains them, nothing is unpickled, no
text of theirs is evaluated, and what is not accepted is one sentence."""

import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch._export.serde import serialize

import dlexplain as dx
from dlexplain.data.samples import sample_path
from dlexplain.errors import DlexplainError, ModelError
from dlexplain.explainers.capture import find_layer
from dlexplain.networks.modules.exported_archive import DTYPES
from tests.own_files import (
    CARD,
    CLASSES,
    MEAN,
    SIDE,
    STD,
    change_archive,
    change_program,
    given,
    net,
    save_program,
    write_card,
)
from tests.own_pictures import SIDE as OWN_SIDE
from tests.own_pictures import save
from tests.services.test_own_pictures import FEW

PICTURE = str(sample_path("coffee"))


def wrapped() -> Any:
    return dx.wrap(net(), CLASSES, (3, SIDE, SIDE), mean=MEAN, std=STD)


def saved(file: Path, module: nn.Module | None = None, batch: int | None = None) -> Path:
    save_program(file, module, batch)
    write_card(file)
    return file


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("program") / "net.pt2")


@pytest.mark.parametrize("batch", [None, 1])
def test_every_method_finds_in_it_what_it_finds_in_the_module(
    batch: int | None, tmp_path: Path
) -> None:
    model, module = dx.load(str(saved(tmp_path / "net.pt2", batch=batch))), wrapped()
    notes = ("its file takes one picture at a time, so methods take longer",) if batch else ()
    assert model.spec.notes == notes
    offered = [info.name for info in dx.methods(model)]
    lacking = {info.name for info in dx.methods(module)} - set(offered)
    assert lacking == ({"deeplift"} if batch else set())  # it compares two pictures in one batch
    layer = {"layer": "module.module.relu__1"} if batch is None else {}
    for method in offered:
        asked = FEW.get(method, {})
        found = dx.explain(model, PICTURE, method, 1, **asked)
        expected = dx.explain(module, PICTURE, method, 1, **asked)
        scale = max(float(np.abs(expected.values).max()), 1e-6)
        np.testing.assert_allclose(
            found.values / scale, expected.values / scale, atol=1e-3, err_msg=method
        )
    assert not layer or find_layer(model.prepared).name in layer.values()


@pytest.mark.parametrize("kind", ["vit", "convnext"])
def test_transformers_and_others_answer_as_they_do(kind: str, tmp_path: Path) -> None:
    whole = save(kind, tmp_path / "whole")

    class Scores(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = whole

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.model(pixel_values=x).logits

    pixels = torch.rand(3, 3, OWN_SIDE, OWN_SIDE)
    dynamic = ({0: torch.export.Dim("batch")},)
    exported = torch.export.export(Scores().eval(), (pixels[:2],), dynamic_shapes=dynamic)
    torch.export.save(exported.run_decompositions(), tmp_path / "net.pt2")
    model = dx.load(str(tmp_path / "net.pt2"))
    with torch.no_grad():
        expected = whole(pixel_values=pixels).logits
    torch.testing.assert_close(model.prepared.logits(pixels), expected, rtol=1e-4, atol=1e-5)
    assert np.abs(dx.explain(model, PICTURE, "grad-cam", positive=False).values).max() > 0


def test_a_model_without_a_grid_has_the_methods_that_need_none(tmp_path: Path) -> None:
    flat = nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 3))
    model = dx.load(str(saved(tmp_path / "net.pt2", flat)))
    offered = {info.name for info in dx.methods(model)}
    assert {"integrated-gradients", "occlusion"} <= offered
    assert not {"grad-cam", "eigen-cam"} & offered
    with pytest.raises(DlexplainError, match="no layer with a spatial grid") as error:
        dx.explain(model, PICTURE, "grad-cam")
    assert "\n" not in str(error.value)


def test_layers_are_seen_where_one_picture_is_taken_at_a_time(tmp_path: Path) -> None:
    model = dx.load(str(saved(tmp_path / "net.pt2", batch=1)))
    found = dx.maximise_activation(model, "module.module.conv2d_1", 0, steps=2)
    other = dx.load(str(saved(tmp_path / "b.pt2")))
    expected = dx.maximise_activation(other, "module.module.conv2d_1", 0, steps=2)
    assert found.noise.shape == expected.noise.shape
    np.testing.assert_allclose(found.noise, expected.noise, rtol=1e-4)


def test_numbers_of_types_are_torchs() -> None:
    torchs = {int(key): dtype for key, dtype in serialize._SERIALIZE_TO_TORCH_DTYPE.items()}
    assert {key: torchs[key] for key in DTYPES} == DTYPES


class Payload:
    """Its pickle makes a file when it is opened."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


def test_pickles_in_it_are_left_shut(program: Path, tmp_path: Path) -> None:
    file, touched = tmp_path / "net.pt2", tmp_path / "touched"
    file.write_bytes(program.read_bytes())
    whole = io.BytesIO()
    torch.save(Payload(touched), whole)
    pickle.loads(pickle.dumps(Payload(tmp_path / "control")))
    assert (tmp_path / "control").exists()

    def inputs(members: dict[str, bytes]) -> None:
        members["data/sample_inputs/model.pt"] = whole.getvalue()

    change_archive(file, inputs)
    assert len(dx.load(str(file)).classes) == 3
    assert not touched.exists()

    def weights(members: dict[str, bytes]) -> None:
        told = json.loads(members["data/weights/model_weights_config.json"])
        told["config"]["head.bias"]["use_pickle"] = True
        members["data/weights/" + told["config"]["head.bias"]["path_name"]] = whole.getvalue()
        members["data/weights/model_weights_config.json"] = json.dumps(told).encode()

    other = tmp_path / "other.pt2"
    other.write_bytes(program.read_bytes())
    change_archive(other, weights)
    with pytest.raises(ModelError, match="holds head.bias as a pickle, which is never read"):
        dx.load(str(other))
    assert not touched.exists()


def test_texts_in_it_are_never_evaluated(program: Path, tmp_path: Path) -> None:
    """torch.export.load gives expressions to sympify, and names to the source that fx runs."""
    touched = tmp_path / "touched"
    code = f"__import__('pathlib').Path({str(touched)!r}).touch()"

    def change(told: dict[str, Any]) -> None:
        text = json.dumps(told).replace('"conv2d"', json.dumps(f"y = {code}\n    z"))
        told.clear()
        told.update(json.loads(text))
        graph = told["graph_module"]["graph"]
        for value in graph["tensor_values"].values():
            for size in value["sizes"]:
                if "as_expr" in size:
                    size["as_expr"]["expr_str"] = code
        told["guards_code"] = [code]

    file = tmp_path / "net.pt2"
    file.write_bytes(program.read_bytes())
    change_program(file, change)
    model = dx.load(str(file))
    assert len(dx.predict(model, PICTURE).scores) == 3
    assert not touched.exists()


@pytest.mark.parametrize(
    "target",
    [
        "torch.load",
        "torch.hub.load",
        "torch.ops.aten.from_file.default",
        "torch.ops.higher_order.cond",
        "torch.ops.mine.steal.default",
        "torch.ops.aten.relu.evil",
        "torch.ops.aten.__class__.default",
        "torch.ops.aten.rand.default",
        "_operator.attrgetter",
        "_operator.pow",
        "os.system",
        "relu",
        "#mine:steal",
    ],
)
def test_other_operations_are_refused(target: str, program: Path, tmp_path: Path) -> None:
    file = tmp_path / "net.pt2"
    file.write_bytes(program.read_bytes())

    def change(told: dict[str, Any]) -> None:
        told["graph_module"]["graph"]["nodes"][0]["target"] = target

    change_program(file, change)
    with pytest.raises(ModelError, match="which is not among the operations") as error:
        dx.load(str(file))
    assert target in str(error.value)


def _config(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    """Change what the weights' JSON says."""

    def edit(members: dict[str, bytes]) -> None:
        told = json.loads(members["data/weights/model_weights_config.json"])
        change(told["config"])
        members["data/weights/model_weights_config.json"] = json.dumps(told).encode()

    return lambda file: change_archive(file, edit)


def _members(change: Callable[[dict[str, bytes]], object]) -> Callable[[Path], None]:
    return lambda file: change_archive(file, change)


def _told(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    return lambda file: change_program(file, change)


def _module(module: Callable[[], nn.Module], **params: Any) -> Callable[[Path], None]:
    def write(file: Path) -> None:
        save_program(file, module(), **params)

    return write


def _billion(config: dict[str, Any]) -> None:
    config["head.weight"]["tensor_meta"]["sizes"] = [{"as_int": 10**9}, {"as_int": 16}]


def _not_finite(members: dict[str, bytes]) -> None:
    config = json.loads(members["data/weights/model_weights_config.json"])["config"]
    bias = np.full(3, np.nan, np.float32).tobytes()
    members["data/weights/" + config["head.bias"]["path_name"]] = bias


def _away(config: dict[str, Any]) -> None:
    config["head.bias"]["path_name"] = "../constants/x"


def _graph(told: dict[str, Any]) -> dict[str, Any]:
    graph: dict[str, Any] = told["graph_module"]["graph"]
    return graph


def _huge(told: dict[str, Any]) -> None:
    """A convolution's input is padded to 10^12 places."""
    node = _graph(told)["nodes"][0]
    node["target"] = "torch.ops.aten.constant_pad_nd.default"
    node["inputs"] = [
        node["inputs"][0],
        {"name": "pad", "arg": {"as_ints": [10**6] * 4}, "kind": 1},
    ]


def _endless(told: dict[str, Any]) -> None:
    """A size is squared a hundred times."""
    nodes = _graph(told)["nodes"]
    name, value = "", {"as_int": 10}
    for place in range(100):
        given = {"arg": {"as_sym_int": value}, "name": "a", "kind": 1}
        name = f"size_{place}"
        output = {"as_sym_int": {"as_name": name}}
        node = {"target": "_operator.mul", "inputs": [given, given], "outputs": [output]}
        nodes.insert(place, node)
        value = {"as_name": name}


def _code(told: dict[str, Any]) -> None:
    _graph(told)["nodes"][0]["inputs"][1]["arg"] = {"as_graph": {"name": "g", "graph": {}}}


def _two_inputs(told: dict[str, Any]) -> None:
    spec = {"user_input": {"arg": {"as_tensor": {"name": "mask"}}}}
    told["graph_module"]["signature"]["input_specs"].append(spec)


class Twice(nn.Module):
    """Gives two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.net = net()

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.net(x), x


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "no zip": (lambda f: f.write_bytes(b"no archive" * 9), "no archive of torch.export, or is dam"),
    "cut": (lambda f: f.write_bytes(f.read_bytes()[:900]), "no archive of torch.export"),
    "a pickle": (lambda f: torch.save(net().state_dict(), f), "has 0 programs of torch.export"),
    "compiled": (_members(lambda m: m.update({"data/aotinductor/model/x.so": b""})), "compiled co"),
    "legacy": (_members(lambda m: m.update({"data/weights/model.pt": b"x"})), "pickled weights"),
    "no JSON": (_members(lambda m: m.update({"models/model.json": b"{"})), "is damaged: JSONDec"),
    "no program": (_members(lambda m: m.update({"models/model.json": b"[]"})), "is damaged"),
    "big-endian": (_members(lambda m: m.update({"byteorder": b"big"})), "another byte order"),
    "another form": (_told(lambda t: t["schema_version"].update(major=9)), "is of form 9, 8 is"),
    "elsewhere": (_config(_away), "holds head.bias as a pickle"),
    "ten to the nine": (_config(_billion), r"of shape \(1000000000, 16\), its numbers are not"),
    "lacking": (_config(lambda c: c.pop("head.bias")), "is damaged: KeyError, 'head.bias'"),
    "not finite": (_members(_not_finite), "head.bias has values that are not finite"),
    "a huge value": (_told(_huge), "of 12,000,[0-9,]+ numbers; 268,435,456 are accepted"),
    "an endless size": (_told(_endless), "computes size_4, a number that no size can be"),
    "code": (_told(_code), "has an argument graph, which is not accepted"),
    "two inputs": (_told(_two_inputs), "takes a second input; one tensor, a picture"),
    "custom object": (
        _told(lambda t: t["graph_module"]["signature"]["input_specs"].append({"custom_obj": {}})),
        "takes a custom obj; one tensor",
    ),
    "an unknown name": (_told(lambda t: _graph(t)["nodes"].pop(0)), "program fails on pictures"),
    "training": (_module(lambda: net("random")), "that of training, with dropout; export it in"),
    "batch statistics": (_module(lambda: net().train()), "export it in eval mode"),
    "two outputs": (_module(Twice), "has the outputs 0, 1; say which one"),
    "scores of NaN": (_module(lambda: net("nan")), "scores of a picture of noise are not finite"),
    "eight at a time": (_module(net, batch=8), "takes 8 pictures at a time; a program for one"),
    "double": (
        _told(lambda t: _graph(t)["tensor_values"]["x"].update(dtype=8)),
        "input is no tensor of float32",
    ),
    "no square": (
        _told(lambda t: _graph(t)["tensor_values"]["x"]["sizes"].__setitem__(3, {"as_int": 9})),
        r"takes \(any, 3, 16, 9\); pictures",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_bad_files_are_one_sentence(kind: str, program: Path, tmp_path: Path) -> None:
    spoil, told = BAD[kind]
    file = tmp_path / "net.pt2"
    file.write_bytes(program.read_bytes())
    write_card(file, **CARD)
    spoil(file)
    with pytest.raises(DlexplainError, match=told) as error:
        dx.load(str(file))
    assert isinstance(error.value, ModelError)
    assert "\n" not in str(error.value)


def test_pixels_are_scaled_as_the_card_says(program: Path) -> None:
    pixels = torch.rand(2, 3, SIDE, SIDE)
    with torch.no_grad():
        expected = net()(given(pixels))
    found = dx.load(str(program)).prepared.logits(pixels)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_many_pictures_of_a_program_for_one(tmp_path: Path) -> None:
    model = dx.load(str(saved(tmp_path / "one.pt2", batch=1)))
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for place in range(3):
        pixels = np.random.default_rng(place).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(pictures / f"{place}.png")
    found = dx.explain_folder(model, pictures, "grad-cam", tmp_path / "out")
    for answer in found.answers:
        alone = dx.explain(model, pictures / answer.name, "grad-cam")
        values, _ = found.load(answer)
        np.testing.assert_allclose(values, alone.heatmap, atol=1e-3 * alone.heatmap.max())
