"""What Streamlit's way of signing in lacks: one ASGI middleware, and checks before the start.

Where people sign in, nothing is uploaded and no file of a page is given without a valid sign-in;
its cookies are for https alone, where the dashboard is; who came by a link gets there; and an
answer of the provider's that was not taken is told.
"""

import json
import tomllib
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit import config
from streamlit.auth_util import get_redirect_uri, get_secrets_auth_section
from streamlit.web.server.starlette.starlette_auth_routes import _get_cookie_value_from_request
from streamlit.web.server.starlette.starlette_server_config import USER_COOKIE_NAME

from dlexplain.errors import NotAllowed
from dlexplain.people import Person, acting_as, signs_in
from dlexplain.rights import check
from dlexplain.settings import settings
from dlexplain.ui.own_server import is_this_machine
from dlexplain.ui.signing_in import ANSWER, REFUSED, of_claims, providers

LOG_IN, CALLBACK = "/auth/login", "/oauth2callback"
GUARDED = ("/_stcore/upload_file/", "/media/")
GOING_TO = "dlexplain_going_to"
"""The cookie with the address from which somebody went to sign in."""
GOING_SECONDS, LONGEST_ADDRESS = 900, 1500
SHORTEST_COOKIE_SECRET = 32
NEEDED = ("client_id", "client_secret", "server_metadata_url")


class SignIn:
    """Does nothing where nobody signs in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not signs_in():
            await self.app(scope, receive, send)
            return
        request = Request(scope)
        if _below_base(scope["path"]).startswith(GUARDED):
            try:
                with acting_as(person_of_request(request)):
                    check("look" if scope["method"] == "GET" else "upload")
            except NotAllowed as error:
                await PlainTextResponse(f"{error}\n", 401)(scope, receive, send)
                return

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if scope["path"].endswith(LOG_IN):
                    _remember(request, headers)
                elif scope["path"].endswith(CALLBACK):
                    _lead_on(request, headers)
                _for_https(headers)
            await send(message)

        await self.app(scope, receive, told)


def _below_base(path: str) -> str:
    """Without server.baseUrlPath; /static/media/, with Streamlit's fonts, is everybody's."""
    base = str(config.get_option("server.baseUrlPath") or "").strip("/")
    return path.removeprefix(f"/{base}") if base else path


def person_of_request(request: Request) -> Person:
    """Whom the request's cookie tells of; raises NotSignedIn."""
    kept = _get_cookie_value_from_request(request, USER_COOKIE_NAME)
    return of_claims(json.loads(kept) if kept else {})


def _remember(request: Request, headers: MutableHeaders) -> None:
    """Where to come back to: a page of ours, which the browser names as its referrer."""
    came = urlsplit(request.headers.get("referer", ""))
    query = "&".join(one for one in came.query.split("&") if not one.startswith(f"{ANSWER}="))
    address = f"{came.path}?{query}" if query else came.path
    if came.netloc != request.headers.get("host") or not is_address(address):
        return
    headers.append(
        "set-cookie",
        f"{GOING_TO}={quote(address, safe='')}; HttpOnly; Max-Age={GOING_SECONDS}; Path=/; "
        "SameSite=lax",
    )


def is_address(text: str) -> bool:
    """Whether it names a page here, and no other host: no browser takes it for one."""
    fits = text.startswith("/") and not text.startswith("//") and "\\" not in text
    return fits and len(text) <= LONGEST_ADDRESS and text.isascii() and text.isprintable()


def _lead_on(request: Request, headers: MutableHeaders) -> None:
    """To the page that was asked for; or to the sign-in page, which says that it was not taken."""
    if not {"code", "error"} & set(request.query_params):  # the provider's answer to a log-out
        return
    if not any(_gives_person(cookie) for cookie in headers.getlist("set-cookie")):
        headers["location"] = f"{headers.get('location', '/')}?{ANSWER}={REFUSED}"
        return
    address = unquote(request.cookies.get(GOING_TO, ""))
    if is_address(address):
        headers["location"] = address
        headers.append("set-cookie", f"{GOING_TO}=; Max-Age=0; Path=/")


def _gives_person(cookie: str) -> bool:
    return cookie.startswith(f"{USER_COOKIE_NAME}=") and "max-age=0" not in cookie.lower()


def _for_https(headers: MutableHeaders) -> None:
    """Streamlit leaves it out, so that a cookie would go over http too."""
    if not (_redirect_uri() or "").startswith("https://"):
        return
    cookies = headers.getlist("set-cookie")
    del headers["set-cookie"]
    for cookie in cookies:
        secure = "; secure" in cookie.lower()
        headers.append("set-cookie", cookie if secure else f"{cookie}; Secure")


def _redirect_uri() -> str | None:
    return get_redirect_uri(get_secrets_auth_section())


def own_hosts() -> tuple[str, ...]:
    """The name by which browsers come back from the provider."""
    host = urlsplit(_redirect_uri() or "").hostname
    return (host,) if host else ()


def problem() -> str:
    """Why people could not sign in, or would not safely, though the secrets say that they do: one
    sentence, which quotes no secret; "" where all is well, or nobody signs in."""
    if damaged := _damaged_secrets():
        return damaged
    section = get_secrets_auth_section()
    if not section:
        return ""
    if find_spec("authlib") is None or find_spec("httpx") is None:
        return "people are to sign in by Authlib and httpx: pip install -r requirements.txt"
    return _of_address() or _of_secrets() or _of_roles()


def _damaged_secrets() -> str:
    """Streamlit would take secrets that cannot be read for none, and let everybody in."""
    for name in config.get_option("secrets.files"):
        if not (file := Path(name)).is_file():
            continue
        try:
            tomllib.loads(file.read_text("utf-8"))
        except (OSError, ValueError) as error:
            return f"{file} cannot be read, so that nobody could sign in: {type(error).__name__}"
    return ""


def _of_address() -> str:
    address = _redirect_uri() or ""
    parts = urlsplit(address)
    if not parts.path.endswith(CALLBACK) or parts.scheme not in ("http", "https"):
        return (
            f'redirect_uri of the secrets\' [auth] is "{address[:200]}"; it takes the address by '
            f"which browsers ask for the dashboard, with {CALLBACK} at its end"
        )
    if parts.scheme == "http" and not is_this_machine(parts.hostname or ""):
        return (
            f'redirect_uri of the secrets\' [auth] is "{address[:200]}", so that sign-ins would '
            "travel for all to read; it takes https:// but for localhost"
        )
    return ""


def _of_secrets() -> str:
    if len(str(get_secrets_auth_section().get("cookie_secret", ""))) < SHORTEST_COOKIE_SECRET:
        return (
            f"cookie_secret of the secrets' [auth] has less than {SHORTEST_COOKIE_SECRET} letters; "
            "give as many at random, such as openssl rand -hex 32 makes"
        )
    known = providers()
    if not known:
        return f"the secrets' [auth] names no provider: it takes {', '.join(NEEDED)}"
    for name, part in known.items():
        if missing := [key for key in NEEDED if not part.get(key)]:
            return f"the provider {name} of the secrets' [auth] lacks {', '.join(missing)}"
        if "_" in name:
            return f"the provider's name {name} has a _, which Streamlit does not take"
    return ""


def _of_roles() -> str:
    given = settings()
    lists = given.admins + given.members + given.viewers
    if lists or given.role_claim or given.default_role:
        return ""
    return (
        "people are to sign in, but nobody has a role: name some by DLEXPLAIN_ADMINS, "
        "DLEXPLAIN_MEMBERS or DLEXPLAIN_VIEWERS, or give DLEXPLAIN_ROLE_CLAIM or "
        "DLEXPLAIN_DEFAULT_ROLE"
    )
