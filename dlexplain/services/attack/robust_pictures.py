"""Robustness of a picture classifier: attacks within a budget in L∞, and corruptions."""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

import dlexplain.corruptions  # noqa: F401, registers them
from dlexplain.attacks import Attack, Budget, attacks_for
from dlexplain.attacks.victim import Victim
from dlexplain.corruptions.base import CORRUPTIONS, SEVERITIES, corrupt
from dlexplain.errors import BadInput, DataError, DlexplainError, Incompatible
from dlexplain.evaluation.ranks import spearman
from dlexplain.explainers.base import find_method
from dlexplain.explainers.batching import Target
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.one_pass import (
    NO_TARGET,
    OnePass,
    all_logits,
    explain_together,
    scores_of_rows,
)
from dlexplain.explainers.progress import Progress
from dlexplain.params import as_dict
from dlexplain.results.explanations import joined
from dlexplain.services.attack.robust_subject import (
    CLEAN,
    Asked,
    AskedAttack,
    AskedCorruption,
    Labelled,
    RobustnessPlan,
    Row,
    Subject,
    Wanted,
)
from dlexplain.services.attack.robust_usual import (
    ATTACKS_USUAL,
    BUDGETS_USUAL,
    FEWER,
    MOST_BUDGETS,
    SEVERITIES_USUAL,
)
from dlexplain.services.explaining import batch_sizes
from dlexplain.services.pictures.examples import Shown, ShownPictures, shown_pictures
from dlexplain.services.pictures.explain import request_of, usual_method
from dlexplain.services.pictures.folder_work import truth_of
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.question import has_two
from dlexplain.trained.catalogue import ModelEntry, find

NORM = "linf"
NAMED = 5
"""Folders and classes that a message names."""
Views = NDArray[np.uint8]


class PictureSubject(Subject):
    """A picture classifier."""

    noun, usual = "pictures", 100
    model: LoadedModel
    shown: tuple[Shown, ...] = ()

    @cached_property
    def entry(self) -> ModelEntry | None:
        """What the catalogue has of it; None of one that it does not know."""
        try:
            return find(self.model.name, *self.model.tasks)
        except DlexplainError:
            return None

    def examples(self, data: str, count: int, seed: int) -> Labelled:
        model = self.model
        if len(model.classes) < 2:
            raise Incompatible(f"{model.name} has one class; an attack needs two")
        given = shown_pictures(self.entry, model.spec.preprocessing.fit, data, count, seed)
        labels = [self._label(one) for one in given.known]
        notes = [*given.notes]
        kept = [*zip(given.known, labels, strict=True)]
        if any(label is not None for label in labels):
            kept = [(one, label) for one, label in kept if label is not None]
            if left := len(labels) - len(kept):
                notes.append(
                    f"{left:,} of {len(labels):,} pictures are left out: they lie in no folder "
                    f"named after a class of {model.name}."
                )
        else:
            self._check_folders(given)
            notes.append(
                "The right classes are not known: what the model says of a picture as it is counts "
                "as right."
            )
        self.shown = tuple(one for one, _ in kept)
        told = "\n".join(f"{one.picture.key} {label}" for one, label in kept)
        return Labelled(
            given.title,
            tuple(label for _, label in kept),
            tuple(model.class_titles[c.index] if self._doubled(c.label) else c.label
                  for c in model.classes),
            hashlib.sha256(told.encode()).hexdigest()[:16],
            tuple(notes),
        )  # fmt: skip

    @cached_property
    def _by_label(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for known in self.model.classes:
            found.setdefault(known.label, []).append(known.index)
        return found

    def _doubled(self, label: str) -> bool:
        return len(self._by_label[label]) > 1

    def _label(self, one: Shown) -> int | None:
        if one.label is not None:
            found = self._by_label.get(one.label, [])
            return found[0] if len(found) == 1 else None
        known = truth_of(self.model, one.folder) if one.folder else None
        return None if known is None else known.index

    def _check_folders(self, given: ShownPictures) -> None:
        """Raise DataError where pictures lie in folders of other classes."""
        names = sorted({one.folder for one in given.known if one.folder})
        labels = sorted({one.label for one in given.known if one.label is not None})
        if len(names) < 2 and not labels:
            return
        told = ", ".join((names or labels)[:NAMED])
        classes = ", ".join(known.label for known in self.model.classes[:NAMED])
        raise DataError(
            f"{given.title}: none of the classes {told} is one of {self.model.name}; accepted are "
            f"folders named after its classes, such as {classes}, or one folder of pictures"
        )

    def plan(self, examples: Labelled, wanted: Wanted, seed: int) -> RobustnessPlan:
        work = _Work(self.model, self.shown, examples, seed)
        budgets = _budgets(wanted.budgets)
        attacks, notes = self._attacks(work, wanted, budgets)
        corruptions, more = self._corruptions(work, wanted)
        if not attacks and not corruptions:
            raise BadInput("neither an attack nor a corruption is asked for; name one")
        measured = bool(work.map_method) and bool(corruptions)
        return RobustnessPlan(
            Asked(CLEAN, work.clean),
            NORM,
            budgets if attacks else (),
            attacks,
            corruptions,
            work.map_method if measured else "",
            (*notes, *more),
        )

    def _attacks(
        self, work: "_Work", wanted: Wanted, budgets: tuple[float, ...]
    ) -> tuple[tuple[AskedAttack, ...], list[str]]:
        named = wanted.attacks is not None
        names = ATTACKS_USUAL if wanted.attacks is None else wanted.attacks
        known = attacks_for(self.model.modality)
        found, notes = [], []
        for name in dict.fromkeys(names):
            chosen = known[name]
            why = ""
            if NORM not in chosen.norms:
                why = f"{chosen.title} keeps no budget in L∞, in which robustness is measured"
            elif chosen.gradients and not self.model.prepared.differentiable:
                why = f"{chosen.title} needs gradients, which {self.model.name} has not"
            if why and named:
                raise BadInput(why)
            if why:
                notes.append(f"{why}.")
                continue
            found.append(work.attack(chosen, wanted, budgets))
        return tuple(found), notes

    def _corruptions(
        self, work: "_Work", wanted: Wanted
    ) -> tuple[tuple[AskedCorruption, ...], list[str]]:
        names = [*CORRUPTIONS] if wanted.corruptions is None else wanted.corruptions
        severities = SEVERITIES_USUAL if wanted.severities is None else wanted.severities
        for severity in severities:
            if severity not in SEVERITIES:
                raise BadInput(f"severity is {severity!r}; a whole number from 1 to 5 is accepted")
        if not names or not severities:
            return (), []
        try:
            corrupt(work.views(range(1))[0], next(iter(CORRUPTIONS)), 1)
        except DlexplainError as error:  # of pictures that are too small
            if wanted.corruptions is not None:
                raise
            return (), [f"No corruption is measured: {error}."]
        found = [
            work.corruption(name, severity)
            for name in dict.fromkeys(names)
            for severity in sorted(set(severities))
        ]
        return tuple(found), [] if work.map_method else [
            f"How alike maps stay is not measured: {usual_method(self.model)} takes many passes "
            "a map."
        ]


def offered() -> tuple[dict[str, str], dict[str, str]]:
    """Titles by name: of attacks that robustness can be measured by, and of corruptions."""
    known = attacks_for(LoadedModel.modality)
    attacks = {name: one.title for name, one in known.items() if NORM in one.norms}
    return attacks, {name: one.title for name, one in CORRUPTIONS.items()}


def _budgets(given: tuple[float, ...] | None) -> tuple[float, ...]:
    """Ascending; raises BadInput."""
    found = sorted(set(BUDGETS_USUAL if given is None else given))
    for epsilon in found:
        Budget(NORM, epsilon)
    if not 1 <= len(found) <= MOST_BUDGETS:
        raise BadInput(f"{len(found)} budgets are given; 1 to {MOST_BUDGETS} are accepted")
    return tuple(found)


@dataclass(eq=False)
class _Work:
    """Pictures on their way through the model; the last block's views and maps are kept."""

    model: LoadedModel
    shown: tuple[Shown, ...]
    examples: Labelled
    seed: int
    _views: tuple[range, list[Views]] = (range(0), [])
    _maps: tuple[range, list[NDArray[np.float32]]] = (range(0), [])

    def views(self, places: range) -> list[Views]:
        """What the model sees, (side, side, 3) uint8 each."""
        if self._views[0] != places:
            seen = [self.model.view(self.shown[place].picture) for place in places]
            self._views = places, seen
        return self._views[1]

    def clean(self, places: range, clean: Sequence[Row], progress: Progress) -> list[Row]:
        """What the model says of them as they are."""
        inputs = self._inputs(self.views(places))
        return self._said(all_logits(self.model.prepared, inputs, progress, batch_sizes()))

    def attack(
        self, chosen: Attack[Any], wanted: Wanted, budgets: tuple[float, ...]
    ) -> AskedAttack:
        """One attack within each of the budgets; raises ParamError."""
        params = chosen.params({**FEWER.get(chosen.name, {}), **wanted.params.get(chosen.name, {})})
        # Of many steps: it has to bring down any model, or something is wrong with its gradients.
        unbounded = chosen.gradients and chosen.evaluations(Budget(NORM, 1.0), params) > 1
        levels = budgets if not unbounded or budgets[-1] >= 1 else (*budgets, 1.0)

        def answer(places: range, clean: Sequence[Row], progress: Progress) -> list[Row]:
            return self._attacked(chosen, params, levels, places, clean, progress)

        return AskedAttack(
            f"attack {chosen.name}", answer, chosen.name, chosen.title, as_dict(params),
            chosen.gradients, levels, unbounded,
        )  # fmt: skip

    def _attacked(
        self, chosen: Attack[Any], params: Any, levels: tuple[float, ...], places: range,
        clean: Sequence[Row], progress: Progress,
    ) -> list[Row]:  # fmt: skip
        """A picture that is fooled at one level is so at the next, and is asked no more."""
        low, high = self.model.prepared.value_range
        labels = self._labels(places, clean)
        found: list[Row] = [
            [-1] if row[0] == label else [None] for row, label in zip(clean, labels, strict=True)
        ]
        left = torch.tensor([i for i, row in enumerate(found) if row[0] is not None])
        if not len(left):
            return found
        inputs = self.model.prepared.to_device(self._inputs(self.views(places)))
        x = ((inputs - low) / (high - low)).clamp(0.0, 1.0)
        truth = torch.tensor(labels, device=x.device)
        all_of = Victim(self.model.prepared, x, truth, progress, batch_sizes())
        name = zlib.crc32(chosen.name.encode())
        for level, epsilon in enumerate(levels):
            victim = all_of.rows(left.to(x.device))
            seeds = np.random.SeedSequence([self.seed, name, places.start, level])
            draw = torch.Generator().manual_seed(int(seeds.generate_state(1)[0]))
            moved = chosen.run(victim, Budget(NORM, epsilon), params, draw)
            logits = victim.logits(moved)
            # One that says NaN of a changed picture says nothing right.
            hit = (victim.fooled(logits) | ~logits.isfinite().all(1)).cpu()
            for place in left[hit].tolist():
                found[place] = [level]
            left = left[~hit]
            if not len(left):
                break
        return found

    def corruption(self, name: str, severity: int) -> AskedCorruption:
        """One corruption at one severity."""
        chosen = CORRUPTIONS[name]

        def answer(places: range, clean: Sequence[Row], progress: Progress) -> list[Row]:
            views = [
                corrupt(view, name, severity, self._seed(place))
                for view, place in zip(self.views(places), places, strict=True)
            ]
            if not self.map_method:
                inputs = self._inputs(views)
                logits = all_logits(self.model.prepared, inputs, progress, batch_sizes())
                return [[*row, None] for row in self._said(logits)]
            before = self._clean_maps(places, clean, progress)
            logits, maps = self._explained(views, self._labels(places, clean), progress)
            alike = [
                spearman(a.ravel().astype(np.float64), b.ravel().astype(np.float64))
                for a, b in zip(before, maps, strict=True)
            ]
            said = self._said(logits)
            return [
                [*row, None if np.isnan(one) else one] for row, one in zip(said, alike, strict=True)
            ]

        return AskedCorruption(
            f"corruption {name} {severity}", answer, name, chosen.title, chosen.family, severity
        )

    @cached_property
    def map_method(self) -> str:
        """The method whose maps are compared; "" where each would take many passes."""
        name = usual_method(self.model)
        method = find_method(self.model.prepared.modality, name)
        return name if isinstance(method, OnePass) else ""

    def _clean_maps(
        self, places: range, clean: Sequence[Row], progress: Progress
    ) -> list[NDArray[np.float32]]:
        if self._maps[0] != places:
            labels = self._labels(places, clean)
            self._maps = places, self._explained(self.views(places), labels, progress)[1]
        return self._maps[1]

    def _explained(
        self, views: Sequence[Views], labels: Sequence[int], progress: Progress
    ) -> tuple[Tensor, list[NDArray[np.float32]]]:
        """Logits, and maps of the right classes, (height, width) each."""
        method: Any = find_method(self.model.prepared.modality, self.map_method)
        inputs = self._inputs(views)
        given = PictureInput(self.model.prepared, NO_TARGET, progress, batch_sizes(), inputs[:1])
        two = has_two(self.model)
        targets = [Target(label, 1 - label if two else None) for label in labels]
        request = request_of(self.model, self.map_method, {})
        logits, found = explain_together(method, given, inputs, request, scores_of_rows(targets))
        return logits, [joined(one.values, one.signed) for one in found]

    def _inputs(self, views: Sequence[Views]) -> Tensor:
        return torch.cat([self.model.to_input(view) for view in views])

    def _labels(self, places: range, clean: Sequence[Row]) -> list[int]:
        return [self.examples.label(p, row) for p, row in zip(places, clean, strict=True)]

    def _said(self, logits: Tensor) -> list[Row]:
        """Class and confidence; raises BadInput for a model that says NaN."""
        bad = int((~logits.isfinite().all(1)).sum())
        if bad:
            raise BadInput(
                f"{self.model.name} says NaN or infinity of {bad:,} of {len(logits):,} pictures; "
                "its robustness cannot be measured"
            )
        best = logits.float().softmax(1).max(1)
        pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
        return [[index, share] for index, share in pairs]

    def _seed(self, place: int) -> int:
        """Of a picture's own weather."""
        return int(np.random.SeedSequence([self.seed, place]).generate_state(1)[0])
