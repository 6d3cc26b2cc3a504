"""Who may do what: one table of actions by roles, asked by everything that changes something.

Services ask it by `check`, which raises; pages by `why_not`, to say beside a control that cannot be
used why it cannot. What is somebody's is private: see `sees`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dlexplain.errors import NotAllowed
from dlexplain.people import Person, Role, here


@dataclass(frozen=True)
class Rule:
    """own     least role for what is one's own, or nobody's yet
    others  least role for what is another person's
    words   what is done, after "to"
    """

    own: Role
    others: Role
    words: str


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "look": Rule("viewer", "admin", "look at runs, models and reports"),
        "explain": Rule("viewer", "viewer", "explain and measure"),
        "upload": Rule("viewer", "viewer", "hand in pictures, texts and tables"),
        "report": Rule("viewer", "admin", "keep, rename and delete reports"),
        "own model": Rule("member", "member", "load models from the server's folders or the hub"),
        "train": Rule("member", "member", "train"),
        "sweep": Rule("member", "admin", "start, stop and go on with sweeps"),
        "compress": Rule("member", "member", "compress models"),
        "export": Rule("member", "member", "export models into files on the server"),
        "cancel": Rule("member", "admin", "cancel runs"),
        "resume": Rule("member", "admin", "resume runs"),
        "describe": Rule("member", "admin", "rename, tag, note, star and archive runs"),
        "delete": Rule("member", "admin", "delete runs"),
        "register": Rule("member", "admin", "register models"),
        "share": Rule("member", "admin", "share runs"),
        "settings": Rule("admin", "admin", "change what holds for the whole dashboard"),
        "audit": Rule("admin", "admin", "read the audit log"),
    }
)
"""By action; the roles' order is that of people.ROLES."""


def may(person: Person, action: str, owner: str | None = None) -> bool:
    """Whether this person may do this. owner  of what it is done to, None where it is nobody's yet;
    "" is the machine's own user"""
    return person.is_at_least(_least(person, action, owner))


def check(action: str, owner: str | None = None) -> Person:
    """Who asks, where they may do this; raises NotAllowed, NotSignedIn."""
    person = here()
    if said := _refusal(person, action, owner):
        raise NotAllowed(said)
    return person


def why_not(action: str, owner: str | None = None) -> str:
    """Why who asks may not do this, one sentence, or "" where they may; raises NotSignedIn."""
    return _refusal(here(), action, owner)


def sees(person: Person, owner: str, shared: str = "") -> bool:
    """Whether what is `owner`'s is there for this person: it is their own, or shared with their
    role or a lesser one; an admin sees all.

    shared  the least role with which it is shared, "" of what is private
    """
    if may(person, "look", owner):
        return True
    return any(shared == role and person.is_at_least(role) for role in ("viewer", "member"))


def _least(person: Person, action: str, owner: str | None) -> Role:
    rule = RULES[action]
    return rule.own if owner is None or owner == person.email else rule.others


def _refusal(person: Person, action: str, owner: str | None) -> str:
    least = _least(person, action, owner)
    if person.is_at_least(least):
        return ""
    words = RULES[action].words
    if least == RULES[action].own:
        one = "an admin" if least == "admin" else f"a {least}"
        return f"your role here is {person.role}; it takes {one} to {words}"
    return f"this is another person's; it takes an admin to {words} of others"
