"""The public API: its names, and that importing it costs nothing heavy."""

import subprocess
import sys

import pytest

import dlexplain as dx


def test_every_name_of_the_public_api_is_there() -> None:
    for name in dx.__all__:
        assert getattr(dx, name) is not None
    assert {"load_model", "classify", "explain"} <= set(dx.__all__) <= set(dir(dx))
    with pytest.raises(AttributeError, match="no attribute 'explian'"):
        dx.explian  # noqa: B018


def test_importing_it_imports_no_torch() -> None:
    code = "import dlexplain, sys; print('torch' in sys.modules, 'plotly' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"]


def test_results_draw_themselves() -> None:
    model, picture = dx.load_model(), dx.read_sample("coffee")
    bars = dx.classify(model, picture).plot()
    assert len(bars.data[0].x) == 5
    heatmap = dx.explain(model, picture, method="grad-cam", target=967).plot()
    assert heatmap.data[0].z.shape == (224, 224)
