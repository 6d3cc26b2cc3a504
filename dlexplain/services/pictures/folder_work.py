"""What is asked of each picture of a folder, and its answer."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from dlexplain.data.fit import Fit, read_fit
from dlexplain.data.picture_files import PictureFile, PictureFiles, PictureReader
from dlexplain.errors import BadInput, PictureError, TargetError
from dlexplain.explainers.base import Explainer, Ready, Request, find_method
from dlexplain.explainers.batching import BatchSizes
from dlexplain.explainers.inputs.picture import PictureInput
from dlexplain.explainers.one_pass import (
    NO_TARGET,
    OnePass,
    TopClass,
    all_logits,
    explain_top_classes,
)
from dlexplain.explainers.progress import Progress
from dlexplain.params import Value
from dlexplain.results import ClassName, ClassScore, PictureAnswer
from dlexplain.results.explanations import joined
from dlexplain.services.explaining import batch_sizes
from dlexplain.services.pictures.explain import request_of
from dlexplain.services.pictures.folder_store import FolderQuestion, Fresh, Refused
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.uncertainty import entropy, jensen_shannon, probabilities
from dlexplain.services.question import has_two


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture as the models take it, with its facts.

    folder      the name of the one that it lies in
    view        (height, width, 3), what the model sees;  x, rival_x  (1, ...) the models' inputs
    """

    place: int
    name: str
    folder: str
    size: tuple[int, int]
    digest: str
    note: str
    view: NDArray[np.uint8]
    x: Tensor
    rival_x: Tensor | None


@dataclass(frozen=True, eq=False)
class FolderWork:
    """What is asked of each picture.

    order    of the rival's classes, so that they stand as the model's do
    request  as it was asked;  ready  as it is used on this model
    chunks   how many pictures or evaluations go through the models at once
    """

    model: LoadedModel
    rival: LoadedModel | None
    order: tuple[int, ...]
    method: Explainer[Any]
    request: Request[Any]
    ready: Ready[Any]
    fit: str | None
    chunks: BatchSizes
    truths: dict[str, ClassName | None] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        model: LoadedModel,
        rival: LoadedModel | None,
        method: str,
        params: dict[str, Value],
        fit: Fit | str | None,
        chunks: BatchSizes | None = None,
    ) -> "FolderWork":
        """Raises UnknownName, ParamError, Incompatible, or BadInput where the rival has others."""
        request = request_of(model, method, params)
        explainer = find_method(model.prepared.modality, method)
        x, chunks = model.prepared.trial(1), chunks or batch_sizes()
        trial = PictureInput(model.prepared, NO_TARGET, Progress(), chunks, x)
        ready = explainer.ready(trial, request)
        order = () if rival is None else same_classes(model, rival)
        wanted = None if fit is None else str(read_fit(fit))
        return cls(model, rival, order, explainer, request, ready, wanted, chunks)

    @property
    def facts(self) -> dict[str, Any]:
        """Of the question, as results have them."""
        params = self.ready.params
        return {
            "model": self.model.name,
            "rival": self.rival.name if self.rival else "",
            "method": self.method.name,
            "title": self.method.title,
            "params": self.ready.used,
            "signed": self.method.is_signed(params),
            "unit": self.method.unit_of(self.model.prepared.modality, params),
            "fit": self.fit_of(self.model),
        }

    def question(self, files: PictureFiles) -> FolderQuestion:
        rival = self.rival
        return FolderQuestion(
            model=self.model.name,
            model_fingerprint=self.model.prepared.fingerprint,
            method=self.method.name,
            params=self.request.to_dict(),
            fit=self.fit_of(self.model),
            files=files.fingerprint,
            rival=rival.name if rival else "",
            rival_fingerprint=rival.prepared.fingerprint if rival else "",
        )

    def fit_of(self, model: LoadedModel) -> str:
        return self.fit or model.spec.preprocessing.fit

    @property
    def at_once(self) -> int:
        """Pictures; a method of many passes is asked for one, so that each is kept when done."""
        prepared = self.model.prepared
        one = not isinstance(self.method, OnePass) or prepared.coupled
        return 1 if one else self.chunks.get(prepared, "gradient")

    def see(self, reader: PictureReader, place: int, file: PictureFile) -> Seen | Refused:
        """Read a picture and make it into the models' inputs; runs beside the models."""
        try:
            picture = reader.read(file)
        except PictureError as error:
            return Refused(place, str(error))
        fitted = replace(picture, fit=read_fit(self.fit_of(self.model)))
        view = self.model.view(fitted)
        rival_x = None
        if self.rival is not None:
            theirs = replace(picture, fit=read_fit(self.fit_of(self.rival)))
            rival_x = self.rival.to_input(self.rival.view(theirs))
        height, width = picture.pixels.shape[:2]
        return Seen(
            place, file.name, file.folder, (width, height), picture.digest,
            "; ".join(picture.notes), view, self.model.to_input(view), rival_x,
        )  # fmt: skip

    def answer(self, batch: Sequence[Seen], progress: Progress) -> list[Fresh | Refused]:
        """Of each of them; raises Incompatible or Cancelled."""
        chunks, top = self.chunks, TopClass(has_two(self.model))
        inputs = torch.cat([seen.x for seen in batch])
        logits, explained = explain_top_classes(
            self.method, self.model.prepared, inputs, self.request, top, progress, chunks
        )
        p, q = logits.numpy(), None
        if self.rival is not None:
            theirs = torch.cat([seen.rival_x for seen in batch if seen.rival_x is not None])
            found = all_logits(self.rival.prepared, theirs, progress, chunks)
            q = found.numpy()[:, list(self.order)]
        made: list[Fresh | Refused] = []
        for row, (seen, why) in enumerate(zip(batch, explained, strict=True)):
            both = p[row] if q is None else np.concatenate([p[row], q[row]])
            if not np.isfinite(both).all():
                made.append(Refused(seen.place, f"{seen.name} gets scores that are not finite"))
                continue
            note = "; ".join(filter(None, (seen.note, why.note)))
            own = probabilities(p[row])
            answer = self._answer(seen, own, None if q is None else q[row], note)
            made.append(Fresh(answer, joined(why.values, why.signed), seen.view, own))
        return made

    def _answer(
        self, seen: Seen, p: NDArray[np.float64], rivals: NDArray[Any] | None, note: str
    ) -> PictureAnswer:
        rival, disagreement = None, None
        if rivals is not None:
            q = probabilities(rivals)
            rival, disagreement = self._top(q), float(jensen_shannon(p, q))
        return PictureAnswer(
            place=seen.place,
            name=seen.name,
            size=seen.size,
            digest=seen.digest,
            top=self._top(p),
            entropy=float(entropy(p)),
            truth=self._truth(seen.folder),
            rival=rival,
            disagreement=disagreement,
            note=note,
        )

    def _truth(self, folder: str) -> ClassName | None:
        if folder not in self.truths:
            self.truths[folder] = truth_of(self.model, folder)
        return self.truths[folder]

    def _top(self, p: NDArray[np.float64]) -> ClassScore:
        best = int(p.argmax())
        return ClassScore(self.model.classes[best], float(p[best]))


def same_classes(model: LoadedModel, rival: LoadedModel) -> tuple[int, ...]:
    """Of each class of the model, the index of the rival's output; raises BadInput where they do
    not tell the same classes apart."""
    ours, theirs = ([(c.wnid, c.label) for c in each.classes] for each in (model, rival))
    if ours == theirs:
        return tuple(range(len(ours)))
    if len(set(ours)) < len(ours) or sorted(ours) != sorted(theirs):
        raise BadInput(
            f"{rival.name} tells {rival.class_list.title} apart, {model.name} "
            f"{model.class_list.title}; a rival of the same classes is accepted"
        )
    return tuple(theirs.index(one) for one in ours)


def has_truth(model: LoadedModel, files: PictureFiles) -> bool:
    """Whether some folder is named after a class."""
    folders = {file.folder for file in files.files}
    return any(truth_of(model, folder) is not None for folder in folders)


def truth_of(model: LoadedModel, folder: str) -> ClassName | None:
    """The class that a folder is named after, by its label or its WordNet id; None for others.

    A number is no class, but where it is a label, as of digits.
    """
    named = [each for each in model.classes if each.label == folder]
    if len(named) == 1:
        return named[0]
    if not folder or named or folder.lstrip("+-").isdecimal():
        return None
    try:
        return model.find_class(folder)
    except TargetError:
        return None
