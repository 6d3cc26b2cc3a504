"""A language model's run: stopped in mid-epoch it goes on with the state that it carried."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor

from dlexplain.execution.checkpoints import read_checkpoint
from dlexplain.execution.paths import checkpoint_folder
from dlexplain.execution.spec import RunSpec
from dlexplain.networks.base import ARCHITECTURES, LanguageShape
from dlexplain.networks.modules.language import State
from dlexplain.networks.modules.rnn_lm import RecurrentLM
from dlexplain.networks.modules.transformer_lm import TransformerLM
from dlexplain.networks.rnn_lm import Params
from dlexplain.networks.transformer_lm import Params as TransformerParams
from dlexplain.services.training.inline import inline_queue
from tests.execution.small import Homes, assert_same, curves

STOPPED = 25
"""Training steps before the run is stopped, in the second epoch of 16 steps."""
stop: list[Callable[[], None]] = []


class Stops:
    """Counts training passes; the run is asked to end at one, where `stop` says so."""

    count = 0

    def passed(self, training: bool) -> None:
        self.count += training
        if training and self.count == STOPPED and stop:
            stop.pop()()


class StoppedRecurrent(RecurrentLM, Stops):
    def __init__(self, shape: LanguageShape, params: Params) -> None:
        super().__init__(shape, params)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        self.passed(self.training)
        return super().forward(tokens, state)


class StoppedTransformer(TransformerLM, Stops):
    def __init__(self, shape: LanguageShape, params: TransformerParams) -> None:
        super().__init__(shape, params)

    def forward(self, tokens: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        self.passed(self.training)
        return super().forward(tokens, state)


KINDS: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "lstm": ("rnn-lm", StoppedRecurrent, {"embedding": 8, "units": 8, "dropout": 0.3}),
    "transformer": (
        "transformer-lm", StoppedTransformer,
        {"layers": 1, "size": 8, "heads": 2, "context": 9, "dropout": 0.3},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_stopped_in_mid_epoch_and_resumed(kind: str, new_home: Homes, tmp_path: Path) -> None:
    file = tmp_path / "text.txt"
    words = np.random.default_rng(0).choice(["to ", "be ", "or ", "not\n"], size=1000)
    file.write_text("".join(words))
    name, build, params = KINDS[kind]
    ARCHITECTURES.add("stopped", replace(ARCHITECTURES[name], name="stopped", module=build))
    try:
        home = new_home()
        spec = RunSpec(
            task="language-model", model="stopped", data="text-file",
            data_params={"path": str(file), "tokeniser": "character", "validation": 0.1,
                         "test": 0.1},
            task_params={"time": 20, "written": 5},
            model_params=params,
            training={"epochs": 3, "batch_size": 8, "precision": "float32",
                      "learning_rate": 0.01, "clip": 1.0},
            device="cpu",
        )  # fmt: skip
        whole = inline_queue(home).submit(spec)
        assert (whole.state, whole.why) == ("finished", "trained and tested")
        stop.append(lambda: os.kill(os.getpid(), signal.SIGTERM))
        row = inline_queue(home).submit(spec)
        assert row.state == "interrupted"
        kept = read_checkpoint(checkpoint_folder(home, row.id) / f"latest-{STOPPED}.ckpt")
        assert all(part.abs().sum() > 0 for part in kept["carried"][0])
        row = inline_queue(home).resume(row.id)
        assert row.state == "finished"
        assert_same(curves(home, row), curves(home, whole))
    finally:
        del ARCHITECTURES._entries["stopped"]
