"""The dashboard: `make run`, or scripts/serve.py."""

import streamlit as st

from dlexplain.ui.language import offer_languages, speak
from dlexplain.ui.live import following
from dlexplain.ui.look import dress, name_page
from dlexplain.ui.notices import states_told, tell_left_out
from dlexplain.ui.own_server import read_allowed_only
from dlexplain.ui.page_top import begin_at_top
from dlexplain.ui.pages import menu
from dlexplain.ui.rights import offers_audit
from dlexplain.ui.session import here
from dlexplain.ui.signing_in import have_people_sign_in, kept_out, offer_log_out, show_sign_in
from dlexplain.ui.start import look_after_runs, warm_up

have_people_sign_in()
read_allowed_only()
speak()
name_page()
warm_up()
look_after_runs()
here()
why = kept_out()
place = "top" if why is None else "hidden"
# Who has yet to log in may have come by any page's address.
page = st.navigation(menu(why is not None or offers_audit()), position=place)
with offer_languages():  # out of the page's flow, so that nothing moves
    dress()
    begin_at_top(page.url_path)
    if why is None:
        offer_log_out()
if why is not None:
    show_sign_in(why)
    st.stop()
with states_told(), following():
    page.run()
    tell_left_out()
