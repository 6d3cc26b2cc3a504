"""What a session remembers on a page that explains: its question, and the jobs that answer it."""

from collections.abc import Callable, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from dlexplain.params import Value
from dlexplain.results import Attribution
from dlexplain.services.jobs import Job
from dlexplain.services.pictures.explain import cached, explain
from dlexplain.services.pictures.models import LoadedModel
from dlexplain.services.pictures.sources import Picture
from dlexplain.ui.session import start

R = TypeVar("R")


@dataclass(frozen=True)
class Ask:
    """One method with its parameters."""

    method: str
    title: str
    family: str
    params: tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Request:
    """A question: why a model sees this class in this input, asked of several methods.

    digest  of the text, or the key of the picture
    """

    model: str
    digest: str
    target: int
    contrast: int | None
    asks: tuple[Ask, ...]


@dataclass
class Answers(Generic[R]):
    """The jobs of one request, one for each of its asks."""

    request: Request
    jobs: list[Job[R]]

    @property
    def active(self) -> bool:
        return any(job.active for job in self.jobs)

    def cancel(self) -> None:
        for job in self.jobs:
            job.cancel()


JobOf = Callable[[Request, Ask], Job[R]]
"""Makes the job of one method; done at once where its answer is in memory."""


def answer(
    session: MutableMapping[str, Any], request: Request, job_of: JobOf[R], key: str = "answers"
) -> Answers[R]:
    """The session's jobs for this request, started if they are new.

    Jobs of an earlier question under the same key are cancelled. Methods of one or few
    evaluations run before those of many.
    """
    known: Answers[R] | None = session.get(key)
    if known is not None and known.request == request:
        return known
    if known is not None:
        known.cancel()
    jobs = [job_of(request, ask) for ask in request.asks]
    order: Sequence[int] = sorted(
        range(len(jobs)), key=lambda i: request.asks[i].family == "perturbation"
    )
    waiting = [jobs[i] for i in order if jobs[i].active]
    answers = Answers(request, jobs)
    session[key] = answers
    if waiting:
        start(waiting)
    return answers


def again(answers: Answers[R], place: int, job_of: JobOf[R]) -> None:
    """Start one job anew, after it was cancelled or has failed."""
    answers.jobs[place] = job_of(answers.request, answers.request.asks[place])
    start([answers.jobs[place]])


def picture_job(
    model: LoadedModel, picture: Picture, request: Request, ask: Ask
) -> Job[Attribution]:
    """The job of one method on a picture."""
    params = dict(ask.params)
    job: Job[Attribution] = Job(
        ask.title,
        lambda progress: explain(
            model,
            picture,
            ask.method,
            request.target,
            request.contrast,
            progress,
            None,
            alone=request.contrast is None,
            **params,
        ),
    )
    found = cached(model, picture, ask.method, request.target, request.contrast, params)
    if found is not None:
        job.result, job.state = found, "done"
    return job
