"""What the server tells browsers to keep to, and that one does."""

import base64
import hashlib
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import streamlit
from playwright.sync_api import sync_playwright
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from dlexplain.ui.serving.guard import Guard, inline_scripts
from dlexplain.ui.showing import NOTEBOOKS
from tests.browser.dashboard import FLAGS, SLOW, serving, told


async def answer(request: Request) -> Response:
    return PlainTextResponse("answered", headers={"X-Frame-Options": "ALLOWALL"})


def headers(framed_by: tuple[str, ...] = ()) -> dict[str, str]:
    middleware = [Middleware(Guard, framed_by=framed_by)]
    app = Starlette(routes=[Route("/", answer)], middleware=middleware)
    client = TestClient(app, base_url="http://localhost:8501")
    return dict(client.get("/").headers)


def policy(found: dict[str, str]) -> dict[str, list[str]]:
    parts = [part.split() for part in found["content-security-policy"].split(";")]
    return {name: sources for name, *sources in parts}


def test_nothing_comes_from_elsewhere() -> None:
    found = headers()
    rules = policy(found)
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == ["'self'"]
    assert rules["object-src"] == ["'none'"]
    assert rules["connect-src"] == ["'self'", "ws://localhost:8501", "wss://localhost:8501"]
    for name, sources in rules.items():
        wide = {"*", "http:", "https:", "'unsafe-eval'"} & set(sources)
        assert not wide, name
    assert "'unsafe-inline'" not in rules["script-src"]
    assert found["x-content-type-options"] == "nosniff"
    assert found["referrer-policy"] == "same-origin"
    assert found["x-frame-options"] == "SAMEORIGIN"
    assert "camera=(self)" in found["permissions-policy"]
    assert "microphone=()" in found["permissions-policy"]


def test_a_notebook_of_this_machine_may_frame_what_dx_show_serves() -> None:
    found = headers(NOTEBOOKS)
    ancestors = policy(found)["frame-ancestors"]
    assert ancestors == ["'self'", "http://localhost:*", "http://127.0.0.1:*"]


def test_streamlits_own_script_is_let_run() -> None:
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text("utf-8")
    found = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    assert len(found) == 1
    digest = base64.b64encode(hashlib.sha256(found[0].encode()).digest()).decode()
    assert inline_scripts() == f"'sha256-{digest}'"


class Foreign(BaseHTTPRequestHandler):
    """Another host: it notes what it was asked for."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_response(404)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Says nothing."""


@contextmanager
def foreign() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    handler = type("Noting", (Foreign,), {"asked": asked})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


PAGE = """
import streamlit as st
st.markdown("![b]({where}/image.png)")
st.html('<img src="{where}/html.png"><div style="background: url({where}/style.png)">b</div>')
st.image("{where}/given.png")
st.title("Drawn")
"""
START = (
    "import sys; from pathlib import Path; from dlexplain.ui.serving.start import serve; "
    "serve(Path({page!r}), sys.argv[1:])"
)


@pytest.mark.browser
@pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM")
def test_a_foreign_picture_is_not_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "page.py"
    with foreign() as (where, asked), sync_playwright() as playwright:
        file.write_text(PAGE.format(where=where))
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS)
        with serving(tmp_path, ("-c", START.format(page=str(file)))) as address:
            for bypassed in (False, True):  # the second shows that asking would have been seen
                page = browser.new_page(bypass_csp=bypassed)
                said: list[str] = []
                page.on("console", lambda message, said=said: said.append(message.text))
                page.goto(address)
                page.get_by_role("heading", name="Drawn").wait_for(timeout=SLOW)
                page.locator("img").nth(2).wait_for(state="attached", timeout=SLOW)
                page.wait_for_timeout(1000)
                page.close()
                blocked = [text for text in said if "Content Security Policy" in text]
                assert bool(asked) is bypassed and bool(blocked) is not bypassed
        browser.close()
    assert {"/image.png", "/html.png", "/given.png"} <= set(asked)
    assert "Traceback" not in told(tmp_path)


@pytest.mark.browser
@pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM")
def test_pages_keep_to_the_policy(tmp_path: Path) -> None:
    drawn = "img, svg.main-svg, .stGraphVizChart svg, [data-testid=stBidiComponentRegular] svg"
    with serving(tmp_path) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS)
        page = browser.new_page()
        said: list[str] = []
        elsewhere: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: elsewhere.append(request.url))
        for path in ("", "image?sample=coffee", "text", "trust", "forecast", "layers", "latent"):
            page.goto(f"{address}/{path}")
            main = page.locator("[data-testid=stMain]")
            main.locator(drawn).first.wait_for(timeout=SLOW)
            page.wait_for_timeout(1500)
        browser.close()
    assert [text for text in said if re.search("Content Security|Permissions-Pol", text)] == []
    own = (address, "data:", "blob:")
    assert [url for url in elsewhere if not url.startswith(own)] == []
    assert elsewhere
