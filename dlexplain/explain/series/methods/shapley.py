"""Shapley values by sampling orders."""

from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from dlexplain.explain.base import Attributed, seeded, summed_up
from dlexplain.explain.series.base import Family, SeriesExplainer, SeriesRun, register
from dlexplain.params import choice, number


@register
class ShapSampling(SeriesExplainer):
    """Shapley values: blocks of some periods of one series are put in place of a baseline's, one
    after the other in a random order, and each is credited with how far it moved the forecast.
    Every second order is the one before it backwards, which halves the noise. The values sum to
    f(x) less the mean forecast of the baselines, whatever the number of orders.

    Formula: E over orders, b of f(b with x up to and with i) - f(b with x up to i)
    """

    name = "shap-sampling"
    title = "SHAP sampling"
    family: ClassVar[Family] = "perturbation"
    complete = True
    paper = "Štrumbelj, Kononenko 2010; Lundberg, Lee 2017, https://arxiv.org/abs/1705.07874"

    @dataclass(frozen=True)
    class Params:
        orders: int = number(16, "Orders", low=2, high=1000, help="Random orders, rather even.")
        block: int = number(
            3, "Block", low=1, high=100, help="Periods of one series that are one player."
        )
        baseline: str = choice(
            "windows", "Baselines", ("windows", "average"),
            help="Earlier windows of the series, one an order, or each series at its mean in "
            "training.",
        )  # fmt: skip
        seed: int = number(0, "Seed", low=0, high=2**31 - 1, help="Same seed, same draws.")

    def attribute(self, run: SeriesRun, params: Any) -> Attributed:
        generator = seeded(params.seed)
        players = blocks(run.x.shape[1], run.x.shape[2], params.block)  # (window, series)
        count = int(players.max()) + 1
        ranks = ranks_of(params.orders, count, generator)  # (orders, players)
        base = self._baselines(run, params, generator)  # (orders, window, series)
        run.progress.plan(params.orders * (count + 1))

        def make(start: int, stop: int) -> Tensor:
            place = torch.arange(start, stop)
            order, known = place // (count + 1), place % (count + 1)
            on = ranks[order] < known[:, None]  # (inputs, players)
            return torch.where(on[:, players].to(run.x.device), run.x, base[order])

        scores = torch.empty(params.orders * (count + 1))
        for span, part in run.evaluator.scores(make, len(scores)):
            scores[span] = part.float().cpu()
        steps = scores.view(params.orders, count + 1)
        values = steps.diff(dim=1).gather(1, ranks).mean(0)  # (players,)
        sizes = torch.bincount(players.flatten(), minlength=count)
        cells = (values / sizes)[players]
        window = run.x.shape[1]
        note = ONE_BLOCK.format(window) if params.block >= window > 1 else ""
        return summed_up(cells, float(steps[0, -1]), float(steps[:, 0].mean()), note)

    @staticmethod
    def _baselines(run: SeriesRun, params: Any, generator: torch.Generator) -> Tensor:
        if params.baseline == "average":
            return run.baseline("average").expand(params.orders, -1, -1)
        pairs = (torch.arange(params.orders) // 2) % len(run.background)
        mixed = torch.randperm(len(run.background), generator=generator)
        return run.background[mixed[pairs]]


ONE_BLOCK = "The window has {} periods: they are one block, and count the same."


def blocks(window: int, series: int, length: int) -> Tensor:
    """(window, series) the number of each cell's block; blocks are counted from the latest period,
    so that a shorter one is the oldest."""
    back = torch.arange(window - 1, -1, -1) // length  # (window,)
    return back[:, None] + (int(back.max()) + 1) * torch.arange(series)


def ranks_of(orders: int, players: int, generator: torch.Generator) -> Tensor:
    """(orders, players) the place of each; every second order is the one before, backwards."""
    found: list[Tensor] = []
    while len(found) < orders:
        rank = torch.randperm(players, generator=generator)
        found += [rank, players - 1 - rank]
    return torch.stack(found[:orders])
