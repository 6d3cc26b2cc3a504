"""What a training would take, by a few steps of it that are then thrown away."""

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dlexplain.results import Estimate
from dlexplain.results.words import capital, duration, size
from dlexplain.ui.live import live
from dlexplain.ui.markdown import literal
from dlexplain.ui.words import count

if TYPE_CHECKING:  # they import torch, which the page's title does not wait for
    from dlexplain.services.training.catalogue import RunSpec
    from dlexplain.services.training.estimating import Estimating


def estimating(spec: "RunSpec") -> "Estimating | None":
    """The session's estimate of exactly this spec, if one was asked for."""
    known: Estimating | None = st.session_state.get("estimating")
    same = known is not None and _computed(known.spec) == _computed(spec)
    return known if same else None


def _computed(spec: "RunSpec") -> dict[str, object]:
    return {key: value for key, value in spec.to_dict().items() if key != "name"}


def show_estimate(spec: "RunSpec") -> None:
    from dlexplain.services.training.estimating import Estimating
    from dlexplain.ui.session import track

    now = estimating(spec)
    if now is None:
        st.markdown(
            "Parameters, memory, time and a look at the augmented pictures, by training a few "
            "steps that are then thrown away."
        )
        if st.button("Measure a few steps", icon=":material/speed:"):
            previous: Estimating | None = st.session_state.get("estimating")
            if previous is not None:
                previous.cancel()
            st.session_state["estimating"] = Estimating(spec).start()
            track(st.session_state["estimating"])
            st.rerun()
    elif now.active:
        left, right = st.columns([3, 1], vertical_alignment="center")
        with left:
            live(partial(show_phase, now), lambda: (now.phase, int(now.waited)),
                 lambda: now.active)  # fmt: skip
        if right.button("Cancel", type="tertiary", width="stretch"):
            now.cancel()
            st.rerun()
    elif now.result is None:
        st.error(literal(now.error))
        if st.button("Measure again", icon=":material/refresh:"):
            del st.session_state["estimating"]
            st.rerun()
    else:
        show_found(now.result)


def show_phase(now: "Estimating") -> None:
    st.markdown(f"{capital(now.phase)} … {duration(now.waited)}, usually less than a minute")


def show_found(found: Estimate) -> None:
    steps = " or ".join(
        f"{1000 * seconds:.3g} ms in {precision}"
        for precision, seconds in found.step_seconds.items()
    )
    frozen = found.parameters - found.trainable
    aside = f", {count(frozen)} of them frozen" if frozen else ""
    facts = {
        "Time": f"about {duration(found.seconds)}: {found.steps:,} steps of {steps}; "
        f"{found.precision} would be taken",
        "Parameters": count(found.parameters) + aside,
        "Memory": f"about {size(found.memory)} for weights, gradients, optimiser and a step",
        "Examples": ", ".join(f"{number:,} for {part}" for part, number in found.sizes.items()),
        "Device": found.device,
    }  # fmt: skip
    st.markdown("  \n".join(f"**{name}** {literal(text)}" for name, text in facts.items()))
    for note in found.notes:
        st.info(literal(note))
    if found.samples:
        st.image(
            found.samples,
            width="stretch",
            caption="Training pictures as the model sees them, after augmentation",
        )
