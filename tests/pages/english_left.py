"""What of a page in another language is still English: its texts, options, tables and figures.

Not looked at is what stands in a line and comes from outside: code and addresses, what is quoted,
citations such as "Li et al. 2018", marks of HTML, names of processors, systems, sites, classes, and
packages with their versions, parameters with their values, a name with its n, English names behind
the Chinese ones or without any, and the glossary's before their sentences.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from streamlit.testing.v1 import AppTest

HAN = re.compile(r"[\u4e00-\u9fff]")
PROSE = re.compile(r"[A-Za-z]{2,}[,;:.)’']* [a-z(]")
WORD = re.compile(r"[A-Z]?[a-z]{3,}( [a-z]+)*")
OUTSIDE = re.compile(
    r"`[^`]*`|“[^”]*”|\"[^\"]*\"|<[^>]*>|\]\([^)]*\)|https?://\S+"
    r"|[A-Z]\w+(-\w+)? (et al\.|and [A-Z]\w+) \d{4}|Intel\(R\)[^,]*Processor( \([^)]*\))?"
    r"|Hugging Face hub|\((Leave one out|Attention rollout)\)|log p|Linux \S+|\b[Ss]plit conformal"
    r"|\b\w+, n = [\d,]+|\b\w+ = \w+(, )?|(\b[\w-]+ \d+\.\d+\.\d+(\+\w+)?(, )?)+|coffee mug"
    r"|Student t|^\*\*[^*]+\.\*\* (?=.*[\u4e00-\u9fff])"
)
FIELDS = ("label", "body", "help", "placeholder", "caption", "alt", "text", "message")


def english_left(page: AppTest) -> list[str]:
    """Lines with prose in them, and words where nothing but ours stands."""
    left = []
    for kind, text in _texts(page):
        for line in text.splitlines():
            own = OUTSIDE.sub(" ", line)
            if PROSE.search(own) or _is_word(kind, own):
                left.append(f"{kind}: {line}")
    return sorted(set(left))


def _is_word(kind: str, line: str) -> bool:
    return kind in ("axis", "column", "legend title", "colour bar") and bool(WORD.fullmatch(line))


def _texts(page: AppTest) -> Iterator[tuple[str, str]]:
    for block in _walk(page._tree):
        proto = getattr(block, "proto", None)
        if proto is None or block.type == "code":
            continue
        for field, value in proto.ListFields():
            if isinstance(value, str) and field.name in FIELDS and not value.startswith("<"):
                yield f"{block.type} {field.name}", value
            elif field.name == "options":
                for option in value:
                    yield "option", option if isinstance(option, str) else option.content
            elif field.name == "spec" and value.startswith("{"):
                yield from _of_figure(json.loads(value))
        if block.type in ("arrow_data_frame", "arrow_table"):
            for name in (*block.value.columns, *block.value.index):
                yield "column", str(name)
            for cell in block.value.to_numpy().ravel():
                yield "cell", str(cell)


def _of_figure(spec: dict[str, Any]) -> Iterator[tuple[str, str]]:
    layout = spec.get("layout", {})
    for name, part in layout.items():
        if re.fullmatch(r"[xy]axis\d*", name):
            yield "axis", _title(part)
        if name == "legend":
            yield "legend title", _title(part)
    for note in layout.get("annotations", ()):
        yield "annotation", note.get("text", "")
    yield "figure title", _title(layout)
    for trace in spec.get("data", ()):
        yield "trace", str(trace.get("name", ""))
        yield "hover", str(trace.get("hovertemplate", ""))
        for of in (trace, trace.get("marker", {})):
            if isinstance(bar := of.get("colorbar"), dict):
                yield "colour bar", _title(bar)


def _title(part: dict[str, Any]) -> str:
    title = part.get("title") or ""
    return str(title.get("text") or "") if isinstance(title, dict) else str(title)


def _walk(block: Any) -> Iterator[Any]:
    yield block
    for child in getattr(block, "children", {}).values():
        yield from _walk(child)
