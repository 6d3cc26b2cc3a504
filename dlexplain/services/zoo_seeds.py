"""A zoo model's training with other seeds, put into its card; no torch here.

The runs are a family, as `train --preset NAME --seeds 5` makes one, whose specs are the card's but
for the seed, on the data of the card.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dlexplain.errors import BadInput, RunError, UnknownName, known_names
from dlexplain.execution import paths
from dlexplain.execution.files import write_whole
from dlexplain.execution.spec import RunSpec
from dlexplain.results import RunRecord
from dlexplain.results.run_groups import LEAST, RunGroup
from dlexplain.results.zoo_cards import SeedScores
from dlexplain.services.training.catalogue import complete
from dlexplain.services.training.grouping import scores
from dlexplain.services.training.runs import runs
from dlexplain.trained.catalogue import trained
from dlexplain.trained.folder import Trained
from dlexplain.trained.zoo import zoo_models
from dlexplain.trained.zoo_cards import SEEDS

TOLERANCE = 0.01
"""Relative difference of a metric that testing again allows: processors add in different orders."""
NOT_COMPUTED = ("seed", "device", "data.path")
"""Fields of a spec that may differ between a card and its seeds, beside what a run asks of a
machine."""
SPLIT = "test/"


def is_near(value: float, said: float) -> bool:
    """Whether a metric that was measured again is the one that a card says."""
    return abs(value - said) <= TOLERANCE * max(abs(said), 0.1)


@dataclass(frozen=True)
class AddedSeeds:
    """What a card now says, and sentences on runs of the family that are not in it."""

    name: str
    found: SeedScores
    left_out: tuple[str, ...]


def add_seeds(name: str, family: str) -> AddedSeeds:
    """Put the finished runs of a family into the card of a zoo model, in place of earlier ones.

    Raises UnknownName for a model or a family that there is not, and RunError where the runs are
    fewer than three, two of one seed, none of the shipped seed, of another spec or other data, or
    where the run of the shipped seed does not score as the shipped model did.
    """
    models = {model.name: model for model in zoo_models()}
    if name not in models:
        raise UnknownName(f'unknown zoo model "{name}"; {known_names(name, models)}')
    model = models[name]
    records = _family(family)
    finished = [record for record in records if record.state == "finished"]
    if len(finished) < LEAST:
        raise RunError(
            f"{len(finished)} of the {len(records)} runs of family {family} are finished; a card "
            f"takes {LEAST} seeds and more"
        )
    by_seed = _by_seed(model, finished)
    shipped = model.spec.seed
    if shipped not in by_seed:
        raise RunError(
            f"family {family} has no run of seed {shipped}, with which {name} was trained; one has "
            "to show that the training is still the same"
        )
    _check_shipped(model, by_seed[shipped])
    found = SeedScores(shipped, tuple(by_seed), _scores(model, by_seed))
    card = paths.card_in(model.folder)
    write_whole(card, json.dumps({**model.card, SEEDS: found.to_dict()}, indent=1).encode())
    left_out = tuple(
        f"run {record.id} is {record.state} and left out"
        for record in records
        if record.state != "finished"
    )
    return AddedSeeds(name, found, left_out)


def _family(family: str) -> list[RunRecord]:
    """Its runs, in the order in which they were asked for."""
    known = runs()
    found = [record for record in known[::-1] if record.family == family and family]
    if not found:
        families = dict.fromkeys(record.family for record in known if record.family)
        raise UnknownName(f'no run is of family "{family}"; {known_names(family, families)}')
    return found


def _by_seed(model: Trained, finished: Sequence[RunRecord]) -> dict[int, Trained]:
    """The runs' models by seed, in its order; raises RunError of one that is another training."""
    expected, found = _computed(model.spec), dict[int, Trained]()
    for record in finished:
        run = trained(record.id)
        own = _computed(run.spec)
        differ = [key for key in {**expected, **own} if own.get(key) != expected.get(key)]
        if differ:
            key = differ[0]
            raise RunError(
                f"{key} is {own.get(key)} in run {record.id} and {expected.get(key)} in the card "
                f"of {model.name}; the seeds of a card differ by nothing else"
            )
        if run.facts.get("digest") != model.facts.get("digest"):
            raise RunError(f"run {record.id} learned from other data than {model.name}")
        if run.spec.seed in found:
            raise RunError(f"seed {run.spec.seed} is in the family twice; a card has each once")
        found[run.spec.seed] = run
    return dict(sorted(found.items()))


def _computed(spec: RunSpec) -> Mapping[str, Any]:
    """All that a training computes by, with today's defaults for what an older card does not
    say."""
    flat = complete(replace(spec, device="auto", resources={})).flat()
    own = {key: value for key, value in flat.items() if not key.startswith("resources.")}
    return {key: value for key, value in own.items() if key not in NOT_COMPUTED}


def _check_shipped(model: Trained, again: Trained) -> None:
    """That the run of the shipped seed scores as the model did when it was trained."""
    known = model.card.get("trained")
    before: Mapping[str, float] = known.get("metrics", {}) if isinstance(known, dict) else {}
    key = model.headline[0] if model.headline else ""
    if key not in before:
        raise RunError(f"the card of {model.name} does not say how it scored when it was trained")
    value, said = again.metrics.get(key, float("nan")), float(before[key])
    if not is_near(value, said):
        raise RunError(
            f"the run of seed {again.spec.seed} has {key} {value:.5g}, where {model.name} had "
            f"{said:.5g}: it is another training than that of the card"
        )


def _scores(model: Trained, by_seed: Mapping[int, Trained]) -> dict[str, Any]:
    """Of every metric of the test that the card and all runs have, and that differs or is the
    headline: what a rival scored is the same with every seed."""
    measured = [run.metrics for run in by_seed.values()]
    headline = model.headline[0] if model.headline else ""
    found = {}
    for key in model.metrics:
        values = [metrics[key] for metrics in measured if key in metrics]
        if not key.startswith(SPLIT) or len(values) < len(measured):
            continue
        if key != headline and len(set(values)) == 1:
            continue
        group = RunGroup(model.name, tuple(str(seed) for seed in by_seed))
        (score,) = scores([group], key, dict(zip(group.runs, values, strict=True)))
        found[key] = score
    if headline not in found:
        raise BadInput(f"the runs have no {headline}, by which {model.name} is judged")
    return found
