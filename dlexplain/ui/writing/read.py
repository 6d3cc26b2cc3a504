"""A text as the model reads it: how likely each token was, and which earlier ones moved it."""

import math

import streamlit as st

from dlexplain.errors import BadInput
from dlexplain.figures.token_names import names
from dlexplain.figures.writing import plot_influence, plot_reading
from dlexplain.language import tr
from dlexplain.results import Influence, Reading
from dlexplain.services.explaining import by_name
from dlexplain.services.jobs import Progress
from dlexplain.services.writing.models import LoadedLanguageModel
from dlexplain.services.writing.reading import token_method_infos, why_token
from dlexplain.ui.address import from_address, whole_number
from dlexplain.ui.cards import download, show_facts
from dlexplain.ui.charts import chart
from dlexplain.ui.jobs import Asked, asked, result_of, show_live
from dlexplain.ui.markdown import literal
from dlexplain.ui.methods import method_params
from dlexplain.ui.words import large
from dlexplain.ui.writing import cache
from dlexplain.ui.writing.choice import choose_one, first_of
from dlexplain.ui.writing.text import (
    MOSTLY_UNKNOWN,
    chosen,
    colours_told,
    marked,
    plain,
    show_text,
    signed,
)

SLOT, TOKEN, METHOD = "writing-why", "writing-token", "writing-method"


def show_reading(model: LoadedLanguageModel, text: str, arrived: bool) -> dict[str, str | None]:
    """The view; returns what of it is to be in the address."""
    try:
        reading = cache.reading(model.name, text)
    except BadInput as error:
        st.info(literal(tr(error))) if not text.strip() else st.error(literal(tr(error)))
        return {}
    _facts(reading)
    show_text(map(chosen, reading.tokens))
    st.caption(
        tr(
            "The deeper the orange, the less the model expected the token; hover over one for "
            "the ten "
            f"that it held likeliest. {literal(reading.how_begun)}"
        )
    )
    chart(plot_reading(reading), "writing-surprise")
    download("JSON", reading.to_dict, f"{model.name}-reading.json", "writing-read-json")
    st.subheader(tr("Which earlier tokens moved it?"))
    if len(reading.tokens) < 2:
        st.info(tr("A token needs one before it; type a longer text."))
        return {}
    return _why(model, text, reading, arrived)


def _facts(reading: Reading) -> None:
    about = "As if the model had to choose among so many equally likely tokens at each place."
    lacking = "Tokens that the vocabulary lacks, or that are only a part of a character."
    with st.container(horizontal=True, gap="large"):
        st.metric(tr("Perplexity"), large(reading.perplexity), help=tr(about), width="content")
        st.metric(tr("Tokens"), f"{len(reading.tokens):,}", width="content")
        st.metric(tr("Unknown"), f"{reading.unfamiliar:.0%}", help=tr(lacking), width="content")
    if reading.unfamiliar > MOSTLY_UNKNOWN:
        st.warning(
            tr(
                "Most of this text is not in the model's vocabulary; it was not trained on this "
                "language or script, so its numbers say little."
            )
        )
    if reading.left_out:
        st.info(
            tr(
                f"The first {len(reading.tokens):,} tokens were read; {reading.left_out:,} more "
                "were "
                "left out."
            )
        )


def _why(
    model: LoadedLanguageModel, text: str, reading: Reading, arrived: bool
) -> dict[str, str | None]:
    places = list(range(1, len(reading.tokens)))
    from_address("token", whole_number("token", 1, places[-1]), arrived, TOKEN)
    first = first_of("method", _method, "integrated-gradients", arrived)
    if st.session_state.get(TOKEN) not in places:
        st.session_state[TOKEN] = 1 + int(reading.log_probabilities[1:].argmin())
    named = names([token.label for token in reading.tokens])
    left, right = st.columns([1, 2], vertical_alignment="bottom")
    place = left.selectbox(
        tr("Token"),
        places,
        key=TOKEN,
        persist_state="session",
        format_func=lambda place: f"{place}: {named[place]}",
        help=tr("At first the one that surprised the model most. Type to search."),
    )
    known = by_name(token_method_infos())
    with right:
        method = choose_one("Method", {n: info.title for n, info in known.items()}, METHOD, first)
    params = method_params(f"writing-{model.name}", known, [method])[method]
    question = (model.fingerprint, text, place, method, tuple(params.items()))

    def work(progress: Progress) -> Influence:
        return why_token(model, text, int(place), method, progress, **params)

    show_live(_show, asked(SLOT, question, known[method].title, work))
    return {"token": str(place), "method": method}


def _surprise(log_probability: float) -> str:
    """In bits, as the rest of the page, and what that is in the nats of the JSON."""
    bits, nats = -log_probability / math.log(2), f"{log_probability:.2f}".replace("-", "−")
    return f"Surprise {bits:.2f} bits (log p = {nats} nats)"


def _method(name: str) -> str:
    return by_name(token_method_infos())[name].name


def _show(found: Asked[Influence]) -> None:
    influence = result_of(found)
    if influence is None:
        return
    if influence.skipped:
        st.caption(tr(f"{influence.skipped:,} tokens still earlier are not asked."))
    values, unit = influence.in_bits
    target = marked(plain(influence.target))
    coloured = signed(influence.earlier, values.tolist(), f" {tr(unit)}")
    show_text([*coloured, (target[0], target[1][12:], "")])
    chart(plot_influence(influence), "writing-influence")
    colours = colours_told(influence.signed, influence.unit, "the token in the frame")
    show_facts(influence, f"{colours} {_surprise(influence.log_probability)}.")
    download(
        "JSON", influence.to_dict, f"{influence.model}-{influence.method}.json", "writing-why-json"
    )
