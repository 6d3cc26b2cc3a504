"""A model of one's own is chosen once it has loaded, on every page on which one can be named."""

from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from tests.own import SMALL, classifier, read_again, save_own
from tests.own_files import save_onnx, write_card

PAGES = Path(__file__).parents[2] / "pages"
NAMED = {
    # page, its parameter in the address, the key of its picker, of its list of own models
    "text": ("explain/2_text.py", "classifier", "classifier", "own-classify-text"),
    "attention": ("explain/3_attention.py", "attending", "attending", "own-classify-text"),
    "image": ("explain/1_image.py", "model", "model", "own-classify-image"),
    "writing": ("generate/2_writing.py", "model", "writing-model", "own-language-model"),
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


def test_a_file_is_chosen_with_the_methods_that_need_no_gradients(tmp_path: Path) -> None:
    save_onnx(tmp_path / "net.onnx")
    write_card(tmp_path / "net.onnx")
    name = str(tmp_path / "net.onnx")
    app = opened("image", sample="coffee")
    assert "Folder, file, or name" in app.text_input(key="own-model").label
    app.text_input(key="own-model").input(name).run()
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="model").value == name
    assert app.multiselect(key="methods").value == ["superpixel-ablation"]
    assert "Occlusion" in app.multiselect(key="methods").options
    assert "Grad-CAM" not in app.multiselect(key="methods").options
    assert any("an ONNX file gives no gradients" in caption.value for caption in app.caption)


@pytest.mark.parametrize("view", ["architecture", "maps", "channel", "field", "steps"])
def test_a_file_without_layers_is_told_on_the_page_of_layers(view: str, tmp_path: Path) -> None:
    save_onnx(tmp_path / "net.onnx")
    app = AppTest.from_file(str(PAGES / "inside/1_layers.py"), default_timeout=120)
    app.query_params["model"] = name = str(tmp_path / "net.onnx")
    app.query_params["view"], app.query_params["sample"] = view, "coffee"
    app.run()
    assert not app.exception
    assert app.selectbox(key="model").value == name
    told = [one.value for one in (*app.error, *app.info)]
    assert any("shows none of its layers" in t or "no convolution" in t for t in told)


@pytest.mark.parametrize("page", ["image", "text"])
def test_a_file_that_cannot_be_read_is_told_and_not_chosen(page: str, tmp_path: Path) -> None:
    (tmp_path / "net.pt").write_bytes(b"")
    (tmp_path / "net.onnx").write_bytes(b"")
    _, _, picker, own = NAMED[page]
    app = opened(page)
    for file, told in (("net.pt", "is a pickle"), ("net.onnx", "is no ONNX file")):
        app.text_input(key=f"own-{picker}").input(str(tmp_path / file)).run()
        assert not app.exception
        (error,) = app.error
        assert (told if page == "image" else "the folder of a model is accepted") in error.value
        assert app.session_state[own] == []
