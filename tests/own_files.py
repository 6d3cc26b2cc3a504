"""Small picture classifiers as users bring them in one file: ONNX, torch.export, weights."""

import io
import json
import warnings
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

SIDE = 16
MEAN, STD = (0.5, 0.4, 0.3), (0.2, 0.25, 0.3)
CLASSES = ("cat", "dog", "<b>bird</b>")
CARD = {"classes": list(CLASSES), "mean": list(MEAN), "std": list(STD)}


class Net(nn.Module):
    """Two convolutions; the ReLU is used twice, and works in place."""

    def __init__(self, end: str = "scores") -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Linear(16, len(CLASSES))
        self.end = end

    def forward(self, x: Tensor) -> Any:
        x = nn.functional.max_pool2d(self.relu(self.norm(self.first(x))), 2)
        x = self.relu(self.second(x))
        scores = 4 * self.head(x.mean((2, 3)))
        ends: dict[str, Callable[[], Any]] = {
            "scores": lambda: scores,
            "softmax": lambda: scores.softmax(1),
            "two": lambda: (x.mean((2, 3)), scores),
            "random": lambda: scores + torch.nn.functional.dropout(scores, 0.5, True),
            "nan": lambda: scores / 0 * 0,
        }
        return ends[self.end]()


def net(end: str = "scores") -> Net:
    return Net(end).eval()


def write_card(file: Path, **told: object) -> None:
    file.with_suffix(".json").write_text(json.dumps({**CARD, **told}))


def given(pixels: Tensor) -> Tensor:
    """Pixels from 0 to 1, (..., 3, height, width), as the network takes them."""
    return (pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


def save_program(file: Path, module: nn.Module | None = None, batch: int | None = None) -> None:
    """batch  that it is fixed to; any number of pictures where it is None"""
    dynamic = None if batch else ({0: torch.export.Dim("batch")},)
    example = (torch.rand(batch or 2, 3, SIDE, SIDE),)
    program = torch.export.export(module or net(), example, dynamic_shapes=dynamic)
    torch.export.save(program, file)


def change_archive(file: Path, change: Callable[[dict[str, bytes]], object]) -> None:
    """Write a .pt2 anew, its members changed by their names without the folder."""
    with zipfile.ZipFile(file) as opened:
        folder = opened.namelist()[0].partition("/")[0]
        members = {n.partition("/")[2]: opened.read(n) for n in opened.namelist()}
    change(members)
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as written:
        for name, content in members.items():
            written.writestr(f"{folder}/{name}", content)
    file.write_bytes(whole.getvalue())


def change_program(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the JSON of a .pt2's program."""

    def edit(members: dict[str, bytes]) -> None:
        told = json.loads(members["models/model.json"])
        change(told)
        members["models/model.json"] = json.dumps(told).encode()

    change_archive(file, edit)


def save_onnx(
    file: Path,
    *,
    dims: Sequence[int | str] = ("batch", 3, SIDE, SIDE),
    end: str = "scores",
    kind: int = TensorProto.FLOAT,
    more: Sequence[Any] = (),
    opset: int = 20,
    change: Callable[[onnx.ModelProto], object] = lambda model: None,
) -> None:
    """`Net`, built operation by operation.

    dims    of its input; channels last where the third is no side
    more    further inputs;  change  what is done to the model before it is saved
    """
    weights = {k: v.numpy() for k, v in net().state_dict().items() if v.dtype == torch.float32}
    nodes, x = [], "x"

    def add(operation: str, *inputs: str, **attributes: Any) -> str:
        name = f"{operation}_{len(nodes)}"
        nodes.append(helper.make_node(operation, list(inputs), [name], **attributes))
        return name

    if dims[1] == SIDE and dims[3] == 3:
        x = add("Transpose", x, perm=[0, 3, 1, 2])
    if kind != TensorProto.FLOAT:
        x = add("Cast", x, to=TensorProto.FLOAT)
    norm = [f"norm.{name}" for name in ("weight", "bias", "running_mean", "running_var")]
    x = add("Conv", x, "first.weight", "first.bias", pads=[1, 1, 1, 1])
    x = add("BatchNormalization", x, *norm)
    x = add("MaxPool", add("Relu", x), kernel_shape=[2, 2], strides=[2, 2])
    x = add("Relu", add("Conv", x, "second.weight", "second.bias", pads=[1, 1, 1, 1]))
    features = add("Flatten", add("GlobalAveragePool", x))
    x = add("Gemm", features, "head.weight", "head.bias", transB=1, alpha=4.0, beta=4.0)
    if end == "softmax":
        x = add("Softmax", x, axis=1)
    if end == "nan":
        x = add("Sqrt", add("Sub", x, add("Add", x, "one")))
    if end == "random":
        x = add("Add", x, add("RandomNormalLike", x))
    nodes.append(helper.make_node("Identity", [x], ["scores"]))
    outputs = [helper.make_tensor_value_info("scores", TensorProto.FLOAT, None)]
    if end == "two":
        nodes.append(helper.make_node("Identity", [features], ["features"]))
        outputs.append(helper.make_tensor_value_info("features", TensorProto.FLOAT, None))
    stored = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    stored.append(numpy_helper.from_array(np.ones(1, np.float32), "one"))
    inputs = [helper.make_tensor_value_info("x", kind, list(dims)), *more]
    graph = helper.make_graph(nodes, "net", inputs, outputs, stored)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10)
    change(model)
    onnx.save(model, file)


def export_onnx(file: Path, module: nn.Module, example: Tensor) -> None:
    """By torch's own exporter, for any number of pictures."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module, (example,), file, dynamo=True, verbose=False,
            dynamic_shapes=({0: torch.export.Dim("batch")},),
        )  # fmt: skip


def weights_card(**told: object) -> Mapping[str, object]:
    return {
        "architecture": "cnn",
        "params": {"width": 4, "blocks": 1, "dense": 8},
        "channels": 3,
        "side": SIDE,
        **CARD,
        **told,
    }
