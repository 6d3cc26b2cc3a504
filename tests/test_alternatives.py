"""No picture and no chart on a page is without words for people who do not see it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DRAWN = {"image", "plotly_chart", "graphviz_chart", "pyplot"}
ELSEWHERE = {"altair_chart", "vega_lite_chart", "line_chart", "bar_chart", "area_chart"}


def without(source: str) -> Iterator[str]:
    """Calls that draw a picture or a chart without alt=, and Markdown pictures without words."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            given = {keyword.arg for keyword in node.keywords}
            if node.func.attr in DRAWN and "alt" not in given:
                yield f"{node.lineno}: {node.func.attr}"
            if node.func.attr in ELSEWHERE:
                yield f"{node.lineno}: {node.func.attr}"


def nameless(source: str) -> bool:
    """Whether an option of a control is a picture alone: ![](...) with nothing behind it."""
    return any(
        isinstance(node, ast.JoinedStr)
        and ast.unparse(node)[2:].startswith("![](")
        and ast.unparse(node).rstrip("'\"").endswith(")")
        for node in ast.walk(ast.parse(source))
    )


def test_every_picture_and_chart_has_an_alternative_text() -> None:
    wrong = []
    for path in [*ROOT.glob("pages/**/*.py"), *ROOT.glob("dlexplain/ui/**/*.py")]:
        source = path.read_text()
        wrong += [f"{path.relative_to(ROOT)}:{one}" for one in without(source)]
        if nameless(source):
            wrong.append(f"{path.relative_to(ROOT)}: a picture is all that an option says")
    assert wrong == []


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("st.image(pixels)", True),
        ("column.image(pixels, alt='A cat')", False),
        ("place.plotly_chart(figure, key='a')", True),
        ("st.line_chart(rows)", True),
    ],
)
def test_what_has_none_is_seen(code: str, seen: bool) -> None:
    assert bool(list(without(code))) is seen


def test_a_nameless_option_is_seen() -> None:
    assert nameless("f'![]({address})'")
    assert not nameless("f'![]({address}) {literal(label)}'")
    assert not nameless("f'![Picture {place}]({address})'")
