"""What is asked of an ONNX file before onnxruntime gets it: nothing outside of its folder is read,
no more memory taken than the file accounts for, no operation run that onnxruntime does not bring.

The format: https://onnx.ai/onnx/repo-docs/IR.html
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlexplain.errors import ModelError

DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
"""Of operations that onnxruntime brings."""
ENDLESS = ("Loop", "Scan")
"""Operations that may repeat without end."""
LARGEST_VALUE = 2**28
"""Numbers in a value that is computed for one picture: 1 GiB of float32."""
SMALL = 1024
"""Numbers of a constant up to which it may be a shape, whose values are looked at."""
FLOATS = {1: "float32", 10: "float16", 11: "float64"}
"""TensorProto's numbers of the types of input that are accepted."""


@dataclass(frozen=True)
class OnnxFacts:
    """What a file says of its one input.

    dims   (batch, ...) None where a side is left open
    dtype  NumPy's name
    files  with its weights, beside the file itself
    """

    input: str
    dims: tuple[int | None, ...]
    dtype: str
    files: tuple[Path, ...]


def onnx_facts(path: Path) -> OnnxFacts:
    """Of a file that may be run; raises ModelError, one sentence."""
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.load_model(path, load_external_data=False)
    except (OSError, DecodeError, ValueError, RuntimeError) as error:
        raise ModelError(f"{path.name} is no ONNX file, or is damaged: {_line(error)}") from error
    if not model.graph.node:
        raise ModelError(f"{path.name} is no ONNX file, or is damaged: it computes nothing")
    _check_operations(model, path)
    files = {file for tensor in _tensors(model) if (file := _check_tensor(tensor, path))}
    name, dims, dtype = _input(model.graph, path)
    _check_values(model, path)
    return OnnxFacts(name, dims, dtype, tuple(sorted(files)))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _messages(message: Any) -> Iterator[Any]:
    """The message and all inside it, so that nothing is missed in a branch or a function."""
    waiting = [message]
    while waiting:
        one = waiting.pop()
        yield one
        for told, value in one.ListFields():
            if told.message_type is not None:
                waiting += value if told.is_repeated else [value]


def _tensors(model: Any) -> Iterator[Any]:
    return (m for m in _messages(model) if m.DESCRIPTOR.name == "TensorProto")


def _check_operations(model: Any, path: Path) -> None:
    if any(message.DESCRIPTOR.name == "SparseTensorProto" for message in _messages(model)):
        raise ModelError(f"{path.name} has sparse weights; dense ones are accepted")
    own = {function.domain for function in model.functions}
    for node in _messages(model):
        if node.DESCRIPTOR.name != "NodeProto":
            continue
        if node.domain not in (*DOMAINS, *own):
            raise ModelError(
                f"{path.name} needs the operation {node.domain}::{node.op_type}, which onnxruntime "
                "does not bring"
            )
        if node.op_type in ENDLESS:
            raise ModelError(
                f"{path.name} has a {node.op_type}, which may run without end and is not accepted"
            )


def _check_tensor(tensor: Any, path: Path) -> Path | None:
    """The file that its numbers lie in where that is another one."""
    import onnx

    dims, kind = tuple(tensor.dims), tensor.data_type
    try:
        width = onnx.helper.tensor_dtype_to_np_dtype(kind).itemsize if kind != 8 else 0  # strings
    except KeyError as error:
        raise ModelError(f"{path.name} is damaged: {tensor.name} is of no known type") from error
    if any(dim < 0 for dim in dims):
        raise ModelError(f"{path.name} is damaged: {tensor.name} is of shape {dims}")
    count = math.prod(dims)
    if tensor.data_location == onnx.TensorProto.EXTERNAL:
        return _check_outside(tensor, count * width, path)
    raw = len(tensor.raw_data)
    typed = max(len(v) for v in (
        tensor.float_data, tensor.int32_data, tensor.int64_data, tensor.double_data,
        tensor.uint64_data, tensor.string_data,
    ))  # fmt: skip
    # Numbers of 4 bits stand two to a byte, complex ones as two.
    held = raw * 2 // width if raw and width else 2 * typed
    if count > max(held, 0):
        raise ModelError(
            f"{path.name} is damaged: {tensor.name} is of shape {dims}, its numbers are not there"
        )
    return None


def _check_outside(tensor: Any, needed: int, path: Path) -> Path:
    told = {entry.key: entry.value for entry in tensor.external_data}
    location = told.get("location", "")
    folder = path.parent.resolve()
    try:
        file: Path = (folder / location).resolve()
        offset, length = int(told.get("offset", 0)), int(told.get("length", needed))
        inside = location and file.is_relative_to(folder) and ".." not in Path(location).parts
        if not inside or Path(location).is_absolute():
            raise ModelError(
                f'{path.name} has weights in "{location}", which is outside of its folder and is '
                "not read"
            )
        if not file.is_file():
            raise ModelError(f'{path.name} has weights in "{location}", which is not there')
        if offset < 0 or length < 0 or offset + max(length, needed // 2) > file.stat().st_size:
            raise ModelError(f'{path.name} has weights in "{location}", which is too short')
    except (OSError, ValueError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(
            f'{path.name} has weights in "{location}", which cannot be read: {_line(error)}'
        ) from error
    return file


def _input(graph: Any, path: Path) -> tuple[str, tuple[int | None, ...], str]:
    stored = {tensor.name for tensor in graph.initializer}
    inputs = [given for given in graph.input if given.name not in stored]
    if len(inputs) != 1:
        names = ", ".join(given.name for given in inputs) or "none"
        raise ModelError(f"{path.name} has the inputs {names}; one, a picture, is accepted")
    (given,) = inputs
    kind = given.type.tensor_type
    dims = tuple(dim.dim_value if dim.HasField("dim_value") else None for dim in kind.shape.dim)
    if given.type.WhichOneof("value") != "tensor_type" or kind.elem_type not in FLOATS:
        raise ModelError(
            f"the input {given.name} of {path.name} is no tensor of {', '.join(FLOATS.values())}"
        )
    return given.name, dims, FLOATS[kind.elem_type]


def _check_values(model: Any, path: Path) -> None:
    """Before memory is taken: by the shapes alone, as far as they follow from the file.

    Changes `model`: what is large stands as an input, of which the shape is enough.
    """
    import onnx
    import onnx.inliner

    if model.functions:
        model = onnx.inliner.inline_local_functions(model)
    graph, external = model.graph, onnx.TensorProto.EXTERNAL
    large = [
        onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
        for tensor in graph.initializer
        if math.prod(tensor.dims) > SMALL or tensor.data_location == external
    ]
    names = {info.name for info in large}
    small = [tensor for tensor in graph.initializer if tensor.name not in names]
    inputs = [given for given in graph.input if given.name not in names]
    del graph.initializer[:], graph.input[:]
    graph.initializer.extend(small)
    graph.input.extend([*inputs, *large])
    try:
        inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    except Exception as error:  # of its C++, in classes of its own
        raise ModelError(f"{path.name} is damaged: {_line(error)}") from error
    for value in _messages(inferred):
        if value.DESCRIPTOR.name != "ValueInfoProto":
            continue
        dims = [dim.dim_value for dim in value.type.tensor_type.shape.dim if dim.dim_value > 0]
        if math.prod(dims) > LARGEST_VALUE:
            raise ModelError(
                f"{path.name} computes {value.name}, of {math.prod(dims):,} numbers; "
                f"{LARGEST_VALUE:,} are accepted"
            )
