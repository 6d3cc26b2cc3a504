"""The search of runs: plain words, and conditions on fields, all of which must hold.

    resnet data:cifar10 accuracy>0.9 state:finished tag:final seed:3 epochs>=5 starred: "two words"

A word is found in id, name, model, data or tags. A condition is a field, a comparison (: = != > >=
< <=) and a value without blanks between; a value with blanks stands in quotes, note:"try again",
and so does a word that has such a sign in it. Texts are compared without regard to case, with * for
any letters; `name` and `note` need only contain the value. `starred:` and `archived:` hold for runs
that are, `starred:no` for those that are not.
"""

import fnmatch
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dlexplain.errors import BadInput, known_names
from dlexplain.results import RunRecord

OPERATORS = (">=", "<=", "!=", ":", "=", ">", "<")
"""Longer ones first, since the shorter are a part of them."""
ORDER = (">", ">=", "<", "<=")
YES, NO = ("", "yes", "true", "1"), ("no", "false", "0")
TEXTS: dict[str, Callable[[RunRecord], Sequence[str]]] = {
    "id": lambda r: (r.id,),
    "name": lambda r: (r.name,),
    "task": lambda r: (r.task,),
    "data": lambda r: (r.data,),
    "model": lambda r: (r.model,),
    "state": lambda r: (r.state,),
    "tag": lambda r: r.tags,
    "family": lambda r: (r.family,),
    "note": lambda r: (r.note,),
}
"""Fields that hold texts; of tags any."""
WITHIN = ("name", "note")
"""Those that need only contain the value."""
MARKS: dict[str, Callable[[RunRecord], bool]] = {
    "starred": lambda r: r.starred,
    "archived": lambda r: r.archived,
}
SPLITS = ("test", "validation", "train")
"""Where a metric that is named without its split is looked for, in this order."""
_TOKEN = re.compile(
    r'(?P<field>[^\s":=!<>]*)(?P<operator>>=|<=|!=|[:=<>])(?P<rest>"[^"]*"|[^\s"]*)'
)
_WORD = re.compile(r'"(?P<quoted>[^"]*)"|(?P<plain>[^\s"]+)')
HOW = (
    "accepted are words, and conditions such as data:cifar10, accuracy>0.9, state:finished, "
    'tag:final, epochs>=5, starred:, name:"two words"'
)


@dataclass(frozen=True)
class Condition:
    """A field, how it is compared, and with what; a plain word has no field."""

    field: str
    operator: str
    value: str


def parse_search(text: str) -> list[Condition]:
    """Raises BadInput for what is no word and no condition, such as a quote without its end."""
    if text.count('"') % 2:
        raise BadInput(f"a quote in the search {text} has no end; {HOW}")
    found, place = [], 0
    while match := re.compile(r"\s*(?=\S)").match(text, place):
        place = match.end()
        if token := _TOKEN.match(text, place):
            field, operator, value = token["field"], token["operator"], token["rest"].strip('"')
            if not field:
                raise BadInput(f'the search has "{token[0]}" without a field before it; {HOW}')
            if not value and operator != ":":
                raise BadInput(f'the search has "{token[0]}" without a value behind it; {HOW}')
            found.append(Condition(field, operator, value))
        elif token := _WORD.match(text, place):
            found.append(Condition("", "", token["quoted"] or token["plain"] or ""))
        else:  # a quote was counted above, so that one of the two has matched
            raise BadInput(f'the search has "{text[place:]}"; {HOW}')
        place = token.end()
    return found


def find_runs(text: str, records: Sequence[RunRecord], archived: bool = True) -> list[RunRecord]:
    """The runs for which every word and condition of the text holds.

    archived  whether archived runs are among them where the search does not say
    Raises BadInput for a search that cannot be read, a field that no run has, or a comparison that
    the field does not have.
    """
    conditions = parse_search(text)
    tests = [_test(condition, records) for condition in conditions]
    if not archived and not any(condition.field == "archived" for condition in conditions):
        tests.append(lambda record: not record.archived)
    return [record for record in records if all(test(record) for test in tests)]


def _test(asked: Condition, records: Sequence[RunRecord]) -> Callable[[RunRecord], bool]:
    if not asked.field:
        word = asked.value.lower()
        return lambda record: word in _told(record)
    if asked.field in MARKS:
        return _marked(asked)
    if asked.field in TEXTS:
        return _text(asked)
    named = _named(asked.field, records)
    return _value(asked, named)


def _told(record: RunRecord) -> str:
    return " ".join((record.id, record.name, record.model, record.data, *record.tags)).lower()


def _marked(asked: Condition) -> Callable[[RunRecord], bool]:
    value, of = asked.value.lower(), MARKS[asked.field]
    if asked.operator not in (":", "=") or value not in (*YES, *NO):
        raise BadInput(
            f'the search has "{asked.field}{asked.operator}{asked.value}"; it takes '
            f"{asked.field}: or {asked.field}:no"
        )
    return lambda record: of(record) == (value in YES)


def _text(asked: Condition) -> Callable[[RunRecord], bool]:
    if asked.operator in ORDER:
        raise BadInput(
            f'the search has "{asked.field}{asked.operator}{asked.value}", but {asked.field} is a '
            "text; it takes : or !="
        )
    of = TEXTS[asked.field]
    pattern = f"*{asked.value}*" if asked.field in WITHIN else asked.value
    fits = _fits(pattern)
    if asked.operator == "!=":
        return lambda record: not any(map(fits, of(record)))
    return lambda record: any(map(fits, of(record)))


def _fits(pattern: str) -> Callable[[str], bool]:
    """Whether a text is as a pattern says, in which only * is special."""
    escaped = re.sub(r"([\[?])", r"[\1]", pattern.lower())
    found = re.compile(fnmatch.translate(escaped))
    return lambda text: found.match(text.lower()) is not None


def _named(field: str, records: Sequence[RunRecord]) -> Callable[[RunRecord], object]:
    """How a run's value of a field is read: a field of specs or a metric, by its whole name or by
    what stands behind its last stop or stroke. Raises BadInput where no run has it."""
    flat = {key for record in records for key in record.flat}
    metrics = {key for record in records for key in record.metrics}
    if field in flat:
        return lambda record: record.flat.get(field)
    if field in metrics:
        return lambda record: record.metrics.get(field)
    in_split = [f"{split}/{field}" for split in SPLITS if f"{split}/{field}" in metrics]
    if in_split:
        return lambda record: next(
            (record.metrics[k] for k in in_split if k in record.metrics), None
        )
    of_group = sorted(key for key in flat if key.rpartition(".")[2] == field)
    if len(of_group) > 1:
        raise BadInput(
            f'the search names "{field}", which may be {" or ".join(of_group)}; say which'
        )
    if of_group:
        return lambda record: record.flat.get(of_group[0])
    short = {key.rpartition(".")[2] for key in flat} | {key.rpartition("/")[2] for key in metrics}
    known = known_names(field, (*TEXTS, *MARKS, *sorted(short)))
    raise BadInput(f'the search names a field "{field}" that no run has; {known}')


def _value(asked: Condition, of: Callable[[RunRecord], object]) -> Callable[[RunRecord], bool]:
    """A run without the value fits nothing, but for !=."""
    number = _number(asked.value)
    if asked.operator in ORDER:
        if number is None:
            raise BadInput(
                f'the search has "{asked.field}{asked.operator}{asked.value}"; behind '
                f"{asked.operator} it takes a number"
            )
        wanted = number
        return lambda record: _compared(_number(of(record)), asked.operator, wanted)
    fits = _fits(asked.value)

    def same(record: RunRecord) -> bool:
        value = of(record)
        if value is None:
            return False
        mine = _number(value)
        return mine == number if None not in (mine, number) else fits(str(value))

    return (lambda record: not same(record)) if asked.operator == "!=" else same


def _number(value: object) -> float | None:
    """None for what is no finite number; yes and no are none."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        found = float(str(value))
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _compared(value: float | None, operator: str, wanted: float) -> bool:
    if value is None:
        return False
    return {
        ">": value > wanted,
        ">=": value >= wanted,
        "<": value < wanted,
        "<=": value <= wanted,
    }[operator]
