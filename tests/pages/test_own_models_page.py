"""A model of one's own is chosen once it has loaded, on every page on which one can be named."""

from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from tests.own import SMALL, classifier, read_again, save_own

PAGES = Path(__file__).parents[2] / "pages/explain"
NAMED = {
    # page, its parameter in the address, the key of its picker, of its list of own models
    "text": ("2_text.py", "classifier", "classifier", "own-classify-text"),
    "attention": ("3_attention.py", "attending", "attending", "own-classify-text"),
    "image": ("1_image.py", "model", "model", "own-classify-image"),
    "writing": ("4_writing.py", "model", "writing-model", "own-language-model"),
}


@pytest.fixture(autouse=True)
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hub cannot be reached, and is not tried for long."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)


def opened(page: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(PAGES / NAMED[page][0]), default_timeout=120)
    for key, value in query.items():
        app.query_params[key] = value
    return app.run()


@pytest.mark.parametrize("page", list(NAMED))
def test_a_hub_name_that_does_not_load_is_told_and_not_chosen(page: str) -> None:
    _, _, picker, own = NAMED[page]
    app = opened(page)
    first = app.selectbox(key=picker).value
    app.text_input(key=f"own-{picker}").input("nobody/no-such-model").run()
    assert not app.exception
    (error,) = app.error
    assert "nobody/no" in error.value
    for _ in range(2):  # nor at a later run
        assert app.selectbox(key=picker).value == first
        assert "nobody/no-such-model" not in app.selectbox(key=picker).options
        assert app.session_state[own] == []
        app.run()


@pytest.mark.parametrize("page", list(NAMED))
def test_a_hub_name_in_the_address_that_does_not_load_is_not_chosen(page: str) -> None:
    _, parameter, picker, own = NAMED[page]
    app = opened(page, **{parameter: "nobody/no-such-model"})
    assert not app.exception
    assert not app.error
    assert "nobody/no" in app.warning[0].value
    assert app.selectbox(key=picker).value != "nobody/no-such-model"
    assert app.session_state[own] == []


@pytest.mark.parametrize("page", ["text", "attention"])
def test_a_model_that_is_refused_when_it_loads_is_not_chosen(page: str, tmp_path: Path) -> None:
    name = save_own(classifier("Bert", **SMALL), tmp_path)
    spoilt = read_again(name)
    spoilt.classifier.bias.data[0] = torch.nan
    spoilt.save_pretrained(name)
    _, _, picker, own = NAMED[page]
    app = opened(page)
    first = app.selectbox(key=picker).value
    app.text_input(key=f"own-{picker}").input(name).run()
    assert not app.exception
    (error,) = app.error
    assert "no number" in error.value
    assert app.selectbox(key=picker).value == first
    assert app.session_state[own] == []


def test_a_model_that_loads_is_chosen_and_one_without_attention_not_for_it(tmp_path: Path) -> None:
    shape = {key: value for key, value in SMALL.items() if key != "num_attention_heads"}
    name = save_own(classifier("FNet", **shape), tmp_path)
    text = opened("text")
    text.text_input(key="own-classifier").input(name).run()
    assert not text.exception
    assert not text.error
    assert text.selectbox(key="classifier").value == name
    app = opened("attention")
    first = app.selectbox(key="attending").value
    app.text_input(key="own-attending").input(name).run()
    (error,) = app.error
    assert "has no attention that can be shown" in error.value
    assert app.selectbox(key="attending").value == first
