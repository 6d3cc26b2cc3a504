"""Copies of a run in an object store, by moto's server. s3fs and moto come by requirements-dev.txt
(66 MB, most of it moto's and botocore's tables), so `make test` runs this; skipped where one of
them is missing."""

import os
from pathlib import Path

import pytest

from dlexplain.execution.clusters.mirror import Mirror, check_mirror

pytest.importorskip("s3fs")
server = pytest.importorskip("moto.server")


@pytest.mark.filterwarnings("ignore")  # moto's and botocore's own
def test_a_run_is_copied_to_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    store = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    store.start()
    try:
        host, port = store.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://{host}:{port}")
        import s3fs

        s3fs.S3FileSystem().mkdir("runs")
        check_mirror("s3://runs")
        file = tmp_path / "runs" / "1" / "checkpoints" / "latest-1.ckpt"
        file.parent.mkdir(parents=True)
        file.write_bytes(os.urandom(1000))
        notes: list[str] = []
        mirror = Mirror("s3://runs/of-us", tmp_path, "1", notes.append)
        mirror.take(file)
        found = s3fs.S3FileSystem(skip_instance_cache=True, use_listings_cache=False)
        name = "runs/of-us/1/checkpoints/latest-1.ckpt"
        assert found.find("runs") == [name]
        assert found.cat_file(name) == file.read_bytes()
        file.unlink()
        mirror.take(file)
        assert notes == []
        found.invalidate_cache()
        assert found.find("runs") == []
    finally:
        store.stop()
