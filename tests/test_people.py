"""Who asks: what a provider's token must say, which role that gives, and how work carries it."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from dlexplain.errors import BadInput, NotSignedIn
from dlexplain.people import LOCAL, Person, acting_as, ask_who, ends_at, here, person_of, signs_in
from dlexplain.services import jobs
from dlexplain.services.jobs import Job
from dlexplain.settings import settings

NOW = 1_800_000_000.0
CLAIMS: dict[str, Any] = {
    "aud": "dlexplain", "exp": NOW + 60, "iat": NOW - 60, "email": "Ada@Example.org",
    "email_verified": True, "name": "Ada",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _roles(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DLEXPLAIN_ADMINS", "ada@example.org")
    monkeypatch.setenv("DLEXPLAIN_MEMBERS", "*@Example.org, guest@else.example")
    monkeypatch.setenv("DLEXPLAIN_ROLE_CLAIM", "roles")
    settings.cache_clear()
    yield
    monkeypatch.undo()
    settings.cache_clear()


def of(**claims: Any) -> Person:
    told = {**CLAIMS, **claims}
    return person_of({key: value for key, value in told.items() if value is not None}, "dlexplain",
                     NOW)  # fmt: skip


@pytest.mark.parametrize(
    ("claims", "person"),
    [
        ({}, Person("ada@example.org", "Ada", "admin")),
        ({"email": "bob@example.org"}, Person("bob@example.org", "Ada", "member")),
        ({"email": "guest@else.example", "name": None}, Person("guest@else.example", "", "member")),
        ({"aud": ["else", "dlexplain"]}, Person("ada@example.org", "Ada", "admin")),
        ({"email": "x@y.example", "roles": "viewer"}, Person("x@y.example", "Ada", "viewer")),
        ({"email": "x@y.example", "roles": ["a", "member", "viewer", 3]},
         Person("x@y.example", "Ada", "member")),
        ({"email": "bob@example.org", "roles": ["viewer"]},
         Person("bob@example.org", "Ada", "member")),
        ({"email_verified": "true"}, Person("ada@example.org", "Ada", "admin")),
    ],
)  # fmt: skip
def test_whom_a_token_tells_of(claims: dict[str, Any], person: Person) -> None:
    assert of(**claims) == person


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"aud": "else"}, 'to another application, "else", not to this one'),
        ({"aud": None}, "to another application"),
        ({"aud": ["else"]}, "to another application"),
        ({"exp": NOW}, "your sign-in has expired; log in again"),
        ({"exp": None}, "expired"),
        ({"exp": "soon"}, "expired"),
        ({"exp": True}, "expired"),
        ({"email": None}, "tells no e-mail address of yours"),
        ({"email": "  "}, "tells no e-mail address of yours"),
        ({"email_verified": None}, "has not verified the e-mail address Ada@Example.org"),
        ({"email_verified": False}, "has not verified"),
        ({"email_verified": "yes"}, "has not verified"),
        ({"email_verified": 1.5}, "has not verified"),
        ({"email": "ada@example.org.evil.example"}, "has no role here"),
        ({"email": "x@y.example", "roles": ["Admin", "owner"]}, "x@y.example has no role here"),
        ({"email": "x@y.example", "roles": {"admin": 1}}, "has no role here"),
    ],
)
def test_whom_it_does_not(claims: dict[str, Any], said: str) -> None:
    with pytest.raises(NotSignedIn, match=said):
        of(**claims)


def test_a_default_role_is_of_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DLEXPLAIN_DEFAULT_ROLE", "viewer")
    settings.cache_clear()
    assert of(email="x@y.example").role == "viewer"
    assert of().role == "admin"


def test_a_sign_in_holds_as_long_as_the_token_or_the_hours_say() -> None:
    assert ends_at(CLAIMS, 0) == NOW + 60
    assert ends_at(CLAIMS, 2) == NOW - 60 + 7200
    assert ends_at({}, 2) == ends_at({}, 0) == 0


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ADMINS", "ada", 'one of the addresses is "ada"'),
        ("MEMBERS", "a@b, *@*", r'is "\*@\*"'),
        ("DEFAULT_ROLE", "root", '"root" is no role'),
        ("SIGN_IN_HOURS", "800", "800 hours are not from 0 to 720"),
    ],
)
def test_what_cannot_be_set_is_told(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"DLEXPLAIN_{name}", value)
    settings.cache_clear()
    with pytest.raises(BadInput, match=said):
        settings()


def test_without_sign_in_it_is_the_machines_own_user() -> None:
    assert here() == LOCAL and not signs_in() and LOCAL.role == "admin"


def test_a_job_is_done_as_whoever_has_begun_it() -> None:
    """Its thread is outside of the session, where nobody could be asked."""
    session, bob = threading.get_ident(), Person("bob@example.org", "", "viewer")
    ask_who(lambda: bob if threading.get_ident() == session else None)
    try:
        job = Job("who", lambda progress: here())
        assert jobs.start([job]).ended.wait(60)
        assert job.result == bob
    finally:
        ask_who(None)


def test_who_acts_ends_with_the_block() -> None:
    with acting_as(Person("bob@example.org", "", "viewer")):
        assert here().email == "bob@example.org"
    assert here() == LOCAL
