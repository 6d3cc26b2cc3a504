"""What a torch.export archive (.pt2) holds, read without torch.export.load.

torch.export.load unpickles the sample inputs and evaluates texts of the program, see
docs/decisions/0032. Here only JSON and raw numbers are read; pickles in the archive are left shut.
"""

import hashlib
import json
import math
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dlexplain.errors import ModelError

SCHEMA = 8
"""The major version of the program's form, as torch 2.13 writes it."""
NUMBERS = re.compile(r"(?:weight|tensor)_\d+")
COMPILED = ("data/aotinductor/", "data/executorch/")
DTYPES = {
    1: torch.uint8, 2: torch.int8, 3: torch.int16, 4: torch.int32, 5: torch.int64,
    6: torch.float16, 7: torch.float32, 8: torch.float64, 12: torch.bool, 13: torch.bfloat16,
}  # fmt: skip
"""By torch's numbers of them in the program's form."""
AGAIN = f"save it again with torch.export.save of torch {torch.__version__.partition('+')[0]}"


@dataclass(frozen=True, eq=False)
class ExportedArchive:
    """What is used of one.

    program  its JSON
    weights  parameters and buffers by name;  constants  likewise
    digest   SHA-256 of the JSON
    """

    program: Mapping[str, Any]
    weights: Mapping[str, Tensor]
    constants: Mapping[str, Tensor]
    digest: str


def read_archive(path: Path) -> ExportedArchive:
    """Raises ModelError, one sentence, where it is damaged, or needs a pickle or compiled code."""
    try:
        with zipfile.ZipFile(path) as opened:
            return _read(opened, path)
    except ModelError:
        raise
    except (OSError, zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise ModelError(
            f"{path.name} is no archive of torch.export, or is damaged: {error}"
        ) from error
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, RecursionError,
            RuntimeError) as error:  # fmt: skip
        why = " ".join(str(error).split())
        raise ModelError(f"{path.name} is damaged: {type(error).__name__}, {why}") from error


def _read(opened: zipfile.ZipFile, path: Path) -> ExportedArchive:
    members = {}
    for info in opened.infolist():
        members[info.filename.partition("/")[2]] = info
    if sum(info.file_size for info in members.values()) > path.stat().st_size:
        raise ModelError(f"{path.name} is damaged: its parts are larger than the whole")
    models = [name for name in members if re.fullmatch(r"models/[^/]+\.json", name)]
    if len(models) != 1:
        raise ModelError(f"{path.name} has {len(models)} programs of torch.export; one is accepted")
    if any(name.startswith(COMPILED) for name in members):
        raise ModelError(f"{path.name} holds compiled code, which is never run")
    byte_order = opened.read(members["byteorder"]) if "byteorder" in members else b"little"
    if byte_order != b"little":
        raise ModelError(f"{path.name} has numbers of another byte order; little is accepted")
    text = opened.read(members[models[0]])
    program = json.loads(text)
    version = program["schema_version"]["major"]
    if version != SCHEMA:
        raise ModelError(f"{path.name} is of form {version}, {SCHEMA} is accepted; {AGAIN}")
    called = models[0].removeprefix("models/").removesuffix(".json")

    def tensors(folder: str, config: str) -> dict[str, Tensor]:
        if f"{folder}{called}.pt" in members or f"{folder}{config}" not in members:
            raise ModelError(f"{path.name} has pickled weights, which are never read; {AGAIN}")
        told = json.loads(opened.read(members[f"{folder}{config}"]))["config"]
        shared: dict[str, bytearray] = {}
        found = {}
        for name, payload in told.items():
            place = payload["path_name"]
            if payload["use_pickle"] or not NUMBERS.fullmatch(place):
                raise ModelError(
                    f"{path.name} holds {name} as a pickle, which is never read; plain tensors are "
                    "accepted"
                )
            if place not in shared:
                shared[place] = bytearray(opened.read(members[folder + place]))
            found[name] = _tensor(shared[place], payload["tensor_meta"], f"{name} of {path.name}")
        return found

    weights = tensors("data/weights/", f"{called}_weights_config.json")
    constants = tensors("data/constants/", f"{called}_constants_config.json")
    return ExportedArchive(program, weights, constants, hashlib.sha256(text).hexdigest())


def _tensor(raw: bytearray, told: Mapping[str, Any], what: str) -> Tensor:
    dtype = DTYPES.get(told["dtype"])
    if dtype is None:
        raise ModelError(f"{what} is of a type that is not read")
    size, stride = ([one["as_int"] for one in told[key]] for key in ("sizes", "strides"))
    count = math.prod(size)
    if count == 0:
        return torch.zeros(size, dtype=dtype)
    flat = torch.frombuffer(raw, dtype=dtype) if raw else torch.empty(0, dtype=dtype)
    if count > len(flat) or min(size, default=0) < 0:
        raise ModelError(f"{what} is of shape {tuple(size)}, its numbers are not there")
    return torch.as_strided(flat, size, stride, told["storage_offset"]["as_int"]).clone()
