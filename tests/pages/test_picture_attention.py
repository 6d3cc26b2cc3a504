"""The page on attention, of pictures: its views, a patch in focus, the address, models without."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.own_pictures import save

PAGE = str(Path(__file__).parents[2] / "pages/explain/3_attention.py")
VIEWS = ("all", "head", "rollout", "class", "numbers")


@pytest.fixture(scope="module")
def vit(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A vision Transformer of 4 × 4 patches, two layers of four heads."""
    folder = tmp_path_factory.mktemp("models") / "vit"
    save("vit", folder)
    return str(folder)


def page(model: str = "", **query: str) -> AppTest:
    app = AppTest.from_file(PAGE, default_timeout=90)
    named = {"model": model} if model else {}
    for key, value in {"of": "picture", "sample": "chelsea", **named, **query}.items():
        app.query_params[key] = value
    return app.run()


def words(app: AppTest) -> str:
    found = [*app.caption, *app.markdown, *app.info, *app.warning, *app.error]
    return " ".join(element.value.replace("\\", "") for element in found)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_draws(vit: str, view: str) -> None:
    app = page(vit, **{"patch-view": view})
    assert not app.exception and not app.error
    assert app.session_state["model"] == vit
    assert app.query_params["patch-view"] == view
    assert app.get("download_button")


def test_the_address_brings_back_head_and_patch(vit: str) -> None:
    app = page(vit, **{"patch-view": "head", "layer": "2", "head": "3", "patch": "12"})
    assert (app.slider(key="layer").value, app.slider(key="head").value) == (2, 3)
    assert app.selectbox(key="patch").value == 11
    assert "layer 2, head 3" in words(app)
    app.selectbox(key="patch").set_value(None).run()
    assert not app.exception
    assert "patch" not in app.query_params


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"patch": "nine"}, "patch is"),
        ({"patch-view": "all at once"}, "unknown view"),
        ({"model": "cifar10-resnet"}, "shows no heads"),
        ({"of": "music"}, "unknown kind of input"),
    ],
)
def test_an_address_that_is_wrong_is_told(vit: str, query: dict[str, str], said: str) -> None:
    app = page(**{"model": vit, **query})
    assert not app.exception
    assert said in words(app)


def test_a_patch_that_the_model_lacks_is_let_go(vit: str) -> None:
    app = page(vit, patch="5000")
    assert not app.exception
    assert app.session_state["patch"] is None


def test_a_model_of_ones_own_is_shown_and_one_without_attention_refused(tmp_path: Path) -> None:
    for name in ("beit", "convnext"):
        save(name, tmp_path / name)
    app = page(model=str(tmp_path / "beit"))
    assert not app.exception and not app.error
    assert "the 16 tokens that are read for the class" in app.selectbox(key="patch").placeholder
    app.text_input(key="own-model").input(str(tmp_path / "convnext")).run()
    assert not app.exception
    assert "no attention that can be shown" in words(app)
    assert app.session_state["model"] == str(tmp_path / "beit")


def test_the_zoos_vision_transformer_is_shown_at_first() -> None:
    app = page()
    assert not app.exception and not app.error
    assert app.session_state["model"] == "cifar10-vit"
    assert app.selectbox(key="patch").options[0] == "the patch in row 1, column 1"
    assert app.get("download_button")


def test_text_and_picture_lie_beside_each_other(vit: str) -> None:
    app = page(vit)
    app.segmented_control(key="of").set_value("text").run()
    assert not app.exception
    assert "attending" in app.session_state
