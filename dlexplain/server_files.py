"""Files of this machine that somebody names: which ones pages may read, and how they are opened.

The command line and Python read whatever their user may. Visitors of the dashboard, whether they
type a path or open an address with one, read below a few folders only, see `allowed_folders`; what
lies outside is answered as what is absent is, without a look at it. `settings.local_path` is the
one way from a text to a path, and asks here in a process that serves pages.
"""

import errno
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from dlexplain.errors import BadInput
from dlexplain.settings import ask_before_reading, settings

LONGEST_SHOWN = 120
USUAL = (".", "../shared/data")
"""Of the folder in which a dashboard of one's own was started, beside one's home folder."""
HUB = "hub"
"""In the home folder: models that were fetched from the Hugging Face hub."""


class _Pages:
    """Whether this process serves pages, and to whom; also: folders that its own user allowed."""

    serves, here = False, False
    also: frozenset[Path] = frozenset()


def serve_pages(here: bool) -> None:
    """From now on paths that are named in this process are those of visitors.

    here  whether only people at this machine reach it
    """
    _Pages.serves, _Pages.here = True, here
    ask_before_reading(_accepted)


def serve_no_pages() -> None:
    """Paths are this process' own user's again."""
    _Pages.serves, _Pages.here, _Pages.also = False, False, frozenset()
    ask_before_reading(None)


def allow(paths: Iterable[str | Path]) -> None:
    """Of a process whose own user serves pages on something that lies there, as `dx.show` does."""
    _Pages.also |= {Path(path).expanduser() for path in paths}


def allowed_folders() -> tuple[Path, ...]:
    """Below which pages may read.

    Those of DLEXPLAIN_DATA; by default, where only people at this machine reach the dashboard, the
    user's home folder, that of dlexplain, and the one in which it was started with ../shared/data;
    on a shared server none. Models from the hub, where these are fetched, count too.
    """
    given = settings()
    found = [*_Pages.also, given.home / HUB]
    own = _Pages.here and not given.shared
    if own:
        found.append(given.home)
    if given.data:
        found += given.data
    elif own:
        started = Path.cwd()
        # Somebody may start it in /, which would allow all of the machine.
        found += [Path.home(), *((started / one) for one in USUAL if started != Path("/"))]
    return tuple(found)


def serves_others() -> bool:
    """Whether this process serves pages that not only people at this machine reach."""
    return _Pages.serves and (settings().shared or not _Pages.here)


def fetches_models() -> bool:
    """Whether models may be fetched from the hub: by pages of a shared server only if told so."""
    if not _Pages.serves:
        return True
    told = settings().hub
    return not serves_others() if told is None else told


def not_here(text: str | Path) -> str:
    """The one sentence for what is absent and for what is no business of pages."""
    shown = "".join(one if one.isprintable() else "\ufffd" for one in str(text)[:LONGEST_SHOWN])
    more = "…" if len(str(text)) > LONGEST_SHOWN else ""
    return (
        f'there is no "{shown}{more}" in the folders of this server that pages may read '
        "(DLEXPLAIN_DATA names them)"
    )


def _accepted(text: str | Path) -> Path:
    """The path that a visitor has named, which is there; raises BadInput in the one sentence."""
    shown = str(text)
    try:
        path = Path(_without_tilde(shown))
        # Else /etc/../data would tell by its answer whether there is an /etc.
        path = _plain(path) if ".." in path.parts else path
        there = _is_below(_plain(path), _every(allowed_folders())) and _leads_to_allowed(path)
        if there and path.exists():
            return path
    except (OSError, RuntimeError, ValueError):  # a zero byte, a letter that no path has
        pass
    raise BadInput(not_here(text))


def _without_tilde(text: str) -> str:
    """Only one's own home folder has one: ~somebody would tell who has an account here."""
    if not text.startswith("~"):
        return text
    if text != "~" and not text.startswith("~/"):
        raise ValueError("of somebody else")
    return f"{Path.home()}{text[1:]}"


def _plain(path: str | Path) -> Path:
    """Absolute and without "..", by its letters alone: nothing of the disk is looked at."""
    return Path(os.path.abspath(path))


def _every(folders: Iterable[Path]) -> set[Path]:
    """As they are named and as they are when links are followed: either may be asked for."""
    return {form for one in folders for form in (_plain(one), Path(os.path.realpath(one)))}


def _is_below(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _leads_to_allowed(path: str | Path) -> bool:
    real = Path(os.path.realpath(path))
    return _is_below(real, (Path(os.path.realpath(one)) for one in allowed_folders()))


def check_link(path: Path) -> None:
    """Raises FileNotFoundError, as of what is absent, for a file in an allowed folder that pages
    would read and that is a link to what lies in none; before anything is said of it."""
    if _leads_out(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))


def _leads_out(path: Path) -> bool:
    if not _Pages.serves or not _is_below(_plain(path), _every(allowed_folders())):
        return False  # the product's own files, which no visitor can name
    real, own = Path(os.path.realpath(path)), (Path(sys.prefix), Path(__file__).parent)
    return not _leads_to_allowed(path) and not _is_below(real, _every(own))


def check_regular(path: Path) -> None:
    """Raises OSError for what is no regular file: a folder, or what may block or never end, as a
    FIFO, a socket or a device; for pages a link that leads out of the allowed folders too."""
    check_link(path)
    _check_kind(os.stat(path).st_mode, path)


def _check_kind(mode: int, path: Path) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "it is no regular file", str(path))


def open_regular(path: Path) -> BinaryIO:
    """To be read; raises OSError as `check_regular` does, and does not wait for a writer."""
    check_regular(path)
    at_once = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    opened = os.open(path, os.O_RDONLY | at_once | getattr(os, "O_BINARY", 0))
    try:
        _check_kind(os.fstat(opened).st_mode, path)  # it may have become another one
        return os.fdopen(opened, "rb")
    except OSError:
        os.close(opened)
        raise


def read_regular(path: Path) -> bytes:
    """The content; raises OSError as `open_regular` does."""
    with open_regular(path) as opened:
        return opened.read()


def check_files(folder: Path, endings: tuple[str, ...]) -> None:
    """Raises OSError where something in the folder is not regular: for what a library reads by the
    folder's name. Folders in it are passed but where they are called as files of these endings."""
    for file in sorted(folder.iterdir()):
        if file.name.endswith(endings) or not file.is_dir():
            check_regular(file)
