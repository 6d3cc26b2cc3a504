"""A report: one question, its answer, and all that stands behind it, to keep and to hand on."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from typing import Any, ClassVar, Self

from dlexplain.errors import BAD_JSON, BadInput
from dlexplain.registry import Registry

KINDS = {
    "picture": "Why a picture's class",
    "text": "Why a text's class",
    "series": "Why a forecast",
    "comparison": "Two models compared",
    "run": "A training run",
    "trust": "Which explanation to believe",
}
"""What a report may be about, for people."""
MAGIC = {"jpeg": b"\xff\xd8\xff", "png": b"\x89PNG\r\n\x1a\n"}
"""How pictures of each kind begin."""
COLOUR = re.compile(r"rgba\((\d{1,3}),(\d{1,3}),(\d{1,3}),(\d(?:\.\d+)?)\)")
"""The only colours that a kept report may name: what goes into a page's style is not any text."""
_HELD = re.compile(r'(\n    "[A-Za-z0-9+/=]{60,}")+')
"""Lines of base64 in a cell."""
MOST_PARTS = 2_000


@dataclass(frozen=True)
class Words:
    """A paragraph, plain text."""

    kind: ClassVar[str] = "words"
    text: str


@dataclass(frozen=True, eq=False)
class Chart:
    """An interactive figure.

    figure   {"data": [...], "layout": {...}} of plotly, plain JSON
    alt      what it shows, in words, for those who do not see it
    caption  under it, or ""
    """

    kind: ClassVar[str] = "chart"
    figure: Mapping[str, Any] = field(repr=False)
    alt: str
    caption: str = ""


@dataclass(frozen=True)
class ColourBar:
    """What a map's colours stand for: (place from 0 to 1, "rgba(...)"), and the values of its ends,
    told; note  more about it, or "" """

    stops: tuple[tuple[float, str], ...]
    low: str
    high: str
    unit: str = ""
    note: str = ""


@dataclass(frozen=True)
class Shown:
    """A picture, encoded. Those that follow one another stand side by side.

    title  over it, or "";  alt, caption  as Chart has them;  bar  of a map
    """

    kind: ClassVar[str] = "shown"
    content: bytes = field(repr=False)
    alt: str
    title: str = ""
    caption: str = ""
    bar: ColourBar | None = None

    @property
    def format(self) -> str:
        """ "jpeg" or "png"; raises BadInput for anything else."""
        for name, start in MAGIC.items():
            if self.content.startswith(start):
                return name
        raise BadInput("a picture of this report is neither JPEG nor PNG")


@dataclass(frozen=True)
class Coloured:
    """A text whose words have colours.

    pieces  what is written, and how much it counts for its colour: -1 to 1, 0 without one
    told    of each, its value in words, or ""
    signed  whether negative ones mean something
    """

    kind: ClassVar[str] = "coloured"
    pieces: tuple[tuple[str, float, str], ...]
    signed: bool
    title: str = ""
    caption: str = ""

    @property
    def text(self) -> str:
        """Without colours."""
        return "".join(piece for piece, _, _ in self.pieces)


@dataclass(frozen=True)
class Rows:
    """A table, all of it text; caption  over it, or "" """

    kind: ClassVar[str] = "rows"
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""


Part = Words | Chart | Shown | Coloured | Rows


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    heading: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class MethodTold:
    """A method of a report: its description, its paper, and its parameters as they were used."""

    title: str
    description: str
    paper: str
    params: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """A model's card: title, and facts by their names."""

    title: str
    facts: Mapping[str, str]


@dataclass(frozen=True)
class About:
    """Where an answer comes from, and what it takes to get it again.

    cards     of the models;  methods  that answered
    seed      what was drawn at random, and from which seed, a sentence
    versions  of the packages that decide the numbers
    commands  that repeat it in a terminal;  python  code that repeats it, a cell of a notebook each
    date      ISO 8601, UTC;  machine  in words, or ""
    """

    cards: tuple[Card, ...] = ()
    methods: tuple[MethodTold, ...] = ()
    seed: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    commands: tuple[str, ...] = ()
    python: tuple[str, ...] = ()
    date: str = ""
    machine: str = ""

    @property
    def code(self) -> tuple[str, ...]:
        """`python` for people: what a cell holds of a file is left out."""
        return tuple(_HELD.sub('\n    "…"  # the notebook has it', one) for one in self.python)


@dataclass(frozen=True)
class Report:
    """One question with its answer.

    kind      a key of KINDS
    answer    one to three sentences
    sections  figures and tables, in the order in which they are read
    """

    kind: str
    title: str
    question: str
    answer: str
    sections: tuple[Section, ...]
    about: About = About()

    @property
    def charts(self) -> tuple[Chart, ...]:
        """All of them, in order."""
        parts = (part for section in self.sections for part in section.parts)
        return tuple(part for part in parts if isinstance(part, Chart))

    def to_dict(self) -> dict[str, Any]:
        """JSON; pictures as base64."""
        return {
            "kind": self.kind,
            "title": self.title,
            "question": self.question,
            "answer": self.answer,
            "sections": [
                {"heading": one.heading, "parts": [_told(part) for part in one.parts]}
                for one in self.sections
            ],
            "about": {
                **vars(self.about),
                "cards": [{"title": c.title, "facts": dict(c.facts)} for c in self.about.cards],
                "methods": [{**vars(m), "params": dict(m.params)} for m in self.about.methods],
                "versions": dict(self.about.versions),
            },
        }

    @classmethod
    def from_dict(cls, told: object) -> Self:
        """Raises BadInput for what `to_dict` would not have given."""
        try:
            return cls._read(told)
        except BAD_JSON as error:
            why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
            raise BadInput(f"this is no report: {why}") from error

    @classmethod
    def _read(cls, told: Any) -> Self:
        if told["kind"] not in KINDS:
            raise BadInput(f'its kind is "{told["kind"]}"; {", ".join(KINDS)} are known')
        parts = sum(len(one["parts"]) for one in told["sections"])
        if parts > MOST_PARTS:
            raise BadInput(f"it has {parts:,} parts; at most {MOST_PARTS:,} are read")
        about = told["about"]
        return cls(
            _text(told["kind"]),
            _text(told["title"]),
            _text(told["question"]),
            _text(told["answer"]),
            tuple(
                Section(_text(one["heading"]), tuple(_part(part) for part in one["parts"]))
                for one in told["sections"]
            ),
            About(
                tuple(Card(_text(c["title"]), _texts_of(c["facts"])) for c in about["cards"]),
                tuple(
                    MethodTold(_text(m["title"]), _text(m["description"]), _text(m["paper"]),
                               _texts_of(m["params"]))
                    for m in about["methods"]
                ),
                _text(about["seed"]),
                _texts_of(about["versions"]),
                _texts(about["commands"]),
                _texts(about["python"]),
                _text(about["date"]),
                _text(about["machine"]),
            ),
        )  # fmt: skip


def _told(part: Part) -> dict[str, Any]:
    found: dict[str, Any] = {"part": part.kind, **vars(part)}
    if isinstance(part, Shown):
        found["content"] = base64.b64encode(part.content).decode()
        found["bar"] = None if part.bar is None else dict(vars(part.bar))
    return found


def _part(told: Mapping[str, Any]) -> Part:
    return _READERS[told["part"]](told)


def _words(told: Mapping[str, Any]) -> Words:
    return Words(_text(told["text"]))


def _chart(told: Mapping[str, Any]) -> Chart:
    figure = told["figure"]
    if not isinstance(figure["data"], list) or not isinstance(figure["layout"], dict):
        raise BadInput("a figure has no data and layout")
    return Chart(figure, _text(told["alt"]), _text(told["caption"]))


def _shown(told: Mapping[str, Any]) -> Shown:
    try:
        content = base64.b64decode(told["content"], validate=True)
    except binascii.Error as error:
        raise BadInput(f"a picture is damaged: {error}") from error
    bar = told["bar"]
    alt, title, caption = (_text(told[key]) for key in ("alt", "title", "caption"))
    found = Shown(content, alt, title, caption, None if bar is None else _bar(bar))
    _ = found.format
    return found


def _bar(told: Mapping[str, Any]) -> ColourBar:
    stops = tuple((float(place), _text(colour)) for place, colour in told["stops"])
    for place, colour in stops:
        if not 0 <= place <= 1 or not COLOUR.fullmatch(colour):
            raise BadInput(f'a colour is "{colour[:40]}" at {place}')
    return ColourBar(stops, *(_text(told[key]) for key in ("low", "high", "unit", "note")))


def _coloured(told: Mapping[str, Any]) -> Coloured:
    pieces = tuple((_text(p), float(share), _text(value)) for p, share, value in told["pieces"])
    if not all(-1 <= share <= 1 for _, share, _ in pieces):
        raise BadInput("a word's colour is not from -1 to 1")
    return Coloured(
        pieces, bool(told["signed"]), _text(told["title"]), _text(told["caption"])
    )  # fmt: skip


def _rows(told: Mapping[str, Any]) -> Rows:
    columns = _texts(told["columns"])
    rows = tuple(_texts(row) for row in told["rows"])
    if any(len(row) != len(columns) for row in rows):
        raise BadInput("a row of a table has not a cell a column")
    return Rows(columns, rows, _text(told["caption"]))


_READERS: Mapping[str, Callable[[Mapping[str, Any]], Part]] = {
    "words": _words,
    "chart": _chart,
    "shown": _shown,
    "coloured": _coloured,
    "rows": _rows,
}


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise BadInput(f"{str(value)[:40]} is no text")
    return value


def _texts(values: Any) -> tuple[str, ...]:
    return tuple(_text(value) for value in values)


def _texts_of(values: Mapping[str, Any]) -> dict[str, str]:
    return {_text(key): _text(value) for key, value in values.items()}


FORMATS: Registry[Callable[[Report], bytes]] = Registry("format of reports")
"""Ending of a file's name -> what writes a report so; figures and services add theirs."""


@singledispatch
def report_of(result: object, about: About) -> Report:
    """A result as a report; dlexplain.figures registers one builder a type. Raises BadInput."""
    raise BadInput(
        f"there is no report of a {type(result).__name__}; explanations of pictures, texts and "
        "forecasts, comparisons of models, runs and tables of trust have one"
    )
