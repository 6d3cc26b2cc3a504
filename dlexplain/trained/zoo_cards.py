"""The cards of the zoo's models, for pages, the command line and the README; no torch here."""

from collections.abc import Sequence
from functools import lru_cache

from dlexplain.errors import BadInput, UnknownName, WeightsError, known_names
from dlexplain.execution.paths import (
    calibration_in,
    compression_in,
    outside_in,
    robustness_in,
    smoothing_in,
    trust_in,
)
from dlexplain.results import ZooCard
from dlexplain.results.words import duration, size
from dlexplain.results.zoo_cards import GPU, SeedScores
from dlexplain.tasks.base import TASKS
from dlexplain.trained.folder import Trained, sizes_of
from dlexplain.trained.zoo import Zoo, readable_zoo

MEASURED = (calibration_in, compression_in, outside_in, robustness_in, smoothing_in, trust_in)
"""Files beside a card that are not needed to load the model."""


SEEDS = "seeds"
"""The key of a card under which its training with other seeds stands."""


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
    seeds, seeds_problem = _seeds(model)
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
        seeds=seeds,
        seeds_problem=seeds_problem,
    )


def _seeds(model: Trained) -> tuple[SeedScores | None, str]:
    """How its training does with other seeds, or why that cannot be shown; nothing else of the
    model hangs on it."""
    try:
        return seeds_in(model), ""
    except WeightsError as error:
        return None, str(error)


def seeds_in(model: Trained) -> SeedScores | None:
    """What its card says of other seeds, None where nothing; raises WeightsError where it is
    damaged."""
    if SEEDS not in model.card:
        return None
    try:
        found = SeedScores.from_dict(model.card[SEEDS])
        if found.shipped != model.spec.seed:
            raise BadInput(f"the shipped seed is {found.shipped}, the model's {model.spec.seed}")
        if unknown := next((key for key in found.scores if key not in model.metrics), ""):
            raise BadInput(f"{unknown} is no metric of the model")
    except BadInput as error:
        raise WeightsError(
            f"the seeds in the card of {model.owner} are damaged: {error}"
        ) from error
    return found


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
    """Other seeds, and what a forecaster is measured against."""
    key = card.headline[0]
    seeds = f"; {card.seeds.words(key)}" if card.seeds and key in card.seeds.scores else ""
    if "test/mase_ar" not in card.metrics:
        return seeds
    model, walk, ar = (card.metrics[f"test/mase{k}"] for k in ("", "_random_walk", "_ar"))
    return f"{seeds}: MASE {model:.3g}, random walk {walk:.3g}, AR {ar:.3g}"
