"""Two picture classifiers beside each other on the page Image, and one's own model's card."""

import time
from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.own_pictures import save

IMAGE = str(Path(__file__).parents[2] / "pages/explain/1_image.py")


def page(**query: str) -> AppTest:
    app = AppTest.from_file(IMAGE, default_timeout=90)
    for key, value in {"sample": "chelsea", "methods": "grad-cam", **query}.items():
        app.query_params[key] = value
    app.run()
    stop = time.monotonic() + 60
    while "answers" in app.session_state and app.session_state["answers"].active:
        assert time.monotonic() < stop, "the jobs did not end"
        time.sleep(0.1)
    return app.run()


def words(app: AppTest) -> str:
    found = [*app.caption, *app.markdown, *app.subheader, *app.info, *app.warning, *app.error]
    return " ".join(element.value.replace("\\", "") for element in found)


def test_both_are_asked_and_their_maps_compared() -> None:
    app = page(model="cifar10-resnet", beside="cifar10-cnn")
    assert not app.exception and not app.error
    jobs = app.session_state["answers"].jobs
    assert [job.result.model for job in jobs] == ["cifar10-resnet", "cifar10-cnn"]
    assert jobs[0].result.target == jobs[1].result.target
    labels = [metric.label for metric in app.metric]
    assert labels == ["SSIM", "Spearman", "Top 10% in common (by chance 10%)"]
    assert "Compared on 32 × 32 places that both saw" in words(app)
    assert app.query_params["beside"] == "cifar10-cnn"


def test_a_model_of_other_classes_explains_its_own() -> None:
    app = page(model="cifar10-resnet", beside="digits-cnn")
    assert not app.exception and not app.error
    assert "It has no class “cat”" in words(app)
    assert app.session_state["answers"].jobs[1].result.model == "digits-cnn"


def test_a_method_that_the_second_does_not_allow_is_told() -> None:
    app = page(model="cifar10-cnn", beside="cifar10-cnn-tanh", methods="guided-backprop,grad-cam")
    assert not app.exception and not app.error
    assert "does not allow Guided Backpropagation" in words(app)
    assert len(app.session_state["answers"].jobs) == 3


def test_the_first_model_cannot_be_the_second() -> None:
    app = page(model="cifar10-cnn", beside="cifar10-cnn")
    assert not app.exception
    assert app.selectbox(key="beside").value is None


def test_ones_own_model_has_a_card(tmp_path: Path) -> None:
    save("resnet", tmp_path / "resnet")
    app = page(model=str(tmp_path / "resnet"))
    assert not app.exception and not app.error
    assert "**Input**: 3 × 64 × 64, RGB" in words(app)
    assert "How pixels are normalised was not said" not in words(app)
