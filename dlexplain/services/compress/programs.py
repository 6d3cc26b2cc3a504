"""A network written as a program of torch.export and as ONNX, and how the file is run again.

The batch, and of texts the length, are left open where torch.export can prove that the program
holds for any; else the next narrower form is tried, down to the shape of one example.
"""

import contextlib
import io
import json
import logging
import os
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim

from dlexplain.errors import BadInput
from dlexplain.services.compress.inputs import Inputs

About = Mapping[str, Any]
"""What stands in the file beside the program, as JSON."""
MOST_BATCH, MOST_TOKENS = 65536, 65536
EXAMPLES = 3
"""Of the batch that is traced: neither 0 nor 1, which torch.export takes for constants."""
OPSET = 18
INPUT, OUTPUT = "x", "output"
KEY = "dlexplain"
LONGEST = 200
"""Letters of what torch says."""
MISSING = "ONNX files are made by onnxscript, which is not here; pip install onnxscript brings it"


@dataclass(frozen=True)
class Written:
    """A file that was written.

    run   computes with it;  free  sides that are open
    opset  of ONNX;  notes  what its reader should know
    """

    run: Callable[[Tensor], Tensor]
    free: tuple[str, ...]
    opset: int = 0
    notes: tuple[str, ...] = ()


def to_program(network: nn.Module, inputs: Inputs, target: Path, about: About) -> Written:
    """FILE.pt2; raises BadInput where torch.export cannot follow the network."""
    program, free = _program(network, inputs)
    if program is None:
        raise BadInput(
            f"torch.export cannot follow this network: {free[0]}; ONNX, or a folder, may do"
        )
    with _silent():
        torch.export.save(program, _part(target), extra_files={KEY: json.dumps(about)})
        os.replace(_part(target), target)
        run = torch.export.load(target).module()
    return Written(run, free, notes=_fixed(free))


def to_onnx(network: nn.Module, inputs: Inputs, target: Path, about: About) -> Written:
    """FILE.onnx, by torch.export; of a network that it cannot follow, such as one that packs texts
    of several lengths, by tracing. Raises BadInput for an operation that ONNX lacks."""
    try:
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise BadInput(MISSING) from error
    program, free = _program(network, inputs)
    notes: tuple[str, ...] = ()
    if program is not None:
        _write(lambda: torch.onnx.export(
            program, (), str(_part(target)), dynamo=True, opset_version=OPSET, verbose=False,
            external_data=False, input_names=[INPUT], output_names=[OUTPUT],
        ), target)  # fmt: skip
    else:
        free = ("batch", "tokens") if inputs.tokens else ("batch",)
        sides = dict(enumerate(free))
        _write(lambda: torch.onnx.export(
            network, (inputs.some(EXAMPLES, 0),), str(_part(target)), dynamo=False,
            opset_version=OPSET, input_names=[INPUT], output_names=[OUTPUT],
            dynamic_axes={INPUT: sides},
        ), target)  # fmt: skip
        notes = ("torch.export cannot follow this network; it was traced instead",)
    opset = _finish(target, about)
    return Written(_onnx_run(target), free, opset, (*notes, *_fixed(free)))


def _program(network: nn.Module, inputs: Inputs) -> tuple[Any, tuple[str, ...]]:
    """The exported program and which sides are open, the widest that torch can prove; None and why
    where there is none."""
    batch = Dim("batch", min=1, max=MOST_BATCH)
    forms: list[tuple[tuple[str, ...], Any, int]] = [
        (("batch",), {0: batch}, EXAMPLES),
        ((), {}, 1),
    ]
    if inputs.tokens:
        tokens = Dim("tokens", min=2, max=inputs.longest or MOST_TOKENS)
        forms.insert(0, (("batch", "tokens"), {0: batch, 1: tokens}, EXAMPLES))
    why = ""
    for free, dims, count in forms:
        try:
            with _silent(), torch.no_grad():
                shapes = (dims,) if dims else None
                x = inputs.some(count, 0)
                return torch.export.export(network, (x,), dynamic_shapes=shapes, strict=False), free
        except Exception as error:  # whatever torch's tracing meets in the network
            why = why or _line(error)
    return None, (why,)


def _write(write: Callable[[], Any], target: Path) -> None:
    part = _part(target)
    try:
        with _silent(), torch.no_grad():
            write()
    except OSError:
        raise
    except Exception as error:  # torch.onnx has a class for each of its steps
        part.unlink(missing_ok=True)
        raise BadInput(_lacking(error)) from error
    os.replace(part, target)


def _lacking(error: BaseException) -> str:
    """That names the operation where there is one."""
    whole, inner = "", error
    while inner is not None:
        whole += f" {inner}"
        inner = inner.__cause__ or inner.__context__  # type: ignore[assignment]
    found = re.search(
        r"(?:No (?:ONNX function|decompositions registered)[^']*|operator )'?"
        r"(?:<OpOverload\(op=')?((?:aten|quantized|torchao|prims|torchvision)[:.]+[\w.:]+)",
        whole,
    )
    if found:
        return f"ONNX has no operation for {found[1]}, which this network uses"
    return f"the network cannot be written as ONNX: {_line(error)}"


def _finish(target: Path, about: About) -> int:
    """Put what the model is into the file, check the file, and return its opset."""
    import onnx

    model = onnx.load_model(target)
    onnx.helper.set_model_props(model, {KEY: json.dumps(about)})
    onnx.checker.check_model(model)
    part = _part(target)
    onnx.save_model(model, part)
    os.replace(part, target)
    opsets = [one.version for one in model.opset_import if one.domain in ("", "ai.onnx")]
    return int(max(opsets))


def _onnx_run(target: Path) -> Callable[[Tensor], Tensor]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(str(target), options, providers=["CPUExecutionProvider"])
    return lambda x: torch.from_numpy(session.run([OUTPUT], {INPUT: x.numpy()})[0])


def _fixed(free: tuple[str, ...]) -> tuple[str, ...]:
    return () if "batch" in free else ("the batch is fixed at one example",)


def _part(target: Path) -> Path:
    """Beside the target, with its ending, which torch looks at."""
    return target.with_name(f".{os.getpid()}.part.{target.name}")


def _line(error: BaseException) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", " ".join(str(error).split()))
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


@contextmanager
def _silent() -> Iterator[None]:
    """torch's exporters warn, log and print of what is no concern of who exports."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
