"""An identity provider of its own process, and a dashboard into which people sign in by it.

python -m tests.browser.provider PORT is the provider, whose tokens say what is in USERS; one is
asked for by its name on the provider's page.
"""

import logging
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from tests.browser.dashboard import ROOT, free_port, serving, wait_for_server

CLIENT = "dlexplain"
VERIFIED = {"email_verified": True}
USERS: dict[str, dict[str, Any]] = {
    "ada": {"email": "Ada@example.org", "name": "Ada Lovelace", **VERIFIED},
    "cleo": {"email": "cleo@example.org", "name": "Cleo", **VERIFIED},
    "vic": {"email": "vic@example.org", "name": "Vic", "roles": ["viewer", "else"], **VERIFIED},
    "nobody": {"email": "nobody@elsewhere.example", "name": "No role", **VERIFIED},
    "silent": {"name": "No e-mail"},
    "hasty": {"email": "hasty@example.org", "email_verified": False},
    # Authlib refuses the first of these; the second says that it was given out for this client.
    "mallory": {"email": "mallory@example.org", "aud": "another-application", **VERIFIED},
    "trudy": {
        "email": "trudy@example.org",
        "aud": "another-application",
        "azp": CLIENT,
        **VERIFIED,
    },
}
SHORT_SECONDS = 12
"""For which the sign-in of "brief" holds."""


ROLES = {
    "DLEXPLAIN_ADMINS": "ada@example.org",
    "DLEXPLAIN_MEMBERS": "cleo@example.org, brief@example.org",
    "DLEXPLAIN_ROLE_CLAIM": "roles",
}


@contextmanager
def signing_in(home: Path) -> Iterator[str]:
    """The address of a dashboard with this home folder, see `serving`."""
    port, at = free_port(), free_port()
    secrets = home / "secrets.toml"
    secrets.write_text(
        f'[auth]\nredirect_uri = "http://localhost:{port}/oauth2callback"\n'
        f'cookie_secret = "{"k" * 64}"\nclient_id = "{CLIENT}"\nclient_secret = "secret"\n'
        f'server_metadata_url = "http://localhost:{at}/.well-known/openid-configuration"\n'
    )
    provider = subprocess.Popen([sys.executable, "-m", "tests.browser.provider", str(at)], cwd=ROOT)
    try:
        wait_for_server(f"http://localhost:{at}/jwks")
        program = ("scripts/serve.py", "--secrets.files", str(secrets))
        with serving(home, program, port=port, more=ROLES) as address:
            yield address
    finally:
        provider.kill()
        provider.wait()


def log_in(page: Page, server: str, who: str, path: str = "") -> None:
    """From this page, by the provider's; until the browser is back."""
    page.goto(f"{server}{path}")
    page.get_by_role("button", name="Log in", exact=True).click()
    page.wait_for_url(re.compile("/oauth2/authorize"))
    page.get_by_role("button", name=who, exact=True).click()
    page.wait_for_url(re.compile(re.escape(server)))


class Brief(dict[str, Any]):
    """Claims of a token that ends soon after it was given."""

    def items(self) -> Any:
        return {**self, "exp": int(time.time()) + SHORT_SECONDS}.items()


def main(port: int) -> None:
    from oidc_provider_mock import User, app
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    brief = Brief({"email": "brief@example.org", **VERIFIED})
    users = [User(sub=name, claims=claims) for name, claims in {**USERS, "brief": brief}.items()]
    make_server("localhost", port, app(user_claims=users), threaded=True).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
