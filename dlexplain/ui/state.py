"""What a session remembers on the picture page: its question, and the jobs that answer it."""

from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlexplain.params import Value
from dlexplain.results import Attribution
from dlexplain.services.explain import cached, explain
from dlexplain.services.jobs import Job, start
from dlexplain.services.models import LoadedModel
from dlexplain.services.pictures import Picture


@dataclass(frozen=True)
class Ask:
    """One method with its parameters."""

    method: str
    title: str
    family: str
    params: tuple[tuple[str, Value], ...]


@dataclass(frozen=True)
class Request:
    """A question: why a model sees this class in this picture, asked of several methods."""

    model: str
    digest: str
    target: int
    contrast: int | None
    asks: tuple[Ask, ...]


@dataclass
class Answers:
    """The jobs of one request, one for each of its asks."""

    request: Request
    jobs: list[Job[Attribution]]

    @property
    def active(self) -> bool:
        return any(job.active for job in self.jobs)

    def cancel(self) -> None:
        for job in self.jobs:
            job.cancel()


def answer(
    session: MutableMapping[str, Any], model: LoadedModel, picture: Picture, request: Request
) -> Answers:
    """The session's jobs for this request, started if they are new.

    Jobs of an earlier question are cancelled; answers that are in memory are there at once.
    Methods of one or few evaluations run before those of many.
    """
    known: Answers | None = session.get("answers")
    if known is not None and known.request == request:
        return known
    if known is not None:
        known.cancel()
    jobs = [_job(model, picture, request, ask) for ask in request.asks]
    order: Sequence[int] = sorted(
        range(len(jobs)), key=lambda i: request.asks[i].family == "perturbation"
    )
    waiting = [jobs[i] for i in order if jobs[i].active]
    answers = Answers(request, jobs)
    session["answers"] = answers
    if waiting:
        start(waiting)
    return answers


def again(
    session: MutableMapping[str, Any], model: LoadedModel, picture: Picture, place: int
) -> None:
    """Start one job of the session's answers anew, after it was cancelled or has failed."""
    answers: Answers = session["answers"]
    ask = answers.request.asks[place]
    answers.jobs[place] = _job(model, picture, answers.request, ask)
    start([answers.jobs[place]])


def _job(model: LoadedModel, picture: Picture, request: Request, ask: Ask) -> Job[Attribution]:
    params = dict(ask.params)
    job: Job[Attribution] = Job(
        ask.title,
        lambda progress: explain(
            model, picture, ask.method, request.target, request.contrast, progress, **params
        ),
    )
    found = cached(model, picture, ask.method, request.target, request.contrast, params)
    if found is not None:
        job.result, job.state = found, "done"
    return job
