"""What the shortcut lab trains, and what it has trained; no torch here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from dlexplain.data.shortcuts import KINDS, NONE, USED, Shortcut
from dlexplain.errors import UnknownName, known_names
from dlexplain.execution.spec import RunSpec
from dlexplain.params import Spec, Value, specs
from dlexplain.results import RunRecord
from dlexplain.services.training.presets import PRESETS, preset_seconds
from dlexplain.services.training.runs import runs

USUAL = 20
"""Examples that are explained."""
LEAST_EXAMPLES, MOST_EXAMPLES = 3, 200


@dataclass(frozen=True)
class Lab:
    """A kind of input of the lab.

    name   in the address;  task  of its runs;  preset  what its training starts from
    """

    name: str
    title: str
    task: str
    preset: str

    @property
    def plants(self) -> tuple[str, ...]:
        """What can be planted."""
        return KINDS[self.task]

    @property
    def seconds(self) -> float:
        """About how long the training takes on two cores."""
        return preset_seconds(self.preset)

    @property
    def first(self) -> Mapping[str, Value]:
        """What its preset plants."""
        return PRESETS[self.preset].spec.shortcut

    def spec(self, shortcut: Mapping[str, Value]) -> RunSpec:
        """Its preset's training with this planted."""
        spec = PRESETS[self.preset].spec
        named = Shortcut(**{**self.first, **shortcut})  # type: ignore[arg-type]
        name = f"Shortcut lab: {named.words}" + (f", {named.marked}" if named.marked else "")
        return replace(spec, shortcut=dict(shortcut), name=name)


LABS: Mapping[str, Lab] = {
    lab.name: lab
    for lab in (
        Lab("picture", "Pictures", "classify-image", "shortcut-pictures"),
        Lab("text", "Texts", "classify-text", "shortcut-text"),
        Lab("series", "Series", "forecast", "shortcut-series"),
    )
}
TITLES = {
    "mark": "A square in a corner",
    "colour": "A tint",
    "word": "A word",
    "spike": "A spike",
}
"""Of what can be planted."""


def lab_of(kind: str) -> Lab:
    """The one in which this can be planted."""
    return next(lab for lab in LABS.values() if kind in lab.plants)


def planted_params(kind: str) -> dict[str, Spec]:
    """The parameters of one kind of shortcut."""
    return {key: spec for key, spec in specs(Shortcut).items() if key in USED[kind]}


def shortcut_runs(task: str = "") -> list[RunRecord]:
    """Runs in which a shortcut is planted, in whatever state, the latest first."""
    return [
        record
        for record in runs()
        if record.spec.get("shortcut", {}).get("kind", NONE) != NONE and task in ("", record.task)
    ]


def shortcut_run(wanted: str) -> RunRecord:
    """One of them by its id or a unique beginning of it; raises UnknownName."""
    known = shortcut_runs()
    found = [record for record in known if record.id.startswith(wanted)] if wanted else []
    if len(found) != 1:
        raise UnknownName(
            f'no run with a planted shortcut is called "{wanted}"; '
            f"{known_names(wanted, [record.id for record in known])}"
        )
    return found[0]
