"""A program of torch.export as a module: its operations, called one after the other.

No code is made of the program and none of its texts is evaluated. Each operation that gives one
tensor is a module of its own, so that its output can be looked at as a layer's.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from dlexplain.errors import ModelError
from dlexplain.networks.modules.exported_archive import DTYPES, ExportedArchive, read_archive
from dlexplain.networks.modules.exported_operations import operation

LARGEST_VALUE = 2**28
"""Numbers in a value that is computed for one picture: 1 GiB of float32."""
LARGEST_SIZE = 2**63
"""A size that is squared again and again would fill the memory with its digits."""
DROPOUTS = {"dropout": 2, "native_dropout": 2, "alpha_dropout": 2, "feature_dropout": 2}
TRAINED = {**DROPOUTS, "batch_norm": 5}
"""Operations that differ in training, and the place of the argument that says so."""
EVAL = "export it in eval mode: torch.export.export(module.eval(), ...)"
MEMORY_FORMATS = {1: torch.contiguous_format, 2: torch.channels_last, 4: torch.preserve_format}
PLAIN = (
    "as_int", "as_ints", "as_float", "as_floats", "as_bool", "as_bools", "as_string", "as_strings",
)  # fmt: skip
ENDLESS = {"Infinity": float("inf"), "-Infinity": float("-inf"), "NaN": float("nan")}
"""Numbers that JSON has no form for."""


@dataclass(frozen=True)
class Value:
    """A value by its name."""

    name: str


DEVICE = Value("")
"""Stands for the device that the picture is on."""


@dataclass(frozen=True)
class Call:
    """One operation. Arguments may hold Values.

    outputs  names of what it gives: of one value a text, of several a tuple
    ended    names of values that are not needed after it
    """

    target: str
    function: Callable[..., Any]
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    outputs: Any
    ended: tuple[str, ...] = ()


class Step(nn.Module):
    """An operation of the program."""

    def __init__(self, call: Call) -> None:
        super().__init__()
        self.call = call

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.call.function(*args, **kwargs)

    def extra_repr(self) -> str:
        return self.call.target.removeprefix("torch.ops.aten.")


class ExportedProgram(nn.Module):
    """(batch, ...) as the program takes it -> its output, or a tuple of several.

    dims  of its input, None where a side is left open

    Raises ModelError, one sentence, where the file is damaged or its program is not accepted.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        archive = read_archive(path)
        try:
            self._read(archive)
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            if isinstance(error, ModelError):
                raise ModelError(f"{path.name}: {error}") from error
            why = f"{type(error).__name__}, {error}"
            raise ModelError(f"{path.name} is damaged: {why}") from error

    def _read(self, archive: ExportedArchive) -> None:
        module = archive.program["graph_module"]
        graph, signature = module["graph"], module["signature"]
        self._digest = archive.digest
        self._weights: dict[str, str] = {}  # the program's names of them, and our own
        self._input = ""
        for spec in signature["input_specs"]:
            self._take(spec, archive)
        if not self._input:
            raise ModelError("the program takes no tensor; one, a picture, is accepted")
        told = graph["tensor_values"][self._input]
        if DTYPES.get(told["dtype"]) != torch.float32:
            raise ModelError("the program's input is no tensor of float32")
        self.dims = tuple(size.get("as_int") for size in told["sizes"])
        self._outputs = tuple(_output(spec) for spec in signature["output_specs"])
        calls = [call for node in graph["nodes"] if (call := _call(node)) is not None]
        self._calls = tuple(_with_ends(calls, {*self._weights, *self._outputs}))
        self._steps: dict[int, str] = {}
        for place, call in enumerate(self._calls):
            if isinstance(call.outputs, str) and call.target.startswith("torch.ops.aten."):
                self._steps[place] = name = self._free(call.outputs)
                self.add_module(name, Step(call))

    def _free(self, name: str) -> str:
        """A name like it that a module can have."""
        name = name if name.isidentifier() else "step"
        while hasattr(self, name):
            name += "_"
        return name

    def _take(self, spec: Mapping[str, Any], archive: ExportedArchive) -> None:
        """One of what the program takes: the picture, a weight or a constant."""
        ((kind, told),) = spec.items()
        if kind == "user_input" and not self._input:
            self._input = told["arg"]["as_tensor"]["name"]
            return
        if kind == "parameter":
            tensor = archive.weights[told["parameter_name"]]
        elif kind == "buffer":
            name = told["buffer_name"]
            tensor = {**archive.constants, **archive.weights}[name]  # not all are kept in a state
        elif kind == "tensor_constant":
            tensor = archive.constants[told["tensor_constant_name"]]
        else:
            what = "a second input" if kind == "user_input" else f"a {kind.replace('_', ' ')}"
            raise ModelError(f"the program takes {what}; one tensor, a picture, is accepted")
        if kind == "parameter" and not bool(tensor.isfinite().all()):
            raise ModelError(f"{told['parameter_name']} has values that are not finite")
        place = f"weight_{len(self._weights)}"
        self._weights[told["arg"]["name"]] = place
        if kind == "parameter":
            self.register_parameter(place, nn.Parameter(tensor, requires_grad=False))
        else:
            self.register_buffer(place, tensor)

    def forward(self, x: Tensor) -> Any:
        weights = {name: getattr(self, place) for name, place in self._weights.items()}

        def run(place: int, call: Call, args: Any, kwargs: Any) -> Any:
            step = self._steps.get(place)
            asked = call.function if step is None else getattr(self, step)
            return asked(*args, **kwargs)

        return self._run(x, weights, run)

    def check(self, shape: tuple[int, ...]) -> None:
        """Whether a picture of this shape can be given, told from shapes alone.

        Raises ModelError where the program takes another one, needs far too much memory, differs
        in training, or writes over its weights.
        """
        meta = torch.device("meta")
        weights = {name: getattr(self, p).to(meta) for name, p in self._weights.items()}

        def run(place: int, call: Call, args: Any, kwargs: Any) -> Any:
            _check_training(call, args)
            found = call.function(*args, **kwargs)
            if isinstance(found, int) and abs(found) > LARGEST_SIZE:
                raise ModelError(
                    f"the program computes {call.outputs}, a number that no size can be"
                )
            for value in found if isinstance(found, tuple | list) else (found,):
                if isinstance(value, Tensor) and value.numel() > LARGEST_VALUE:
                    raise ModelError(
                        f"the program computes {call.outputs}, of {value.numel():,} numbers; "
                        f"{LARGEST_VALUE:,} are accepted"
                    )
            return found

        try:
            with torch.no_grad():
                self._run(torch.empty(shape, device=meta), weights, run)
        except ModelError:
            raise
        except Exception as error:  # whatever torch's operations raise
            why = " ".join(str(error).split())
            raise ModelError(f"the program fails on pictures of shape {shape}: {why}") from error
        if any(tensor._version for tensor in weights.values()):
            raise ModelError(f"the program writes over its weights; {EVAL}")

    def _run(self, x: Tensor, weights: Mapping[str, Tensor], run: Callable[..., Any]) -> Any:
        values: dict[str, Any] = {**weights, self._input: x, DEVICE.name: x.device}
        for place, call in enumerate(self._calls):
            args, kwargs = _filled(call.args, values), _filled(call.kwargs, values)
            _keep(call.outputs, run(place, call, args, kwargs), values)
            for name in call.ended:
                values.pop(name, None)
        found = tuple(values[name] for name in self._outputs)
        return found[0] if len(found) == 1 else found

    def extra_repr(self) -> str:
        return f"sha256={self._digest}"


def _call(node: Mapping[str, Any]) -> Call | None:
    function = operation(node["target"])
    if function is None:
        return None
    args, kwargs = [], {}
    for given in node["inputs"]:
        value = _argument(given["arg"])
        if given.get("kind") == 1:  # by its place
            args.append(value)
        else:
            kwargs[given["name"]] = value
    outputs = [_names(output) for output in node["outputs"]]
    return Call(
        node["target"], function, tuple(args), kwargs,
        outputs[0] if len(outputs) == 1 else tuple(outputs),
    )  # fmt: skip


def _argument(told: Mapping[str, Any]) -> Any:
    ((kind, value),) = told.items()
    if kind in PLAIN:
        return ENDLESS.get(value, value) if kind == "as_float" and type(value) is str else value
    if kind == "as_none":
        return None
    if kind == "as_tensor":
        return Value(value["name"])
    if kind == "as_tensors":
        return [Value(one["name"]) for one in value]
    if kind in ("as_sym_int", "as_sym_float", "as_sym_bool"):
        return _size(value)
    if kind in ("as_sym_ints", "as_sym_floats", "as_sym_bools"):
        return [_size(one) for one in value]
    if kind in ("as_optional_tensor", "as_optional_tensors"):
        return _argument(value) if isinstance(value, dict) else [_argument(one) for one in value]
    if kind == "as_scalar_type":
        return DTYPES[value]
    if kind == "as_memory_format":
        return MEMORY_FORMATS[value]
    if kind == "as_layout":
        return torch.strided
    if kind == "as_device":
        return DEVICE
    raise ModelError(
        f"the program has an argument {kind.removeprefix('as_')}, which is not accepted"
    )


def _size(told: Mapping[str, Any]) -> Any:
    ((kind, value),) = told.items()
    return Value(value) if kind == "as_name" else value


def _names(output: Mapping[str, Any]) -> Any:
    ((kind, value),) = output.items()
    if kind == "as_none":
        return None
    if kind == "as_tensors":
        return tuple(one["name"] for one in value)
    return value["name"] if kind == "as_tensor" else value["as_name"]


def _output(spec: Mapping[str, Any]) -> str:
    ((kind, told),) = spec.items()
    if kind != "user_output":
        raise ModelError(f"the program writes over what it is given ({kind}); {EVAL}")
    name: str = told["arg"]["as_tensor"]["name"]
    return name


def _check_training(call: Call, args: tuple[Any, ...]) -> None:
    name = call.target.split(".")[-2].rstrip("_")
    place = TRAINED.get(name)
    if place is not None and len(args) > place and args[place]:
        raise ModelError(f"the program is that of training, with {name}; {EVAL}")


def _with_ends(calls: list[Call], kept: set[str]) -> Iterator[Call]:
    """The calls, each told which values are not needed after it."""
    last: dict[str, int] = {}
    for place, call in enumerate(calls):
        last |= dict.fromkeys(_used(call.args), place) | dict.fromkeys(_used(call.kwargs), place)
    ends: dict[int, list[str]] = {}
    for name, place in last.items():
        if name not in kept and name != DEVICE.name:
            ends.setdefault(place, []).append(name)
    for place, call in enumerate(calls):
        yield Call(
            call.target, call.function, call.args, call.kwargs, call.outputs,
            tuple(ends.get(place, ())),
        )  # fmt: skip


def _used(argument: Any) -> Iterator[str]:
    if isinstance(argument, Value):
        yield argument.name
    elif isinstance(argument, Mapping):
        for value in argument.values():
            yield from _used(value)
    elif isinstance(argument, tuple | list):
        for value in argument:
            yield from _used(value)


def _filled(argument: Any, values: Mapping[str, Any]) -> Any:
    """Arguments with the values that they name."""
    if isinstance(argument, Value):
        return values[argument.name]
    if isinstance(argument, Mapping):
        return {key: _filled(value, values) for key, value in argument.items()}
    if isinstance(argument, tuple | list):
        return type(argument)(_filled(value, values) for value in argument)
    return argument


def _keep(names: Any, found: Any, values: dict[str, Any]) -> None:
    """What an operation gave, under the names of it."""
    if isinstance(names, tuple):
        for name, value in zip(names, found, strict=True):
            _keep(name, value, values)
    elif names:
        values[names] = found
