"""10,000 pictures on a Ray cluster, a worker killed and then the job itself: twice, missing?

python benchmarks/many.py [--count N]

CIFAR-10's pictures of ../shared/data/cifar10 or the folder in DLEXPLAIN_TEST_DATA: all of test.zip
(5,000 there), then as many a class of train.zip as it takes. Grad-CAM by cifar10-cnn, by two
workers of a cluster of this machine. The first worker that is found is killed (SIGKILL) when a
sixth of the shards is kept, the job when half are; it is gone on with on the cluster. Then one
process does it all without a fault, in another folder, and the files are compared.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import pyarrow.parquet as pq

from tests.execution.clusters import ROOT, TestCluster, started

DATA = Path(os.environ.get("DLEXPLAIN_TEST_DATA", "../shared/data")) / "cifar10"
MODEL, METHOD, SHARD = "cifar10-cnn", "grad-cam", 64
PATIENCE = 900.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = pictures(folder / "cifar10.zip", count)
        with zipfile.ZipFile(source) as archive:
            asked = archive.namelist()
        words = ["explain-many", str(source), "--model", MODEL, "--method", METHOD]
        words += ["--shard", str(SHARD), "--json", "--out"]
        out, whole = folder / "out", folder / "whole"
        shards = -(-count // SHARD)
        with started() as cluster:
            job = begun([*words, str(out), "--on", "ray"], cluster)
            wait(job, out, shards // 6)
            worker = cluster.workers("ray::Workplace")[0]
            worker.kill()
            print(f"worker {worker.pid} killed, {kept(out)} of {shards} shards kept", flush=True)
            wait(job, out, shards // 2)
            job.send_signal(signal.SIGKILL)
            job.wait()
            before = kept(out)
            print(f"job {job.pid} killed, {before} of {shards} shards kept", flush=True)
            resumed = told(begun([*words, str(out), "--on", "ray", "--resume"], cluster))
        alone = told(begun([*words, str(whole)], None))
    names = resumed["names"]
    twice = [name for name, times in Counter(names).items() if times > 1]
    for label, value in (
        ("asked", len(asked)), ("rows", len(names)), ("distinct names", len(set(names))),
        ("missing", len(set(asked) - set(names))), ("twice", len(twice)),
        ("could not be read", resumed["refused"]),
        ("done before the job was killed", resumed["earlier"]),
        ("by two workers, the rest, s", round(resumed["seconds"], 1)),
        ("by one process, all, s", round(alone["seconds"], 1)),
        ("right by the folders' names", f'{resumed["right"]} of {resumed["known"]}'),
        ("files as of one process without a fault", resumed["digest"] == alone["digest"]),
    ):  # fmt: skip
        print(f"{label:42}{value:>14,}" if type(value) is int else f"{label:42}{value!s:>14}")
    whole_set = sorted(names) == sorted(asked)
    return 0 if whole_set and not twice and resumed["digest"] == alone["digest"] else 1


def pictures(target: Path, count: int) -> Path:
    """A ZIP of so many, as their files are."""
    with zipfile.ZipFile(DATA / "test.zip") as test, zipfile.ZipFile(DATA / "train.zip") as train:
        entries = [(test, name) for name in test.namelist()]
        by_number = sorted(train.namelist(), key=lambda name: (Path(name).name, name))
        entries += [(train, name) for name in by_number]
        if count > len(entries):
            raise SystemExit(f"{DATA} has {len(entries):,} pictures, not {count:,}")
        with zipfile.ZipFile(target, "w") as made:
            for archive, name in entries[:count]:
                made.writestr(name, archive.read(name))
    return target


def begun(words: list[str], cluster: TestCluster | None) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    environment |= {"DLEXPLAIN_RAY": cluster.address if cluster else ""}
    command = [sys.executable, "-m", "dlexplain", *words]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def told(job: subprocess.Popen[str]) -> dict[str, object]:
    """What the job prints at its end, and the names in its rows."""
    printed = job.communicate(timeout=PATIENCE)[0]
    if job.returncode:
        raise SystemExit(f"the job ended with status {job.returncode}")
    found = json.loads(printed)
    files = sorted(Path(found["folder"]).glob("shards/*.parquet"))
    names = [name for file in files for name in pq.read_table(file)["name"].to_pylist()]
    return {**found, "names": names}


def kept(out: Path) -> int:
    lines = out / "answers.jsonl"
    return lines.read_text().count("\n") if lines.exists() else 0


def wait(job: subprocess.Popen[str], out: Path, shards: int) -> None:
    """Until so many are kept."""
    until = time.monotonic() + PATIENCE
    while kept(out) < shards:
        if job.poll() is not None or time.monotonic() > until:
            raise SystemExit(f"{kept(out)} of {shards} shards were kept when it was to be killed")
        time.sleep(0.02)


if __name__ == "__main__":
    raise SystemExit(main())
