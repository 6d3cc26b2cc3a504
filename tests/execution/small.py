"""Small runs, homes of their own, a model that calls back at a step, and curves to compare."""

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from dlexplain.execution.measuring import TIMED_STEPS, WARM_STEPS
from dlexplain.execution.paths import tracking_file
from dlexplain.execution.spec import RunSpec
from dlexplain.execution.states import RunRow
from dlexplain.execution.store import Tracking
from dlexplain.execution.system import PREFIX
from dlexplain.networks.base import ARCHITECTURES, PictureShape
from dlexplain.networks.cnn import Params as CNNParams
from dlexplain.networks.modules.cnn import ArticleCNN

STEPS_AN_EPOCH = 6
"""Of PICTURES: 100 in batches of 16; the last 4 are left out."""
EPOCHS = 4
STEPS = STEPS_AN_EPOCH * EPOCHS
PICTURES = RunSpec(
    task="classify-image",
    model="probe",
    data="shapes",
    data_params={"count": 100, "side": 16},
    model_params={"width": 4, "blocks": 2, "dense": 16, "dropout": 0.3},
    training={
        "epochs": EPOCHS, "batch_size": 16, "precision": "float32", "learning_rate": 0.01,
    },
    augmentation={"flip": "random", "shift": 2, "cutout": 4, "mixup": 0.2, "colour": 0.2},
    device="cpu",
)  # fmt: skip
SERIES = RunSpec(
    task="forecast",
    model="lstm-forecaster",
    data="macrodata",
    task_params={"window": 12, "horizon": 4},
    model_params={"hidden": 8, "layers": 2, "dropout": 0.3},
    training={"epochs": 6, "batch_size": 16, "precision": "float32", "learning_rate": 0.01},
    device="cpu",
)
Curves = dict[str, dict[int, float]]


class Probe(ArticleCNN):
    """The article's CNN, which calls `Probe.at(n, self)` before its n-th training forward pass.

    Only the network that is trained counts far: those measured are copies, made at 0.
    """

    at: Callable[[int, "Probe"], None] = staticmethod(lambda count, net: None)

    def __init__(self, shape: PictureShape, params: CNNParams) -> None:
        super().__init__(shape, params)
        self.count = 0
        Probe.at(-1, self)

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.count += 1
            Probe.at(self.count, self)
        return super().forward(x)


@contextmanager
def probed() -> Iterator[None]:
    """Probe can be named by a spec; the register has no way back, since nobody else needs one."""
    ARCHITECTURES.add("probe", replace(ARCHITECTURES["cnn"], name="probe", module=Probe))
    try:
        yield
    finally:
        del ARCHITECTURES._entries["probe"]
        Probe.at = staticmethod(lambda count, net: None)


Act = Callable[[Probe], Any]


@contextmanager
def at(step: int, act: Act) -> Iterator[Callable[[int, Act], None]]:
    """Call `act` before training step `step`, which is more than are measured before the training;
    -1 is while the network is built. Gives a function that adds another.
    """
    acts: dict[int, Act] = {}

    def then(step: int, act: Act) -> None:
        assert step < 0 or step > WARM_STEPS + TIMED_STEPS
        acts[step] = act

    def call(count: int, net: Probe) -> None:
        acts.get(count, lambda net: None)(net)

    then(step, act)
    Probe.at = staticmethod(call)
    try:
        yield then
    finally:
        Probe.at = staticmethod(lambda count, net: None)


@dataclass
class Homes:
    """Makes home folders whose MLflow file is a copy, since making one takes five seconds."""

    factory: pytest.TempPathFactory
    template: Path | None = None

    def __call__(self, home: Path | None = None) -> Path:
        if self.template is None:
            self.template = self.factory.mktemp("template")
            _ = Tracking(self.template).client
        home = home or self.factory.mktemp("home")
        home.mkdir(parents=True, exist_ok=True)
        shutil.copy(tracking_file(self.template), tracking_file(home))
        return home


def with_training(spec: RunSpec, **more: Any) -> RunSpec:
    return replace(spec, training={**spec.training, **more})


def curves(home: Path, row: RunRow) -> Curves:
    """Every metric of a run in MLflow, but for its machine's: key -> step -> value."""
    tracking = Tracking(home)
    known = sorted(tracking.client.get_run(row.tracking).data.metrics)
    keys = [key for key in known if not key.startswith(PREFIX)]
    return {key: {p.step: p.value for p in tracking.history(row.tracking, key)} for key in keys}


def assert_same(found: Curves, expected: Curves) -> None:
    """The same metrics at the same steps with the same values, to float tolerance."""
    assert set(found) == set(expected)
    for key in expected:
        assert list(found[key]) == list(expected[key]), key
        assert list(found[key].values()) == pytest.approx(
            list(expected[key].values()), rel=1e-4, abs=1e-6
        ), key


def wait_until(done: Callable[[], Any], seconds: float = 90) -> None:
    stop = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < stop, "waited in vain"
        time.sleep(0.05)


def is_finite(state: dict[str, Tensor]) -> bool:
    return all(torch.isfinite(t).all() for t in state.values() if t.is_floating_point())
