"""The public API: its names, and that importing it costs nothing heavy."""

import subprocess
import sys
from collections.abc import Callable

import pytest

import dlexplain as dx
from dlexplain.errors import BadInput
from dlexplain.execution import paths
from dlexplain.execution.states import States
from dlexplain.services.training.presets import preset
from dlexplain.settings import settings


def test_every_name_of_the_public_api_is_there() -> None:
    for name in dx.__all__:
        assert getattr(dx, name) is not None
    assert {"load", "models", "methods", "predict", "explain"} <= set(dx.__all__) <= set(dir(dx))
    with pytest.raises(AttributeError, match="no attribute 'explian'"):
        dx.explian  # noqa: B018


def test_importing_it_imports_no_torch() -> None:
    code = "import dlexplain, sys; print('torch' in sys.modules, 'plotly' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "False"]


def test_results_draw_themselves() -> None:
    model, picture = dx.load(), dx.read_sample("coffee")
    bars = dx.predict(model, picture).plot()
    assert len(bars.data[0].x) == 5
    heatmap = dx.explain(model, picture, method="grad-cam", target=967).plot()
    assert heatmap.data[0].z.shape == (224, 224)


TASKS = {
    "digits-cnn": ("picture", dx.read_sample("coffee"), "Prediction", "Attribution"),
    "sst2-cnn": ("text", "A warm and clever film.", "TextPrediction", "TextAttribution"),
    "ptb-rnn": ("next-token", "the company said it", "Reading", "Influence"),
    "dates-gru-attention": ("translation", "5 may 1999", "Translation", "SourceInfluence"),
    "macrodata-lstm": ("series", "", "SeriesForecast", "SeriesAttribution"),
}


@pytest.mark.parametrize("name", TASKS)
def test_every_kind_of_model_is_asked_in_one_way(name: str) -> None:
    modality, x, said, why = TASKS[name]
    model = dx.load(name)
    assert model is dx.load(name)
    known = [info.name for info in dx.methods(model)]
    assert {"integrated-gradients", "lime", "kernel-shap", "shap-sampling"} <= set(known)
    assert set(known) <= {info.name for info in dx.methods(kind=modality)}
    assert type(dx.predict(model, x)).__name__ == said
    found = dx.explain(name, x, "input-x-gradient")
    assert type(found).__name__ == why
    assert found.method == "input-x-gradient"
    assert found.plot().data


def test_every_model_is_listed_with_its_task() -> None:
    known = {model.name: model.task for model in dx.models()}
    assert set(TASKS) < set(known)
    assert {known[name] for name in ("mnist-vae", "efficientnet-lite0")} == {
        "vae",
        "classify-image",
    }
    assert {model.task for model in dx.models("forecast")} == {"forecast"}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (lambda: dx.load("sst2-cnm"), 'unknown model "sst2-cnm".*did you mean "sst2-cnn"'),
        (lambda: dx.predict("mnist-gan", "x"), "mnist-gan makes pictures; dx.sample"),
        (lambda: dx.explain("mnist-gan", "x"), "mnist-gan makes pictures"),
        (lambda: dx.explain(object(), "x"), "a object is no model of dlexplain; dx.load takes"),
        (
            lambda: dx.explain("sst2-cnn", "fine", "grad-cam"),
            'unknown method for a text "grad-cam"',
        ),
        (lambda: dx.explain("sst2-cnn", "fine", "lime", regions=3), 'unknown parameter "regions"'),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(asked: Callable[[], object], words: str) -> None:
    with pytest.raises(BadInput, match=words):
        asked()


def test_a_run_that_has_not_finished_is_no_model_yet() -> None:
    states = States(paths.states_file(settings().home))
    run = states.add(preset("digits-cnn")).id
    with pytest.raises(BadInput, match=f'the run "{run}" is queued; a finished run is a model'):
        dx.load(run)
    states.cancel(run)
    states.delete(run)


def test_earlier_names_still_work_and_say_what_stands_for_them() -> None:
    with pytest.warns(DeprecationWarning, match=r"dx\.load_text_model is dx\.load now"):
        load = dx.load_text_model
    assert load("sst2-cnn") is dx.load("sst2-cnn")
    with pytest.warns(DeprecationWarning, match=r"dx\.explain_text is dx\.explain now"):
        found = dx.explain_text(load("sst2-cnn"), "a good film", "leave-one-out")
    assert found.values is dx.explain("sst2-cnn", "a good film", "leave-one-out").values
