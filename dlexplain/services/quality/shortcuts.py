"""The shortcut lab: which methods point at a mark of which it is certain that it decides.

A model is trained with a planted shortcut (data.shortcuts). Test examples get the mark where it is
wrong; where only the mark turns the answer, it is what the answer rests on, so the positive
attribution of a good map lies in it: relevance mass.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from dlexplain.data.shortcuts import Shortcut
from dlexplain.errors import BadInput, Incompatible, ParamError, UnknownName, known_names
from dlexplain.evaluation.case import strengths_of
from dlexplain.evaluation.intervals import bootstrap_mean
from dlexplain.evaluation.metrics.localisation import relevance_mass
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.params import parse
from dlexplain.results.shortcuts import MarkedExample, MarkedRelevance, ShortcutTest
from dlexplain.services.explaining import MethodInfo
from dlexplain.services.quality.lab import LEAST_EXAMPLES, MOST_EXAMPLES, USUAL
from dlexplain.services.quality.marked import Marked, MarkedCase
from dlexplain.trained.catalogue import trained
from dlexplain.trained.folder import Trained

SHOWN = 4
"""Examples whose maps are kept."""
EVERYWHERE = (
    "The tint is in every pixel, so all relevance of every method lies in it: only what the model "
    "says can be judged."
)


@random_state_kept()
def measure_shortcut(
    model: str,
    examples: int = USUAL,
    methods: Sequence[str] = (),
    progress: Progress | None = None,
) -> ShortcutTest:
    """Ask a model that was trained with a shortcut, and every method why.

    model     a finished run's id, or the path of its folder
    examples  that are explained, drawn by the run's seed among those whose answer the mark turned
    methods   by name; by default all that suit the model, with their usual parameters

    Where the mark turns fewer than three answers, or is everywhere, no method is asked, and a note
    says why. Raises UnknownName, WeightsError, DataError where its data are not here, BadInput
    where nothing is planted, or Cancelled.
    """
    if not LEAST_EXAMPLES <= examples <= MOST_EXAMPLES:
        raise BadInput(
            f"examples is {examples}; it takes a whole number from {LEAST_EXAMPLES} to "
            f"{MOST_EXAMPLES}"
        )
    found, progress = trained(model), progress or Progress()
    shortcut: Shortcut = parse(Shortcut, found.spec.shortcut)
    if not shortcut.planted:
        raise BadInput(f"no shortcut is planted in {found.owner}; train one with shortcut.kind")
    progress.plan(1)
    marked = _marked(found, shortcut, progress)
    progress.advance(1)
    infos = _chosen(marked.methods(), methods)
    note = EVERYWHERE if shortcut.kind == "colour" else _unlearnt(marked)
    cases = [] if note else _cases(marked, examples, found.spec.seed)
    progress.plan(len(cases) * len(infos))
    maps, refused = _explained(cases, infos, found.spec.seed, progress) if cases else ([], ())
    mark = shortcut.words
    return ShortcutTest(
        model=found.name,
        title=found.title,
        data=found.spec.data,
        kind=shortcut.kind,
        planted=f"{mark} that is in {shortcut.marked_share:.0%} of {marked.examples}",
        scores=marked.scores,
        turned=len(marked.turned),
        against=marked.against,
        methods=tuple(sorted((one for one, _ in maps), key=lambda one: -one.mean)),
        chance=float(np.mean([case.mask.mean() for case in cases])) if cases else 1.0,
        examples=_shown(cases, maps),
        names=tuple(case.name for case in cases),
        refused=refused,
        notes=(note,) if note else (),
        seconds=progress.seconds,
    )


def _marked(found: Trained, shortcut: Shortcut, progress: Progress) -> Marked:
    task = found.spec.task
    if task == "classify-image":
        from dlexplain.services.quality.marked_pictures import MarkedPictures

        return MarkedPictures.of(found, shortcut, progress)
    if task == "classify-text":
        from dlexplain.services.quality.marked_texts import MarkedTexts

        return MarkedTexts.of(found, shortcut, progress)
    from dlexplain.services.quality.marked_series import MarkedSeries

    return MarkedSeries.of(found, shortcut, progress)


def _unlearnt(marked: Marked) -> str:
    """A sentence where the mark turns too few answers for maps of them to be judged, else ""."""
    turned = len(marked.turned)
    if turned >= LEAST_EXAMPLES:
        return ""
    return (
        f"The mark turns the answer of {turned} of {marked.against:,} test examples: the model has "
        "not learnt the shortcut, so nobody knows what a map should point at. Train it for longer, "
        "or mark more of the examples."
    )


def _cases(marked: Marked, count: int, seed: int) -> list[MarkedCase]:
    """So many examples whose answer the mark turned, or all of fewer."""
    order = np.random.default_rng(seed).permutation(marked.turned)[:count]
    return [marked.case(int(place)) for place in np.sort(order)]


def _chosen(known: Sequence[MethodInfo], names: Sequence[str]) -> list[MethodInfo]:
    """Those named, or all; raises UnknownName."""
    by_name = {info.name: info for info in known}
    for name in names:
        if name not in by_name:
            raise UnknownName(
                f'unknown method "{name}" for this model; {known_names(name, sorted(by_name))}'
            )
    return [by_name[name] for name in names] or list(known)


Measured = tuple[MarkedRelevance, list[Any]]
"""A method's relevance masses, and its maps of the examples that are shown."""


def _explained(
    cases: Sequence[MarkedCase], infos: Sequence[MethodInfo], seed: int, progress: Progress
) -> tuple[list[Measured], tuple[str, ...]]:
    """Of each method; and why some cannot be asked."""
    found: list[Measured] = []
    refused = []
    for info in infos:
        try:
            found.append(_measured(cases, info, seed, progress))
        except (Incompatible, ParamError) as error:  # of an input with so many parts, say
            refused.append(f"{info.title}: {error}")
    return found, tuple(refused)


def _measured(
    cases: Sequence[MarkedCase], info: MethodInfo, seed: int, progress: Progress
) -> Measured:
    masses, shown, seconds, silent = [], [], 0.0, 0
    for place, case in enumerate(cases):
        why = case.explain(info.name, Progress(cancelled=progress.cancelled))
        mass = mass_in(why.values, getattr(why, "signed", info.signed), case)
        silent += mass is None
        masses.append(mass or 0.0)
        seconds += why.seconds
        shown += [why] if place < SHOWN else []
        progress.advance(1)
    values = np.array(masses, np.float64)
    mean, low, high = bootstrap_mean(values, seed)
    return (
        MarkedRelevance(
            info.name, info.title, info.family, values, mean, low, high, silent, seconds
        ),
        shown,
    )


def mass_in(values: NDArray[Any], signed: bool, case: MarkedCase) -> float | None:
    """Relevance mass of a map in the mark; None where nothing in it pushes as the mark does.

    Where a method has no sign, the sizes of its values count.
    """
    one = strengths_of(torch.from_numpy(np.array(values, np.float32)), signed)
    strengths = case.sign * one if signed else one.abs()
    if not bool((strengths > 0).any()):
        return None
    return relevance_mass(strengths, torch.from_numpy(case.mask))


def _shown(cases: Sequence[MarkedCase], maps: Sequence[Measured]) -> tuple[MarkedExample, ...]:
    return tuple(
        MarkedExample(
            case.name,
            case.before,
            case.after,
            case.mask,
            {one.method: drawn[place] for one, drawn in maps},
        )
        for place, case in enumerate(cases[:SHOWN])
    )
