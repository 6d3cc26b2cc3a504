"""Translations of one language: of whole sentences, and of templates with values in them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

SOURCE = "en"
FOLDER = Path(__file__).parent / "locale"
PLACE = re.compile(r"\{(\w+)\}")
"""Of a value in a template."""
APART = tuple(re.compile(rf"(?<=[{signs}])(\s+)") for signs in (".!?", ";", ":", ","))
"""Where a text is taken apart that is not known as a whole: sentences, then their parts."""
STOPS = re.compile(r"(?<=[。！？])(?![”）])")
"""Where a translation's sentences end."""
JOINED = re.compile(r"([,;:] )?(.*?)([.,;:])?", re.DOTALL)
"""A part of a sentence, and what joins it to the others."""
WIDE = {",": "，", ";": "；", ":": "：", ".": "。"}
LATIN, IDEOGRAPH = re.compile("[A-Za-z0-9]"), re.compile("[\u3400-\u9fff]")
"""A blank belongs between the two."""
ARTICLE = re.compile(r"(?:An?|an?|[Tt]he) (.+)", re.DOTALL)
"""Before what is known without it; Chinese has none."""
LISTED = re.compile(r"((?:[^,;:.]+, )*[^,;:.]+) (and|or) ([^,;:.]+)")
"""Such as `Grad-CAM, LIME and SHAP`; see results.words.listed."""
MOST_WORDS = 12
"""Of what a list names."""
BETWEEN = ("、", {"and": "与", "or": "或"})
"""What is listed."""
MEASURED = re.compile(r"((?:\S+ )?(?:[−+]\d[\d,.]*|\d[\d,]*\.\d+)) (\S+)")
"""A number that counts nothing, and its unit: `2.20 nats`, `ELBO −106 nats`."""
COUNTED, COUNT = re.compile(r"(\d[\d,]*) (\w+)"), "{count} {noun}"
"""Such as `40 pictures`: a template with no word of its own, for nouns that are known."""
FIGURE = re.compile(r"(.*[^\d\s]) ([−+]?\d[^A-Za-z]*)")
"""Such as `Faithful 0.31`: a name that is known, and its figure."""
BRACKETED = re.compile(r"(.+) \(([^()]+)\)")
"""A text, and behind it a word that is known: `accuracy 93.0% (zoo)`."""
OUTSIDE = re.compile(r"(other|(label|name|word|token|path|file|folder|column|text)s?)(_\d+)?")
"""What values are called that come from outside: they stay as they are."""
MARKED = re.compile(r"(\*\*|:\w+\[)(.*)(\*\*|\])", re.DOTALL)
"""Markdown around a whole text."""
ICON = re.compile(r"(:material/\w+: )(.+)", re.DOTALL)
"""Before a label."""
BREAK = "  \n"
"""Between two lines of a paragraph."""
PARAGRAPH, WRAPPED = "\n\n", re.compile(r"(?<! {2})\n *")
"""A line's end that ends nothing, as Markdown has it."""
LETTERS, FEW_LETTERS, MANY_LETTERS = re.compile("[A-Za-z]"), 6, 12
"""A template with fewer letters of its own could be anything, unless its values are single words,
as in `epoch 3`; one with many is looked for before the text is taken apart."""
FEWEST_LETTERS, SINGLE = 3, re.compile(r"\S{0,24}")
MOST_SENTENCES = 12
"""Of a message; the longest here has fewer."""
REMEMBERED = 4096
DEEPEST = 12
"""Parts of parts that are looked at: a text from outside may be nothing but signs."""


def file_of(language: str) -> Path:
    return FOLDER / language / "LC_MESSAGES" / "dlexplain.po"


@dataclass(frozen=True)
class Template:
    """A sentence with values: `{count} of {total} pictures`.

    parts  the words between the values, of which the longest is looked for first
    """

    source: str
    target: str

    @property
    def parts(self) -> list[str]:
        return PLACE.split(self.source)[::2]

    @property
    def names(self) -> list[str]:
        return PLACE.findall(self.source)

    def values(self, text: str) -> list[str] | None:
        """Those with which the template is this text, each as short as can be; None if none are.

        In one pass: a regular expression would go back and forth on a long value from outside.
        """
        first, *between, last = self.parts
        at, end = len(first), len(text) - len(last)
        if at > end or not text.endswith(last):
            return None
        if not text.startswith((first, first[:1].swapcase() + first[1:])):
            return None
        found = []
        for part in between:
            place = text.find(part, at, end)
            if place < 0:
                return None
            found.append(text[at:place])
            at = place + len(part)
        return [*found, text[at:end]]


@dataclass(eq=False)
class Catalogue:
    """Of one language: source -> translation.

    A sentence is looked up whole; else the template with the most letters of its own that it can
    have been made from is filled with its values, each translated if it is a sentence too; else it
    is taken apart into sentences, and those at their signs, as they were put together.
    """

    whole: Mapping[str, str]
    templates: list[tuple[str, int, Template]] = field(default_factory=list)
    """The longest part, the letters, the template; the most letters first."""
    count: str = ""
    """COUNT in the language."""
    _known: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, messages: Iterable[tuple[str, str]]) -> "Catalogue":
        given = dict(messages)
        for source, target in list(given.items()):  # as a part of a sentence it is joined otherwise
            given.setdefault(_bare(source), target.strip("".join(WIDE.values())))
        whole = {source: given[source] for source in given if not PLACE.search(source)}
        for source, target in [pair for one in given.items() for pair in _sentences(*one)]:
            given.setdefault(source, target)
        templates = []
        for source in given.keys() - whole.keys():
            letters = len(LETTERS.findall(PLACE.sub("", source)))
            if letters >= FEWEST_LETTERS:
                one = Template(source, given[source])
                templates.append((max(one.parts, key=len), letters, one))
        templates.sort(key=lambda one: (-one[1], -len(one[2].parts), one[2].source))
        return cls(whole, templates, given.get(COUNT, ""))

    def translated(self, text: str, depth: int = 0) -> str:
        """The text in the language, as far as it is known. depth  of what it is a part of"""
        said = text.strip()
        if depth > DEEPEST:
            return text
        if said not in self._known:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[said] = self._whole(said) or self._made(said, depth + 1)
        return text.replace(said, self._known[said], 1) if said else text

    def _whole(self, text: str) -> str:
        """Of a sentence that is known as it is, or with a small or a large first letter; or ""."""
        return self.whole.get(text) or self.whole.get(text[:1].swapcase() + text[1:]) or ""

    def _made(self, text: str, depth: int) -> str:
        """Of what is known; the text itself where nothing of it is."""
        if PARAGRAPH in text:
            return PARAGRAPH.join(self.translated(one, depth) for one in text.split(PARAGRAPH))
        if filled := self._filled(text, depth, least=MANY_LETTERS):
            return filled
        if BREAK in text:
            lines = [self.translated(one, depth) for one in text.split(BREAK)]
            return self._filled(text, depth, least=FEW_LETTERS) or BREAK.join(lines)
        pair = BRACKETED.fullmatch(text)
        behind = self._whole(pair[2]) if pair and not IDEOGRAPH.search(text) else ""
        if pair and behind and (told := self.translated(pair[1], depth)) != pair[1]:
            return f"{told}（{behind}）"
        if (line := unwrapped(text)) != text and (told := self.translated(line, depth)) != line:
            return told
        if icon := ICON.fullmatch(text):
            return icon[1] + self.translated(icon[2], depth)
        if marked := MARKED.fullmatch(text):
            return marked[1] + self.translated(marked[2], depth) + marked[3]
        if (told := self._rejoined(text, depth)) != text:
            return told
        sentences, *clauses = APART
        if (told := self._one_by_one(self._together(sentences.split(text)), depth)) != text:
            return told
        if filled := self._filled(text, depth, least=FEW_LETTERS):
            return filled
        for between in clauses:
            if (told := self._one_by_one(between.split(text), depth)) != text:
                return told
        if (counted := COUNTED.fullmatch(text)) and counted[2] in self.whole and self.count:
            return self._with_values(Template(COUNT, self.count), counted.groups(), depth)
        if filled := self._filled(text, depth, least=FEWEST_LETTERS):
            return filled
        if pair and behind:
            return f"{pair[1]}（{behind}）"
        if (measured := MEASURED.fullmatch(text)) and (unit := self._whole(measured[2])):
            return f"{measured[1]} {unit}"
        if (bare := ARTICLE.fullmatch(text)) and (told := self._whole(bare[1])):
            return told
        if (figure := FIGURE.fullmatch(text)) and figure[1] in self.whole:
            return f"{self.whole[figure[1]]} {figure[2]}"
        return text

    def _rejoined(self, text: str, depth: int) -> str:
        """Without what joins it to other parts, which becomes a sign as wide as the letters."""
        joined = JOINED.fullmatch(text)
        assert joined
        before, bare, after = joined.groups()
        if not bare or (before, after) == (None, None) or bare[0] in WIDE or bare[-1] in WIDE:
            return text
        told = self.translated(bare, depth)
        if told == bare:
            return text
        return WIDE.get((before or "").strip(), "") + told + WIDE.get(after or "", "")

    def _together(self, parts: Sequence[str]) -> list[str]:
        """Sentences, and the blanks between them; those that are known as one message are one."""
        found, at = list[str](), 0
        while at < len(parts):
            ends = range(min(at + 2 * MOST_SENTENCES - 1, len(parts)), at + 1, -1)
            known = (end for end in ends if self._whole("".join(parts[at:end])))
            end = next(known, at + 1)
            found.append("".join(parts[at:end]))
            at = end
        return found

    def _one_by_one(self, parts: Sequence[str], depth: int) -> str:
        """Parts of a text, and what stands between them: no blank behind a wide sign."""
        if len(parts) == 1:
            return parts[0]
        made = [self.translated(part, depth) if part.strip() else part for part in parts]
        if made == parts:
            return "".join(parts)
        told, changed = "", False
        for part, said in zip(made, parts, strict=True):
            if part == " " and changed and told[-1:] in WIDE:
                told = told[:-1] + WIDE[told[-1]]
            elif part != " " or not told.endswith(tuple(WIDE.values())):
                told += part
            changed = part != said
        return told

    def _filled(self, text: str, depth: int, least: int) -> str | None:
        for longest, letters, template in self.templates:
            if letters < least:
                break
            values = template.values(text) if longest[1:] in text else None
            if values and self._can_be(values, letters):
                return self._with_values(template, values, depth)
        return None

    def _can_be(self, values: Sequence[str], letters: int) -> bool:
        """Whether the words around these were not there by chance."""
        sentences, clauses, labelled, _ = APART
        if letters < FEW_LETTERS and not all(
            SINGLE.fullmatch(value) or self._whole(value) or self._is_count(value)
            for value in values
        ):
            return False
        for value in values:
            if sentences.search(value) or value.endswith(tuple(WIDE)) or not _closed(value):
                return False
            if labelled.search(value) and letters < MANY_LETTERS:
                return False
            if clauses.search(value) and (letters < MANY_LETTERS or not self._is_known(value)):
                return False
        return True

    def _is_count(self, text: str) -> bool:
        counted = COUNTED.fullmatch(text)
        return counted is not None and counted[2] in self.whole

    def _listed(self, text: str, depth: int) -> str:
        """Of a list of names; "" of anything else, such as of words that only have "and" in them:
        what is listed is known, or begins with a capital letter, a figure or a sign."""
        found = LISTED.fullmatch(text)
        if not found or self._whole(text):
            return ""
        names = [*found[1].split(", "), found[3]]
        if not all(self._is_name(name) for name in names):
            return ""
        comma, last = BETWEEN
        *firsts, end = [self.translated(name, depth) for name in names]
        return f"{comma.join(firsts)} {last[found[2]]} {end}"

    def _is_name(self, text: str) -> bool:
        if len(text.split()) > MOST_WORDS or not _closed(text):
            return False
        bare = ARTICLE.fullmatch(text)
        known = self._whole(text) or (bare and self._whole(bare[1]))
        return bool(known) or not text[0].islower()

    def _is_known(self, text: str) -> bool:
        """Whether it is one of the sentences, with clauses of its own."""
        return text in self.whole or any(
            longest in text and template.values(text) is not None
            for longest, letters, template in self.templates
            if letters >= MANY_LETTERS
        )

    def _with_values(self, template: Template, values: Sequence[str], depth: int) -> str:
        told = {}
        for name, value in zip(template.names, values, strict=True):
            outside = OUTSIDE.fullmatch(name)
            made = value if outside else self._listed(value, depth) or self.translated(value, depth)
            told[name] = made.rstrip() if made.rstrip().endswith(tuple(WIDE.values())) else made
        return PLACE.sub(lambda place: _spaced(told[place[1]], place), template.target)


def unwrapped(paragraph: str) -> str:
    """In one line, but where Markdown breaks it."""
    return WRAPPED.sub(" ", paragraph)


def _spaced(value: str, place: re.Match[str]) -> str:
    """The value with a blank where its first or last letter needs one from its neighbour."""
    before, after = place.string[place.start() - 1 : place.start()], place.string[place.end() :][:1]
    if LATIN.match(value) and IDEOGRAPH.match(before):
        value = f" {value}"
    if LATIN.match(value[-1:]) and IDEOGRAPH.match(after):
        value = f"{value} "
    return value


def _closed(value: str) -> bool:
    """Whether its brackets are its own, and not of the words around it."""
    open_ones = 0
    for letter in value:
        open_ones += (letter == "(") - (letter == ")")
        if open_ones < 0:
            return False
    return open_ones == 0


def _sentences(source: str, target: str) -> Iterator[tuple[str, str]]:
    """Each of a message of several with values, as a text may have them among others."""
    if not PLACE.search(source):
        return
    said = [one for one in APART[0].split(source) if one.strip()]
    told = [one for one in STOPS.split(target) if one.strip()]
    if len(said) != len(told) or len(said) < 2:
        return
    for one, its in zip(said, told, strict=True):
        if PLACE.search(one) and sorted(PLACE.findall(one)) == sorted(PLACE.findall(its)):
            yield one, its.strip()


def _bare(source: str) -> str:
    joined = JOINED.fullmatch(source)
    assert joined
    return joined[2] or source


@lru_cache(maxsize=4)
def catalogue(language: str) -> Catalogue:
    """Read once a process: some tenths of a second, by the first who reads that language."""
    from babel.messages.pofile import read_po

    with file_of(language).open("rb") as file:
        found = read_po(file)
    return Catalogue.of((str(m.id), str(m.string)) for m in found if m.id and m.string)
