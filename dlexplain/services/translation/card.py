"""What a translator's card says of it; no torch here."""

from collections.abc import Mapping
from dataclasses import dataclass

from dlexplain.errors import WeightsError
from dlexplain.trained.entry import ModelEntry


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


def translator_card(entry: ModelEntry) -> TranslatorCard:
    """Raises WeightsError where the card is damaged."""
    model = entry.trained
    card, spec, facts = model.card, model.spec, model.facts
    try:
        source, target = map(str, facts["languages"])
        return TranslatorCard(
            name=entry.name,
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
