"""The dashboard: `make run`, or scripts/serve.py."""

import streamlit as st

from dlexplain.ui.language import offer_languages, speak
from dlexplain.ui.live import following
from dlexplain.ui.look import dress
from dlexplain.ui.notices import states_told, tell_left_out
from dlexplain.ui.own_server import read_allowed_only
from dlexplain.ui.pages import menu
from dlexplain.ui.session import here
from dlexplain.ui.start import look_after_runs, warm_up

read_allowed_only()
speak()
dress()
warm_up()
look_after_runs()
here()
offer_languages()
with states_told(), following():
    st.navigation(menu(), position="top").run()
    tell_left_out()
