"""How far methods can be believed on a model: every method by every metric, over a data set."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlexplain.errors import BadInput
from dlexplain.evaluation.intervals import LEAST
from dlexplain.execution.paths import trust_folder, trust_in
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.params import as_dict, check_whole
from dlexplain.results import TrustTable
from dlexplain.services.keeping import Keeping
from dlexplain.services.kept import ASKED, forget_all_but
from dlexplain.services.provenance import provenance
from dlexplain.services.quality.examples import Example, Examples, Subject
from dlexplain.services.quality.judged_maps import judged_map
from dlexplain.services.quality.judging import one_or_more
from dlexplain.services.quality.subjects import subject_of
from dlexplain.services.quality.trust_plan import Planned, TrustPlan, made_plan
from dlexplain.services.quality.trust_store import TrustQuestion, TrustStore
from dlexplain.services.quality.trust_table import Judged, tabulated
from dlexplain.settings import output_path, settings

MOST = 10_000
"""Examples."""
KEPT = 50
"""Tables without a folder of their own that are kept."""
Tell = Callable[[TrustTable], None]


@random_state_kept()
def trust(
    model: Any,
    data: str = "",
    methods: str | Sequence[str] = (),
    metrics: str | Sequence[str] = (),
    count: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> TrustTable:
    """Which explanation methods can be believed on a model, measured over a data set.

    Of each example the class that the model says, or the forecast, is explained by each method, and
    each map is judged by each metric.

    model    from `dx.load`, or its name: a picture classifier, text classifier or forecaster
    data     where the model's own data set lies, a folder or ZIP of pictures, a CSV with a column
             text, a CSV of series; by default the model's own test data
    methods, metrics  names, or one of them; by default a set that suits the model and keeps the
             cost in bounds
    count    examples, by default 100 pictures, 200 texts or 50 forecasts; fewer where there are
             fewer
    seed     of which examples are drawn, and of all that is drawn in judging
    out      the folder where what is done is kept; by default one of the home folder for each
             question, which is always gone on with
    resume   go on with what an earlier job has left in `out`
    progress counts maps;  tell  is called with the table so far every few seconds

    Raises UnknownName, Incompatible, DataError, BadInput where `out` has answers to another
    question, or Cancelled; what was done by then is kept.
    """
    subject, progress = subject_of(model), progress or Progress()
    count = subject.usual if count is None else count
    check_whole("count", count, LEAST, MOST, "the fewest with an interval")
    methods, metrics = one_or_more(methods), one_or_more(metrics)
    examples = subject.examples(data, count, seed)
    if len(examples.known) < LEAST:
        raise BadInput(
            f"{examples.title}: {len(examples.known)} {subject.noun} are too few for an interval; "
            f"{LEAST} are needed"
        )
    plan = made_plan(subject, examples.known[0], methods, metrics, progress)
    question = _question(subject, examples, plan, count, seed)
    if out is None:
        out, resume = question.folder(trust_folder(settings().home)), True
        forget_all_but(trust_folder(settings().home), KEPT)
    command = _command(question, data, methods, metrics)
    about = _about(subject, examples, plan, question, command)
    store = TrustStore(output_path(out))
    with store.held():
        asked = {"data": data, "methods": methods, "metrics": metrics, "count": count, "seed": seed}
        store.begin(question, {"versions": about["versions"], ASKED: asked}, resume)
        job = _Job(subject, examples, plan, seed, about, store, progress, tell, store.read())
        job.run()
        store.finish(trust_in(store.folder), job.table().to_dict())
        return job.table()


def _question(
    subject: Subject, examples: Examples, plan: TrustPlan, count: int, seed: int
) -> TrustQuestion:
    return TrustQuestion(
        subject.name,
        subject.model.prepared.fingerprint,
        count,
        examples.digest,
        seed,
        {one.method.name: one.request.to_dict() for one in plan.methods},
        {one.metric.name: as_dict(one.params) for one in plan.metrics},
    )


def _about(
    subject: Subject, examples: Examples, plan: TrustPlan, question: TrustQuestion, command: str
) -> dict[str, Any]:
    """Of the table, all but what is found."""
    return {
        "model": question.model,
        "model_fingerprint": question.model_fingerprint,
        "modality": subject.modality,
        "data": examples.title,
        "noun": subject.noun,
        "count": question.count,
        "found": len(examples.known),
        "seed": question.seed,
        **provenance(subject.model.prepared.device, command),
        "notes": (*examples.notes, *plan.notes),
    }


def _command(
    question: TrustQuestion, data: str, methods: Sequence[str], metrics: Sequence[str]
) -> str:
    words = ["python -m dlexplain trust", question.model]
    words += ["--data PATH"] if data else []
    words += ["--methods", ",".join(methods)] if methods else []
    words += ["--metrics", ",".join(metrics)] if metrics else []
    return " ".join([*words, f"--count {question.count}", f"--seed {question.seed}"])


@dataclass(eq=False)
class _Job:
    """The work: what is done is in `done`, and on the disk but for what is `kept.fresh`."""

    subject: Subject
    examples: Examples
    plan: TrustPlan
    seed: int
    about: Mapping[str, Any]
    store: TrustStore
    progress: Progress
    tell: Tell | None
    done: dict[tuple[int, str], Judged]
    answered: tuple[int, dict[bytes, float]] = field(default_factory=lambda: (-1, {}))
    kept: Keeping[Judged] = field(init=False)

    def __post_init__(self) -> None:
        self.kept = Keeping(self._write, self._tell)

    def run(self) -> None:
        """All that is still to do, example by example, so that what is cancelled is a table of
        fewer examples."""
        todo = [
            (place, example, one)
            for place, example in enumerate(self.examples.known)
            for one in self.plan.methods
            if (place, one.method.name) not in self.done
        ]
        whole = len(self.examples.known) * len(self.plan.methods)
        self.progress.plan(whole)
        if whole > len(todo):
            self.progress.advance(whole - len(todo))
        with self.kept.to_the_end():
            for place, example, one in todo:
                self._add(self._judged(place, example, one))

    def table(self) -> TrustTable:
        return tabulated(self.about, self.plan, self.done.values())

    def _add(self, found: Judged) -> None:
        self.done[found.place, found.method] = found
        self.kept.add(found)
        self.progress.advance(1)

    def _write(self, fresh: Sequence[Judged]) -> None:
        self.store.append([one.to_dict() for one in fresh])

    def _tell(self) -> None:
        if self.tell is not None and self.done:
            self.tell(self.table())

    def _answered(self, place: int) -> dict[bytes, float]:
        """What the model has said of parts of this example, whichever method was judged."""
        if self.answered[0] != place:
            self.answered = place, {}
        return self.answered[1]

    def _judged(self, place: int, example: Example, asked: Planned) -> Judged:
        """One map; what cannot be made or judged is told in its place."""
        self.progress.check()
        inner = Progress(cancelled=self.progress.cancelled)
        given = example.ask(inner)
        inner.started = time.perf_counter()  # what the model says has been asked for before
        metrics = [one for one in self.plan.metrics if place < one.examples]
        answered = self._answered(place)
        made = judged_map(asked, given, metrics, self.seed, answered, example.truth)
        values = {name: one.value for name, one in made.found.items()}
        units = {name: one.unit for name, one in made.found.items()}
        return Judged(
            place, asked.method.name, made.seconds, made.evaluations, values, units, made.lost,
            made.why,
        )  # fmt: skip
