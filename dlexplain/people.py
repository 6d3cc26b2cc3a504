"""Who asks: a person with a role, as an identity provider tells it, or this machine's user.

Streamlit knows nobody's name here: pages say by `ask_who` how a session's person is found, and
whatever changes something asks `here`. Without sign-in, and in processes that serve no page, it is
the machine's own user, who may do everything.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

from dlexplain.errors import NotSignedIn
from dlexplain.settings import Settings, settings

Role = Literal["viewer", "member", "admin"]
ROLES: tuple[Role, ...] = ("viewer", "member", "admin")
"""Each may do what those before it may."""


@dataclass(frozen=True)
class Person:
    """email  in small letters, verified by the provider; "" of the machine's own user"""

    email: str = ""
    name: str = ""
    role: Role = "admin"

    def is_at_least(self, role: Role) -> bool:
        return ROLES.index(self.role) >= ROLES.index(role)


LOCAL = Person()
"""The machine's own user: of the command line, of Python, of a dashboard without sign-in."""
_asks: list[Callable[[], Person | None]] = []
_acting: ContextVar[Person | None] = ContextVar("acting", default=None)


def ask_who(ask: Callable[[], Person | None] | None) -> None:
    """Have `ask` say who a session's person is: None outside of one; it raises NotSignedIn where
    nobody has signed in. None in its place: nobody signs in here."""
    _asks[:] = [] if ask is None else [ask]


def signs_in() -> bool:
    """Whether people sign in to what this process serves."""
    return bool(_asks)


def here() -> Person:
    """Who asks for what is done now; raises NotSignedIn."""
    if (acting := _acting.get()) is not None:
        return acting
    for ask in _asks:
        if (found := ask()) is not None:
            return found
    return LOCAL


@contextmanager
def acting_as(person: Person) -> Iterator[None]:
    """Within, what is done is done by this person: of work that goes on outside of a session."""
    token = _acting.set(person)
    try:
        yield
    finally:
        _acting.reset(token)


def person_of(claims: Mapping[str, Any], client: str, now: float | None = None) -> Person:
    """The person that a provider's identity token tells of.

    claims  of a token whose signature was checked
    client  the id by which the provider knows this dashboard, see `aud`
    now     seconds since 1970, by default the clock's
    Raises NotSignedIn, one sentence, for a token that is of another application or has expired, and
    for a person without a verified e-mail address or without a role.
    """
    given = settings()
    audience = claims.get("aud")
    if client not in ([audience] if isinstance(audience, str) else audience or ()):
        raise NotSignedIn(
            f'the identity provider has signed you in to another application, "{audience}", not '
            "to this one; log in again"
        )
    if (time.time() if now is None else now) >= ends_at(claims, given.sign_in_hours):
        raise NotSignedIn("your sign-in has expired; log in again")
    email = claims.get("email")
    if not isinstance(email, str) or not email.strip():
        raise NotSignedIn(
            "the identity provider tells no e-mail address of yours; this dashboard knows people "
            "by theirs"
        )
    if claims.get("email_verified") not in (True, "true"):
        raise NotSignedIn(
            f"the identity provider has not verified the e-mail address {email}; verify it there, "
            "and log in again"
        )
    email = email.strip().lower()
    role = role_of(email, claims, given)
    if role is None:
        raise NotSignedIn(
            f"the person {email} has no role here; ask who runs this dashboard for one"
        )
    return Person(email, str(claims.get("name") or "")[:100], role)


def ends_at(claims: Mapping[str, Any], hours: float) -> float:
    """When a sign-in ends, seconds since 1970: so many hours after the token was given, by default,
    with 0 hours, as the token says; 0 where that cannot be read."""
    said = claims.get("iat" if hours else "exp")
    if isinstance(said, bool) or not isinstance(said, int | float):
        return 0.0
    return said + 3600 * hours


def role_of(email: str, claims: Mapping[str, Any], given: Settings) -> Role | None:
    """The highest of what the lists, the claim and the default say; None where none does."""
    lists = {"viewer": given.viewers, "member": given.members, "admin": given.admins}
    told = claims.get(given.role_claim, ()) if given.role_claim else ()
    said = {told} if isinstance(told, str) else set(_texts(told))
    said.add(given.default_role)
    found = [
        role
        for role in ROLES
        if role in said or any(fnmatchcase(email, one) for one in lists[role])
    ]
    return found[-1] if found else None


def _texts(told: Any) -> Iterable[str]:
    return (one for one in told if isinstance(one, str)) if isinstance(told, list | tuple) else ()
