"""A visitor without a browser: what Streamlit's own page says to its server, and what it hears.

Fifty browsers take more of a small machine than the dashboard does; fifty of these take nothing
that counts, so that what is measured is the server's.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import MappingProxyType
from urllib.parse import urlencode

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Common_pb2 import FileURLs
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.sync.client import connect

SLOW = 240.0
"""Seconds until what is waited for must have come."""
XSRF = "_streamlit_xsrf"


class Visitor:
    """One tab of one page; to be entered by `with`.

    shown  what stands on the page, by its place
    """

    def __init__(
        self, server: str, page: str, query: Mapping[str, str] = MappingProxyType({})
    ) -> None:
        self._server, self._page, self._query = server, page, urlencode(query)
        self.shown: dict[tuple[int, ...], Element] = {}
        self._http = httpx.Client(base_url=server, timeout=SLOW)
        self._again: dict[str, tuple[float, float]] = {}
        self._widgets: dict[str, WidgetState] = {}
        self._session = self._page_hash = ""
        self._files: list[FileURLs] | None = None
        self.running = False

    def __enter__(self) -> "Visitor":
        token = self._http.get("/_stcore/health").cookies[XSRF]
        self._http.headers["X-Xsrftoken"] = token
        with ExitStack() as stack:
            stack.callback(self._http.close)
            address = self._server.replace("http", "ws", 1) + "/_stcore/stream"
            connecting = connect(
                address,
                subprotocols=["streamlit", token],  # type: ignore[list-item]
                origin=self._server,  # type: ignore[arg-type]
                additional_headers={"Cookie": f"{XSRF}={token}"},
                max_size=None,
            )
            self._socket = stack.enter_context(connecting)
            self._rerun()
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def until(self, seen: Callable[["Visitor"], object], seconds: float = SLOW) -> None:
        """Listen, and have what asks for it drawn again and again, until `seen` is true.

        Raises TimeoutError.
        """
        stop = time.monotonic() + seconds
        while not seen(self):
            now = time.monotonic()
            if now > stop:
                raise TimeoutError(f"after {seconds:g} s the page shows: {self.text()[-500:]}")
            for fragment, (every, due) in list(self._again.items()):
                if due <= now and not self.running:
                    self._again[fragment] = (every, now + every)
                    self._rerun(fragment)
            soonest = min((due for _, due in self._again.values()), default=stop)
            try:
                self._hear(self._socket.recv(max(0.05, min(soonest, stop) - now)))  # type: ignore[arg-type]
            except TimeoutError:
                continue

    def upload(self, *files: tuple[str, bytes]) -> None:
        """Files by name, into the page's first uploader."""
        self.until(lambda page: "file_uploader" in page.kinds())
        uploader = next(
            one.file_uploader for one in self.shown.values() if one.HasField("file_uploader")
        )
        asked = BackMsg()
        asked.file_urls_request.request_id = uuid.uuid4().hex
        asked.file_urls_request.file_names.extend(name for name, _ in files)
        asked.file_urls_request.session_id = self._session
        self._files = None
        self._say(asked)
        self.until(lambda self: self._files is not None)
        state = self._widgets.setdefault(uploader.id, WidgetState(id=uploader.id))
        for (name, content), urls in zip(files, self._files or [], strict=True):
            sent = self._http.put(urls.upload_url, files={"file": (name, content)})
            sent.raise_for_status()
            state.file_uploader_state_value.uploaded_file_info.add(
                name=name, size=len(content), file_id=urls.file_id, file_urls=urls
            )
        self._rerun()

    def forget_uploads(self) -> None:
        """As by the cross beside each file."""
        for state in self._widgets.values():
            if state.HasField("file_uploader_state_value"):
                del state.file_uploader_state_value.uploaded_file_info[:]
        self._rerun()

    def kinds(self) -> set[str]:
        """Which elements stand on the page."""
        return {element.WhichOneof("type") or "" for element in self.shown.values()}

    def pictures(self, said: str = "") -> list[str]:
        """Addresses of the pictures that are said to show this, or of all."""
        found = [one.imgs.imgs for one in self.shown.values() if one.HasField("imgs")]
        return [image.url for images in found for image in images if said in image.alt]

    def text(self) -> str:
        """Headings, texts, messages and what pictures are said to show."""
        told = []
        for element in self.shown.values():
            part = getattr(element, element.WhichOneof("type") or "", None)
            told += [str(getattr(part, name, "")) for name in ("body", "text")]
            if element.HasField("imgs"):
                told += [image.alt for image in element.imgs.imgs]
        return "\n".join(filter(None, told))

    def _rerun(self, fragment: str = "") -> None:
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_script_hash = self._query, self._page_hash
        if not self._page_hash:
            state.page_name = self._page
        state.fragment_id, state.is_auto_rerun = fragment, bool(fragment)
        state.widget_states.widgets.extend(self._widgets.values())
        state.context_info.url = f"{self._server}/{self._page}"
        state.context_info.locale, state.context_info.timezone = "en-US", "UTC"
        self._say(message)

    def _say(self, message: BackMsg) -> None:
        self._socket.send(message.SerializeToString())

    def _hear(self, received: bytes) -> None:
        message = ForwardMsg()
        message.ParseFromString(received)
        match message.WhichOneof("type"):
            case "new_session":
                self._session = message.new_session.initialize.session_id or self._session
                self.running = True
            case "navigation":
                self._page_hash = message.navigation.page_script_hash
            case "script_finished":
                self.running = False
            case "delta":
                place, delta = tuple(message.metadata.delta_path), message.delta
                if delta.HasField("new_element"):
                    self.shown[place] = delta.new_element
                elif delta.HasField("add_block"):  # what stood in its place is gone
                    for other in [one for one in self.shown if one[: len(place)] == place]:
                        del self.shown[other]
            case "auto_rerun":
                every = message.auto_rerun.interval
                self._again[message.auto_rerun.fragment_id] = (every, time.monotonic() + every)
            case "stop_auto_rerun":
                for fragment in message.stop_auto_rerun.fragment_ids:
                    self._again.pop(fragment, None)
            case "file_urls_response":
                assert not message.file_urls_response.error_msg
                self._files = list(message.file_urls_response.file_urls)
