"""One typed object with everything a machine's owner may set, read from DLEXPLAIN_* variables; and
the cluster's address, which may be given on a page instead and is kept in the home folder."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from urllib.parse import urlsplit

from dlexplain.errors import BadInput

SHORTEST_SECRET = 16


def _default_home() -> Path:
    cache_home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return output_path(cache_home) / "dlexplain"


def output_path(text: str | Path) -> Path:
    """Of what is written, or of the machine's owner, ~ being the home folder; it need not exist.

    Raises BadInput for what no path can be: of a user who is not known here, too long, with a zero
    byte.
    """
    try:
        path = Path(text).expanduser()
        os.fsencode(path)  # which has letters that no path has
        path.exists()
        if "\0" in str(text):  # which exists() only calls absent
            raise ValueError("it has a zero byte")
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error).rstrip(".")
        text = str(text).encode("utf-8", "replace").decode()
        raise BadInput(f'"{text}" is no path that can be read: {why}') from error
    return path


_ask: Callable[[str | Path], Path] | None = None


def ask_before_reading(accepts: Callable[[str | Path], Path] | None) -> None:
    """Have `local_path` take what `accepts` takes, see server_files; None takes it all."""
    global _ask
    _ask = accepts


def local_path(text: str | Path) -> Path:
    """The path of something to be read that somebody has given; it need not exist.

    Raises BadInput as `output_path` does; in a process that serves pages also for what they may not
    read and for what is not there, in one sentence.
    """
    return output_path(text) if _ask is None else _ask(text)


def folder_at(text: str | Path) -> Path | None:
    """The folder of this path, None where there is none that may be read."""
    try:
        path = local_path(text)
    except BadInput:
        return None
    return path if path.is_dir() else None


def folders(text: str) -> tuple[Path, ...]:
    """Of a list with os.pathsep between, as PATH is one; raises BadInput for one that is no path or
    not absolute."""
    found = tuple(output_path(one.strip()) for one in text.split(os.pathsep) if one.strip())
    for path in found:
        if not path.is_absolute():
            raise BadInput(f'"{path}" depends on where the dashboard is started; give a whole path')
    return found


def yes_or_no(text: str) -> bool:
    """Of 1 and 0; raises BadInput for anything else."""
    if text not in ("0", "1"):
        raise BadInput(f'"{text}" is neither 1 nor 0')
    return text == "1"


def none_or_more(text: str) -> int:
    """Raises BadInput for less than 0, and ValueError for what is no whole number."""
    if int(text) < 0:
        raise BadInput(f"{int(text)} is less than nothing; 0, for no limit, and more are accepted")
    return int(text)


def at_least_one(text: str) -> int:
    """Raises BadInput for 0 and less, and ValueError for what is no whole number."""
    if int(text) < 1:
        raise BadInput(f"{int(text)} is too few; 1 and more are accepted")
    return int(text)


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


def _database_address(text: str) -> str:
    """Raises BadInput, without quoting it, since it may hold a password, where it is none."""
    kinds = ("postgresql://", "postgres://", "postgresql+psycopg://")
    fits = text.startswith(kinds) and not any(letter.isspace() for letter in text)
    try:
        _ = urlsplit(text).port  # which is read, and may be wrong, only now
    except ValueError:
        fits = False
    if not fits:
        raise BadInput(
            "this is no address of a PostgreSQL database; it takes one such as "
            "postgresql://USER:PASSWORD@HOST/DATABASE"
        )
    return f"postgresql+psycopg://{text.partition('://')[2]}"


def cluster_address(text: str) -> tuple[str, int]:
    """Host and port; raises BadInput for anything else."""
    host, colon, port = text.rpartition(":")
    fits = bool(host and colon) and port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536
    if not fits or len(host) > 253 or any(c in "/@" or c.isspace() for c in text):
        raise BadInput(
            f'the address is "{text[:80]}"; it takes HOST:PORT of the cluster\'s head, such as '
            "192.0.2.1:6379"
        )
    return host.strip("[]"), int(port)


_HOST = re.compile(r"(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?|[0-9a-f]*:[0-9a-f:.]+")


def host_names(text: str) -> tuple[str, ...]:
    """Names of hosts with commas between, `*.example.org` being those below it; raises BadInput."""
    names = tuple(name.strip().lower().strip("[]") for name in text.split(",") if name.strip())
    for name in names:
        if not _HOST.fullmatch(name):
            raise BadInput(
                f'one of the hosts is "{name[:80]}"; each is a name such as explain.example.org, '
                "*.example.org or an address, without https:// and without a port"
            )
    return names


def addresses(text: str) -> tuple[str, ...]:
    """E-mail addresses with commas between, in small letters, `*@example.org` being those of
    example.org; raises BadInput."""
    found = tuple(one.strip().lower() for one in text.split(",") if one.strip())
    for one in found:
        if not _EMAIL.fullmatch(one):
            raise BadInput(
                f'one of the addresses is "{one[:80]}"; each is as ada@example.org, or '
                "*@example.org for all of example.org"
            )
    return found


_EMAIL = re.compile(r"(\*|[^\s@,*?\[\]]+)@[^\s@,*?\[\]]+")


def _role(text: str) -> str:
    if text not in ("viewer", "member", "admin"):
        raise BadInput(f'"{text[:80]}" is no role; viewer, member and admin are')
    return text


def _hours(text: str) -> float:
    hours = float(text)
    if not 0 <= hours <= 720:
        raise BadInput(f"{text[:80]} hours are not from 0 to 720")
    return hours


def _secret(text: str) -> str:
    """Raises BadInput, without quoting it, where it can be guessed."""
    if len(text) < SHORTEST_SECRET or not text.isascii() or any(c.isspace() for c in text):
        raise BadInput(
            f"a token has {SHORTEST_SECRET} letters, digits and marks or more, without spaces"
        )
    return text


@dataclass(frozen=True)
class Settings:
    """Each field is the variable DLEXPLAIN_<FIELD>; the value here is its default.

    home            folder for everything dlexplain writes
    data            folders below which pages may read, with ":" between as in PATH; by default the
                    user's home folder and the one where the dashboard was started, if it listens to
                    this machine alone, otherwise none
    shared          whether others use the dashboard (1 or 0): nothing is then allowed by default
    hub             whether pages may fetch models from the Hugging Face hub (1 or 0); by default
                    only those of a dashboard that is not shared
    device          auto, cpu, cuda, cuda:N or mps; auto takes CUDA, else MPS, else the CPU
    max_file_mb     largest picture file accepted, in megabytes (10^6 bytes)
    max_megapixels  largest picture accepted, checked in its header before it is decoded
    decode_seconds  processor time that decoding a large picture may take
    max_uploads     uploaded pictures that one session, which is a tab, may have
    max_uploads_megapixels  of all that it holds decoded
    max_zip_mb      largest ZIP of pictures that a page takes
    max_folder_pictures    pictures of a folder or ZIP that are explained together
    max_folder_megapixels  of all of them together, as they are decoded one after the other
    max_jobs        explanations and other work of visitors that run at once
    max_jobs_each   of them for one person; the others wait in line
    max_evaluations how often one map may ask its model; 0 for as often as it wants, by default
                    10,000 on a shared server
    max_job_seconds processor time of its thread that one job may take; 0 for as much as it wants,
                    by default 1,800 on a shared server
    cache_entries   explanations kept in memory per process
    tracking_uri    MLflow server that records runs; "" is the SQLite file in the home folder
    ray             HOST:PORT of a Ray cluster on which runs may be trained; "" is what was chosen
                    on the page Launch, if anything
    ray_runs        runs that are on the cluster, or wait for room on it, at once
    checkpoints     address to which runs on the cluster are copied as they go on, such as
                    file:///shared/runs or s3://bucket/runs; "" is none
    sweep_store     database server that holds the trials of sweeps, by its SQLAlchemy address; ""
                    is a SQLite file in each sweep's folder
    state_url       PostgreSQL database that holds the runs' states and the queue, for several
                    servers, such as postgresql://USER:PASSWORD@HOST/DATABASE; "" is the SQLite file
                    in the home folder
    webhook         http(s) address that is told when a run ends or its loss is no number; "" none
    open            whether the dashboard may listen to other machines although nobody signs in
                    (1 or 0), see docs/security.md
    allowed_hosts   names, with commas between, by which browsers may ask for the dashboard besides
                    localhost and the address it listens to
    admins, members, viewers  e-mail addresses of people who sign in, with commas between, by the
                    role they have; *@example.org stands for every address of example.org
    role_claim      claim of the identity token that says "admin", "member" or "viewer", or a list
                    with one of them; "" is none
    default_role    of whoever signs in and has no other: viewer, member or admin; "" is none, and
                    such a person is not let in
    person_runs     runs that one person who signs in has queued or at work at once; 0 is any number
    person_mb       megabytes (10^6 bytes) that one person's runs take before none begins; 0 any
    person_minutes  in 24 hours that one person's runs are at work before none begins; 0 any
    sign_in_hours   that a sign-in holds; 0 is as long as the provider's identity token says
    metrics_token   bearer token of /metrics, which is not there without one
    keep_memory     whether freed memory is kept for reuse (1 or 0): faster by a quarter on a CPU
    """

    home: Path = field(default_factory=_default_home)
    data: tuple[Path, ...] = ()
    shared: bool = False
    hub: bool | None = None
    device: str = "auto"
    max_file_mb: float = 50.0
    max_megapixels: float = 64.0
    decode_seconds: float = 20.0
    max_uploads: int = 32
    max_uploads_megapixels: float = 256.0
    max_zip_mb: int = 200
    max_folder_pictures: int = 5000
    max_folder_megapixels: float = 20000.0
    max_jobs: int = 12
    max_jobs_each: int = 3
    max_evaluations: int | None = None
    max_job_seconds: int | None = None
    cache_entries: int = 256
    tracking_uri: str = ""
    ray: str = ""
    ray_runs: int = 8
    checkpoints: str = ""
    sweep_store: str = ""
    state_url: str = field(default="", repr=False)
    webhook: str = ""
    open: bool = False
    allowed_hosts: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    viewers: tuple[str, ...] = ()
    role_claim: str = ""
    default_role: str = ""
    sign_in_hours: float = 0.0
    person_runs: int = 0
    person_mb: float = 0.0
    person_minutes: float = 0.0
    metrics_token: str = field(default="", repr=False)
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
    "home": output_path,
    "data": folders,
    "shared": yes_or_no,
    "hub": yes_or_no,
    "device": str,
    "max_file_mb": float,
    "max_megapixels": float,
    "decode_seconds": float,
    "max_uploads": int,
    "max_uploads_megapixels": float,
    "max_zip_mb": int,
    "max_folder_pictures": int,
    "max_folder_megapixels": float,
    "max_jobs": at_least_one,
    "max_jobs_each": at_least_one,
    "max_evaluations": none_or_more,
    "max_job_seconds": none_or_more,
    "cache_entries": int,
    "tracking_uri": str,
    "ray": str,
    "ray_runs": int,
    "checkpoints": str,
    "sweep_store": str,
    "state_url": _database_address,
    "webhook": web_address,
    "open": yes_or_no,
    "allowed_hosts": host_names,
    "admins": addresses,
    "members": addresses,
    "viewers": addresses,
    "role_claim": str,
    "default_role": _role,
    "sign_in_hours": _hours,
    "person_runs": int,
    "person_mb": float,
    "person_minutes": float,
    "metrics_token": _secret,
    "keep_memory": yes_or_no,
}


def chosen_file(home: Path) -> Path:
    """What was chosen on a page for this home folder: JSON. Its name is here rather than among the
    other paths, since settings are read before anything else."""
    return home / "settings.json"


def read_chosen(home: Path) -> tuple[str, str]:
    """The address of the cluster that was chosen, "" where none was; and why what is kept cannot
    be read, a sentence, or ""."""
    file = chosen_file(home)
    try:
        kept = json.loads(file.read_text("utf-8"))
        if not isinstance(kept, dict) or not isinstance(address := kept.get("ray", ""), str):
            raise ValueError("it is no JSON object with an address in it")
        if address:
            cluster_address(address)
    except FileNotFoundError:
        return "", ""
    except (OSError, ValueError, RecursionError) as error:  # BadInput is a ValueError
        return "", f"{file} is damaged, so that no cluster is known by it: {error}"
    return address, ""


class _OfThisProcess:
    """The environment is read once; what was chosen on a page, whenever its file has changed, so
    that other processes of the home folder see it too."""

    def __init__(self) -> None:
        self._given: Settings | None = None
        self._known: tuple[Settings, tuple[int, int]] | None = None

    def __call__(self) -> Settings:
        given = self._given
        if given is None:
            given = self._given = Settings.from_environment()
        if given.ray:
            return given
        version, known = _version(chosen_file(given.home)), self._known
        if known is None or known[1] != version:
            ray = read_chosen(given.home)[0] if any(version) else ""
            known = self._known = replace(given, ray=ray), version
        return known[0]

    def cache_clear(self) -> None:
        """Read all of it anew when it is asked for next."""
        self._given = self._known = None


def _version(file: Path) -> tuple[int, int]:
    try:
        stat = os.stat(file)
    except (OSError, ValueError):
        return 0, 0
    return stat.st_mtime_ns, stat.st_ino


settings = _OfThisProcess()
"""The settings of this process, as `settings()`."""
