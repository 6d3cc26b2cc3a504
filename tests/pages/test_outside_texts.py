"""Whatever an address asks for is shown as it is: no image, no link, no error page."""

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dlexplain.ui.markdown import literal

ROOT = Path(__file__).parents[2]
HOSTILE = "![x](https://evil.example/x.png) [y](https://evil.example) www.evil.example <img src=x>"
PARAMETERS = {
    "explain/1_image": "model sample test target contrast methods",
    "explain/2_text": "mode classifier beside class rather methods text by",
    "explain/3_attention": "attending attention marks window focus heads layer head text",
    "generate/2_writing": "view model prompt text token method temperature count seed",
    "explain/5_translation": "model text beam candidate token layer head",
    "explain/6_forecast": "view model series origin target step what intervals change methods",
    "explain/7_many_pictures": "model method rival",
    "explain/8_objects": "view model",
    "generate/1_latent": "model view test class picture seed",
    "secure/1_attack": "input model sample method norm",
    "inside/1_layers": "view model layer channel example row column reader text token unit part",
    "train/1_launch": "preset run",
    "train/2_runs": "run zoo find",
    "train/3_compare": "runs group",
}
SHOWN = (
    "error", "warning", "info", "success", "exception", "markdown", "caption", "title", "header",
    "subheader", "toast", "metric", "button", "expander", "tab", "checkbox", "toggle",
)  # fmt: skip
CASES = [
    pytest.param(page, name, marks=[] if place % 3 == 0 else pytest.mark.slow)
    for page, names in PARAMETERS.items()
    for place, name in enumerate(names.split())
]
"""The first of each page and every third behind it; the others are slow, since all of an address at
once, as tests/security/test_addresses.py asks it of every page, is no different for most."""


def opened(page: str, **query: str) -> AppTest:
    """Pages link to each other, so app.py is around them."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.switch_page(f"pages/{page}.py")
    app.query_params.update(query)
    return app.run()


def as_markdown(app: AppTest) -> list[str]:
    """Every text that the browser would read as Markdown."""
    texts = []
    for kind in SHOWN:
        for element in app.get(kind):
            texts += [str(getattr(element, part, "")) for part in ("value", "label", "help")]
    for kind in ("button_group", "segmented_control", "pills"):
        texts += [option for element in app.get(kind) for option in getattr(element, "options", ())]
    return texts


@pytest.mark.parametrize(("page", "name"), CASES)
def test_no_image_and_no_link_of_an_address(page: str, name: str) -> None:
    app = opened(page, **{name: HOSTILE})
    assert not app.exception
    dangerous = re.compile(r"!\[x\]|(?<!\\)\[y\]|https://evil|www\.evil|(?<!\\)<img")
    assert [text for text in as_markdown(app) if dangerous.search(text)] == []


@pytest.mark.parametrize("value", ["~nobody-here", "x" * 3000, "a\0b", "../" * 1200])
@pytest.mark.parametrize(
    ("page", "name"),
    [
        ("explain/2_text", "classifier"),
        ("generate/2_writing", "model"),
        ("explain/1_image", "model"),
        ("explain/8_objects", "model"),
        ("train/2_runs", "run"),
    ],
)
def test_a_name_that_is_no_path_is_one_short_sentence(page: str, name: str, value: str) -> None:
    app = opened(page, **{name: value})
    assert not app.exception
    told = [element.value for kind in ("warning", "error") for element in app.get(kind)]
    assert len(told) == 1
    assert len(told[0]) < 2500  # names that are known may follow, the value is cut
    assert value[:8].replace("\0", "␀")[:1] in told[0]
    assert "x" * 300 not in told[0]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a_b *c* _d", r"a_b \*c\* \_d"),
        ("one\n\n    two", "one two"),
        ("\x1b[1m", r"␛\[1m"),
        ("![x](y)", r"!\[x\](y)"),
        ("https://x.example", "https\u2060://x.example"),
        ("a@b.example www.x", "a\u2060@b.example www\u2060.x"),
        (":material/home: :smile:x", ":\u2060material/home: :\u2060smile:x"),
        (":red[a] :red", r"\:red\[a\] \:red"),
        ("a -> b", "a -\u2060\\> b"),
        ("2021. Report", r"2021\. Report"),
        ("# a", r"\# a"),
        ("set --origin to 10:30 in sst2-cnn (a.b)", "set --origin to 10:30 in sst2-cnn (a.b)"),
        (ValueError("[x]"), r"\[x\]"),
    ],
)
def test_literal_leaves_nothing_for_markdown(text: object, written: str) -> None:
    assert literal(text) == written


def test_literal_cuts_long_values() -> None:
    told = literal(f'there is no sample "{"x" * 3000}"; there are two')
    assert len(told) < 300
    assert told.endswith('"; there are two')
