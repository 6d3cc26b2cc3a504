"""Every translator that there is, for pickers, and what its card says; no torch here."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dlexplain.errors import UnknownName, WeightsError, known_names
from dlexplain.execution.states import RunRow
from dlexplain.results.certainty import scored
from dlexplain.services.trained.models import (
    Trained,
    find_model,
    finished_runs,
    readable_zoo,
    test_score,
)

TASK = "translate"
FIRST = ("multi30k-transformer", "multi30k-gru-attention", "dates-gru-attention")
"""The first of these that the zoo has is what the page shows at first."""
DATES = (
    "Sunday, 3 May 1987",
    "the 14th of July 2026",
    "Tue Dec 31 1999",
    "2012, February 29",
    "1st January, 2000",
)
SENTENCES = (
    "Two young men are playing guitar in the park.",
    "A brown dog is running through the snow.",
    "A woman in a red coat is waiting for the bus.",
    "Three children are jumping into a swimming pool.",
    "An old man is reading a newspaper on a bench.",
)


@dataclass(frozen=True)
class TranslatorEntry:
    """A translator's facts.

    name   what load_translator takes; a run's is its id
    title  for people, such as "dates-gru-attention, BLEU 97.8, n = 1,000 (zoo)"
    data   what it was trained on
    """

    name: str
    title: str
    source: Literal["zoo", "run"]
    data: str

    @property
    def examples(self) -> tuple[str, ...]:
        """Texts of the kind that it was trained on."""
        return DATES if self.data == "dates" else SENTENCES


@dataclass(frozen=True)
class TranslatorCard:
    """What a translator was trained on, and how well it does.

    metrics  by split/name
    longest  tokens of a text that it reads
    test     sentences that it was tested on, with this beam
    """

    name: str
    architecture: str
    data: str
    languages: tuple[str, str]
    metrics: Mapping[str, float]
    parameters: int
    longest: int
    tokens: str
    test: int
    beam: int


def translator_entries() -> tuple[TranslatorEntry, ...]:
    """The zoo's, the first of FIRST before the others, then finished runs, the latest first."""
    zoo = [_entry(model) for model in readable_zoo(TASK)]
    order = {name: place for place, name in enumerate(FIRST)}
    zoo.sort(key=lambda entry: (order.get(entry.name, len(order)), entry.name))
    return (*zoo, *(_run_entry(row) for row in finished_runs(TASK)))


def default_translator() -> str:
    """The name of the model that is shown first; raises UnknownName where there is none."""
    entries = translator_entries()
    if not entries:
        raise UnknownName("there is no translator yet; train one on the page Launch")
    return entries[0].name


def translator_entry(name: str) -> TranslatorEntry:
    """The entry of this name; raises UnknownName, which says what is known."""
    for entry in translator_entries():
        if entry.name == name:
            return entry
    raise _unknown(name)


def find_translator(name: str) -> Trained:
    """Where the model of this name lies; raises UnknownName, or WeightsError of a damaged one."""
    if (model := find_model(name, TASK)) is not None:
        return model
    raise _unknown(name)


def translator_card(name: str) -> TranslatorCard:
    """Raises UnknownName, or WeightsError where the card is damaged."""
    model = find_translator(name)
    card, spec, facts = model.card, model.spec, model.facts
    try:
        source, target = map(str, facts["languages"])
        return TranslatorCard(
            name=name,
            architecture=spec.model,
            data=spec.data,
            languages=(source, target),
            metrics={str(k): float(v) for k, v in card.get("metrics", {}).items()},
            parameters=int(card.get("parameters", 0)),
            longest=int(facts["longest"]),
            tokens=str(spec.task_params.get("tokens", "bpe")),
            test=int(facts.get("sizes", {}).get("test", 0)),
            beam=int(spec.task_params.get("beam", 1)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise WeightsError(f"the card of {model.owner} is damaged: {error}") from error


def _unknown(name: str) -> UnknownName:
    known = known_names(name, (entry.name for entry in translator_entries()))
    return UnknownName(f'unknown translator "{name}"; {known}')


def _entry(model: Trained) -> TranslatorEntry:
    title = f"{model.name}{_told(model.score)} (zoo)"
    return TranslatorEntry(model.name, title, "zoo", model.spec.data)


def _run_entry(row: RunRow) -> TranslatorEntry:
    told = _told(test_score(row, "test/bleu"))
    return TranslatorEntry(row.id, f"{row.name}{told} (run {row.id})", "run", row.spec.data)


def _told(score: tuple[float, int] | None) -> str:
    """BLEU and on how many sentences, as it follows a name."""
    return "" if score is None else f", BLEU {scored('bleu', *score)}"
