"""Models of the Hugging Face hub as folders: what a folder must hold is checked before it is
fetched, and is all that is fetched."""

import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from dlexplain.errors import ModelError, UnknownName
from dlexplain.execution import paths
from dlexplain.server_files import fetches_models
from dlexplain.settings import folder_at, settings

ANSWERS = 5.0
"""Seconds that the hub has to answer; its own client would try for half a minute."""
ENDINGS = (".json", ".safetensors", ".txt", ".model")
"""Of files that a model is read from: config, weights, vocabularies."""


def model_folder(name: str) -> Path:
    """A local folder as it is, a name on the hub as the folder of what was fetched from there.

    Where the hub does not answer, what was fetched before is used. Raises UnknownName or
    ModelError, one sentence.
    """
    folder = folder_at(name)
    if folder is not None:
        return folder
    if not fetches_models():
        raise UnknownName(
            f'"{name}" is not fetched from the Hugging Face hub: pages of a shared server do not '
            "(DLEXPLAIN_HUB=1 lets them); a model of the list is accepted"
        )
    return _fetched(name, paths.hub_folder(settings().home))


@cache  # lists of models are made at each run of a page, and ask again
def _fetched(name: str, into: Path) -> Path:
    from huggingface_hub import HfApi
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    hub = HfApi()
    try:
        into.mkdir(parents=True, exist_ok=True)
        info = hub.model_info(name, files_metadata=True, timeout=ANSWERS)
        files = _read_from(name, info.siblings or (), into)
        found = hub.snapshot_download(
            name, cache_dir=into, allow_patterns=files, etag_timeout=ANSWERS
        )
        return Path(found)
    except ModelError:
        raise
    except (HFValidationError, RepositoryNotFoundError) as error:
        raise UnknownName(
            f'the Hugging Face hub has no model "{name}" that everybody may read; the path of a '
            "folder or the name of such a model, organisation/model, is accepted"
        ) from error
    except HfHubHTTPError as error:
        why = f"answered with {error.response.status_code}"
    except Exception as error:  # of the network, whatever its client raises
        why = f"cannot be reached ({type(error).__name__})"
    try:
        return Path(hub.snapshot_download(name, cache_dir=into, local_files_only=True))
    except LocalEntryNotFoundError as error:
        raise UnknownName(
            f'the Hugging Face hub {why}, and "{name}" was not fetched from there before; the '
            "path of a folder on this machine is accepted"
        ) from error


def _read_from(name: str, files: Sequence[Any], into: Path) -> list[str]:
    """The names of those that a model is read from; raises ModelError where there are no weights,
    or more than the disk has room for."""
    wanted = [f for f in files if "/" not in f.rfilename and f.rfilename.endswith(ENDINGS)]
    if not any(f.rfilename.endswith(".safetensors") for f in wanted):
        raise ModelError(
            f'the model "{name}" has no .safetensors file on the hub; other weights are pickles, '
            "which can run code and are never read"
        )
    size, free = sum(f.size or 0 for f in wanted), shutil.disk_usage(into).free
    if size > free:
        raise ModelError(
            f'the model "{name}" is {size / 1e9:.1f} GB, and {free / 1e9:.1f} GB of the disk are '
            "free"
        )
    return [f.rfilename for f in wanted]
