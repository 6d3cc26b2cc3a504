"""A finished run is trained for more epochs as a new run that begins with its weights."""

from dataclasses import replace

import numpy as np
import pytest

from dlexplain.errors import BadInput, RunError
from dlexplain.services.training import longer
from dlexplain.services.training import runs as service
from dlexplain.services.training.inline import inline_queue
from tests.services.test_runs import failed_run
from tests.trained import digits_run


def test_it_begins_where_the_run_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "local_queue", inline_queue)
    first = service.run(digits_run())
    assert longer.can_train_longer(first)
    record = longer.train_longer(first.id, 1)
    assert record.state == "finished", record.why
    assert record.flat["parent"] == first.id
    assert record.flat["training.epochs"] == 1
    assert record.name == "digits 0, 1 epoch more"
    same = {k: v for k, v in first.flat.items() if k != "training.epochs"}
    assert {k: v for k, v in record.flat.items() if k in same} == same
    (begun,) = service.curves([record], "train/loss")
    (before,) = service.curves([first], "train/loss")
    assert begun.values[0] < 0.5 * before.values[0]
    assert any("is taken" in note or "are taken" in note for note in record.notes)
    assert np.isfinite(begun.values).all()


def test_what_learns_stays_what_it_was() -> None:
    first = digits_run()
    how = {"learns": "head", "layer_decay": 1.0}
    record = replace(service.run(first), spec={**service.run(first).spec, "transfer": how})
    assert longer.longer_spec(record, 1).transfer == how


def test_what_cannot_be_trained_longer_is_told() -> None:
    run = failed_run()
    assert not longer.can_train_longer(service.run(run))
    with pytest.raises(RunError, match="is failed; resume it, and train longer when"):
        longer.train_longer(run, 2)
    service.delete(run)
    for epochs in (0, 1001):
        with pytest.raises(BadInput, match=f"epochs is {epochs}; it takes a whole number from 1"):
            longer.longer_spec(service.run(digits_run()), epochs)
