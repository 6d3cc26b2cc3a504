"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, on a socket alone."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

USER = "owner"
PASSWORD = "not-to-be-shown"


def programs() -> Path:
    """The folder of initdb and pg_ctl; skips where there is none. scripts/find_postgres.sh has it
    installed for `make test`."""
    found = [Path(given) for given in [os.environ.get("POSTGRES_BIN", "")] if given]
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if which := shutil.which("initdb"):
        found.append(Path(which).resolve().parent)
    for folder in found:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    pytest.skip("no PostgreSQL is installed, nor could be: apt-get install postgresql")


class Cluster:
    """`address(name)` is that of a new database; `stop` and `start` are the server's."""

    def __init__(self, folder: Path) -> None:
        self.folder, self._made = folder, 0

    def _run(self, *words: str) -> None:
        # PostgreSQL refuses to run as root.
        command = [str(programs() / words[0]), "-D", str(self.folder / "data"), *words[1:]]
        user = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        log = self.folder / "log"
        with log.open("ab") as into:
            done = subprocess.run(command, cwd="/", stdout=into, stderr=into, **user)  # type: ignore[call-overload]
        assert done.returncode == 0, log.read_text()

    def make(self) -> None:
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        self._run("initdb", "-U", USER, "--auth=trust", "--no-sync", "--encoding=UTF8")
        self.start()

    def start(self) -> None:
        options = f"-F -c listen_addresses= -c unix_socket_directories={self.folder}"
        self._run("pg_ctl", "-o", options, "-l", str(self.folder / "server.log"), "-w", "start")

    def stop(self) -> None:
        self._run("pg_ctl", "-m", "immediate", "-w", "stop")

    def connect(self, database: str = "postgres") -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(host=str(self.folder), user=USER, dbname=database, autocommit=True)

    def address(self) -> str:
        self._made += 1
        name = f"store{self._made}"
        with self.connect() as db:
            db.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]
        return f"postgresql://{USER}:{PASSWORD}@/{name}?host={self.folder}"


@contextmanager
def server() -> Iterator[Cluster]:
    programs()
    # Not below pytest's folder, which no other user may enter.
    folder = Path(tempfile.mkdtemp(prefix="dlexplain-pg-", dir="/tmp"))
    made = Cluster(folder)
    try:
        made.make()
        yield made
        made.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
