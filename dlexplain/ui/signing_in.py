"""Signing in by Streamlit's st.login: who a session's person is, and the page that asks for one.

People sign in where Streamlit's secrets have a section [auth] (docs/security.md). Nothing of
Authlib is imported before somebody presses Log in.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st
from streamlit.auth_util import generate_default_provider_section, get_secrets_auth_section
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dlexplain.errors import NotSignedIn
from dlexplain.language import tr
from dlexplain.people import Person, ask_who, here, person_of, signs_in
from dlexplain.results.words import sentence
from dlexplain.ui.markdown import literal

ANSWER, REFUSED = "sign_in", "refused"
"""In the address, where the provider's answer was not taken: see serving/sign_in.py."""
NOT_TAKEN = (
    "The identity provider's answer was not taken: it was cancelled, came too late, or was not "
    "meant for this dashboard. Log in again."
)
ABOUT = (
    "This dashboard shows what deep-learning models see in pictures, texts and series, and trains "
    "them. It is open to people who sign in and have a role here."
)
LONGEST = 24
"""Letters of a name in the corner."""
_ended: set[str] = set()
"""Sign-ins that their people have ended: other tabs, and copies of the cookie, end with them."""


def providers() -> dict[str, Mapping[str, Any]]:
    """What the secrets say of each identity provider, by its name there; "default" has none."""
    section = get_secrets_auth_section()
    default = generate_default_provider_section(section)
    named = {
        name: part
        for name, part in section.items()
        if isinstance(part, Mapping) and "client_id" in part
    }
    return {"default": default, **named} if default.get("client_id") else named


def have_people_sign_in() -> None:
    """From now on in this process, where the secrets say so: what is shown and done is asked for by
    whoever has signed in. It stays so where the secrets cannot be read any more."""
    if not signs_in() and get_secrets_auth_section():
        ask_who(_of_session)


def of_claims(claims: Mapping[str, Any]) -> Person:
    """Whom the cookie that Streamlit has signed tells of; raises NotSignedIn."""
    if not claims.get("is_logged_in"):
        raise NotSignedIn("nobody has signed in; log in first")
    if _key(claims) in _ended:
        raise NotSignedIn("you have logged out; log in again")
    known = providers().get(str(claims.get("provider")))
    if known is None:
        raise NotSignedIn("your identity provider is not known here any more; log in again")
    return person_of(claims, str(known["client_id"]))


def _of_session() -> Person | None:
    if get_script_run_ctx(suppress_warning=True) is None:
        return None
    return of_claims(st.user.to_dict())


def _key(claims: Mapping[str, Any]) -> str:
    return repr([claims.get(part) for part in ("iss", "sub", "iat", "exp")])


def kept_out() -> str | None:
    """Why this session's person is not let in, "" of one who has not signed in; None of one who
    is."""
    try:
        here()
    except NotSignedIn as error:
        if st.user.to_dict().get("is_logged_in"):
            return sentence(str(error).rstrip("."))
        return NOT_TAKEN if st.query_params.get(ANSWER) == REFUSED else ""
    st.query_params.pop(ANSWER, None)
    return None


def show_sign_in(why: str) -> None:
    """The page in place of all others for those who are not let in. why  see kept_out"""
    with st.container(key="sign-in", width=560):
        st.title(tr("Log in to dlexplain"))
        st.markdown(tr(ABOUT))
        if why:
            st.warning(literal(tr(why)), icon=":material/lock:")
        known = providers()
        for place, name in enumerate(known):
            with_it = tr(f"Log in with {name}") if len(known) > 1 else tr("Log in")
            if st.button(
                literal(with_it),
                key=f"log-in-{name}",
                type="secondary" if place else "primary",
                icon=":material/login:",
            ):
                st.login(None if name == "default" else name)
        if st.user.to_dict().get("is_logged_in") and st.button(
            tr("Log out"), key="log-out", icon=":material/logout:", help=tr("To be another person.")
        ):
            _log_out()


def offer_log_out() -> None:
    """In the corner: who is there, with which role, and the way out; nothing without sign-in."""
    if not signs_in():
        return
    person = here()
    name = person.name or person.email.partition("@")[0]
    short = name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
    with st.popover(literal(short), icon=":material/account_circle:", type="tertiary", key="me"):
        st.markdown(f"**{literal(name)}**  \n{literal(person.email)}")
        st.caption(tr(f"Your role here: {person.role}."))
        if st.button(tr("Log out"), key="log-out", icon=":material/logout:"):
            _log_out()


def _log_out() -> None:
    _ended.add(_key(st.user.to_dict()))
    st.logout()
