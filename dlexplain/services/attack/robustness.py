"""How robust a classifier is over a data set: attacks over budgets, and corruptions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dlexplain.errors import BadInput
from dlexplain.evaluation.intervals import LEAST
from dlexplain.execution.paths import robustness_folder, robustness_in
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.params import check_whole
from dlexplain.results import Robustness
from dlexplain.results.attacks import written_budget
from dlexplain.services.attack.robust_pictures import PictureSubject
from dlexplain.services.attack.robust_subject import (
    Asked,
    Labelled,
    RobustnessPlan,
    Row,
    Subject,
    Wanted,
)
from dlexplain.services.attack.robustness_shipped import BLOCK
from dlexplain.services.attack.robustness_store import (
    Answered,
    RobustnessQuestion,
    RobustnessStore,
)
from dlexplain.services.attack.robustness_table import tabulated
from dlexplain.services.attack.seeds import check_seed
from dlexplain.services.keeping import Keeping
from dlexplain.services.kept import ASKED, forget_all_but
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.provenance import provenance
from dlexplain.settings import output_path, settings

MOST = 10_000
"""Examples."""
KEPT = 50
"""Results without a folder of their own that are kept."""
Tell = Callable[[Robustness], None]
"""Is told the result so far."""


@random_state_kept()
def robustness(
    model: Any,
    data: str = "",
    attacks: str | Sequence[str] | None = None,
    budgets: float | Sequence[float] | None = None,
    corruptions: str | Sequence[str] | None = None,
    severities: int | Sequence[int] | None = None,
    count: int | None = None,
    seed: int = 0,
    out: str | Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> Robustness:
    """How robust a classifier is over a data set: robust accuracy under attacks over budgets, and
    accuracy, calibration and how alike maps stay where pictures get worse.

    model        from `dx.load` or `dx.wrap`, or its name: a picture classifier
    data         where the model's own data set lies, or a folder or ZIP of pictures, in folders
                 named after its classes; by default the model's own test data
    attacks      names, or one; by default fgsm, pgd with 20 steps and square with 200 queries; []
                 for none
    budgets      in L∞, where 0 is black and 1 white; by default 1, 2, 4 and 8 of 255
    corruptions  names, or one; by default all fifteen; [] for none
    severities   from 1 to 5; by default 1, 3 and 5
    count        examples, by default 100; fewer where there are fewer
    seed         of which examples are drawn, and of all that is drawn in measuring
    out          the folder where what is done is kept; by default one of the home folder for each
                 question, which is always gone on with
    resume       go on with what an earlier job has left in `out`
    progress     counts answers: an example under an attack, or a corruption;  tell  is called with
                 the result so far every few seconds

    A picture that is misclassified as it is counts as not robust; one that is fooled within a
    budget counts as fooled within larger ones. Raises UnknownName, Incompatible, DataError,
    BadInput for a budget that is not one, a model that says NaN, or where `out` has answers to
    another question; or Cancelled: what was done by then is kept.
    """
    subject, progress = subject_of(model), progress or Progress()
    count = subject.usual if count is None else count
    check_whole("count", count, LEAST, MOST, "the fewest with an interval")
    check_seed(seed)
    wanted = Wanted(_several(attacks), _several(budgets), _several(corruptions),
                    _several(severities))  # fmt: skip
    examples = subject.examples(data, count, seed)
    if len(examples) < LEAST:
        raise BadInput(
            f"{examples.title}: {len(examples)} {subject.noun} are too few for an interval; "
            f"{LEAST} are needed"
        )
    plan = subject.plan(examples, wanted, seed)
    fingerprint = subject.model.prepared.fingerprint
    question = RobustnessQuestion(
        str(subject.model.name), fingerprint, count, examples.digest, seed, **plan.facts
    )
    if out is None:
        root = robustness_folder(settings().home)
        out, resume = question.folder(root), True
        forget_all_but(root, KEPT)
    about = _about(subject, examples, plan, question, _command(question, data, wanted))
    asked = {"data": data, "count": count, "seed": seed, "answers": len(examples)
             * len(plan.asked)} | {key: _listed(value) for key, value in vars(wanted).items()
                                   if key != "params"}  # fmt: skip
    store = RobustnessStore(output_path(out))
    with store.held():
        store.begin(question, {"versions": about["versions"], ASKED: asked}, resume)
        job = _Job(examples, plan, about, store, progress, tell, store.read())
        job.run()
        found = job.result()
        store.finish(robustness_in(store.folder), found.to_dict())
        return found


def subject_of(model: Any) -> Subject:
    """A loaded model, or one by its name; raises BadInput for kinds that are not measured."""
    if isinstance(model, str):
        from dlexplain.services.models import load

        model = load(model)
    if isinstance(model, LoadedModel) and model.prepared.modality == "picture":
        return PictureSubject(model)
    raise BadInput(
        f"the robustness of picture classifiers is measured over a data set; {_instead(model)}"
    )


def _instead(model: Any) -> str:
    """What a model is that is no picture classifier, in words."""
    modality = str(getattr(getattr(model, "prepared", None), "modality", ""))
    read = {"text": "texts", "token": "texts", "series": "series"}.get(modality)
    return f"this model reads {read}" if read else "this model is none"


def _several(given: Any) -> Any:
    """One or more as a tuple; None stays."""
    if given is None:
        return None
    return (given,) if isinstance(given, str | int | float) else tuple(given)


def _listed(given: Any) -> Any:
    return None if given is None else list(given)


def _about(
    subject: Subject, examples: Labelled, plan: RobustnessPlan, question: RobustnessQuestion,
    command: str,
) -> dict[str, Any]:  # fmt: skip
    """Of the result, all but what is found."""
    return {
        "model": question.model,
        "model_fingerprint": question.model_fingerprint,
        "modality": subject.model.prepared.modality,
        "data": examples.title,
        "noun": subject.noun,
        "labelled": examples.known,
        "count": question.count,
        "found": len(examples),
        "seed": question.seed,
        "map_method": plan.map_method,
        **provenance(subject.model.prepared.device, command),
        "notes": (*examples.notes, *plan.notes),
    }


def _command(question: RobustnessQuestion, data: str, wanted: Wanted) -> str:
    words = ["python -m dlexplain robustness", question.model]
    words += ["--data PATH"] if data else []
    for option, given in (("attack", wanted.attacks), ("corruption", wanted.corruptions)):
        words += [f"--{option} {name}" for name in given or ()]
        words += [f"--{option} none"] if given == () else []
    words += [f"--budget {written_budget(one)}" for one in wanted.budgets or ()]
    words += [f"--severity {one}" for one in wanted.severities or ()]
    return " ".join([*words, f"--count {question.count}", f"--seed {question.seed}"])


@dataclass(eq=False)
class _Job:
    """The work: what is done is in `done`, and on the disk but for what is `kept.fresh`."""

    examples: Labelled
    plan: RobustnessPlan
    about: Mapping[str, Any]
    store: RobustnessStore
    progress: Progress
    tell: Tell | None
    done: dict[tuple[int, str], Answered]
    kept: Keeping[Answered] = field(init=False)

    def __post_init__(self) -> None:
        self.kept = Keeping(self._write, self._tell)

    def run(self) -> None:
        """All that is still to do, block by block, so that what is cancelled is a result of fewer
        examples."""
        self.progress.plan(len(self.examples) * len(self.plan.asked))
        if before := sum(len(one.rows) for one in self.done.values()):
            self.progress.advance(before)
        with self.kept.to_the_end():
            for places in self.blocks():
                for asked in self.plan.asked:
                    if (places.start, asked.key) not in self.done:
                        self._add(asked, places)

    def blocks(self) -> list[range]:
        count = len(self.examples)
        return [range(first, min(first + BLOCK, count)) for first in range(0, count, BLOCK)]

    def result(self) -> Robustness:
        """Of the blocks of which every question is answered."""
        keys = [asked.key for asked in self.plan.asked]
        answers: dict[str, list[Row]] = {key: [] for key in keys}
        for places in self.blocks():
            if not all((places.start, key) in self.done for key in keys):
                break
            for key in keys:
                answers[key] += self.done[places.start, key].rows
        return tabulated(self.about, self.plan, self.examples, answers)

    def _add(self, asked: Asked, places: range) -> None:
        self.progress.check()
        clean = self.done.get((places.start, self.plan.clean.key))
        inner = Progress(cancelled=self.progress.cancelled)
        rows = asked.answer(places, clean.rows if clean else [], inner)
        found = Answered(asked.key, places.start, rows)
        self.done[places.start, asked.key] = found
        self.kept.add(found)
        self.progress.advance(len(rows))

    def _write(self, fresh: Sequence[Answered]) -> None:
        self.store.append([one.to_dict() for one in fresh])

    def _tell(self) -> None:
        if self.tell is not None and (0, self.plan.asked[-1].key) in self.done:
            self.tell(self.result())
