"""Randomised smoothing of a picture classifier over a data set, picture by picture."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch

from dlexplain.attacks.smoothing import Smoothing, certify
from dlexplain.attacks.victim import Victim
from dlexplain.errors import Incompatible
from dlexplain.execution.paths import smoothing_folder, smoothing_in
from dlexplain.explainers.drawing import random_state_kept
from dlexplain.explainers.progress import Progress
from dlexplain.results import Certificate, CertifiedAccuracy
from dlexplain.services.explaining import batch_sizes
from dlexplain.services.keeping import Keeping
from dlexplain.services.kept import KeptAnswers, KeptQuestion, forget_all_but
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.reliability.about import measured_by
from dlexplain.services.reliability.labelled import PicturePart, classifier, parts_of
from dlexplain.services.reliability.shipped import keep
from dlexplain.settings import output_path, settings

USUAL = 500
KEPT = 50
"""Questions without a folder of their own whose answers are kept."""
Tell = Callable[[CertifiedAccuracy], None]


@dataclass(frozen=True)
class SmoothingQuestion(KeptQuestion):
    """What was asked. examples  digest of the pictures, in their order"""

    words: ClassVar[Mapping[str, str]] = {
        "model": "its model is {before}, not {now}",
        "model_fingerprint": "its model had other weights",
        "examples": "its pictures were others, or have changed since",
        "sigma": "its sigma is {before}, not {now}",
        "first": "it chose by {before} samples, not by {now}",
        "samples": "it certified by {before} samples, not by {now}",
        "alpha": "its alpha is {before}, not {now}",
        "seed": "its seed is {before}, not {now}",
    }
    model: str
    model_fingerprint: str
    examples: str
    sigma: float
    first: int
    samples: int
    alpha: float
    seed: int


class SmoothingStore(KeptAnswers[SmoothingQuestion]):
    """A line is one picture's certificate."""

    asked = SmoothingQuestion

    def read(self) -> dict[int, Certificate]:
        """What is done, by place; lines that a crash has damaged are not."""
        found = map(Certificate.read, self.lines())
        return {one.place: one for one in found if one is not None}


@random_state_kept()
def smoothing(
    model: Any,
    data: str = "",
    sigma: float = 0.25,
    samples: int = 1000,
    count: int = USUAL,
    seed: int = 0,
    first: int = 100,
    alpha: float = 0.001,
    out: str | Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
    tell: Tell | None = None,
) -> CertifiedAccuracy:
    """The accuracy that randomised smoothing certifies of a picture classifier, over the radius.

    model    from `dx.load`, or its name
    data     where the model's own data set lies, or a folder or ZIP of pictures in folders named
             after their classes; by default the model's own test pictures
    sigma    deviation of the noise, where 0 is black and 1 white
    samples  of noise by which a class is certified;  first  by which it is chosen
    count    pictures, drawn by the seed
    alpha    chance at most, of each certificate, that it is wrong
    out      the folder where what is done is kept; by default one of the home folder for each
             question, which is always gone on with
    resume   go on with what an earlier job has left in `out`

    progress counts evaluations;  tell  is called with the result so far every few seconds. Raises
    UnknownName, Incompatible, DataError, BadInput, or Cancelled; what was done by then is kept.
    """
    how = Smoothing(sigma, first, samples, alpha)
    found, progress = classifier(model), progress or Progress()
    if not isinstance(found, LoadedModel):
        raise Incompatible(f"{found.name} reads texts, to which no noise can be added")
    parts = parts_of(found, data, count, seed)
    part = parts.test
    assert isinstance(part, PicturePart)
    question = SmoothingQuestion(
        found.name, found.prepared.fingerprint, part.digest, sigma, first, samples, alpha, seed
    )
    if out is None:
        root = smoothing_folder(settings().home)
        out, resume = question.folder(root), True
        forget_all_but(root, KEPT)
    more = f"--sigma {sigma:g} --samples {samples} --first {first} --alpha {alpha:g}"
    about = {
        "model": found.name,
        "model_fingerprint": found.prepared.fingerprint,
        "data": part.title,
        **asdict(how),
        "count": count,
        "found": len(part),
        "seed": seed,
        "notes": parts.notes,
        **measured_by(found, "smoothing", data, count, seed, more),
    }
    store = SmoothingStore(output_path(out))
    with store.held():
        store.begin(question, {"versions": about["versions"]}, resume)
        job = _Job(part, how, seed, about, store, progress, tell, store.read())
        job.run()
        result = job.result()
        store.finish(smoothing_in(store.folder), result.to_dict())
    keep(result)
    return result


@dataclass(eq=False)
class _Job:
    """The work: what is done is in `done`, and on the disk but for the last second's."""

    part: PicturePart
    how: Smoothing
    seed: int
    about: Mapping[str, Any]
    store: SmoothingStore
    progress: Progress
    tell: Tell | None
    done: dict[int, Certificate]

    def __post_init__(self) -> None:
        self.kept = Keeping(self._write, self._tell)

    def run(self) -> None:
        """All that is still to do, picture by picture."""
        each = self.how.first + self.how.samples + 1
        todo = [place for place in range(len(self.part)) if place not in self.done]
        self.progress.plan(each * len(self.part))
        if len(todo) < len(self.part):
            self.progress.advance(each * (len(self.part) - len(todo)))
        try:
            for place in todo:
                self._add(self._certificate(place))
        finally:  # what is done is kept, also where the work is cancelled
            self.kept.flush()

    def result(self) -> CertifiedAccuracy:
        known = tuple(self.done[place] for place in sorted(self.done) if place < len(self.part))
        return CertifiedAccuracy(certificates=known, **self.about)

    def _certificate(self, place: int) -> Certificate:
        model = self.part.model.prepared
        low, high = model.value_range
        x = (model.to_device(self.part.inputs(place, place + 1)) - low) / (high - low)
        label = int(self.part.labels[place])
        right = torch.full((1,), label, device=x.device)
        victim = Victim(model, x, right, self.progress, batch_sizes())
        # Of the place and nothing before it, so that a job that goes on draws the same noise.
        drawn = np.random.SeedSequence([self.seed, place]).generate_state(1, np.uint64)
        generator = torch.Generator().manual_seed(int(drawn[0] >> 1))
        plain = int(victim.logits(x).argmax())
        found = certify(victim, self.how, generator)
        return Certificate(place, label, plain, found.said, found.hits, found.radius)

    def _add(self, found: Certificate) -> None:
        self.done[found.place] = found
        self.kept.add(found)

    def _write(self, fresh: Sequence[Certificate]) -> None:
        self.store.append([asdict(one) for one in fresh])

    def _tell(self) -> None:
        if self.tell is not None:
            self.tell(self.result())
