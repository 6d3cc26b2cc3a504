"""`dx.show`: the dashboard, opened from Python on a model that lives in this process."""

import socket
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import dlexplain
from dlexplain.errors import BadInput, DlexplainError
from dlexplain.server_files import allow
from dlexplain.services.models import load, modality_of
from dlexplain.services.pictures.sources import ENDINGS, Picture, give_samples, read_picture
from dlexplain.trained.registered import offer

APP = Path(dlexplain.__file__).parents[1] / "app.py"
HOST = "localhost"
PORT = 8501
NOTEBOOKS = ("http://localhost:*", "http://127.0.0.1:*")
"""Of this machine, that may show a page in a cell."""
MOST = 200
"""Pictures that are offered at most."""
START_SECONDS = 60.0
PAGES = {
    "picture": ("image", "model", "sample"),
    "text": ("text", "classifier", "text"),
    "next-token": ("writing", "model", "text"),
    "translation": ("translation", "model", "text"),
    "series": ("forecast", "model", ""),
    "": ("latent", "model", ""),
}
"""By the modality of a model: its page, and the names of model and input in the address."""


@dataclass(frozen=True, eq=False)
class Dashboard:
    """A dashboard that is being served; `stop()` ends it, `wait()` returns when it has ended."""

    address: str
    root: str
    _thread: threading.Thread
    _server: Any

    @property
    def serves(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()

    def wait(self) -> None:
        """Ctrl+C stops it."""
        try:
            while self._thread.is_alive():
                self._thread.join(0.5)
        except KeyboardInterrupt:
            self.stop()


_running: dict[str, Dashboard] = {}
"""That of this process: it has one at most, which a later call shows another page of."""


def show(model: Any, data: Any = (), *, port: int = 0, wait: bool | None = None) -> Dashboard:
    """Serve the dashboard on a model, with its page open on the data.

    model  from `wrap` or `load`, or a name
    data   of a picture classifier pictures (paths, a folder, bytes, PIL images or arrays), which
           the page offers as samples; of a model of texts a text
    port   on this machine; by default 8501, or another one where that is taken
    wait   whether to return only when the dashboard has been stopped, by Ctrl+C; by default in a
           script, not in a notebook or an interactive session

    A second call in the same process gives another page of the same dashboard.

    Prints the address. Raises BadInput, one sentence, or DlexplainError where the dashboard's files
    are not there.
    """
    if not APP.is_file():
        raise DlexplainError(
            f"{APP} is not there: the dashboard is served from a checkout, installed by `pip "
            "install --editable .`"
        )
    model = load(model) if isinstance(model, str) else model
    modality = modality_of(model)
    page, of_model, of_data = PAGES[modality]
    asked = {of_model: model.name, **_first(modality, of_data, data)}
    if modality == "picture":
        offer(model.spec)
    allow([model.name])  # where it is named by a path, its pages load it from there again
    dashboard = _running.get("dashboard")
    path = f"{page}?{urlencode(asked)}"
    if dashboard is not None and dashboard.serves:
        dashboard = replace(dashboard, address=f"{dashboard.root}/{path}")
    elif dashboard is not None:
        raise DlexplainError(
            "this process has stopped its dashboard, and Streamlit starts once a process; start "
            "Python, or the notebook's kernel, anew"
        )
    else:
        dashboard = _running["dashboard"] = _serve(port or _free_port(), path)
    print(f"{model.name}: {dashboard.address}")
    if wait if wait is not None else not _interactive():
        dashboard.wait()
    return dashboard


def _first(modality: str, parameter: str, data: Any) -> dict[str, str]:
    """What of the data stands in the address."""
    if modality == "picture":
        keys = give_samples(_pictures(data))
        return {parameter: keys[0]} if keys else {}
    if not data:
        return {}
    if not parameter or not isinstance(data, str):
        accepted = "a text" if parameter else "nothing"
        raise BadInput(f"data is a {type(data).__name__}; for this model {accepted} is accepted")
    return {parameter: data}


def _pictures(data: Any) -> Sequence[Picture]:
    if isinstance(data, str | Path) and Path(data).is_dir():
        files = sorted(f for f in Path(data).iterdir() if f.suffix.lower()[1:] in ENDINGS)
        if not files:
            raise BadInput(f"{data} holds no pictures; {', '.join(ENDINGS)} are accepted")
        data = files
    several = isinstance(data, Iterable) and not isinstance(data, str | bytes | Path)
    if not several or hasattr(data, "shape"):  # an array is one picture
        data = [data]
    given = list(data)
    if len(given) > MOST:
        raise BadInput(f"data has {len(given):,} pictures; up to {MOST} are accepted")
    return [one if isinstance(one, Picture) else read_picture(one) for one in given]


def _free_port() -> int:
    for port in (PORT, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DlexplainError("no port of this machine is free")


def _interactive() -> bool:
    return hasattr(sys, "ps1") or "IPython" in sys.modules


def _serve(port: int, path: str) -> Dashboard:
    """In a thread with a loop of its own: a notebook's own loop runs on."""
    import uvicorn
    from streamlit import config
    from streamlit.runtime.pages_manager import PagesManager
    from streamlit.web import bootstrap
    from streamlit.web.server.starlette.starlette_server import _get_uvicorn_config_kwargs

    from dlexplain.ui.serving.start import allowed_hosts, guarded

    PagesManager.uses_pages_directory = False  # see scripts/serve.py
    config._main_script_path = str(APP)  # where its options are found
    config.set_option("secrets.files", [])  # its own user's, who does not sign in
    options = {"port": port, "address": HOST, "allowedHosts": allowed_hosts(HOST)}
    bootstrap.load_config_options({f"server_{name}": value for name, value in options.items()})
    if str(APP.parent) not in sys.path:
        sys.path.insert(0, str(APP.parent))
    asked = {**_get_uvicorn_config_kwargs(), "log_level": "error"}
    server = uvicorn.Server(
        uvicorn.Config(guarded(APP, framed_by=NOTEBOOKS), host=HOST, port=port, **asked)
    )
    failed: list[BaseException] = []

    def run() -> None:
        try:
            server.run()
        except BaseException as error:  # SystemExit too, where the port is taken
            failed.append(error)

    thread = threading.Thread(target=run, name="dashboard", daemon=True)
    thread.start()
    stop = time.monotonic() + START_SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < stop:
        time.sleep(0.02)
    if not server.started:
        why = failed[0] if failed else f"it did not start within {START_SECONDS:.0f} s"
        raise DlexplainError(f"the dashboard cannot be served on port {port}: {why}")
    root = f"http://{HOST}:{port}"
    return Dashboard(f"{root}/{path}", root, thread, server)
