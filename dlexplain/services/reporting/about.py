"""Where an answer comes from: the models' cards, the methods with their papers, the versions."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from dlexplain.errors import BadInput, DlexplainError, UnknownName
from dlexplain.execution.environment import cores, processor
from dlexplain.networks.base import MODELS
from dlexplain.params import Value
from dlexplain.results import ZooCard
from dlexplain.results.reports import About, Card, MethodTold
from dlexplain.results.words import duration, metric_name, size
from dlexplain.services.explaining import by_name, infos_for
from dlexplain.services.pictures.bundle import versions
from dlexplain.trained.catalogue import find
from dlexplain.trained.entry import ModelEntry
from dlexplain.trained.heads import MARK
from dlexplain.trained.zoo_cards import trained_in, zoo_card


def about_of(
    models: Iterable[tuple[str, str]],
    methods: Iterable[tuple[str, str, Mapping[str, Value]]],
    commands: Sequence[str],
    python: Sequence[str],
) -> About:
    """Of an explanation that was made on this machine.

    models   name and fingerprint of each, once
    methods  modality, name and the params as they were used
    """
    asked = list(methods)
    return About(
        cards=tuple(card_of(name, fingerprint) for name, fingerprint in dict.fromkeys(models)),
        methods=tuple(told_methods(asked)),
        seed=_seed(params for _, _, params in asked),
        versions=versions(),
        commands=tuple(commands),
        python=tuple(python),
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=f"{processor()}, {cores()} cores",
    )


def _seed(params: Iterable[Mapping[str, Value]]) -> str:
    """What a method draws at random it draws from its own parameter, which stands beside it."""
    seeds = {str(one["seed"]) for one in params if "seed" in one}
    if seeds:
        return f"What the methods draw at random is drawn from seed {', '.join(sorted(seeds))}."
    return (
        "What a method draws at random is drawn from a fixed seed: the same question has the same "
        "answer."
    )


def told_methods(
    asked: Iterable[tuple[str, str, Mapping[str, Value]]],
) -> Iterable[MethodTold]:
    """Each once, with its description and paper; one that is not known here by its name only."""
    seen = set()
    for modality, name, params in asked:
        told = {key: str(value) for key, value in params.items()}
        if (key := (name, str(sorted(told.items())))) in seen:
            continue
        seen.add(key)
        known = by_name(infos_for(modality))
        if name not in known:
            yield MethodTold(name, "", "", told)
            continue
        info = known[name]
        paragraphs = (" ".join(part.split()) for part in info.description.split("\n\n"))
        yield MethodTold(info.title, "\n\n".join(paragraphs), info.paper, told)


def card_of(name: str, fingerprint: str = "") -> Card:
    """A model's card, as far as it has one: of the zoo, registered, a run, or a user's own."""
    facts: dict[str, str] = {"Name": name}
    try:
        facts |= _zoo_facts(zoo_card(name.partition(MARK)[0]))
    except (UnknownName, DlexplainError):
        facts |= _other_facts(name)
    if fingerprint:
        facts["Fingerprint of its weights"] = fingerprint
    return Card(name, facts)


def _zoo_facts(card: ZooCard) -> dict[str, str]:
    facts = {
        "Model": f"{card.model} on {card.data}, task {card.task}",
        "Test": card.headline_words,
        "Over seeds": card.over_seeds(card.headline[0]),
        "Parameters": f"{card.parameters:,}",
        "On disk": size(card.bytes),
        "Trained in": f"{trained_in(card)}, {card.machine}",
        "Seed": str(card.spec.get("seed", "")),
        "Trained by": card.command,
        "To know": " ".join(card.notes),
    }
    return {name: value for name, value in facts.items() if value}


def _other_facts(name: str) -> dict[str, str]:
    try:
        entry = find(name)
    except (BadInput, DlexplainError):
        return {}
    facts = {
        "Model": entry.title,
        "Task": entry.task,
        "Architecture": entry.architecture,
        "Data": entry.data,
        **_registered(entry),
        **_trained(entry),
    }
    return {key: value for key, value in facts.items() if value}


def _registered(entry: ModelEntry) -> dict[str, str]:
    if entry.name not in MODELS:
        return {}
    spec = MODELS[entry.name]
    return {"Paper": spec.paper, "Licence": spec.licence}


def _trained(entry: ModelEntry) -> dict[str, str]:
    """Of a run: what its card says."""
    try:
        model = entry.trained
    except DlexplainError:
        return {}
    found = {"Seed": str(model.spec.seed)}
    if model.headline is not None:
        key, value = model.headline
        found["Test"] = f"{metric_name(key.partition('/')[2])} {value:.4g}"
    if "training_seconds" in model.card:
        found["Trained in"] = duration(float(model.card["training_seconds"]))
    return found
