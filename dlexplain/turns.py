"""Whose turn it is: what all share goes round by person, not by who asks most.

The cores, the jobs that run at once and the processes that decode pictures are shared by all
visitors of a server. Each is a `Turns`: so many at once, so many of them for one person, and who
waits is served person by person.
"""

import os
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_owner: ContextVar[str] = ContextVar("owner", default="")


def owner() -> str:
    """Whose work the calling thread does: an opaque name of a person, "" for the process's own
    user, to whom no limit by person applies."""
    return _owner.get()


def act_for(person: str) -> None:
    """From now on the calling thread does this person's work."""
    _owner.set(person)


NICENESS = 10
"""Of what takes long, so that what answers a visitor at once has the cores first; less than that of
training."""


def give_way() -> None:
    """Let the calling thread, and those and the processes that it starts, give way to others: where
    threads have a priority of their own, which is on Linux."""
    if sys.platform == "linux":
        own = os.getpriority(os.PRIO_PROCESS, 0)
        os.setpriority(os.PRIO_PROCESS, 0, max(own, NICENESS))


@dataclass(eq=False)
class Ticket:
    """A place in the queue, and then a turn.

    granted  called when the turn has come, by whichever thread brought it about; must not fail
    key      of several tickets with one key only one has its turn at a time; None is no such key
    nested   its thread has a turn already: waiting for room, it would wait for itself
    """

    owner: str
    granted: Callable[[], object]
    key: object = None
    nested: bool = False


class Turns:
    """Turns of which few are had at once.

    most  at once in all;  each  of them by one person; both are asked whenever a turn is given

    Of those who wait, the person with the fewest turns is next; of several such persons the one
    who has waited longest since a turn of theirs ended, so that it goes round; of one person's
    tickets the first.
    """

    def __init__(self, most: Callable[[], int], each: Callable[[], int] | None = None) -> None:
        self._most, self._each = most, each or most
        self._guard = threading.Lock()
        self._waiting: dict[str, list[Ticket]] = {}
        self._held: list[Ticket] = []
        self._of_thread = threading.local()

    def ask(self, ticket: Ticket) -> None:
        """Wait in line; `granted` is called at once where there is room."""
        with self._guard:
            self._waiting.setdefault(ticket.owner, []).append(ticket)
            ready = self._grant()
        for one in ready:
            one.granted()

    def leave(self, ticket: Ticket, following: Ticket | None = None) -> None:
        """Give the turn back, or wait no longer; nothing where it has been left.

        following  goes behind those who wait at this moment, before anybody else comes
        """
        with self._guard:
            if ticket in self._held:
                self._held.remove(ticket)
                if ticket.owner in self._waiting:  # goes behind the others
                    self._waiting[ticket.owner] = self._waiting.pop(ticket.owner)
            else:
                self._drop(ticket)
            if following:
                self._waiting.setdefault(following.owner, []).append(following)
            ready = self._grant()
        for one in ready:
            one.granted()

    @contextmanager
    def turn(self, key: object = None) -> Iterator[None]:
        """Wait for a turn of the calling thread's person, and have it inside the `with`."""
        mine, depth = threading.Event(), getattr(self._of_thread, "depth", 0)
        ticket = Ticket(owner(), mine.set, key, depth > 0)
        self.ask(ticket)
        try:
            mine.wait()
            self._of_thread.depth = depth + 1
            yield
        finally:
            self._of_thread.depth = depth
            self.leave(ticket)

    def place(self, ticket: Ticket) -> int:
        """In line, from 1; 0 for one that does not wait."""
        with self._guard:
            return next((at for at, one in enumerate(self._line(), 1) if one is ticket), 0)

    def counts(self) -> dict[str, int]:
        """How many wait and how many have a turn."""
        with self._guard:
            waiting = sum(map(len, self._waiting.values()))
            return {"waiting": waiting, "running": len(self._held)}

    def _grant(self) -> list[Ticket]:
        """Give turns as long as there is room; to whom."""
        ready = []
        while (ticket := next(filter(self._fits, self._line()), None)) is not None:
            self._drop(ticket)
            self._held.append(ticket)
            ready.append(ticket)
        return ready

    def _line(self) -> Iterator[Ticket]:
        """All who wait, in the order in which turns that come free would go to them."""
        left = {person: list(tickets) for person, tickets in self._waiting.items()}
        turns = Counter(one.owner for one in self._held)
        while left:
            person = min(left, key=lambda one: turns[one])  # of equal ones the first
            first, *others = left.pop(person)
            yield first
            turns[person] += 1
            if others:
                left[person] = others

    def _fits(self, ticket: Ticket) -> bool:
        if ticket.key is not None and any(one.key is ticket.key for one in self._held):
            return False
        if ticket.nested:
            return True
        held = [one.owner for one in self._held if not one.nested]
        own = held.count(ticket.owner) if ticket.owner else 0
        return len(held) < self._most() and own < self._each()

    def _drop(self, ticket: Ticket) -> None:
        """Out of those who wait, if it is among them."""
        tickets = self._waiting.get(ticket.owner, [])
        if ticket in tickets:
            tickets.remove(ticket)
            if not tickets:
                del self._waiting[ticket.owner]
