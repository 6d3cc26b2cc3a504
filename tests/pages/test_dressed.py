"""The first paint has our look already, so that nothing jumps when a page's script has run."""

import gzip
from pathlib import Path

import pytest
import streamlit
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient

from dlexplain.ui.look import CSS
from dlexplain.ui.serving.dressed import ROOT, Dressed

INDEX = Path(streamlit.__file__).parent / "static" / "index.html"
OTHER = "<html><body>a report</body></html>"


async def plain(request: Request) -> Response:
    return FileResponse(INDEX)


async def packed(request: Request) -> Response:
    content = gzip.compress(INDEX.read_bytes())
    return HTMLResponse(content, headers={"Content-Encoding": "gzip"})


async def other(request: Request) -> Response:
    return HTMLResponse(OTHER, headers={"ETag": '"of the report"'})


async def download(request: Request) -> Response:
    return HTMLResponse(ROOT, headers={"Content-Disposition": 'attachment; filename="a.html"'})


async def script(request: Request) -> Response:
    return Response(ROOT, media_type="text/javascript")


@pytest.fixture(scope="module")
def client() -> TestClient:
    pages = (plain, packed, other, download, script)
    routes = [Route(f"/{page.__name__}", page) for page in pages]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Dressed)]))


@pytest.mark.parametrize("page", ["plain", "packed"])
def test_streamlits_page_has_the_look_behind_its_own(client: TestClient, page: str) -> None:
    answer = client.get(f"/{page}")
    assert answer.text == INDEX.read_text("utf-8").replace(ROOT.decode(), ROOT.decode() + CSS)
    assert answer.text.index("</head>") < answer.text.index(CSS)
    assert int(answer.headers["content-length"]) == len(answer.content)
    # A browser that has kept it must not be told that it is as it was: the look may be another.
    assert not {"etag", "last-modified", "content-encoding"} & set(answer.headers)


def test_what_is_no_page_stays_as_it_is(client: TestClient) -> None:
    answer = client.get("/other")
    assert (answer.text, answer.headers["etag"]) == (OTHER, '"of the report"')
    assert client.get("/download").content == ROOT
    assert client.get("/script").content == ROOT
    assert client.head("/plain").headers["content-length"] == str(INDEX.stat().st_size)


def test_streamlit_draws_where_the_look_is_put() -> None:
    assert INDEX.read_bytes().count(ROOT) == 1
