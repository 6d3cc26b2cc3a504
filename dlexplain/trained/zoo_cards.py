"""The cards of the zoo's models, for pages, the command line and the README; no torch here."""

from collections.abc import Sequence
from functools import lru_cache

from dlexplain.errors import UnknownName, known_names
from dlexplain.execution.paths import (
    calibration_in,
    compression_in,
    outside_in,
    robustness_in,
    smoothing_in,
    trust_in,
)
from dlexplain.results import ZooCard
from dlexplain.results.runs import GPU
from dlexplain.results.words import duration, size
from dlexplain.tasks.base import TASKS
from dlexplain.trained.folder import Trained, sizes_of
from dlexplain.trained.zoo import Zoo, readable_zoo

MEASURED = (calibration_in, compression_in, outside_in, robustness_in, smoothing_in, trust_in)
"""Files beside a card that are not needed to load the model."""


def zoo_cards() -> tuple[ZooCard, ...]:
    """By name, without those that are damaged; `damaged_zoo` says why."""
    return tuple(map(_read, readable_zoo()))


def zoo_card(name: str) -> ZooCard:
    """One of them; raises UnknownName, or WeightsError where it is damaged."""
    Zoo().find(name, tuple(TASKS))  # raises WeightsError of a damaged one
    cards = zoo_cards()
    for card in cards:
        if card.name == name:
            return card
    known = known_names(name, (card.name for card in cards))
    raise UnknownName(f'unknown zoo model "{name}"; {known}')


@lru_cache(maxsize=256)  # one object a model and version of its files, see zoo_models
def _read(model: Trained) -> ZooCard:
    card, spec = model.card, model.spec
    assert model.headline is not None  # a zoo model without one is damaged
    environment = card.get("environment", {})
    measured = {where(model.folder) for where in MEASURED}
    device, processor = (str(environment.get(key, "")) for key in ("device", "processor"))
    return ZooCard(
        name=model.name,
        task=spec.task,
        model=spec.model,
        data=spec.data,
        headline=model.headline,
        metrics=model.metrics,
        sizes=sizes_of(model.facts),
        parameters=int(card["parameters"]),
        bytes=sum(f.stat().st_size for f in model.folder.iterdir() if f not in measured),
        seconds=float(card["training_seconds"]),
        machine=device if device.startswith(GPU) else processor or device,
        command=str(card.get("command", "")),
        notes=tuple(model.facts.get("notes", ())),
        flat=spec.flat(),
        spec=spec.to_dict(),
    )


def score_table(cards: Sequence[ZooCard]) -> str:
    """Markdown: what the README shows, scores with their 95% interval and n."""
    lines = [
        "| model | validation | test | size | trained in |",
        "| --- | --- | --- | --- | --- |",
    ]
    for card in cards:
        key = f"validation/{card.headline[0].partition('/')[2]}"
        told = card.scored(key) if key in card.metrics else ""
        lines.append(
            f"| `{card.name}` | {told} | {card.headline_words}"
            f"{_beside(card)} | {size(card.bytes)} | {trained_in(card)} |"
        )
    return "\n".join(lines)


def trained_in(card: ZooCard) -> str:
    """Such as "4 min on a GPU"."""
    return duration(card.seconds) + (" on a GPU" if card.on_gpu else "")


def _beside(card: ZooCard) -> str:
    """What a forecaster is measured against."""
    if "test/mase_ar" not in card.metrics:
        return ""
    model, walk, ar = (card.metrics[f"test/mase{k}"] for k in ("", "_random_walk", "_ar"))
    return f": MASE {model:.3g}, random walk {walk:.3g}, AR {ar:.3g}"
