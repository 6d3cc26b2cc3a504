"""Every page, its address full of what is hostile: no error page, nothing read as Markdown."""

import ast
import re
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from tests.bad_pictures import encoded, noise
from tests.pages.test_outside_texts import HOSTILE, PARAMETERS, as_markdown, opened

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    file.relative_to(ROOT / "pages").with_suffix("").as_posix()
    for file in (ROOT / "pages").glob("*/*.py")
)
READS = {"from_address", "contrast_from_address", "first_of", "many_from_address"}
DANGEROUS = re.compile(
    r"!\[x\]|(?<!\\)\[y\]|https://evil|www\.evil|(?<!\\)<img(?! src=\"data:image/)"
)
VALUES = {"hostile": HOSTILE, "digits": "9" * 5_000, "odd": "\0%s{0}../²,=:\u202e"}


def parameters() -> set[str]:
    """All that the code reads from addresses by a name that is written there, and those of the
    tests of single ones."""
    found = {name for names in PARAMETERS.values() for name in names.split()}
    for file in [*ROOT.glob("pages/*/*.py"), *ROOT.glob("dlexplain/ui/**/*.py")]:
        found |= set(_read_in(ast.parse(file.read_text())))
    return found - {"lang"}  # which changes all else


def _read_in(tree: ast.Module) -> Iterator[str]:
    known = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Call(ast.Name(name), [given, *_]) if name in READS:
                pass
            case ast.Call(ast.Attribute(ast.Attribute(attr="query_params"), "get"), [given, *_]):
                pass
            case ast.Call(ast.Name("to_address"), [ast.Dict(keys=keys)]):
                yield from (key.value for key in keys if isinstance(key, ast.Constant))  # type: ignore[misc]
                continue
            case _:
                continue
        value = known.get(given.id) if isinstance(given, ast.Name) else None
        value = given.value if isinstance(given, ast.Constant) else value
        if isinstance(value, str):
            yield value


def test_they_are_found() -> None:
    assert {"model", "sample", "text", "run", "sweep", "defence", "begins"} <= parameters()
    assert len(PAGES) > 20


def cases() -> list[Any]:
    """Each page with what is hostile and with one of the others, by turns; all others are slow,
    since what reads addresses is the same on every page and test_fuzz.py gives it everything."""
    hostile, *others = VALUES
    return [
        pytest.param(page, kind, marks=[] if kind in (hostile, usual) else pytest.mark.slow)
        for page, usual in zip(PAGES, cycle(others))
        for kind in VALUES
    ]


@pytest.mark.parametrize(("page", "kind"), cases())
def test_all_of_an_address_is_hostile(page: str, kind: str) -> None:
    """At once; tests/pages/test_outside_texts.py asks for one after the other."""
    app = opened(page, **dict.fromkeys(parameters(), VALUES[kind]))
    assert not app.exception
    assert [text for text in as_markdown(app) if DANGEROUS.search(text)] == []
    assert [text for text in as_markdown(app) if "9" * 400 in text] == []


FILE = f"{HOSTILE} **b** `c`"
"""The name of a file, before its ending."""
UPLOADS: dict[str, tuple[str, dict[str, str], str, str, bytes]] = {
    "picture": ("explain/1_image", {}, "uploads", "png", b"no picture"),
    "picture of layers": ("inside/1_layers", {"view": "maps"}, "uploads", "png", b"no picture"),
    "good picture": ("explain/1_image", {}, "uploads", "png", encoded(noise(9, 9), "PNG")),
    "series": ("explain/6_forecast", {"series": "upload"}, "forecast-file", "csv", b"a,b\n1,2\n"),
    "texts": ("explain/2_text", {"mode": "table"}, "text-table", "csv", b"x\x00y"),
    "ZIP": ("explain/7_many_pictures", {"model": "digits-cnn"}, "many-upload", "zip", b"no ZIP"),
}
"""What is uploaded -> page, address, field, ending, content."""


@pytest.mark.parametrize("what", UPLOADS)
def test_the_name_of_an_upload_is_shown_as_it_is(what: str) -> None:
    page, query, key, ending, content = UPLOADS[what]
    app = opened(page, **query)
    field = next((one for one in app.get("file_uploader") if one.key == key), None)
    if field is None:  # where a sample is shown first
        choice = next(one for one in app.segmented_control if "Upload" in one.options)
        app = choice.set_value("Upload").run()
        field = app.file_uploader(key=key)
    file = (f"{FILE}.{ending}", content, "application/octet-stream")
    several = bool(getattr(field, "accept_multiple_files", False) or key == "uploads")
    app = field.set_value([file] if several else file).run()
    assert not app.exception
    assert [text for text in as_markdown(app) if DANGEROUS.search(text)] == []
