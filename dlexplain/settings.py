"""One typed object with everything a machine's owner may set, read from DLEXPLAIN_* variables."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from dlexplain.errors import BadInput


def _default_home() -> Path:
    cache_home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return local_path(cache_home) / "dlexplain"


def local_path(text: str | Path) -> Path:
    """The path that somebody has given, ~ being the home folder; it need not exist.

    Raises BadInput for what no path can be: of a user who is not known here, too long, with a zero
    byte.
    """
    try:
        path = Path(text).expanduser()
        path.exists()
        if "\0" in str(text):  # which exists() only calls absent
            raise ValueError("it has a zero byte")
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error).rstrip(".")
        raise BadInput(f'"{text}" is no path that can be read: {why}') from error
    return path


def web_address(text: str) -> str:
    """Raises BadInput, without quoting it, since it may hold a secret, where it is none."""
    try:
        parts = urlsplit(text)
        fits = (
            parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        )
        _ = parts.port  # which is read, and may be wrong, only now
    except ValueError:
        fits = False
    if not fits or any(letter.isspace() for letter in text):
        raise BadInput(
            "this is no address; it takes one that begins with https:// or http://, without a user "
            "in it"
        )
    return text


@dataclass(frozen=True)
class Settings:
    """Each field is the variable DLEXPLAIN_<FIELD>; the value here is its default.

    home            folder for everything dlexplain writes
    device          auto, cpu, cuda, cuda:N or mps; auto takes CUDA, else MPS, else the CPU
    max_file_mb     largest picture file accepted, in megabytes (10^6 bytes)
    max_megapixels  largest picture accepted, checked in its header before it is decoded
    decode_seconds  processor time that decoding a large picture may take
    max_uploads     pictures of one upload that are read
    max_uploads_megapixels  of all pictures of one upload together
    max_zip_mb      largest ZIP of pictures that a page takes
    max_folder_pictures    pictures of a folder or ZIP that are explained together
    max_folder_megapixels  of all of them together, as they are decoded one after the other
    cache_entries   explanations kept in memory per process
    tracking_uri    MLflow server that records runs; "" is the SQLite file in the home folder
    ray             HOST:PORT of a Ray cluster on which runs may be trained; "" is none
    ray_runs        runs that are on the cluster, or wait for room on it, at once
    checkpoints     address to which runs on the cluster are copied as they go on, such as
                    file:///shared/runs or s3://bucket/runs; "" is none
    sweep_store     database server that holds the trials of sweeps, by its SQLAlchemy address; ""
                    is a SQLite file in each sweep's folder
    webhook         http(s) address that is told when a run ends or its loss is no number; "" none
    keep_memory     whether freed memory is kept for reuse (1 or 0): faster by a quarter on a CPU
    """

    home: Path = field(default_factory=_default_home)
    device: str = "auto"
    max_file_mb: float = 50.0
    max_megapixels: float = 64.0
    decode_seconds: float = 20.0
    max_uploads: int = 32
    max_uploads_megapixels: float = 256.0
    max_zip_mb: int = 200
    max_folder_pictures: int = 5000
    max_folder_megapixels: float = 20000.0
    cache_entries: int = 256
    tracking_uri: str = ""
    ray: str = ""
    ray_runs: int = 8
    checkpoints: str = ""
    sweep_store: str = ""
    webhook: str = ""
    keep_memory: bool = True

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read DLEXPLAIN_* and raise BadInput on a value that is not of its field's type."""
        given: dict[str, object] = {}
        for f in fields(cls):
            variable = f"DLEXPLAIN_{f.name.upper()}"
            text = os.environ.get(variable)
            if not text:
                continue
            try:
                given[f.name] = _READERS[f.name](text)
            except BadInput as error:
                raise BadInput(f"{variable}: {error}") from error
            except ValueError:
                raise BadInput(f'{variable} is "{text}", which is not a number') from None
        return cls(**given)  # type: ignore[arg-type]


_READERS: dict[str, Callable[[str], object]] = {
    "home": local_path,
    "device": str,
    "max_file_mb": float,
    "max_megapixels": float,
    "decode_seconds": float,
    "max_uploads": int,
    "max_uploads_megapixels": float,
    "max_zip_mb": int,
    "max_folder_pictures": int,
    "max_folder_megapixels": float,
    "cache_entries": int,
    "tracking_uri": str,
    "ray": str,
    "ray_runs": int,
    "checkpoints": str,
    "sweep_store": str,
    "webhook": web_address,
    "keep_memory": lambda text: bool(int(text)),
}


@cache
def settings() -> Settings:
    """The settings of this process, read from the environment once."""
    return Settings.from_environment()
