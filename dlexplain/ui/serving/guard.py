"""Whom the server answers, and what it tells browsers to keep to: one ASGI middleware."""

import asyncio
import base64
import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from dlexplain.ui.serving.watch import refused_metrics

SAFE = ("GET", "HEAD", "OPTIONS")
"""Methods that change nothing, so that another site may ask; it cannot read the answer."""
HOST = re.compile(r"[A-Za-z0-9._:\[\]-]+")
"""What a Host may be written with, since it goes into the policy."""
GONE_SECONDS = 0.1
"""After which the connection of a refused websocket is gone; until then uvicorn takes its refusal
for an error of ours and logs it."""
STREAMLITS_METRICS = "/_stcore/metrics"
POLICY = {
    "default-src": "'self'",
    # Components of ours are modules that Streamlit imports from blobs; graphs are laid out by
    # WebAssembly. The hash is of the one script inside Streamlit's index.html.
    "script-src": "'self' blob: 'wasm-unsafe-eval' {inline}",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "worker-src": "'self' blob:",
    "connect-src": "'self' {socket}",
    "frame-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self' {frames}",
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Addresses hold what was asked.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=(), payment=(), usb=(), "
    "serial=(), midi=(), display-capture=()",
}


class Guard:
    """Refuses hosts that are not allowed and origins of elsewhere; adds headers to the rest.

    A page on another site may have its own name lead to this machine (DNS rebinding): its requests
    are then of the same origin, but carry that name as their Host.

    framed_by  other origins whose pages may show this one in a frame
    """

    def __init__(self, app: ASGIApp, framed_by: Iterable[str] = ()) -> None:
        self.app = app
        self.frames = " ".join(framed_by)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        asked = Headers(scope=scope)
        if response := refused(scope, asked):
            await response(scope, receive, send)
            if scope["type"] == "websocket":
                await asyncio.sleep(GONE_SECONDS)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self.headers(asked["host"]))
            await send(message)

        await self.app(scope, receive, dressed)

    def headers(self, host: str) -> dict[str, str]:
        """Of an answer to a request for that host, which is an allowed one."""
        values = {
            # Older browsers do not count a websocket to the same host as 'self'.
            "socket": f"ws://{host} wss://{host}",
            "frames": self.frames,
            "inline": inline_scripts(),
        }
        policy = "; ".join(
            f"{name} {sources.format(**values)}".strip() for name, sources in POLICY.items()
        )
        # X-Frame-Options cannot name others.
        frame = {} if self.frames else {"X-Frame-Options": "SAMEORIGIN"}
        return HEADERS | frame | {"Content-Security-Policy": policy}


def refused(scope: Scope, asked: Headers) -> PlainTextResponse | None:
    """Why a request is not answered, with the sentence that says so; None where it is."""
    host, origin = asked.get("host"), asked.get("origin")
    one = len(asked.getlist("host")) == 1 and HOST.fullmatch(host or "")
    if not one or not is_host_allowed(host):
        return _said(
            f"This server is not asked for as {(host or 'nobody')[:80]!r}; who runs it allows that "
            "name by DLEXPLAIN_ALLOWED_HOSTS.\n",
            400,
        )
    changes = scope["type"] == "websocket" or scope["method"] not in SAFE
    if changes and origin is not None and not is_same(origin, host or ""):
        return _said(
            f"A page of {origin[:80]!r} may not do this here; behind a proxy, have it pass the "
            "browser's Host on.\n",
            403,
        )
    if scope["path"].endswith(STREAMLITS_METRICS):
        return refused_metrics(asked)
    return None


@cache
def inline_scripts() -> str:
    """What lets the scripts inside Streamlit's index.html run, and no other inside a page."""
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    hashes = [base64.b64encode(hashlib.sha256(one.encode()).digest()).decode() for one in scripts]
    return " ".join(f"'sha256-{one}'" for one in hashes)


def _said(sentence: str, status: int) -> PlainTextResponse:
    return PlainTextResponse(sentence, status, headers={"X-Content-Type-Options": "nosniff"})


def is_same(origin: str, host: str) -> bool:
    """Whether a page is of the host that it asks; by any scheme, since a proxy may end TLS."""
    try:
        return urlsplit(origin).netloc.lower() == host.lower() != ""
    except ValueError:
        return False
