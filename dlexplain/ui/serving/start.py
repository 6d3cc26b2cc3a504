"""Start the dashboard for those who may reach it."""

import signal
import sys
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

import click
from starlette.middleware import Middleware
from starlette.routing import Route
from streamlit import config
from streamlit.starlette import App
from streamlit.web import bootstrap, cli

from dlexplain.errors import BadInput
from dlexplain.people import signs_in
from dlexplain.settings import settings
from dlexplain.ui.own_server import is_this_machine
from dlexplain.ui.serving.dressed import Dressed
from dlexplain.ui.serving.guard import Guard
from dlexplain.ui.serving.sign_in import SignIn, own_hosts, problem
from dlexplain.ui.serving.watch import healthz, metrics
from dlexplain.ui.signing_in import have_people_sign_in

HERE = ("localhost", "127.0.0.1", "::1")
EVERYWHERE = ("", "0.0.0.0", "::")


def refusal(address: str | None, opened: bool) -> str:
    """Why a dashboard must not listen there, in a sentence; "" where it may."""
    if opened or signs_in() or is_this_machine(address or ""):
        return ""
    where = "all addresses of this machine" if (address or "") in EVERYWHERE else address
    return (
        f"the dashboard would listen to {where}, where anybody who reaches it has all rights since "
        "nobody signs in; start it with --server.address localhost, have people sign in, or say "
        "--open (DLEXPLAIN_OPEN=1) where only people you trust can reach it: see docs/security.md"
    )


def allowed_hosts(address: str | None) -> list[str]:
    """Names by which browsers may ask for it: this machine's, the address, that to which who
    has signed in comes back, those of the setting."""
    bound = [] if (address or "") in EVERYWHERE else [address or ""]
    return list(dict.fromkeys([*HERE, *bound, *own_hosts(), *settings().allowed_hosts]))


def guarded(script: Path, framed_by: Iterable[str] = ()) -> App:
    """A page of Streamlit's as a server, see Guard. Streamlit's options must have been read."""
    return App(
        script,
        lifespan=_told,
        middleware=[
            Middleware(Guard, framed_by=framed_by),
            Middleware(SignIn),
            Middleware(Dressed),
        ],
        routes=[Route("/healthz", healthz), Route("/metrics", metrics)],
    )


@asynccontextmanager
async def _told(app: App) -> AsyncGenerator[dict[str, Any] | None, None]:
    yield None
    print("  Stopping...", flush=True)


def serve(script: Path, arguments: Sequence[str]) -> None:
    """Serve it until it is stopped; the arguments are --open and `streamlit run`'s."""

    @click.command(help="Start the dashboard.")
    @click.option("--open", "opened", is_flag=True, help="Listen to others, without sign-in.")
    @cli.configurator_options
    def command(opened: bool, **flags: Any) -> None:
        try:
            options = _options(script, flags, opened)
        except BadInput as error:
            print(error, file=sys.stderr)
            sys.exit(2)
        for number in (signal.SIGINT, signal.SIGTERM):  # uvicorn raises it again when it is done
            signal.signal(number, _end)
        sys.argv = [str(script)]  # beside which Streamlit finds its options
        guarded(script).run(config=options)

    command.main(list(arguments), prog_name="serve.py")


def _options(script: Path, flags: dict[str, Any], opened: bool) -> dict[str, Any]:
    """Streamlit's, with the hosts that are allowed; raises BadInput where it must not start."""
    config._main_script_path = str(script)
    bootstrap.load_config_options(flags)
    if said := problem():
        raise BadInput(said)
    have_people_sign_in()
    address = config.get_option("server.address")
    if said := refusal(address, opened or settings().open):
        raise BadInput(said)
    given = {name.replace("_", "."): value for name, value in flags.items()}
    options = {name: value for name, value in given.items() if value not in (None, ())}
    return options | {"server.allowedHosts": allowed_hosts(address)}


def _end(number: int, frame: object) -> NoReturn:
    sys.exit(0)
