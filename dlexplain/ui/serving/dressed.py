"""Streamlit's index.html with how our pages look: one ASGI middleware.

What a page's script says of its look comes with its first elements, when Streamlit's own look has
been painted: everything would jump.
"""

import gzip

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dlexplain.ui.look import CSS

ROOT = b'<div id="root"></div>'
"""Where Streamlit's pages are drawn; nothing else that is served has it."""


class Dressed:
    """Puts the style behind ROOT, so that it also comes behind the styles of Streamlit's head, and
    so wins where both say something of the same."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        body = bytearray()

        async def dressed(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _may_be_page(message):
                start = message
                return
            if start is None:
                await send(message)
                return
            body.extend(message.get("body", b""))
            if message.get("more_body", False):
                return
            headers = MutableHeaders(scope=start)
            page = gzip.decompress(body) if "content-encoding" in headers else bytes(body)
            if ROOT in page:
                body[:] = page.replace(ROOT, ROOT + CSS.encode(), 1)
                headers["content-length"] = str(len(body))
                for name in ("etag", "last-modified", "content-encoding"):  # of what it was
                    del headers[name]
            await send(start)
            await send({"type": "http.response.body", "body": bytes(body)})

        await self.app(scope, receive, dressed)


def _may_be_page(message: Message) -> bool:
    headers = Headers(raw=message["headers"])
    html = headers.get("content-type", "").startswith("text/html")
    readable = headers.get("content-encoding", "gzip") == "gzip"
    return html and readable and "content-disposition" not in headers and message["status"] == 200
