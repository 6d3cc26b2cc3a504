"""Norms by layer at the ends of epochs, and what a worker takes of its machine."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from dlexplain.execution.norms import layer_weights, norms
from dlexplain.execution.paths import norms_file, weights_file
from dlexplain.execution.system import Usage
from dlexplain.figures.norms import plot_norms
from dlexplain.services.training import runs as service
from dlexplain.services.training.norms import layer_norms
from dlexplain.settings import settings
from tests.trained import digits_run


def test_a_layer_is_a_module_with_weights_of_its_own_and_shared_ones_count_once() -> None:
    shared = nn.Linear(2, 2)
    network = nn.Sequential(shared, nn.ReLU(), nn.Sequential(shared, nn.Linear(2, 1)))
    assert [(name, len(own)) for name, own in layer_weights(network)] == [("0", 2), ("2.1", 2)]


def test_the_norm_is_euclidean_over_all_weights_of_the_layer() -> None:
    found = norms({"a": [torch.tensor([3.0]), torch.tensor([[4.0]])], "none": []})
    assert found == {"a": pytest.approx(5.0)}


def test_a_run_writes_the_norms_of_each_epoch_and_the_last_are_those_of_its_weights() -> None:
    from safetensors.torch import load_file

    record = service.run(digits_run())
    found = layer_norms(record)
    assert found is not None
    assert list(found.epochs) == [1, 2, 3]
    assert found.weights.shape == found.gradients.shape == (len(found.layers), 3)
    assert np.isfinite(found.gradients).all()
    assert (found.gradients > 0).all()
    state = load_file(weights_file(settings().home, record.id))
    kept = {name.removeprefix("network."): tensor for name, tensor in state.items()}
    last = found.layers[-1]
    own = [t for n, t in kept.items() if n.rpartition(".")[0] == last]
    expected = float(torch.cat([t.flatten() for t in own]).norm())
    assert expected in [pytest.approx(value, rel=1e-5) for value in found.weights[-1]]


def test_a_damaged_line_is_left_out_and_a_later_one_of_the_same_epoch_counts() -> None:
    record = service.run(digits_run())
    file = norms_file(settings().home, record.id)
    before = file.read_text()
    again = {"epoch": 3, "step": 9, "weights": {"x": 2.0}, "gradients": {}}
    try:
        file.write_text(f"{before}{{broken\n{json.dumps(again)}\n")
        found = layer_norms(record)
        assert found is not None
        assert found.weights[found.layers.index("x"), 2] == 2.0
        assert np.isnan(found.gradients[found.layers.index("x"), 2])
    finally:
        file.write_text(before)


def test_the_heatmap_has_a_row_a_layer_with_the_norms_themselves_in_its_scale() -> None:
    figure = plot_norms(("a", "b"), np.array([1, 2]), np.array([[1.0, 10.0], [100.0, np.nan]]))
    trace = figure.data[0]
    assert trace.z[0].tolist() == [0.0, 1.0]
    assert np.isnan(trace.z[1][1])
    assert trace.colorbar.ticktext[0] == "1"
    assert trace.colorbar.ticktext[-1] == "1e+02"
    assert list(figure.layout.yaxis.ticktext) == ["a", "b"]


def test_a_sample_says_what_this_process_takes() -> None:
    usage = Usage()
    sum(place * place for place in range(300_000))
    found = usage.sample()
    assert found["system/cpu_percent"] > 0
    assert 20 < found["system/memory_mb"] < 100_000


def test_system_metrics_are_curves_but_not_compared_by_default() -> None:
    from dataclasses import replace

    like = service.run(digits_run())
    record = replace(like, metrics={**like.metrics, "system/memory_mb": 500.0})
    assert "system/memory_mb" not in service.metric_keys([record])
    assert service.metric_keys([record], system=True)[-1] == "system/memory_mb"
