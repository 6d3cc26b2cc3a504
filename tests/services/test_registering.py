"""A finished run as a version of a model in MLflow's registry."""

import pytest

from dlexplain.cli import main
from dlexplain.errors import BadInput, RunError
from dlexplain.services.training import runs as service
from dlexplain.services.training.registering import register
from tests.services.test_runs import failed_run
from tests.trained import digits_run


def test_versions_count_up_and_the_alias_moves(capsys: pytest.CaptureFixture[str]) -> None:
    run = digits_run()
    assert register(run, "Digits reader", "production") == "1"
    assert main(["register", run, "Digits reader", "--alias", "production"]) == 0
    told = capsys.readouterr().out
    assert f"run {run} is version 2 of Digits reader, which is now its production" in told
    client = service._tracking().client
    version = client.get_model_version_by_alias("Digits reader", "production")
    assert (version.version, version.run_id) in [
        (2, service.run(run).tracking),
        ("2", service.run(run).tracking),
    ]
    assert version.source.endswith("/model.safetensors")
    assert version.tags["dlexplain.run"] == run


def test_what_cannot_be_registered_is_told() -> None:
    run = failed_run()
    with pytest.raises(RunError, match=f"run {run} is failed; finished ones can be registered"):
        register(run, "x")
    service.delete(run)
    with pytest.raises(BadInput, match='the name is "a/b"; it takes'):
        register(digits_run(), "a/b")
    for alias in ("latest", "v1", "1st", "a b"):
        with pytest.raises(BadInput, match=f'the alias is "{alias}"; it takes'):
            register(digits_run(), "x", alias)
