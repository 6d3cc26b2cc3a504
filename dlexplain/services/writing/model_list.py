"""Every language model that there is, for pickers: the zoo's, then finished runs; no torch here."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dlexplain.errors import UnknownName, known_names
from dlexplain.execution.states import RunRow
from dlexplain.results.certainty import scored
from dlexplain.services.trained.models import (
    Trained,
    find_model,
    finished_runs,
    readable_zoo,
    test_score,
)

TASK = "language-model"
FIRST = "shakespeare-lstm"
"""Shown first where the zoo has it: it writes whole sentences from any text."""


@dataclass(frozen=True)
class LanguageEntry:
    """A language model's facts.

    name   what load_language_model takes; a run's is its id
    title  for people, such as "ptb-rnn, perplexity 131, n = 73,760 (zoo)"
    cell   "rnn", "lstm" or "gru" of a recurrent network, "" of a Transformer
    data   what it was trained on
    """

    name: str
    title: str
    source: Literal["zoo", "run", "own"]
    cell: str
    data: str


def language_entries(own: Sequence[str] = ()) -> tuple[LanguageEntry, ...]:
    """The zoo's, then finished runs, the latest first, then the user's own by folder or hub name.

    Those whose card is damaged are left out.
    """
    zoo = [_entry(model) for model in readable_zoo(TASK)]
    runs = [_run_entry(row) for row in finished_runs(TASK)]
    yours = [LanguageEntry(name, f"{name} (your own)", "own", "", "your own") for name in own]
    return (*zoo, *runs, *yours)


def default_model() -> str:
    """The name of the model that is shown first; raises UnknownName where there is none."""
    names = [entry.name for entry in language_entries()]
    if not names:
        raise UnknownName("there is no language model yet; train one on the page Launch")
    return FIRST if FIRST in names else names[0]


def language_entry(name: str) -> LanguageEntry:
    """The entry of this name; raises UnknownName, which says what is known."""
    for entry in language_entries():
        if entry.name == name:
            return entry
    raise unknown_language_model(name)


def find_trained(name: str) -> Trained:
    """Where the model of this name lies; raises UnknownName, or WeightsError of a damaged one."""
    if (model := find_model(name, TASK)) is not None:
        return model
    raise unknown_language_model(name)


def unknown_language_model(name: str) -> UnknownName:
    """The error that says what is known."""
    known = known_names(name, (entry.name for entry in language_entries()))
    return UnknownName(f'unknown language model "{name}"; {known}')


def _run_entry(row: RunRow) -> LanguageEntry:
    told = _told(test_score(row, "test/perplexity"))
    cell = str(row.spec.model_params.get("cell", "")) if row.spec.model == "rnn-lm" else ""
    return LanguageEntry(row.id, f"{row.name}{told} (run {row.id})", "run", cell, row.spec.data)


def _entry(model: Trained) -> LanguageEntry:
    spec = model.spec
    cell = str(spec.model_params.get("cell", "")) if spec.model == "rnn-lm" else ""
    title = f"{model.name}{_told(model.score)} (zoo)"
    return LanguageEntry(model.name, title, "zoo", cell, spec.data)


def _told(score: tuple[float, int] | None) -> str:
    """Perplexity and on how many tokens, as it follows a name."""
    return "" if score is None else f", perplexity {scored('perplexity', *score)}"
