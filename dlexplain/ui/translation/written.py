"""What was written: the candidates with their scores, and the one that is looked into."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pandas as pd
import streamlit as st

from dlexplain.errors import BadInput
from dlexplain.figures.token_names import names
from dlexplain.language import tr
from dlexplain.params import from_digits
from dlexplain.results import Candidate, TokenChoice, Translation
from dlexplain.results.words import capital
from dlexplain.ui.address import from_address
from dlexplain.ui.cards import download
from dlexplain.ui.markdown import literal
from dlexplain.ui.writing.text import MOSTLY_UNKNOWN, chosen, show_text

CANDIDATE, TOKEN = "translation-candidate", "translation-token"
END = "(end)"
TALL = 8
"""Candidates up to which the table has all of them in view."""


def show_candidates(translation: Translation, arrived: bool) -> int:
    """The view; returns which candidate was chosen."""
    _notes(translation)
    candidates = translation.candidates
    place = _choose(translation, arrived)
    one = candidates[place]
    st.subheader(literal(one.text) or tr("(nothing)"), anchor=False)
    pairs = zip(apart(one.tokens), one.token_log_probabilities.tolist(), strict=True)
    show_text(chosen(TokenChoice(t, math.exp(log), None, ())) for t, log in pairs)
    how = "greedy" if translation.beam == 1 else f"beam width {translation.beam}"
    st.caption(
        tr(
            "The deeper the orange, the less sure the model was of the token after those before "
            "it. "
            f"The whole has p = {math.exp(one.log_probability):.3g}. "
            f"{capital(how)}, {translation.seconds:.2f} s."
        )
    )
    _table(translation)
    download(
        "Candidates as JSON",
        translation.to_dict,
        f"{Path(translation.model).name}-translation.json",  # a user's own is a folder
        "translation-json",
    )
    return place


def _table(translation: Translation) -> None:
    candidates = translation.candidates
    rows = pd.DataFrame(
        {
            tr("Rank"): range(1, len(candidates) + 1),
            translation.languages[1]: [
                literal(one.text + ("" if one.ended else " …")) for one in candidates
            ],
            "log p": [one.log_probability for one in candidates],
            tr("Score"): [one.score for one in candidates],
            tr("Tokens"): [len(one.tokens) for one in candidates],
        }
    )
    told = rows.style.format({"log p": _number_told, tr("Score"): _number_told})
    height: Literal["content"] | int = "content" if len(candidates) <= TALL else TALL * 50
    st.table(told, border="horizontal", hide_index=True, height=height)
    st.caption(
        tr(_how_many(translation))
        + " "
        + tr(
            "log p is the sum over the tokens, in nats. The score ranks: log p / ((5 + tokens) / "
            "6)^penalty, so that long ones are not at a loss (Wu et al. 2016); the penalty is "
            f"{translation.length_penalty:g}."
        )
    )


def _number_told(value: float) -> str:
    return f"{value:.3f}".replace("-", "−")


def _how_many(translation: Translation) -> str:
    """Why there are so many: a search is over when `beam` paths or more have ended."""
    count, beam = len(translation.candidates), translation.beam
    if not translation.best.ended:
        return f"The {count} paths that were open at the end." if count > 1 else ""
    if count > beam:
        return (
            f"{count} translations with beam width {beam}: the search is over when {beam} paths "
            "have ended, and with the last one others may end at the same token."
        )
    if count < beam:
        return f"Only {count} of {beam} paths ended within the length that is allowed."
    return ""


def _choose(translation: Translation, arrived: bool) -> int:
    candidates = translation.candidates
    places = list(range(len(candidates)))
    from_address("candidate", lambda text: _number(text, places, "candidate"), arrived, CANDIDATE)
    of, before = (translation.model, translation.ids, translation.beam), f"{CANDIDATE}-of"
    another = st.session_state.get(before, of) != of
    if another or st.session_state.get(CANDIDATE) not in places:
        st.session_state[CANDIDATE] = 0
    st.session_state[before] = of
    if len(places) == 1:
        return 0
    return int(
        st.selectbox(
            tr("Candidate to look into"),
            places,
            key=CANDIDATE,
            persist_state="session",
            format_func=lambda p: f"{p + 1}: {candidates[p].text} ({candidates[p].score:.2f})",
            help=tr("Every translation that the search ended with, the best first."),
        )
    )


def choose_token(candidate: Candidate, arrived: bool) -> int:
    """The token written that is asked about; at first the one that was least sure."""
    places = list(range(len(candidate.tokens)))
    from_address("token", lambda text: _number(text, places, "token"), arrived, TOKEN)
    key = f"{TOKEN}-of"
    if st.session_state.get(TOKEN) not in places or (
        st.session_state.get(key) not in (None, candidate.ids)
    ):
        st.session_state[TOKEN] = int(candidate.token_log_probabilities.argmin())
    st.session_state[key] = candidate.ids
    sure, named = candidate.token_log_probabilities, names(candidate.tokens)
    return int(
        st.selectbox(
            tr("Token written"),
            places,
            key=TOKEN,
            persist_state="session",
            format_func=lambda p: f"{p + 1}: {named[p]}, {math.exp(float(sure[p])):.1%}",
            help=tr("At first the one that the model was least sure of. Type to search."),
        )
    )


def apart(tokens: Sequence[str], words: bool = False) -> list[str]:
    """Tokens one behind the other as a text: words, and the end, after a blank."""
    return [f" {token}" if words or token == END else token for token in tokens]


def _number(text: str, places: list[int], what: str) -> int:
    """Counted from 1 in the address."""
    if from_digits(text) - 1 not in places:
        raise BadInput(f'{what} is "{text}"; it takes a number from 1 to {len(places)}')
    return int(text) - 1


def _notes(translation: Translation) -> None:
    if translation.unknown:
        told = (
            f"{translation.unknown:.0%} of the tokens are not in the model's vocabulary, or only "
            "as single bytes"
        )
        if translation.unknown > MOSTLY_UNKNOWN:
            st.warning(
                tr(
                    f"{told}: it was not trained on this language or script, so what it writes "
                    "means "
                    "little."
                )
            )
        else:
            st.info(f"{tr(told)}.")
    if translation.left:
        read = len(translation.tokens) - 1
        st.info(
            tr(
                f"The first {read:,} tokens are translated; {translation.left:,} more were left "
                "out, "
                "since the model reads no longer texts."
            )
        )
    if not translation.best.ended:
        st.warning(tr("No path came to its end within the length that is allowed; it is cut."))
