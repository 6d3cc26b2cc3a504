"""A model goes on from a prompt, token by token."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import streamlit as st

from dlexplain.errors import BadInput
from dlexplain.language import tr
from dlexplain.params import Value, as_dict, parse, specs
from dlexplain.results import TokenChoice, Writing
from dlexplain.services.jobs import Progress
from dlexplain.services.writing.models import LoadedLanguageModel
from dlexplain.services.writing.settings import WritingParams
from dlexplain.services.writing.writing import generate
from dlexplain.ui.cards import download
from dlexplain.ui.forms import params_form
from dlexplain.ui.jobs import Asked, asked, result_of, show_live
from dlexplain.ui.live import PROGRESS_SECONDS, live
from dlexplain.ui.markdown import literal
from dlexplain.ui.writing.text import MOSTLY_UNKNOWN, chosen, plain, show_text

SLOT = "writing-written"
SHOWN_PROMPT = 2000
"""Characters of the prompt's end that stand before what was written."""
KEYS = {key.replace("_", "-"): key for key in specs(WritingParams)}
"""In the address -> in WritingParams."""


@dataclass(frozen=True)
class Request:
    """What is to be written."""

    model: str
    prompt: str
    params: tuple[tuple[str, Value], ...]


def show_writing(model: LoadedLanguageModel, prompt: str, arrived: bool) -> dict[str, str | None]:
    """The view; returns what of it is to be in the address."""
    with st.expander(tr("How the next token is drawn"), icon=":material/tune:"):
        params = params_form("writing", specs(WritingParams), {}, _given(arrived))
    request = Request(model.name, prompt, tuple(params.items()))
    pressed = st.button(tr("Write"), type="primary", icon=":material/edit:")
    known: Asked[Writing] | None = st.session_state.get(SLOT)
    new = pressed or known is None or known.question.model != model.name
    new = new or (arrived and known is not None and known.question != request)  # by its address
    if not new and known is not None and known.question != request:
        st.caption(tr("Press Write to go on from what you have changed; below is the last text."))
    if known is None or new:
        tokens: list[TokenChoice] = []
        work = partial(_write, model, request, tokens)
        found = asked(SLOT, request, "Writing", work, anew=True, so_far=tokens)
    else:
        found = known
    live(
        partial(_show_text, found),
        version=lambda: len(found.so_far),
        active=lambda: found.job.active,
        every=PROGRESS_SECONDS,
    )
    show_live(_show, found)
    defaults = as_dict(WritingParams())
    return {at: str(params[key]) for at, key in KEYS.items() if params[key] != defaults[key]}


def _write(
    model: LoadedLanguageModel, request: Request, tokens: list[TokenChoice], progress: Progress
) -> Writing:
    return generate(model, request.prompt, progress, tokens.append, **dict(request.params))


def _given(arrived: bool) -> Mapping[str, Value]:
    """Settings that the address has, kept for as long as the page is open."""
    if arrived:
        wanted = {key: st.query_params[at] for at, key in KEYS.items() if at in st.query_params}
        try:
            parsed = as_dict(parse(WritingParams, wanted))
            st.session_state["writing-given"] = {key: parsed[key] for key in wanted}
            for key in wanted:  # the address counts more than an earlier visit
                st.session_state.pop(f"param-writing-{key}", None)
        except BadInput as error:
            st.warning(tr(f"The address asks for something that cannot be: {literal(error)}"))
            st.session_state["writing-given"] = {}
    found: Mapping[str, Value] = st.session_state.get("writing-given", {})
    return found


def _show_text(found: Asked[Writing]) -> None:
    request: Request = found.question
    tokens = list(found.so_far)
    before = request.prompt[-SHOWN_PROMPT:]
    before = before if len(request.prompt) <= SHOWN_PROMPT else "…" + before
    if tokens or before.strip():
        show_text([plain(before), *map(chosen, tokens)])
    st.caption(
        tr(
            "The deeper the orange, the less likely the model held the token; hover over one for "
            "its "
            "ten alternatives. The prompt is grey."
        )
    )


def _show(found: Asked[Writing]) -> None:
    tokens = list(found.so_far)
    if found.job.state not in ("done", "cancelled"):
        result_of(found, "tokens", stop="Stop")
        return
    written = found.job.result or _so_far(found)
    what = "Stopped after" if found.job.state == "cancelled" else "Wrote"
    if written.unfamiliar > MOSTLY_UNKNOWN:
        st.warning(
            tr(
                f"{written.unfamiliar:.0%} of the prompt's tokens are not in the model's "
                "vocabulary, "
                "or only a part of a character; it was not trained on such text."
            )
        )
    speed = len(tokens) / written.seconds if written.seconds > 0 else 0
    facts = [
        f"{what} {len(tokens):,} tokens in {written.seconds:.2f} s, {speed:,.0f} a second."
        if speed
        else f"{what} {len(tokens):,} tokens in {written.seconds:.2f} s."
    ]
    facts += [written.how_ended, written.how_begun if found.job.result else ""]
    st.caption(literal(tr(" ".join(filter(None, facts)))))
    _downloads(written)


def _so_far(found: Asked[Writing]) -> Writing:
    request: Request = found.question
    seconds = found.job.snapshot.seconds
    tokens = tuple(found.so_far)
    return Writing(request.model, request.prompt, tokens, dict(request.params), seconds)


def _downloads(written: Writing) -> None:
    with st.container(horizontal=True):
        download(
            "TXT", lambda: written.prompt + written.text, f"{written.model}.txt", f"{SLOT}-TXT"
        )
        download("JSON", written.to_dict, f"{written.model}.json", f"{SLOT}-JSON")
