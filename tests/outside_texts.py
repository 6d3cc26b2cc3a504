"""Which calls of Streamlit may read a text from outside as Markdown, found in the code itself.

Nothing is run. What `literal` returns is safe, so is what is written in the code and a number in a
format such as {share:.1%}. Sentences that carry messages (st.error and its like) must be made of
nothing else; elsewhere, what has a name that texts from outside have (OUTSIDE) is not safe.
"""

import ast
import re
from collections.abc import Iterator

MARKDOWN = {
    "badge": 1, "button": 1, "caption": 1, "checkbox": 1, "download_button": 1, "error": 1,
    "expander": 1, "file_uploader": 1, "header": 1, "image": 0, "info": 1, "markdown": 1,
    "metric": 2, "multiselect": 1, "number_input": 1, "page_link": 0, "pills": 2, "popover": 1,
    "progress": 0, "radio": 2, "segmented_control": 2, "selectbox": 1, "show_explained": 1,
    "slider": 1, "spinner": 1,
    "status": 1, "subheader": 1, "success": 1, "table": 1, "tabs": 1, "text_area": 1,
    "text_input": 1, "title": 1, "toast": 1, "toggle": 1, "warning": 1, "write": 1,
}  # fmt: skip
"""Streamlit's calls -> how many of their first arguments are Markdown."""
ALSO = {"help", "caption", "label", "body", "text", "delta"}
"""Arguments by name that are Markdown; format_func as well where the options are."""
MESSAGES = {"error", "warning", "toast"}
OUTSIDE = {
    "class_question", "classes", "columns", "error", "examples", "file", "how", "kinds", "label",
    "labels", "languages", "name", "names", "note", "notes", "path", "problem", "problems", "run",
    "said", "series", "set", "tag", "tags", "text", "token", "tokens", "tracking", "truth",
    "value",
}  # fmt: skip
"""Names of variables, parameters and attributes whose text comes, or may come, from outside."""
OURS = ("spec.label",)
"""What is written in the classes of parameters."""
LITERAL = "literal"
TAG = re.compile(r"(?<!\(\?P)(?<!\(\?)<[a-z/!]")
"""Of HTML, and no name of a group of a regular expression."""
ESCAPES = {"escape", "text", "_plain", "data_address", "jpeg_address"}
"""Functions that make mark-up of any text: html.escape, figures.report_page.text and their like."""
SAFE_IN_HTML = ("before", "inside", "style")
"""Blanks before a token and its escaped spans (ui/writing/text.py); sizes in pixels."""
NUMBERS = tuple("dfg%,")
"""Ends of the formats of numbers."""


class Module:
    """Judges the expressions of one module."""

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self.functions = {n.name: n for n in ast.walk(self.tree) if isinstance(n, ast.FunctionDef)}
        self._busy: set[int] = set()

    def unsafe(self) -> Iterator[str]:
        """One line for each argument that is not safe."""
        scopes = [self.tree, *self.functions.values()]
        scope_of = {id(node): scope for scope in scopes for node in ast.walk(scope)}
        for node in ast.walk(self.tree):
            if not (isinstance(node, ast.Call) and _called(node.func) in MARKDOWN):
                continue
            name = _called(node.func)
            for given in _arguments(node, name):
                given = given.body if isinstance(given, ast.Lambda) else given
                if not self.safe(given, scope_of[id(node)], name in MESSAGES):
                    yield f"{node.lineno}: {name}({ast.unparse(given)})"

    def safe(self, node: ast.AST | None, scope: ast.AST, strict: bool) -> bool:
        """Whether no text from outside is in what `node` gives.

        scope   where its variables are found
        strict  whether a name of which nothing is known is outside
        """
        if node is None or id(node) in self._busy:
            return True  # of a circle, what is outside it decides
        self._busy.add(id(node))
        try:
            return self._judged(node, scope, strict)
        finally:
            self._busy.remove(id(node))

    def _judged(self, node: ast.AST, scope: ast.AST, strict: bool) -> bool:
        parts: list[ast.AST]
        match node:
            case ast.FormattedValue(format_spec=ast.JoinedStr(values=[*_, ast.Constant(end)])):
                parts = [] if str(end).endswith(NUMBERS) else [node.value]
            case ast.IfExp():
                parts = [node.body, node.orelse]
            case ast.Compare() | ast.Constant() | ast.UnaryOp():
                parts = []
            case ast.Lambda():
                parts = []  # a value made later, such as a download
            case ast.Dict():
                parts = list(node.values)
            case ast.DictComp():
                parts = [node.value]
            case ast.ListComp() | ast.GeneratorExp():
                parts = [node.elt]
            case ast.Subscript():
                parts = [node.value]
            case ast.Attribute():
                return ast.unparse(node) in OURS or self._named(node.attr, strict)
            case ast.Name():
                return self._variable(node.id, scope, strict)
            case ast.Call():
                return self._call(node, scope, strict)
            case _:
                parts = [n for n in ast.iter_child_nodes(node) if isinstance(n, ast.expr)]
        return all(self.safe(part, scope, strict) for part in parts)

    @staticmethod
    def _named(name: str, strict: bool) -> bool:
        return name.isupper() or not (strict or name in OUTSIDE)

    def _call(self, node: ast.Call, scope: ast.AST, strict: bool) -> bool:
        name = _called(node.func)
        mapped = name == "map" and _called(node.args[0]) == LITERAL
        if mapped or name in (
            LITERAL,
            "in_badge",
            "len",
            "round",
            "duration",
            "count",
            "large",
            "moment",
        ):
            return True
        if isinstance(node.func, ast.Name) and name in self.functions:
            made = self.functions[name]
            ends = [n.value for n in ast.walk(made) if isinstance(n, ast.Return)]
            return all(self.safe(end, made, strict) for end in ends)
        if isinstance(node.func, ast.Attribute) and name in ("join", "get", "rstrip", "capitalize"):
            return all(self.safe(n, scope, strict) for n in (node.func.value, *node.args))
        if name in ("str", "tr", "sentence", "sorted", "list", "set", "next", "iter"):
            return all(self.safe(given, scope, strict) for given in node.args)
        return self._named(name, strict)

    def _variable(self, name: str, scope: ast.AST, strict: bool) -> bool:
        values = [*_values(name, scope), *(_values(name, self.tree) if name.isupper() else [])]
        if values:
            return all(self.safe(value, scope, strict) for value in values)
        # A parameter "label" is of a widget, and the caller wrote it.
        return name in (LITERAL, "label") or self._named(name, strict)


class HtmlModule(Module):
    """Judges what a module puts into pieces of HTML: f-strings with a tag in them."""

    def unsafe(self) -> Iterator[str]:
        """One line for each value that may come from outside and is not escaped."""
        scopes = [self.tree, *self.functions.values()]
        scope_of = {id(node): scope for scope in scopes for node in ast.walk(scope)}
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.JoinedStr) or not _has_tag(node):
                continue
            for part in node.values:
                value = part.value if isinstance(part, ast.FormattedValue) else None
                if value is None or ast.unparse(value) in SAFE_IN_HTML:
                    continue
                if not self.safe(part, scope_of[id(node)], False):
                    yield f"{node.lineno}: {ast.unparse(value)}"

    def _call(self, node: ast.Call, scope: ast.AST, strict: bool) -> bool:
        return _called(node.func) in ESCAPES or super()._call(node, scope, strict)


def _has_tag(node: ast.JoinedStr) -> bool:
    plain = "".join(str(v.value) for v in node.values if isinstance(v, ast.Constant))
    return TAG.search(plain) is not None


def _called(func: ast.AST) -> str:
    match func:
        case ast.Attribute():
            return func.attr
        case ast.Name():
            return func.id
        case ast.IfExp():
            return _called(func.body)
    return ""


def _arguments(node: ast.Call, name: str) -> Iterator[ast.expr]:
    by_name = {keyword.arg: keyword.value for keyword in node.keywords}
    first = node.args[: MARKDOWN[name]]
    yield from first[:1] if "format_func" in by_name else first
    for key, value in by_name.items():
        if key in ALSO or (key == "format_func" and MARKDOWN[name] == 2):
            yield value


def _values(name: str, scope: ast.AST) -> Iterator[ast.expr]:
    """What is assigned to a variable, or put into it, anywhere in `scope`."""
    for node in ast.walk(scope):
        match node:
            case ast.Assign(targets=[target]) | ast.AnnAssign(target=target):
                yield from _assigned(name, target, node.value)
            case ast.NamedExpr(ast.Name(at), value) | ast.AugAssign(ast.Name(at), _, value):
                yield from [value] if at == name else []
            case ast.For() | ast.comprehension():
                rows = node.iter.elts if isinstance(node.iter, ast.Tuple) else [node.iter]
                for row in rows:
                    yield from _assigned(name, node.target, row)
            case ast.Call(ast.Attribute(ast.Name(at), "append"), [value]) if at == name:
                yield value


def _assigned(name: str, target: ast.expr, value: ast.expr | None) -> Iterator[ast.expr]:
    if value is None or name not in _names(target):
        return
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, its in zip(target.elts, value.elts, strict=False):
            yield from [its] if name in _names(one) else []
    elif isinstance(target, ast.Name | ast.Tuple):
        yield value


def _names(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
