"""What stands around Streamlit's way of signing in: checks before the start, its cookies, and pages
that know nobody; the browser's side is tests/browser/test_sign_in.py."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit import config
from streamlit.runtime.secrets import secrets_singleton
from streamlit.testing.v1 import AppTest

from dlexplain.errors import NotSignedIn
from dlexplain.execution import paths
from dlexplain.execution.states import States
from dlexplain.people import Person, ask_who, signs_in
from dlexplain.server_files import allowed_folders
from dlexplain.settings import settings
from dlexplain.ui.own_server import read_allowed_only
from dlexplain.ui.serving import sign_in
from dlexplain.ui.serving.sign_in import SignIn, is_address, problem
from dlexplain.ui.serving.start import allowed_hosts, refusal
from dlexplain.ui.signing_in import have_people_sign_in, of_claims
from tests.finished import finished_run
from tests.pages.apps import said

ROOT = Path(__file__).parents[2]
GOOD = """
[auth]
redirect_uri = "https://explain.example.org/oauth2callback"
cookie_secret = "0123456789012345678901234567890123456789"
client_id = "dlexplain"
client_secret = "secret"
server_metadata_url = "https://id.example.org/.well-known/openid-configuration"
"""
BEN = Person("ben@example.org", "Ben", "member")
VIC = Person("vic@example.org", "Vic", "viewer")


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Gives Streamlit a file of secrets."""
    before = config.get_option("secrets.files")

    def give(text: str) -> None:
        file = tmp_path / "secrets.toml"
        file.write_text(text)
        config.set_option("secrets.files", [str(file)])
        secrets_singleton._reset()

    monkeypatch.setenv("DLEXPLAIN_ADMINS", "ada@example.org")
    monkeypatch.setenv("DLEXPLAIN_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    yield give
    ask_who(None)
    config.set_option("secrets.files", before)
    secrets_singleton._reset()
    monkeypatch.undo()
    settings.cache_clear()


def test_whoever_signs_in_may_be_served_elsewhere(given: Callable[[str], None]) -> None:
    assert "nobody signs in" in refusal("0.0.0.0", opened=False)
    given(GOOD)
    assert problem() == ""
    have_people_sign_in()
    assert refusal("0.0.0.0", opened=False) == ""
    assert "explain.example.org" in allowed_hosts("0.0.0.0")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[auth", "cannot be read, so that nobody could sign in"),
        (GOOD.replace("/oauth2callback", "/"), "with /oauth2callback at its end"),
        (GOOD.replace("https://explain", "http://explain"), "it takes https:// but for localhost"),
        (GOOD.replace("0123456789012345678901234567890123456789", "short"), "less than 32 letters"),
        (GOOD.replace("client_secret", "secret_of_client"), "lacks client_secret"),
        (GOOD.replace('client_id = "dlexplain"', ""), "names no provider"),
        (GOOD + "[auth.my_id]\nclient_id = 'a'\nclient_secret = 'b'\nserver_metadata_url = 'c'\n",
         "has a _"),
    ],
)  # fmt: skip
def test_it_does_not_start_where_people_could_not_sign_in(
    given: Callable[[str], None], text: str, told: str
) -> None:
    given(text)
    assert told in problem() and "short" not in problem()


def test_nor_where_nobody_has_a_role(
    given: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DLEXPLAIN_ADMINS")
    settings.cache_clear()
    given(GOOD)
    assert "nobody has a role" in problem()


def test_the_command_says_so_and_ends(tmp_path: Path) -> None:
    file = tmp_path / "secrets.toml"
    file.write_text("[auth")
    done = subprocess.run(
        [sys.executable, "scripts/serve.py", "--secrets.files", str(file)],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2 and "cannot be read, so that nobody could sign in" in done.stderr


def test_it_stays_so_when_the_secrets_vanish(given: Callable[[str], None]) -> None:
    given(GOOD)
    have_people_sign_in()
    given("")
    have_people_sign_in()
    assert signs_in()
    with pytest.raises(NotSignedIn, match="not known here any more"):
        of_claims({"is_logged_in": True, "provider": "default", "email": "ada@example.org"})


def test_pages_read_no_folder_of_the_machines_user(
    given: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the server is bound to localhost, as behind a proxy."""
    monkeypatch.delenv("DLEXPLAIN_DATA")
    settings.cache_clear()
    ask_who(lambda: BEN)
    read_allowed_only()
    assert allowed_folders() == (settings().home / "hub",)


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("/runs?run=a%20b", True),
        ("/", True),
        ("//evil.example", False),
        ("/\\evil.example", False),
        ("https://evil.example", False),
        ("/a\r\nSet-Cookie: b", False),
        ("", False),
        ("/" + "a" * 2000, False),
    ],
)
def test_where_somebody_is_led_is_a_page_of_ours(text: str, fits: bool) -> None:
    assert is_address(text) is fits


@pytest.fixture
def client(given: Callable[[str], None]) -> TestClient:
    """Of a small application in the place of Streamlit's."""

    async def login(request: Request) -> Response:
        return RedirectResponse("https://id.example.org/authorize")

    async def callback(request: Request) -> Response:
        response = RedirectResponse("/")
        if request.query_params.get("code") == "good":
            response.set_cookie("_streamlit_user", "signed", httponly=True)
        else:
            response.delete_cookie("_streamlit_user")
        return response

    async def upload(request: Request) -> Response:
        return PlainTextResponse("taken")

    given(GOOD)
    have_people_sign_in()
    routes = [
        Route("/auth/login", login),
        Route("/oauth2callback", callback),
        Route("/_stcore/upload_file/a/b", upload, methods=["PUT"]),
    ]
    app = Starlette(routes=routes, middleware=[Middleware(SignIn)])
    address = "https://explain.example.org"
    return TestClient(app, base_url=address, follow_redirects=False)


def test_who_came_by_a_link_is_led_there(client: TestClient) -> None:
    page = "https://explain.example.org/runs?run=1a2b&sign_in=refused"
    asked = client.get("/auth/login", headers={"Referer": page})
    assert "HttpOnly" in asked.headers["set-cookie"] and "; Secure" in asked.headers["set-cookie"]
    back = client.get("/oauth2callback?code=good&state=x")
    assert back.headers["location"] == "/runs?run=1a2b"
    assert all("secure" in one.lower() for one in back.headers.get_list("set-cookie"))


def test_an_answer_that_is_not_taken_is_told(client: TestClient) -> None:
    for query in ("code=bad&state=x", "error=access_denied&state=x"):
        back = client.get(f"/oauth2callback?{query}")
        assert back.headers["location"] == "/?sign_in=refused"
    assert client.get("/oauth2callback").headers["location"] == "/"  # after logging out


def test_no_file_is_taken_from_who_has_not_signed_in(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.put("/_stcore/upload_file/a/b", content=b"a").status_code == 401
    monkeypatch.setattr(sign_in, "person_of_request", lambda request: VIC)
    assert client.put("/_stcore/upload_file/a/b", content=b"a").text == "taken"


def test_authlib_is_not_imported_before_somebody_logs_in() -> None:
    words = "import sys, dlexplain.ui.serving.start, dlexplain.ui.signing_in\n"
    words += "sys.exit(' '.join({'authlib', 'httpx', 'torch'} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", words], cwd=ROOT, check=False)
    assert done.returncode == 0


ADDRESSES = {
    "train/2_runs.py": ("run", "unknown run"),
    "explain/1_image.py": ("model", "unknown"),
    "train/1_launch.py": ("parent", "unknown"),
    "inside/1_layers.py": ("model", "unknown"),
}


@pytest.mark.parametrize("page", ADDRESSES)
def test_no_address_opens_the_run_of_another(page: str, given: Callable[[str], None]) -> None:
    run = finished_run()
    states = States(paths.states_file(settings().home))
    with states._change() as db:
        db.change("UPDATE runs SET owner = 'ann@example.org', name = 'the secret one'")
    parameter, told = ADDRESSES[page]
    ask_who(lambda: BEN)
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.switch_page(f"pages/{page}")  # pages link to each other, so app.py is around them
    app.query_params[parameter] = run
    app.run()
    assert not app.exception
    assert "the secret one" not in said(app) and told in said(app)


def test_a_viewer_sees_a_shared_run_and_changes_nothing(given: Callable[[str], None]) -> None:
    run = finished_run()
    states = States(paths.states_file(settings().home))
    with states._change() as db:
        db.change("UPDATE runs SET owner = 'ann@example.org', shared = 'viewer'")
    ask_who(lambda: VIC)
    app = AppTest.from_file(str(ROOT / "pages/train/2_runs.py"), default_timeout=60)
    app.query_params["run"] = run
    app.run()
    assert not app.exception and "of ann@example.org" in said(app).replace("\u2060", "")
    star = app.button(key="star")
    assert star.disabled and star.help.startswith("This is another person's; it takes an admin")
    assert states.get(run).starred is False
