"""Reports that are kept: a folder each in the home folder, written whole, read with limits.

report.json  the report;  entry.json  what a list says of it
"""

import json
import re
import secrets
import shutil
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from dlexplain.errors import BAD_JSON, BadInput, UnknownName, known_names
from dlexplain.execution.files import write_whole
from dlexplain.execution.paths import report_entry, report_folder, report_in, reports_folder
from dlexplain.people import here
from dlexplain.results.reports import KINDS, Report
from dlexplain.results.words import shortened_words, size
from dlexplain.rights import check, sees
from dlexplain.services.auditing import note_audit
from dlexplain.services.kept import unwritable
from dlexplain.settings import settings

MOST_BYTES, MOST_ENTRY = 30_000_000, 20_000
"""Of a report, and of its entry; what is larger was not written here."""
MOST_LISTED = 1_000
MOST_EACH = 500
"""Of one person, where people sign in."""
LONGEST = 120
"""Letters of a name."""
_ID = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True)
class KeptReport:
    """What a list says of a report.

    kept   when, ISO 8601, UTC
    owner  e-mail address of whose it is; "" is this machine's own user
    """

    id: str
    name: str
    kind: str
    question: str
    answer: str
    kept: str
    owner: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The form that `report list --json` prints."""
        return asdict(self)


def keep(report: Report, name: str = "") -> KeptReport:
    """Put it among the reports; raises BadInput where the disk does not take it."""
    person = check("report")
    if person.email and _count_of(person.email) >= MOST_EACH:
        raise BadInput(
            f"you have {MOST_EACH:,} reports, the most of one person here; delete some first"
        )
    content = json.dumps(report.to_dict(), allow_nan=False).encode()
    if len(content) > MOST_BYTES:
        raise BadInput(f"this report is {size(len(content))}; {size(MOST_BYTES)} is the most")
    entry = KeptReport(
        secrets.token_hex(4),
        _name(name or shortened_words(report.title, LONGEST)),
        report.kind,
        report.question,
        report.answer,
        datetime.now(UTC).isoformat(timespec="microseconds"),
        person.email,
    )
    folder = report_folder(settings().home, entry.id)
    try:
        folder.mkdir(parents=True)
        write_whole(report_in(folder), content)
        _write(entry)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise unwritable(folder, error) from error
    note_audit("report", f"report {entry.id}", entry.name)
    return entry


def _count_of(owner: str) -> int:
    found = (_entry(folder) for folder in _folders())
    return sum(entry is not None and entry.owner == owner for entry in found)


def _write(entry: KeptReport) -> None:
    folder = report_folder(settings().home, entry.id)
    write_whole(report_entry(folder), json.dumps(asdict(entry), indent=1).encode())


def _name(name: str) -> str:
    """Raises BadInput for one that is empty or too long."""
    line = " ".join(name.split())
    if not line:
        raise BadInput("the name is empty; a name has at least one letter")
    if len(line) > LONGEST:
        raise BadInput(f"the name has {len(line)} letters; at most {LONGEST} are accepted")
    return line


def kept_reports() -> tuple[KeptReport, ...]:
    """All that who asks may look at, the latest first; damaged ones are left out, see
    `damaged_reports`."""
    person = here()
    found = [
        entry
        for folder in _folders()
        if (entry := _entry(folder)) is not None and sees(person, entry.owner)
    ]
    return tuple(sorted(found, key=lambda one: (one.kept, one.id), reverse=True))[:MOST_LISTED]


def damaged_reports() -> tuple[str, ...]:
    """Ids of those whose entry cannot be read; for those only who would see them all."""
    if here().role != "admin":
        return ()
    return tuple(folder.name for folder in _folders() if _entry(folder) is None)


def _folders() -> list[Path]:
    root = reports_folder(settings().home)
    if not root.is_dir():
        return []
    known = [one for one in root.iterdir() if _ID.fullmatch(one.name) and one.is_dir()]
    return sorted(known)


def _entry(folder: Path) -> KeptReport | None:
    """None where it is damaged."""
    try:
        told = json.loads(_read(report_entry(folder), MOST_ENTRY))
        told = {"owner": "", **told}  # those of older versions are this machine's own user's
        values = [told[field.name] for field in fields(KeptReport)]
        entry = KeptReport(*values)
    except (OSError, *BAD_JSON):
        return None
    sound = all(isinstance(value, str) for value in values) and entry.kind in KINDS
    return entry if sound and entry.id == folder.name else None


def _read(file: Path, most: int) -> bytes:
    """Raises OSError, or BadInput where it is larger than what is written here."""
    with file.open("rb") as opened:
        content = opened.read(most + 1)
    if len(content) > most:
        raise BadInput(f"{file.name} is larger than {size(most)}")
    return content


def entry_of(wanted: str) -> KeptReport:
    """What is said of one of them; raises UnknownName."""
    if _ID.fullmatch(wanted):  # also one that is beyond those of the list
        entry = _entry(report_folder(settings().home, wanted))
        if entry is not None and sees(here(), entry.owner):
            return entry
    known = known_names(wanted, (one.id for one in kept_reports()))
    raise UnknownName(f'there is no report "{wanted}" that can be read; {known}')


def open_report(wanted: str) -> Report:
    """One of them by its id; raises UnknownName, or BadInput where it is damaged."""
    entry_of(wanted)
    file = report_in(report_folder(settings().home, wanted))
    try:
        return _opened(file, file.stat().st_mtime_ns)
    except OSError as error:
        raise BadInput(f"the report {wanted} cannot be read: {error.strerror or error}") from error


@lru_cache(maxsize=16)  # a page asks at each of its runs
def _opened(file: Path, version: int) -> Report:
    try:
        told = json.loads(_read(file, MOST_BYTES))
    except BAD_JSON as error:
        raise BadInput(f"the report {file.parent.name} is damaged: {error}") from error
    return Report.from_dict(told)


def rename_report(wanted: str, name: str) -> KeptReport:
    """Give it another name; raises UnknownName or BadInput."""
    entry = replace(entry_of(wanted), name=_name(name))
    check("report", entry.owner)
    try:
        _write(entry)
    except OSError as error:
        raise unwritable(report_folder(settings().home, wanted), error) from error
    note_audit("rename", f"report {wanted}", entry.name)
    return entry


def delete_report(wanted: str) -> None:
    """For good; raises UnknownName, or BadInput where the disk does not let it go."""
    there = _ID.fullmatch(wanted) and report_folder(settings().home, wanted).is_dir()
    if not there or here().role != "admin":  # who may delete damaged ones too
        check("report", entry_of(wanted).owner)  # which says what is known
    try:
        shutil.rmtree(report_folder(settings().home, wanted))
    except OSError as error:
        raise unwritable(report_folder(settings().home, wanted), error) from error
    note_audit("delete", f"report {wanted}")
