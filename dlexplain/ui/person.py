"""Who somebody is whose work takes turns with that of others: a browser, whatever its tabs are.

Nobody signs in yet. So a person is a browser, known by the token that Streamlit gives it against
forged requests; where it keeps no cookies, each of its sessions is somebody else. Who signs in will
be the name that was proved, here and nowhere else.
"""

import hashlib

import streamlit as st
from streamlit.web.server.starlette.starlette_app_utils import decode_xsrf_token_string

COOKIE = "_streamlit_xsrf"


def browser() -> str:
    """An opaque name of the visitor's browser; "" where it has none."""
    token, _ = decode_xsrf_token_string(st.context.cookies.get(COOKIE, ""))
    # A digest, since the token is a secret of the browser's.
    return f"browser:{hashlib.sha256(token).hexdigest()[:32]}" if token else ""
