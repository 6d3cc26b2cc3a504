"""What a training would take, by a few steps of it that are then thrown away."""

import time
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dlexplain.language import tr
from dlexplain.results import Estimate
from dlexplain.results.words import capital, duration, size
from dlexplain.services.jobs import Progress
from dlexplain.ui.jobs import Asked, asked, known, result_of, show_live
from dlexplain.ui.live import live
from dlexplain.ui.markdown import literal
from dlexplain.ui.rights import gate
from dlexplain.ui.words import count

if TYPE_CHECKING:
    from dlexplain.services.training.catalogue import RunSpec

TAKES = "Usually less than a minute"


SLOT = "estimate"


def show_estimate(spec: "RunSpec") -> None:
    """What was measured of exactly this spec, or a button that measures it."""
    found = known(SLOT, _computed(spec))
    if found is None:
        st.markdown(
            tr(
                "Parameters, memory, time and a look at the augmented pictures, by training a few "
                "steps that are then thrown away."
            )
        )
        if st.button(tr("Measure a few steps"), icon=":material/speed:", **gate("train")):
            _measure(spec)
            st.rerun()
        return
    show_live(_show, found)


def _computed(spec: "RunSpec") -> dict[str, object]:
    """Two specs that differ in their names alone take the same."""
    return {key: value for key, value in spec.to_dict().items() if key != "name"}


def _measure(spec: "RunSpec") -> None:
    phases: list[str] = []

    def work(progress: Progress) -> Estimate:
        from dlexplain.services.training.estimating import estimate_apart

        return estimate_apart(spec, progress, phases.append)

    asked(SLOT, _computed(spec), "The estimate", work, anew=True, so_far=phases)


def _show(found: Asked[Estimate]) -> None:
    if found.job.active:
        live(partial(_show_phase, found), partial(_phase, found), lambda: found.active)
    result = result_of(found, starting=TAKES)
    if result is not None:
        show_found(result)


def _phase(found: Asked[Estimate]) -> tuple[str, int]:
    """What is being done, and for how many seconds the estimate goes on."""
    now = time.monotonic()
    return (found.so_far or ["starting"])[-1], int(now - (found.job.began or now))


def _show_phase(found: Asked[Estimate]) -> None:
    phase, waited = _phase(found)
    st.markdown(f"{tr(capital(phase))} … {tr(duration(waited))}")


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
    }
    st.markdown("  \n".join(f"**{tr(name)}** {literal(tr(text))}" for name, text in facts.items()))
    for note in found.notes:
        st.info(literal(tr(note)))
    if found.samples:
        st.image(
            found.samples,
            width="stretch",
            caption=tr("Training pictures as the model sees them, after augmentation"),
            alt=[f"Training picture {place}" for place, _ in enumerate(found.samples, 1)],
        )
