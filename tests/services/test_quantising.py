"""Runs with fewer bits are models: loaded, explained, scored; and their training is resumed."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.datasets import load_digits

import dlexplain as dx
from dlexplain.compression.base import COMPRESSIONS
from dlexplain.compression.modules.narrow import Narrow
from dlexplain.compression.modules.static_int8 import StaticInt8
from dlexplain.errors import SpecError
from dlexplain.execution.spec import RunSpec
from dlexplain.services.scoring import run_test
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.compressing import compression_spec
from dlexplain.services.training.inline import inline_queue
from dlexplain.services.training.worker import build
from dlexplain.settings import settings
from dlexplain.trained.catalogue import trained
from dlexplain.trained.networks import fill, load_network
from tests.trained import digits_run, macrodata_run, trained_run

CPU = torch.device("cpu")


def smaller(parent: str, how: str, epochs: int = 0, **params: Any) -> str:
    spec = compression_spec(trained(parent), how, params, {"epochs": epochs})
    return trained_run(replace(spec, name=f"{parent} {how} {epochs} {params}"))


PICTURES = [
    ("static-int8", {}, 3.5),
    ("half", {}, 1.9),
    ("half", {"format": "float16"}, 1.9),
    ("dynamic-int8", {"least": 500}, 1.5),
]


@pytest.mark.parametrize(("how", "params", "times"), PICTURES)
def test_pictures(how: str, params: Any, times: float) -> None:
    run = smaller("digits-cnn", how, **params)
    small, before = dx.load(run), dx.load("digits-cnn")
    bytes_ = trained(run).weights.stat().st_size
    whole = sum(4 * p.numel() for p in load_network(trained("digits-cnn")).parameters())
    assert whole > times * bytes_ * 0.9  # a file's header is a tenth of so small a one
    x = dx.load("digits-cnn").prepared.trial(16)
    said, said_before = (m.prepared.logits(x).softmax(1).numpy() for m in (small, before))
    assert np.abs(said - said_before).max() < 0.1
    assert trained(run).metrics["test/accuracy"] > 0.9
    picture = (load_digits().images[0] * 15).astype(np.uint8)
    for method in ("grad-cam", "saliency", "kernel-shap", "lrp", "integrated-gradients"):
        one, other = (dx.explain(m, picture, method, target=0).values for m in (small, before))
        assert np.isfinite(one).all()
        if method != "kernel-shap":
            assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.8, method


def test_what_is_said_with_a_gradient_is_what_is_said_without() -> None:
    for how in ("static-int8", "half"):
        model = dx.load(smaller("digits-cnn", how)).prepared
        x = model.trial(16)
        plain = model.logits(x)
        with_gradient = model.module(x.clone().requires_grad_()).detach()
        assert (plain - with_gradient).abs().max() < 0.05 * plain.abs().max()


def test_series() -> None:
    run = smaller(macrodata_run(), "dynamic-int8", least=1)
    network = load_network(trained(run))
    assert any(isinstance(module, Narrow) for module in network.modules())
    values = dx.explain(dx.load(run), method="input-x-gradient").values
    assert np.isfinite(values).all() and np.abs(values).max() > 0


@pytest.fixture(scope="module")
def writer(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A language model large enough to compute with whole numbers."""
    text = tmp_path_factory.mktemp("text") / "text.txt"
    words = [f"w{number}" for number in range(1200)]
    drawn = np.random.default_rng(0).choice(words, 8000)
    lines = "\n".join(" ".join(drawn[at : at + 10]) for at in range(0, 8000, 10))
    text.write_text(lines)
    return trained_run(
        RunSpec(
            task="language-model",
            model="rnn-lm",
            data="text-file",
            data_params={"path": str(text), "tokeniser": "word"},
            task_params={"time": 8},
            model_params={"embedding": 256, "units": 256, "layers": 1, "tied": True},
            training={"epochs": 1, "batch_size": 16, "precision": "float32"},
            name="tiny writer",
        )
    )


def test_texts_are_written(writer: str) -> None:
    run = smaller(writer, "dynamic-int8", least=1)
    found = trained(run)
    assert found.metrics["test/int8_computing"] == 2  # the LSTM, and the table that scores words
    before = trained(writer).metrics["test/perplexity"]
    assert found.metrics["test/perplexity"] == pytest.approx(before, rel=0.02)
    assert found.weights.stat().st_size < 0.27 * trained(writer).weights.stat().st_size
    model = dx.load(run)
    assert dx.generate(model, "w1 w2", count=5).text
    values = dx.explain(model, "w1 w2 w3 w4", method="integrated-gradients").values
    assert np.isfinite(values).all()


def test_it_is_scored_as_it_was_tested() -> None:
    found = trained(smaller("digits-cnn", "static-int8"))
    built = build(found.spec, CPU, lambda text, part: None, learns=False)
    built.module.network = load_network(found)
    tested = run_test(built.module, built.data, validate=False)
    assert tested.metrics["test/accuracy"] == pytest.approx(found.metrics["test/accuracy"])


def test_weights_are_whole_numbers_on_disk() -> None:
    state = load_file(trained(smaller("digits-cnn", "static-int8")).weights)
    weights = {k: t for k, t in state.items() if "weight_int8" in k}
    assert len(weights) == 4 and {t.dtype for t in weights.values()} == {torch.int8}
    assert all(int(t.abs().max()) == 127 for t in weights.values())


STOPPED = 20
"""Steps before the training is stopped, in the second epoch of some 15."""
stop: list[Callable[[], None]] = []


class Stopping(StaticInt8):
    count = 0

    def after_step(self, network: torch.nn.Module, part: float) -> None:
        self.count += 1
        if self.count == STOPPED and stop:
            stop.pop()()


def test_training_with_rounding_is_resumed_and_ends_as_the_whole() -> None:
    own = replace(
        COMPRESSIONS["static-int8"], name="stopping", module=f"{__name__}:{Stopping.__name__}"
    )
    COMPRESSIONS.add("stopping", own)
    queue = inline_queue(settings().home)
    parent = trained(digits_run())
    spec = complete(compression_spec(parent, "stopping", {}, {"epochs": 2, "batch_size": 64}))
    try:
        whole = queue.submit(replace(spec, name="whole"))
        stop.append(lambda: os.kill(os.getpid(), signal.SIGTERM))
        row = queue.submit(replace(spec, name="stopped"))
        assert row.state == "interrupted"
        row = queue.resume(row.id)
        assert (whole.state, row.state) == ("finished", "finished")
        states = [load_file(trained(one.id).weights) for one in (whole, row)]
    finally:
        del COMPRESSIONS._entries["stopping"]
    assert any(key.endswith("weight_int8") for key in states[0])
    assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


def test_calibration_is_the_same_again() -> None:
    parent = digits_run()
    spec = compression_spec(trained(parent), "static-int8", {}, {"epochs": 1})
    built = build(complete(spec), CPU, lambda text, part: None)
    state = {k: t.clone() for k, t in built.module.network.state_dict().items()}
    again = build(complete(spec), CPU, lambda text, part: None)
    assert all(torch.equal(state[k], t) for k, t in again.module.network.state_dict().items())


def test_nothing_is_learned_after_rounding_for_good() -> None:
    spec = compression_spec(trained("digits-cnn"), "half", {}, {"epochs": 3})
    with pytest.raises(SpecError, match="epochs is 3; after half nothing is learned"):
        complete(spec)


def test_a_rounded_model_is_not_rounded_again() -> None:
    run = smaller("digits-cnn", "static-int8")
    spec = compression_spec(trained(run), "static-int8", {}, {"epochs": 0})
    row = inline_queue(settings().home).submit(complete(replace(spec, name="twice")))
    assert row.state == "failed" and "no convolution or linear layer" in row.why


def test_randomised_weights_are_all_of_them() -> None:
    model = dx.load(smaller("digits-cnn", "static-int8"))
    from dlexplain.explainers.prepare import in_float32

    plain = in_float32(model.prepared.module)
    assert not any(isinstance(module, Narrow) for module in plain.modules())
    x = model.prepared.trial(4).requires_grad_()
    assert torch.allclose(plain(x), model.prepared.module(x), atol=1e-5)


def test_filling_forgets_what_was_computed() -> None:
    found = trained(smaller("digits-cnn", "static-int8"))
    network = load_network(found)
    x = torch.rand(2, 1, 8, 8)
    with torch.no_grad():
        before = network(x)
        for key, tensor in network.state_dict().items():
            if key.endswith("scale"):
                tensor.mul_(3)
        fill(network, found)
        assert torch.equal(network(x), before)
