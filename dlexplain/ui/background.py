"""Work that goes on when its visitor has left, because they said so; Home lists it by its name.

What a page has begun is stopped soon after its session has ended (ui/session.py). What is kept here
is not: it has the turns, the rights and the limits of its person as before. Its answer stays in
memory until the person forgets it or the server ends, and whoever of them asks the same again, on
whichever page and in whichever session, is given it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import streamlit as st

from dlexplain.language import tr
from dlexplain.results.words import shortened_words
from dlexplain.ui.live import drawn_before, live
from dlexplain.ui.markdown import literal
from dlexplain.ui.pages import PAGES, address_of, link_to, named
from dlexplain.ui.progress import progress_text
from dlexplain.ui.session import here

if TYPE_CHECKING:  # Home is drawn before anything of this is needed
    from dlexplain.services.jobs import Job

MOST = 4
"""Of one person; each may hold an answer in memory."""
MOST_IN_ALL = 40
"""Of all persons: whoever clears a browser's cookies is another one, as often as they want."""
LONGEST = 80
"""Letters of a name."""
ENDED = {"done": "finished", "cancelled": "cancelled", "failed": "failed"}


class Asked(Protocol):
    """A question and the jobs that answer it, as ui/jobs.py has them."""

    slot: str
    question: Any
    jobs: "list[Job[Any]]"

    @property
    def active(self) -> bool: ...
    def cancel(self) -> None: ...


@dataclass(eq=False)
class Kept:
    """What was asked, on which page, under pages/, and what stood in its address."""

    asked: Asked
    page: str
    query: Mapping[str, str]

    @property
    def name(self) -> str:
        """Of its jobs and its page, in the reader's language."""
        titles = ", ".join(dict.fromkeys(tr(job.title) for job in self.asked.jobs))
        return shortened_words(f"{titles}: {tr(named(self.page)[0])}", LONGEST)

    @property
    def told(self) -> str:
        """How far it is: "14 of 25 evaluations, about 3 s left", or how its jobs have ended."""
        for job in self.asked.jobs:
            if job.active:
                return tr(progress_text(job, "evaluations", "Starting"))
        return ", ".join(dict.fromkeys(tr(ENDED[job.state]) for job in self.asked.jobs))


@st.cache_resource(show_spinner=False)
def _all() -> dict[str, list[Kept]]:
    """By person, of the whole process; Streamlit keeps it when a module is loaded anew."""
    return {}


def kept() -> list[Kept]:
    """The visitor's."""
    return _all().get(here().owner, [])


def is_kept(found: Asked) -> bool:
    return any(one.asked is found for one in kept())


def find(slot: str, question: object) -> Any:
    """What the visitor has kept of this question, if any."""
    return next(
        (one.asked for one in kept() if (one.asked.slot, one.asked.question) == (slot, question)),
        None,
    )


def keep(found: Asked) -> None:
    """It ends with its session no more; what cannot be found again by its person is not kept."""
    mine, page = here(), _page_shown()
    _all().setdefault(mine.owner, []).append(Kept(found, page, dict(st.query_params)))
    for work in (found, *found.jobs):
        mine.work.discard(work)
    st.toast(tr("It goes on when you leave. Home lists it."), icon=":material/bookmark_added:")


def _has_room() -> bool:
    """Whether one more may be kept; the answers that were there first make room."""
    every = [(mine, one) for mine in _all().values() for one in mine]
    ended = [(mine, one) for mine, one in every if not one.asked.active]
    for mine, one in ended[: max(0, len(every) - MOST_IN_ALL + 1)]:
        mine.remove(one)
    return len(every) - len(ended) < MOST_IN_ALL


def forget(one: Kept) -> None:
    """Stop it, if it is at work, and let go of its answer."""
    one.asked.cancel()
    _all()[here().owner].remove(one)


def offer(found: Asked, index: int, key: str) -> None:
    """A button that keeps all that was asked, beside the progress of one of its jobs.

    Nothing for whom it would be lost: a browser without cookies is somebody else when it returns.
    """
    last = all(not job.active for job in found.jobs[index + 1 :])  # one button of many cards
    nobody = here().owner.startswith("session:")
    if not last or nobody or is_kept(found) or len(kept()) >= MOST or not _has_room():
        return
    st.button(
        tr("Go on without me"),
        key=f"keep-{key}-{drawn_before()}",
        type="tertiary",
        on_click=keep,
        args=(found,),
        help=tr(
            "It goes on when you leave. Home lists it by its name, with a link to this page. A "
            "file that you have uploaded is forgotten when you leave: upload it again, and the "
            "answer is there."
        ),
    )


def show_kept() -> None:
    """The visitor's, with how far each is; nothing where there is none."""
    if not kept():
        return
    st.subheader(tr("In the background"))
    for place, one in enumerate(kept()):
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            link_to(one.page, literal(one.name), dict(one.query))
            with st.container(width="stretch"):
                live(
                    partial(_draw_told, one),
                    version=partial(_told, one),
                    active=partial(_is_active, one),
                    every=1.0,
                    single=True,
                )
            st.button(
                tr("Forget"),
                key=f"forget-{place}-{id(one)}",
                type="tertiary",
                icon=":material/close:",
                on_click=forget,
                args=(one,),
                help=tr("Stops it if it is at work, and lets go of its answer."),
            )


def _told(one: Kept) -> str:
    return one.told


def _is_active(one: Kept) -> bool:
    return one.asked.active


def _draw_told(one: Kept) -> None:
    st.caption(literal(one.told))


def _page_shown() -> str:
    """As it lies under pages/."""
    address = urlsplit(st.context.url or "").path.rpartition("/")[2]
    files = [f"{file.parent.name}/{file.stem}" for file in PAGES.glob("*/*.py")]
    return next((page for page in files if address_of(page) == address), "home/0_home")
