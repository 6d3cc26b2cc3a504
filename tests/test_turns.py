"""Turns go round by person: whole scripts of who asks and leaves, without clocks or threads."""

import threading
from collections.abc import Callable

import pytest

from dlexplain.turns import Ticket, Turns, act_for, owner


class Hall:
    """Turns, and the order in which they were given."""

    def __init__(self, most: int, each: int | None = None) -> None:
        self.turns = Turns(lambda: most, None if each is None else lambda: each)
        self.given: list[str] = []
        self.tickets: dict[str, Ticket] = {}

    def ask(self, name: str, key: object = None, nested: bool = False) -> Ticket:
        """Of the person whose letter the name begins with."""
        ticket = Ticket(name[0], lambda: self.given.append(name), key, nested)
        self.tickets[name] = ticket
        self.turns.ask(ticket)
        return ticket

    def leave(self, *names: str) -> None:
        for name in names:
            self.turns.leave(self.tickets[name])

    def places(self, *names: str) -> list[int]:
        return [self.turns.place(self.tickets[name]) for name in names]


def test_turns_go_round_by_person_not_by_request() -> None:
    hall = Hall(most=1)
    for name in ("a1", "a2", "a3", "a4", "b1", "c1", "b2"):
        hall.ask(name)
    for name in ("a1", "b1", "c1", "a2", "b2", "a3"):
        assert hall.given[-1] == name
        hall.leave(name)
    assert hall.given == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]


@pytest.mark.parametrize("heavy", [1, 6, 60])
def test_what_another_asks_for_waits_for_one_turn_however_much_one_asks(heavy: int) -> None:
    hall = Hall(most=1)
    for count in range(heavy):
        hall.ask(f"a{count}")
    hall.leave("a0")
    hall.ask("b1")
    waited_for = [name for name in hall.given if name != "a0"]
    assert len(waited_for) <= 1
    hall.leave(*waited_for)
    assert hall.given[-1] == "b1"


def test_who_asks_chunk_after_chunk_goes_before_nobody() -> None:
    """A person with one request at a time comes anew each time, and goes behind the others."""
    hall = Hall(most=1)
    for name in ("a0", "b0", "c0"):
        hall.ask(name)
    for step in range(30):
        name = hall.given[-1]
        hall.leave(name)
        hall.ask(f"{name[0]}{step + 1}")
    counts = [sum(name[0] == person for name in hall.given) for person in "abc"]
    assert max(counts) - min(counts) <= 1


def test_one_person_has_so_many_and_the_others_the_rest() -> None:
    hall = Hall(most=4, each=2)
    for name in ("a1", "a2", "a3", "a4", "b1", "b2", "b3", "c1"):
        hall.ask(name)
    assert hall.given == ["a1", "a2", "b1", "b2"]
    hall.leave("a1")
    assert hall.given[-1] == "c1"  # who has none is before who has one
    hall.leave("b1")
    assert hall.given[-1] == "a3"
    hall.leave("c1", "a2", "a3", "b2")
    assert sorted(hall.given[-2:]) == ["a4", "b3"]


def test_to_nobody_in_particular_no_limit_by_person_applies() -> None:
    turns, given = Turns(lambda: 3, lambda: 1), []
    for name in range(4):
        turns.ask(Ticket("", lambda name=name: given.append(name)))
    assert given == [0, 1, 2]


def test_places_are_the_order_in_which_turns_come() -> None:
    hall = Hall(most=1)
    names = ("a1", "a2", "a3", "b1", "c1", "b2")
    for name in names:
        hall.ask(name)
    assert hall.places(*names) == [0, 3, 5, 1, 2, 4]
    order = sorted(names[1:], key=lambda name: hall.places(name)[0])
    for name in order:
        hall.leave(hall.given[-1])
        assert hall.given[-1] == name


def test_who_waits_may_leave() -> None:
    hall = Hall(most=1)
    for name in ("a1", "a2", "b1", "b2"):
        hall.ask(name)
    hall.leave("a2")
    assert hall.places("a2", "b1", "b2") == [0, 1, 2]
    assert hall.turns.counts() == {"waiting": 2, "running": 1}
    hall.leave("a2", "a1", "a1")  # what was left is left
    assert hall.given == ["a1", "b1"]


def test_of_one_key_there_is_one_turn_at_a_time() -> None:
    hall, model, other = Hall(most=3), object(), object()
    hall.ask("a1", model)
    hall.ask("b1", model)
    hall.ask("c1", other)
    assert hall.given == ["a1", "c1"]
    hall.leave("a1")
    assert hall.given == ["a1", "c1", "b1"]


def test_a_turn_inside_a_turn_needs_no_room() -> None:
    hall, model, other = Hall(most=1), object(), object()
    hall.ask("a1", model)
    hall.ask("b1", model)
    hall.ask("a2", other, nested=True)
    assert hall.given == ["a1", "a2"]
    hall.leave("a2")
    assert hall.given == ["a1", "a2"]  # b1 still waits for room
    hall.leave("a1")
    assert hall.given[-1] == "b1"


def in_thread(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def test_a_thread_has_turns_within_turns_and_gives_them_back() -> None:
    turns = Turns(lambda: 1)

    def work() -> None:
        with turns.turn("model"), turns.turn("another"):
            assert turns.counts()["running"] == 2
        with pytest.raises(ValueError, match="inside"), turns.turn("model"):
            raise ValueError("inside")

    in_thread(work)
    assert turns.counts() == {"waiting": 0, "running": 0}


def test_whose_work_it_is_is_a_matter_of_the_thread() -> None:
    seen = []

    def work() -> None:
        act_for("ada")
        seen.append(owner())

    in_thread(work)
    assert (owner(), seen) == ("", ["ada"])
