"""Words of the field, explained where they stand: one source, docs/glossary.md, for page and docs.

A term in a text is reached by the pointer, by Tab and by a tap; widgets and headings take its
sentences as their help.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

import streamlit as st

from dlexplain.errors import UnknownName
from dlexplain.language import language, tr
from dlexplain.ui.markdown import literal

DOCS = Path(__file__).parents[2] / "docs"
FILE = DOCS / "glossary.md"
ALSO = "Also: "
WIDTH = 760
"""Of its page in pixels: lines that are not too long to read."""
_SECTION = re.compile(r"^## (.+)\n((?:(?!^## ).*\n?)*)", re.MULTILINE)
_SHORT = re.compile(r"\s*\(([^)]+)\)$")


@dataclass(frozen=True)
class Term:
    """title as its heading has it;  names by which texts call it;  told  one or two sentences"""

    title: str
    names: tuple[str, ...]
    told: str


def read_terms(text: str) -> tuple[Term, ...]:
    """The terms of a glossary in Markdown: a heading each, its sentences, and a line in italics of
    other names. What stands in brackets in a heading is another name too."""
    found = []
    for title, body in _SECTION.findall(text):
        lines = [line.strip() for line in body.splitlines() if line.strip()]
        also = [line.strip("*.")[len(ALSO) :] for line in lines if line.startswith(ALSO, 1)]
        told = " ".join(line for line in lines if not line.startswith(ALSO, 1))
        names = [_SHORT.sub("", title), *_SHORT.findall(title)]
        names += [name.strip(" .") for line in also for name in line.split(",")]
        found.append(Term(title.strip(), tuple(dict.fromkeys(names)), told))
    return tuple(found)


@cache
def terms() -> tuple[Term, ...]:
    """All of them in the glossary's order; none where dlexplain was installed without its docs."""
    return read_terms(FILE.read_text(encoding="utf-8")) if FILE.is_file() else ()


@cache
def _by_name() -> Mapping[str, Term]:
    return {name.casefold(): term for term in terms() for name in term.names}


@cache
def _translated(spoken: str) -> Mapping[str, str]:
    """The sentences of each term in a language, by the English title."""
    file = DOCS / f"glossary.{spoken}.md"
    return {t.title: t.told for t in read_terms(file.read_text("utf-8"))} if file.is_file() else {}


def told_of(one: Term) -> str:
    """A term's sentences in the reader's language."""
    return _translated(language()).get(one.title, one.told)


def find(name: str) -> Term:
    """The term of this name, in whatever case, or of several. Raises UnknownName."""
    key = name.casefold()
    found = _by_name().get(key) or _by_name().get(key.removesuffix("s"))
    if found is None:
        known = ", ".join(term.title for term in terms())
        raise UnknownName(f'the glossary has no "{name}"; it has {known}')
    return found


def glossary(*names: str) -> str | None:
    """For help=, a paragraph a term."""
    if not terms():
        return None
    return "\n\n".join(f"**{one.title}.** {told_of(one)}" for one in map(find, names))


def term(name: str, shown: str = "") -> str:
    """HTML for a text: the word, and its sentences while it is pointed at or has the focus.

    shown  the word as the text has it, by default its name
    """
    word = escape(shown or name)
    if not terms():
        return word
    told = escape(told_of(find(name)))
    return (
        f'<span class="dlx-term" tabindex="0">{word}'
        f'<span class="dlx-told" role="tooltip">{told}</span></span>'
    )


def explained(ours: str) -> str:
    """A text of ours in Markdown with the first mention of each term as `term` shows it.

    Code, links and addresses stay as they are. For st.markdown(..., unsafe_allow_html=True), so
    nothing that comes from outside may be in it.
    """
    if not terms():
        return ours
    seen: set[str] = set()

    def mark(found: re.Match[str]) -> str:
        word = found[0]
        if found.lastgroup != "word":
            return word
        title = find(word).title
        if title in seen:
            return word
        seen.add(title)
        return term(word, word)

    return _mentions().sub(mark, ours)


@cache
def _mentions() -> re.Pattern[str]:
    """What is left as it is, or a name of a term; the longest name first. Names that are short or
    in capitals, such as LIME, are found in their own case only."""
    names = sorted((n for t in terms() for n in t.names), key=len, reverse=True)
    either = "|".join(_either_case(name) for name in names)
    kept = r"`[^`\n]*`|\$[^$\n]*\$|\[[^\]]*\]\([^)]*\)|https?://\S+|<[^>]*>"
    return re.compile(rf"(?P<kept>{kept})|(?P<word>(?<![\w-])(?:{either})s?(?![\w-]))")


def _either_case(name: str) -> str:
    if name[:1].isupper() and not name.isupper() and name[1:] == name[1:].lower():
        return f"[{name[0]}{name[0].lower()}]{re.escape(name[1:])}"
    if name[:1].islower():
        return f"[{name[0].upper()}{name[0]}]{re.escape(name[1:])}"
    return re.escape(name)


def show_explained(ours: str) -> None:
    """A text of ours with its terms explained."""
    st.markdown(explained(tr(ours)), unsafe_allow_html=True)


def show_glossary() -> None:
    """All terms, those that are looked for first."""
    if not terms():
        st.info(tr("The glossary is not here: dlexplain was installed without its folder docs."))
        return
    asked = st.text_input(
        tr("Find"), placeholder=tr("A word, such as faithfulness"), key="glossary-find"
    )
    found = search(asked or "")
    if not found:
        st.info(tr(f"No term has {literal(asked)} in it. Try a shorter word."))
    with st.container(width=WIDTH):
        for one in found:
            others = literal(", ".join(one.names[1:]))
            also = f"  \n:small[{tr(ALSO.strip())} {others}]" if others else ""
            st.markdown(f"**{literal(one.title)}**  \n{literal(told_of(one))}{also}")


def search(asked: str) -> tuple[Term, ...]:
    """Terms by title: those whose names have the words asked for, then those whose sentences do."""
    words = asked.casefold().split()
    ordered = sorted(terms(), key=lambda one: one.title.casefold())
    named = [t for t in ordered if all(w in " ".join(t.names).casefold() for w in words)]
    told = [t for t in ordered if t not in named and all(w in told_of(t).casefold() for w in words)]
    return (*named, *told)
