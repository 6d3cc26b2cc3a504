"""How far the reasons of two models drift apart, over a data set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dlexplain.errors import BadInput, DlexplainError, Incompatible
from dlexplain.evaluation.agreement import alike
from dlexplain.evaluation.intervals import LEAST
from dlexplain.execution.paths import comparison_in, comparisons_folder
from dlexplain.explainers.base import Explainer, Request, find_method
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.params import check_whole
from dlexplain.results import ModelComparison
from dlexplain.results.model_comparison import ComparedExample, ControlKind, ShownExample
from dlexplain.services.attack.seeds import MOST_SEED, check_seed
from dlexplain.services.comparing.kinds import Floats, Given, Kind
from dlexplain.services.comparing.pictures import PictureKind
from dlexplain.services.comparing.series import SeriesKind
from dlexplain.services.comparing.store import Compared, ComparisonQuestion, ComparisonStore
from dlexplain.services.comparing.table import change_of, tabulated
from dlexplain.services.comparing.texts import TextKind
from dlexplain.services.forecast.models import LoadedForecaster
from dlexplain.services.keeping import Keeping
from dlexplain.services.kept import ASKED, forget_all_but
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.provenance import provenance
from dlexplain.services.texts.models import TextModel
from dlexplain.settings import output_path, settings
from dlexplain.trained.catalogue import find

MOST = 10_000
"""Examples."""
KEPT = 50
"""Comparisons without a folder of their own that are kept."""
KINDS: dict[str, tuple[type, type[Kind]]] = {
    "picture": (LoadedModel, PictureKind),
    "text": (TextModel, TextKind),
    "series": (LoadedForecaster, SeriesKind),
}
SEED = "seed"
"""The parameter of a method that draws at random."""
Tell = Callable[[ModelComparison], None]


@random_state_kept()
def compare_models(
    first: Any,
    second: Any,
    data: str = "",
    control: Any = None,
    method: str = "",
    count: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> ModelComparison:
    """For which reasons two models of one task decide, on the same examples: do they survive?

    Of each example both explain the same class by the same method: the right one, or where that is
    not known what the first says. Per example, the drift is 1 - ρ, with Spearman's correlation ρ
    of the values of the two maps: 0 to 2. Pictures are compared on the coarser of both maps' grids,
    texts word by word, forecasts over the periods and series that both read.

    first, second  from `dx.load` or `dx.wrap`, or their names, or paths, of a checkpoint too: two
                   picture or text classifiers of the same classes, or two forecasters
    data     where the first's own data set lies, a folder or ZIP of pictures, a CSV of texts or of
             series; by default the first's own test data
    control  a third model of the same task, such as the first trained from another seed: what
             drifts no further than it does is no loss of reasons. By default the first itself with
             other random draws of the method; none of a method that draws nothing
    method   by default Grad-CAM of pictures, else Integrated Gradients, where these suit
    count    examples, by default 100; fewer where there are fewer
    seed     of which examples are drawn, and of what the method draws
    out      the folder where what is done is kept; by default one of the home folder for each
             question, which is always gone on with
    resume   go on with what an earlier job has left in `out`
    progress counts examples;  tell  is called with the result so far every few seconds

    Means have bootstrap intervals, shares Wilson's. Raises UnknownName, Incompatible where the
    models are not of one task or classes, DataError, BadInput where `out` has answers to another
    question or a model says NaN, or Cancelled: what was done by then is kept.
    """
    progress = progress or Progress()
    given = [first, second, *([] if control is None else [control])]
    kind = kind_of(given)
    count = kind.usual if count is None else count
    check_whole("count", count, LEAST, MOST, "the fewest with an interval")
    check_seed(seed)
    asked = _asked(kind, method, seed, control is not None)
    examples = asked.kind.examples(data, count, seed)
    if len(examples) < LEAST:
        raise BadInput(
            f"{examples.title}: {len(examples)} {kind.noun} are too few for an interval; "
            f"{LEAST} are needed"
        )
    question = _question(asked, examples, count, seed)
    if out is None:
        root = comparisons_folder(settings().home)
        out, resume = question.folder(root), True
        forget_all_but(root, KEPT)
    about = _about(asked, examples, question, _command(asked, question, data, method))
    told = {"data": data, "method": method, "count": count, "seed": seed, "found": len(examples)}
    store = ComparisonStore(output_path(out))
    with store.held():
        store.begin(question, {"versions": about["versions"], ASKED: told}, resume)
        job = _Job(asked, examples, about, store, progress, tell, store.read())
        job.run()
        found = job.result()
        store.finish(comparison_in(store.folder), found.to_dict())
        return found


def kind_of(given: Sequence[Any]) -> Kind:
    """Of models, or of their names; raises Incompatible where they are not of one kind, BadInput
    for kinds that are not compared."""
    from dlexplain.services.models import load

    models = [load(str(one)) if isinstance(one, str | Path) else one for one in map(_named, given)]
    found = []
    for model in models:
        known = [n for n, (one, _) in KINDS.items() if isinstance(model, one)]
        if not known or model.prepared.modality != known[0]:
            name = getattr(model, "name", f"a {type(model).__name__}")
            raise BadInput(
                f"{name} has no maps to compare over a data set; picture classifiers, text "
                "classifiers and forecasters have"
            )
        found.append(known[0])
    for model, modality in zip(models[1:], found[1:], strict=True):
        if modality != found[0]:
            raise Incompatible(
                f"{models[0].name} explains a {found[0]} and {model.name} a {modality}; two models "
                "of one task are compared"
            )
    kind = KINDS[found[0]][1](models)
    kind.check()
    return kind


def _named(given: Any) -> Any:
    return str(given) if isinstance(given, Path) else given


@dataclass(frozen=True, eq=False)
class _Asked:
    """kind  whose models are as many as requests;  control  see ControlKind"""

    kind: Kind
    method: Explainer[Any]
    requests: tuple[Request[Any], ...]
    control: ControlKind


def _asked(kind: Kind, name: str, seed: int, third: bool) -> _Asked:
    """By which method, with which draws; raises UnknownName or Incompatible."""
    method = _method(kind, name)
    draws = SEED in method.specs(kind.modality)
    own: dict[str, Any] = {SEED: seed} if draws else {}
    requests = [kind.request(which, method, own) for which in range(len(kind.models))]
    if third or not draws:
        return _Asked(kind, method, tuple(requests), "model" if third else "none")
    requests.append(kind.request(0, method, {SEED: (seed + 1) % (MOST_SEED + 1)}))
    again = type(kind)([*kind.models, kind.models[0]])
    return _Asked(again, method, tuple(requests), "random")


def _method(kind: Kind, name: str) -> Explainer[Any]:
    if name:
        method = find_method(kind.modality, name)
        for model in kind.models:
            try:
                method.check_all(model.prepared)
            except Incompatible as error:
                raise Incompatible(f"{method.title} does not suit {model.name}: {error}") from error
        return method
    for usual in kind.methods:
        method = find_method(kind.modality, usual)
        if all(method.is_compatible(model.prepared) for model in kind.models):
            return method
    names = ", ".join(model.name for model in kind.models)
    raise Incompatible(f"none of {', '.join(kind.methods)} suits {names} alike; name a method")


def _question(asked: _Asked, examples: Given, count: int, seed: int) -> ComparisonQuestion:
    models = asked.kind.models
    third = models[2].name if asked.control == "model" else ""
    return ComparisonQuestion(
        [str(models[0].name), str(models[1].name), str(third)],
        asked.control,
        [str(model.prepared.fingerprint) for model in models],
        asked.method.name,
        [request.to_dict() for request in asked.requests],
        count,
        examples.digest,
        seed,
    )


def _about(
    asked: _Asked, examples: Given, question: ComparisonQuestion, command: str
) -> dict[str, Any]:
    """Of the result, all but what is found."""
    kind, first, request = asked.kind, asked.kind.models[0], asked.requests[0]
    return {
        "model": question.models[0],
        "other": question.models[1],
        "control": question.models[2],
        "control_kind": asked.control,
        "fingerprints": tuple(question.fingerprints),
        "modality": kind.modality,
        "data": examples.title,
        "noun": kind.noun,
        "labelled": None not in examples.labels,
        "count": question.count,
        "found": len(examples),
        "seed": question.seed,
        "method": asked.method.name,
        "title": asked.method.title,
        "params": request.to_dict(),
        "signed": asked.method.is_signed(request.params),
        **provenance(first.prepared.device, command),
        "notes": (*examples.notes, *_about_control(asked)),
    }


def _about_control(asked: _Asked) -> list[str]:
    """A sentence where the control is of another architecture than the first."""
    if asked.control != "model":
        return []
    first, _, third = asked.kind.models
    mine, its = (_architecture(model) for model in (first, third))
    if not mine or not its or mine == its:
        return []
    return [
        f"The control {third.name} is another architecture ({its}) than {first.name} ({mine}), not "
        "the same training from another seed: two seeds may well drift less."
    ]


def _architecture(model: Any) -> str:
    """ "" of one that the catalogue does not know."""
    try:
        return find(model.name, *model.tasks).architecture
    except DlexplainError:
        return ""


def _command(asked: _Asked, question: ComparisonQuestion, data: str, method: str) -> str:
    first, second, third = question.models
    words = ["python -m dlexplain compare-models", first, second]
    words += ["--control", third] if third else []
    words += ["--data PATH"] if data else []
    words += ["--method", method] if method else []
    return " ".join([*words, f"--count {question.count}", f"--seed {question.seed}"])


@dataclass(eq=False)
class _Job:
    """The work: what is done is in `done`, and on the disk but for what is `kept.fresh`."""

    asked: _Asked
    examples: Given
    about: Mapping[str, Any]
    store: ComparisonStore
    progress: Progress
    tell: Tell | None
    done: dict[int, Compared]
    kept: Keeping[Compared] = field(init=False)

    def __post_init__(self) -> None:
        self.kept = Keeping(self._write, self._tell)

    def run(self) -> None:
        """All that is still to do, example by example, so that what is cancelled is a comparison
        over fewer of them."""
        self.progress.plan(len(self.examples))
        if self.done:
            self.progress.advance(len(self.done))
        with self.kept.to_the_end():
            for place in range(len(self.examples)):
                if place not in self.done:
                    self._add(place)

    def result(self) -> ModelComparison:
        return tabulated(self.about, [self.done[place] for place in sorted(self.done)])

    def _add(self, place: int) -> None:
        self.progress.check()
        found = self._compared(place)
        self.done[place] = found
        self.kept.add(found)
        self.progress.advance(1)

    def _write(self, fresh: Sequence[Compared]) -> None:
        self.store.append([one.to_dict() for one in fresh])

    def _tell(self) -> None:
        if self.tell is not None and self.done:
            self.tell(self.result())

    def _compared(self, place: int) -> Compared:
        """One example, by all models."""
        asked, kind = self.asked, self.asked.kind
        which = range(len(kind.models))
        said = [kind.said(one, place) for one in which]
        label = self.examples.labels[place]
        target = label if label is not None else (said[0] or 0)
        maps = [
            kind.explained(
                one, place, target, asked.method, asked.requests[one],
                Progress(cancelled=self.progress.cancelled),
            )
            for one in which
        ]  # fmt: skip
        correlation, top = self._alike(place, maps, 1)
        control = self._alike(place, maps, 2)[0] if len(maps) > 2 else None
        named = tuple(kind.target(one) for one in said if one is not None)
        example = ComparedExample(
            place=place,
            name=self.examples.names[place],
            label="" if label is None else kind.target(label),
            target=kind.target(target),
            said=named,
            change=change_of(label, said[0], said[1]),
            spearman=correlation,
            top=top,
            control=control,
        )
        packed = tuple(kind.packed(one, place, maps[one]) for one in which)
        return Compared(example, ShownExample(place, packed, *kind.picture(place)))

    def _alike(
        self, place: int, maps: Sequence[Floats], other: int
    ) -> tuple[float | None, float | None]:
        pair = self.asked.kind.aligned(place, (0, maps[0]), (other, maps[other]))
        correlation, top = alike(*pair)
        return (None, None) if np.isnan(correlation) else (correlation, top)
