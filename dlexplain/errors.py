"""Everything dlexplain raises on purpose.

    DlexplainError
    ├── BadInput (also ValueError)      what was handed in cannot be used
    │   ├── PictureError                not a picture, too large, truncated
    │   ├── TextError                   an empty text, or one far too long
    │   ├── ParamError                  a method's parameter is unknown or out of range
    │   ├── TargetError                 no such class, or a name that several classes share
    │   ├── UnknownName (also KeyError) a model, method or sample that is not registered
    │   ├── SpecError                   a run's spec has unknown or impossible values, all named
    │   └── DataError                   a data set is missing, damaged, or not what it must be
    ├── Incompatible                    the method and the model do not go together
    ├── WeightsError                    pretrained weights are missing or do not fit
    │   └── ModelError (also BadInput)  a model that a user brought cannot be used
    ├── StatesError                     the file of all runs cannot be read or written
    ├── RunError                        a run is not in a state in which that can be done
    │   └── CheckpointError             no checkpoint of a run can be read
    ├── NotAllowed                      who asks has no right to it
    │   └── NotSignedIn                 nobody has signed in, or not any more
    └── Cancelled                       the user stopped the work

Every message is one sentence for a person: what was wrong, the value, what is accepted.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

BAD_JSON = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError,
)  # fmt: skip
"""What Python raises of JSON that is damaged, nested too deeply, or of another form than it is read
as: a number that is infinite, a list where an object belongs."""
ALIKE = 0.6
"""Least similarity, 0 to 1, of a name that is offered for another; difflib's own default."""


def known_names(given: str, known: Iterable[str]) -> str:
    """The end of an error about a name: "known: lime, rise; did you mean "rise"?".

    The nearest of the known ones is offered, in which case, blanks, "_" and "-" do not count.
    """
    names = list(known)
    return f"known: {', '.join(names) or 'none'}{nearest(given, names)}"


def nearest(given: object, known: Iterable[str]) -> str:
    """ "; did you mean "rise"?", or "" where none of the known names is like the given one."""
    plain = {_plain(name): name for name in known}
    near = difflib.get_close_matches(_plain(str(given)), plain, n=1, cutoff=ALIKE)
    return f'; did you mean "{plain[near[0]]}"?' if near else ""


def _plain(name: str) -> str:
    return name.casefold().replace("_", "-").replace(" ", "-")


LONGEST_VALUE = 160
"""Letters of a value that a message shows; of a longer one its beginning and its end."""
_VALUE = re.compile(rf'"[^"]*"|\S{{{LONGEST_VALUE + 1},}}')
"""Every quoted value, short ones too, lest what stands between two of them be taken for one."""


def shortened(message: str) -> str:
    """`message` with what is very long in it cut: a quoted value, or one without a blank."""
    return _VALUE.sub(lambda found: _cut(found[0]), message)


def _cut(value: str) -> str:
    long = len(value.strip('"')) > LONGEST_VALUE
    return f"{value[:81]} … {value[-40:]}" if long else value


class DlexplainError(Exception):
    """Base of all errors that dlexplain raises on purpose; long values in messages are cut."""

    def __str__(self) -> str:
        return shortened(super().__str__())


class BadInput(DlexplainError, ValueError):
    """What was handed in cannot be used; the message says why and what is accepted."""


class PictureError(BadInput):
    """The bytes are not a picture that can be read within the limits."""


class TextError(BadInput):
    """The text has nothing to read, or far too much."""


class ParamError(BadInput):
    """A parameter is unknown, of the wrong kind, or out of its range."""


class TargetError(BadInput):
    """The target names no class, or more than one."""


class UnknownName(BadInput, KeyError):
    """A name that is not registered; the message lists those that are."""

    def __str__(self) -> str:
        return shortened(str(self.args[0]))  # KeyError would quote it


class SpecError(BadInput):
    """A run's spec is wrong; `problems` holds one sentence for each wrong value."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


class DataError(BadInput):
    """A data set is missing, damaged, or not what its reader needs."""


class NoSeries(DataError):
    """A table has other series than are wanted."""


class Incompatible(DlexplainError):
    """The method's rule does not hold on this model."""


class WeightsError(DlexplainError):
    """Pretrained weights are missing or do not fit the architecture."""


class ModelError(WeightsError, BadInput):
    """A model that a user brought is damaged, of another kind, or would be explained wrongly."""


class StatesError(DlexplainError):
    """The file of all runs cannot be read or written, now or at all."""


class RunError(DlexplainError):
    """A run is not in a state in which that can be done."""


class CheckpointError(RunError):
    """No checkpoint of a run can be read."""


class NotAllowed(DlexplainError):
    """Who asks has no right to it."""


class NotSignedIn(NotAllowed):
    """Nobody has signed in, or not any more, or as somebody who is not let in."""


class Cancelled(DlexplainError):
    """The user stopped the work between two chunks."""


@contextmanager
def foreign(kind: type[DlexplainError], told: Callable[[str], str]) -> Iterator[None]:
    """Around a library that is given what somebody has brought: whatever it raises is of `kind`, as
    `told` makes a sentence of what it said. Our own errors stay what they are.

    A library in Rust, such as tokenizers, may panic; what PyO3 raises then is no Exception, and its
    class can be imported from nowhere.
    """
    try:
        yield
    except DlexplainError:
        raise
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise kind(told(said_by(error))) from error


def said_by(error: BaseException) -> str:
    """A foreign error in one line."""
    return (" ".join(str(error).split()) or type(error).__name__)[:300]
