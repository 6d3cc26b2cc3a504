"""Who somebody is whose work takes turns with that of others: a browser, whatever its tabs are.

Who has signed in is the address that was proved. Where nobody signs in a person is a browser, known
by the token that Streamlit gives it against forged requests; where it keeps no cookies, each of its
sessions is somebody else.
"""

import hashlib

import streamlit as st
from streamlit.web.server.starlette.starlette_app_utils import decode_xsrf_token_string

from dlexplain.errors import NotSignedIn
from dlexplain.people import here

COOKIE = "_streamlit_xsrf"


def browser() -> str:
    """An opaque name of the visitor's browser; "" where it has none."""
    token, _ = decode_xsrf_token_string(st.context.cookies.get(COOKIE, ""))
    # A digest, since the token is a secret of the browser's.
    return f"browser:{hashlib.sha256(token).hexdigest()[:32]}" if token else ""


def signed_in() -> str:
    """The name in turns of who has signed in; "" where nobody has."""
    try:
        email = here().email
    except NotSignedIn:
        return ""
    return f"person:{email}" if email else ""
