"""A Transformer's run that was stopped and resumed is the run that was not."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from dlexplain.execution.measuring import TIMED_STEPS, WARM_STEPS
from dlexplain.networks.base import ARCHITECTURES
from dlexplain.networks.modules.transformer_forecaster import TransformerForecaster
from dlexplain.services.training.inline import inline_queue
from tests.execution.small import SERIES, Homes, assert_same, curves
from tests.execution.stopping import STOP, Stopping

SPEC = replace(
    SERIES,
    model="stopping-forecaster",
    model_params={"width": 8, "heads": 2, "layers": 1, "dropout": 0.3},
)


class Net(Stopping, TransformerForecaster):
    """The network as it is, with the request to end."""


@pytest.fixture
def _stopping() -> Iterator[None]:
    known = ARCHITECTURES["transformer-forecaster"]
    ARCHITECTURES.add(SPEC.model, replace(known, name=SPEC.model, module=Net))
    yield
    del ARCHITECTURES._entries[SPEC.model]


@pytest.mark.usefixtures("_stopping")
def test_stopped_in_mid_epoch_and_resumed(new_home: Homes) -> None:
    assert STOP > WARM_STEPS + TIMED_STEPS  # those are of copies, made before the first step
    home = new_home()
    whole = inline_queue(home).submit(SPEC)
    assert whole.state == "finished", whole.why
    Stopping.stop = True
    row = inline_queue(home).submit(SPEC)
    assert (row.state, row.why) == ("interrupted", "the worker was asked to end; saved at step 9")
    row = inline_queue(home).resume(row.id)
    assert row.state == "finished", row.why
    assert_same(curves(home, row), curves(home, whole))
