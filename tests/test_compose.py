"""deploy/compose.yaml: by Docker itself where it has compose, and by the schema of compose files.

compose_spec.json is the Compose Specification's (https://github.com/compose-spec/compose-spec,
Apache-2.0), as docker-compose 1.29.2 has it.
"""

import json
import os
import re
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from dlexplain.settings import Settings

ROOT = Path(__file__).parents[1]
FILE = ROOT / "deploy" / "compose.yaml"
SECRETS = {"POSTGRES_PASSWORD": "a", "MINIO_USER": "b", "MINIO_PASSWORD": "c"}


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return found


def check(told: dict[str, Any]) -> None:
    schema = json.loads((ROOT / "tests" / "compose_spec.json").read_text())
    # The name of a project came after that version of the schema.
    checked = {key: value for key, value in told.items() if key != "name"}
    jsonschema.Draft201909Validator(schema).validate(checked)


def test_it_is_a_compose_file(told: dict[str, Any]) -> None:
    check(told)


def test_a_wrong_one_is_seen(told: dict[str, Any]) -> None:
    wrong = {**told, "services": {**told["services"], "more": {"prots": ["1:1"]}}}
    with pytest.raises(jsonschema.ValidationError):
        check(wrong)


def test_docker_takes_it() -> None:
    docker = shutil.which("docker")
    asked = [docker or "docker", "compose", "version"]
    if docker is None or subprocess.run(asked, capture_output=True).returncode:
        pytest.skip("no docker compose here")
    words = [docker, "compose", "--file", str(FILE), "config", "--quiet"]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, **SECRETS})
    assert done.returncode == 0, done.stderr


def test_what_its_parts_name_is_there(told: dict[str, Any]) -> None:
    services = told["services"]
    assert set(services) == {
        "postgres", "minio", "buckets", "mlflow", "ray-head", "dashboard",
    }  # fmt: skip
    known = {f"DLEXPLAIN_{field.name.upper()}" for field in fields(Settings)}
    for service in services.values():
        assert set(service.get("depends_on", ())) <= set(services)
        for volume in service.get("volumes", ()):
            assert volume.partition(":")[0] in told["volumes"]
        for port in service.get("ports", ()):
            assert port.startswith("127.0.0.1:"), "nothing is open to everybody by itself"
        ours = {key for key in service.get("environment", ()) if key.startswith("DLEXPLAIN_")}
        assert ours <= known
    waited = [s for s in services.values() for d in s.get("depends_on", {}).items() if d]
    for service in waited:
        for name, how in service["depends_on"].items():
            if how["condition"] == "service_healthy":
                assert "healthcheck" in services[name]


def test_every_secret_is_asked_for_and_none_is_given(told: dict[str, Any]) -> None:
    named = set(re.findall(r"\$\{(\w+)", FILE.read_text()))
    example = (ROOT / "deploy" / "example.env").read_text().splitlines()
    lines = [line.partition("=") for line in example if not line.startswith("#")]
    assert {name for name, _, _ in lines} == named == set(SECRETS)
    assert [value for name, _, value in lines if name.endswith("PASSWORD")] == ["", ""]
