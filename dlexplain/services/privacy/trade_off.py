"""What privacy costs: accuracy and membership inference against epsilon, over several trainings."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from dlexplain.data.base import PictureData
from dlexplain.errors import BadInput
from dlexplain.evaluation import membership as attacks
from dlexplain.evaluation.roc import auroc
from dlexplain.execution.environment import cores, processor
from dlexplain.execution.spec import RunSpec
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.params import parse
from dlexplain.results.privacy import FALSE_ALARMS
from dlexplain.results.privacy_cost import PrivacyTrade, Trade
from dlexplain.services.pictures.data import load_pictures
from dlexplain.services.privacy.fitting import fit, logits_of
from dlexplain.services.privacy.records import Records, drawn, learned_from
from dlexplain.services.training.catalogue import complete
from dlexplain.tasks.base import Training
from dlexplain.tasks.private import delta_of

SPEC = RunSpec(
    task="classify-image",
    model="cnn",
    data="digits",
    model_params={
        "blocks": 2,
        "width": 16,
        "dense": 64,
        "norm": False,
        "dropout": 0.0,
        "activation": "tanh",
    },
    training={
        "epochs": 30,
        "batch_size": 128,
        "learning_rate": 5e-3,
        "weight_decay": 0.0,
        "schedule": "constant",
        "precision": "float32",
        "secret_noise": False,
    },
    name="Digits, privately",
)
"""The training of the figure that comes along: the same but for its noise."""
EPSILONS = (1.0, 3.0, 8.0, None)
USUAL_SEEDS = 5


@random_state_kept()
def trade_off(
    spec: RunSpec = SPEC,
    epsilons: Sequence[float | None] = EPSILONS,
    seeds: int = USUAL_SEEDS,
    progress: Progress | None = None,
    told: Callable[[Trade], None] = lambda trade: None,
    command: str = "",
) -> PrivacyTrade:
    """Train at each epsilon, None without noise, with each of `seeds` seeds; test and attack each.

    The records of the attack are drawn anew for each seed, the same for every epsilon. Progress
    counts epochs. Raises BadInput or DataError for a spec that cannot be trained so, or Cancelled.
    """
    if not epsilons or seeds < 1:
        raise BadInput(f"{len(epsilons)} epsilons and {seeds} seeds; 1 or more of each is accepted")
    data = learned_from(load_pictures(spec.data, spec.data_params), spec)
    progress = progress or Progress()
    specs = {e: complete(_with(spec, e)) for e in epsilons}
    epochs = int(specs[epsilons[0]].training["epochs"])
    progress.plan(epochs * seeds * len(specs))
    trades = []
    for seed in range(seeds):
        for epsilon, one in specs.items():
            trade = _trade(replace(one, seed=seed), epsilon, data, progress)
            trades.append(trade)
            told(trade)
    records = _records(data, 0)
    return PrivacyTrade(
        data=spec.data,
        command=command,
        date=datetime.now(UTC).isoformat(timespec="seconds"),
        machine=f"{processor()}, {cores()} cores",
        spec=complete(spec).to_dict(),
        delta=delta_of(parse(Training, spec.training), len(data.train)),
        count=len(records.members),
        test=len(data.test),
        trades=tuple(trades),
        member_places=tuple(map(int, records.members)),
        other_places=tuple(map(int, records.others)),
    )


def _with(spec: RunSpec, epsilon: float | None) -> RunSpec:
    return replace(spec, training={**spec.training, "target_epsilon": epsilon or 0.0})


def _records(data: PictureData, seed: int) -> Records:
    members, others = drawn(data, len(data.test), seed)
    return Records(data, members, others, ())


def _trade(spec: RunSpec, epsilon: float | None, data: PictureData, progress: Progress) -> Trade:
    built = fit(spec, data, lambda: progress.advance(1))
    said = logits_of(built, data.test.pixels).argmax(1)
    records = _records(data, spec.seed)
    pool, size = records.pool, len(records.members)
    lost = attacks.losses(logits_of(built, pool.pixels), pool.labels)
    members, others = lost[:size], lost[size:]
    private, first = built.module.private, spec.seed == 0
    return Trade(
        epsilon=epsilon,
        seed=spec.seed,
        spent=None if private is None else private.spent(built.module.steps),
        noise=None if private is None else private.promised.noise,
        accuracy=float((said == data.test.labels).mean()),
        auc=auroc(-members, -others),
        tpr=attacks.tpr_at_fpr(-members, -others, FALSE_ALARMS),
        right=attacks.guesses_right(-members, -others, -float(members.mean())),
        members=_short(members) if first else (),
        others=_short(others) if first else (),
    )


def _short(losses: np.ndarray) -> tuple[float, ...]:
    return tuple(float(f"{loss:.4g}") for loss in losses)
