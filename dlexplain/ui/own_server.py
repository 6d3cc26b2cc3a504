"""Whether the dashboard is a person's own, so that a page may change what holds for all of it, and
read more of the machine."""

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

import streamlit as st

from dlexplain.people import here, signs_in
from dlexplain.rights import may
from dlexplain.server_files import serve_pages

FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-Ip", "Via")
"""Headers of a proxy: behind one, others may be asking."""


def is_own_server() -> bool:
    """Whether only people at this machine reach it, and nobody signs in: it listens to no other,
    and the browser has asked for this machine, without a proxy between."""
    return not signs_in() and only_here(st.get_option("server.address"), st.context.headers)


def may_set_up() -> bool:
    """Whether a page may change what holds for all of the dashboard: on a person's own, or for an
    admin."""
    return may(here(), "settings") if signs_in() else is_own_server()


def read_allowed_only() -> None:
    """Have what pages and addresses name be looked for in the allowed folders alone."""
    serve_pages(not signs_in() and is_this_machine(st.get_option("server.address") or ""))


def only_here(listens: str | None, headers: Mapping[str, str]) -> bool:
    """The same of the address that a server listens to and the headers of a request."""
    asked = {key.lower(): value for key, value in headers.items()}
    if any(name.lower() in asked for name in FORWARDED):
        return False
    return is_this_machine(listens or "") and is_this_machine(_host(asked.get("host", "")))


def is_this_machine(host: str) -> bool:
    """Whether it is localhost or one of the addresses that lead nowhere else."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _host(asked: str) -> str:
    try:
        return urlsplit(f"//{asked}").hostname or ""
    except ValueError:
        return ""
