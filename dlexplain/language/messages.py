"""The sentences that pages can show, found in the source: what a catalogue has to translate.

A literal is a message as it stands; an f-string is a template, its values named by what they are:
f"{len(files):,d} pictures" is "{files} pictures", and so are Plotly's, "%{y:,} pictures". Literals
beside each other are one. Left out are docstrings, what the command line alone says, and what is no
prose: names, addresses, marks. The docstrings of what is registered, methods and metrics, are
shown: each of their paragraphs is a message.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dlexplain.language.catalogue import COUNT, ICON, PARAGRAPH, PLACE, unwrapped
from dlexplain.language.words import WORDS

ROOT = Path(__file__).parents[2]
APART = ("cli", "language", "zoo", "__main__.py", "ui/serving")
"""Of dlexplain/, what pages never show."""
SHOWN = ("ui", "figures", "results", "pages")
"""Where a single word is shown too, such as the label of a control."""
PROSE = re.compile(r"[A-Za-z]{2,}[,;:.)’']* [a-z(]|^A [a-z]")
WORD = re.compile(r"[A-Z][a-z]+([ -][A-Za-z]+)*[.:?]?")
CODE = re.compile(
    r"[<>{}\\]|\b(def|import|SELECT|UPDATE|CREATE|INSERT|DELETE|WHERE|ORDER BY|AND)\b|^[#.:/_-]"
    r"|;\s*$|--[a-z]|\n    |  # "
)
FEWEST = 2
"""Letters of its own that a message has."""
PLOTLY = re.compile(r"%\{(\w+)[^{}]*\}")
"""A value that Plotly puts into what is shown under the pointer, such as `%{y:.1%}`."""
QUIET = ("debug", "info", "warning", "exception", "filterwarnings", "compile", "execute")
"""Calls whose texts are for nobody, or no texts; `st.info` and `st.warning` are told apart."""


@dataclass(frozen=True, order=True)
class Message:
    """source  a sentence or a template;  place  the file and line where it was found first"""

    source: str
    place: str


def messages() -> dict[str, Message]:
    """All, by their source, in the order of the files."""
    found: dict[str, Message] = {}
    for file in _files():
        for source, line in of_source(file.read_text("utf-8"), _shown(file)):
            found.setdefault(source, Message(source, f"{file.relative_to(ROOT)}:{line}"))
    for word in (COUNT, *WORDS):
        found.setdefault(word, Message(word, "dlexplain/language/words.py"))
    return found


def _files() -> Iterator[Path]:
    yield from sorted((ROOT / "pages").glob("*/*.py"))
    for file in sorted((ROOT / "dlexplain").rglob("*.py")):
        if not any(file.is_relative_to(ROOT / "dlexplain" / apart) for apart in APART):
            yield file


def _shown(file: Path) -> bool:
    parts = file.relative_to(ROOT).parts
    return parts[0] in SHOWN or parts[1] in SHOWN


def of_source(source: str, words: bool) -> Iterator[tuple[str, int]]:
    """The messages of a module, and their lines.

    words  whether single words are among them
    """
    tree = ast.parse(source)
    left = {id(one) for one in _left_out(tree)}
    given = {id(one) for one in (*_nouns(tree), *_given_to_tr(tree))}
    for node in ast.walk(tree):
        if id(node) in left or not isinstance(node, ast.Constant | ast.JoinedStr):
            continue
        text = _plotly_named(_template(node).strip())
        if (icon := ICON.fullmatch(text)) and not is_message(text, words):
            text = icon[2]
        own = len(re.findall("[A-Za-z]", re.sub(r"\{\w+\}", "", text)))
        if is_message(text, words) or (id(node) in given and own >= FEWEST):
            yield text, node.lineno
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and "register" in map(ast.unparse, node.decorator_list):
            for paragraph in (ast.get_docstring(node) or "").split(PARAGRAPH):
                yield unwrapped(paragraph), node.lineno


def _plotly_named(text: str) -> str:
    taken: list[str] = PLACE.findall(PLOTLY.sub("", text))
    return PLOTLY.sub(lambda value: f"{{{_unique(value[1], taken)}}}", text)


def _given_to_tr(tree: ast.AST) -> Iterator[ast.expr]:
    """What is translated where it stands, however short it is."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="tr" | "Later"), args=[ast.IfExp() as either]):
                yield from (either.body, either.orelse)
            case ast.Call(func=ast.Name(id="tr" | "Later"), args=[given]):
                yield given
            case ast.Call(func=ast.Name(id="add_preset"), args=[_, title, *_]):
                yield title
            case ast.Call(func=ast.Name(id="SeriesAbout"), args=measured):
                yield from measured
            case ast.Call(
                func=ast.Name(id="number" | "choice" | "flag" | "name" | "text"),
                args=[_, label, *_],
            ):
                yield label
            case ast.Assign(targets=[ast.Name(id="title")], value=ast.Constant() as title):
                yield title


def _nouns(tree: ast.AST) -> Iterator[ast.expr]:
    """What is assigned to `noun`: sentences name things by it."""
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="noun", value=value):
                yield value
            case ast.Assign(targets=[ast.Name(id="noun")], value=value):
                yield value
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)):
                for name, value in zip(names, values, strict=True):
                    if isinstance(name, ast.Name) and name.id == "noun":
                        yield value


def is_message(text: str, words: bool) -> bool:
    plain = re.sub(r"\{\w+\}", "x", text)
    if CODE.search(plain):
        return False
    return bool(PROSE.search(plain) or (words and WORD.fullmatch(plain)))


def _left_out(tree: ast.AST) -> Iterator[ast.AST]:
    """Docstrings, parts of f-strings, keys, and what is said to nobody."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant | ast.JoinedStr):
            yield from ast.walk(node.value)
        elif isinstance(node, ast.JoinedStr):
            yield from node.values
            for value in node.values:
                if isinstance(value, ast.FormattedValue) and value.format_spec:
                    yield from ast.walk(value.format_spec)
        elif isinstance(node, ast.Call) and _is_quiet(node.func):
            yield from ast.walk(node)


def _is_quiet(called: ast.expr) -> bool:
    return (
        isinstance(called, ast.Attribute)
        and called.attr in QUIET
        and isinstance(called.value, ast.Name)
        and called.value.id in ("_log", "log", "logging", "warnings", "re", "connection", "cursor")
    )


def _template(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    assert isinstance(node, ast.JoinedStr)
    told, taken = "", list[str]()
    for part in node.values:
        if isinstance(part, ast.Constant):
            told += str(part.value)
            continue
        assert isinstance(part, ast.FormattedValue)
        told += f"{{{_unique(_name(part.value), taken)}}}"
    return told


def _unique(name: str, taken: list[str]) -> str:
    """The name, with a number where it is taken; taken is told of it."""
    unique, number = name, 2
    while unique in taken:
        unique, number = f"{name}_{number}", number + 1
    taken.append(unique)
    return unique


def _name(value: ast.expr) -> str:
    """What a value is, in a word: the last name in it."""
    match value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_") or "value"
        case ast.Call(args=[first, *_]):
            return _name(first)
        case ast.Call(func=ast.Attribute(value=of)):
            return _name(of)
        case ast.Subscript(value=of):
            return _name(of)
        case ast.BinOp(left=ast.Constant(), right=of) | ast.BinOp(left=of):
            return _name(of)
    return "value"
