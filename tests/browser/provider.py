"""An identity provider of its own process: python -m tests.browser.provider PORT

Whose token says what is in USERS; one is asked for by its name on the provider's page.
"""

import logging
import sys
import time
from typing import Any

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
