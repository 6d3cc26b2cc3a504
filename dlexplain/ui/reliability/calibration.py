"""Whether a classifier's probabilities are right: the answer, the diagram, the numbers."""

from functools import partial

import streamlit as st

from dlexplain.figures.reliability import plot_reliability
from dlexplain.language import in_words, sentences, tr
from dlexplain.results import CalibrationScores, ClassifierCalibration
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.live import drawn_before
from dlexplain.ui.markdown import literal
from dlexplain.ui.reliability.question import file_stem, told_where

MEANING = """
**ECE**, the expected calibration error: inputs are put into 15 bins by confidence, and in each
the mean confidence is compared with the part that is right; the differences are averaged over
the inputs. Of few inputs it is above 0 also for a perfectly calibrated classifier; *by chance*
says how much.

**NLL**, the negative log-likelihood: how surprised the model is by the right class, in nats.
**Brier**: the squared error of the probabilities over all classes, 0 to 2. Both also fall when
more is right.

**Temperature**: all logits are divided by one number, which changes no class that is said. It
is chosen to make the right classes most likely on inputs that are not tested on (Guo et al.
2017).

It says nothing of inputs unlike the test data, where probabilities are often far too high.
"""


def show_calibration(found: ClassifierCalibration) -> None:
    told = f"**{literal(tr(found.told))}**"
    if found.before.told_apart:
        st.warning(tr(told), icon=":material/speed:")
    else:
        st.success(tr(told), icon=":material/verified:")
    left, right = st.columns([3, 2], gap="large")
    with left:
        chart(plot_reliability(found), "calibration", told=found.told)
    with right:
        st.dataframe(in_words(_rows(found)), hide_index=True, height="content")
        parts = [
            f"Right in {found.accuracy:.1%} of the {found.n:,d} {literal(found.noun)} that were "
            f"tested: {literal(found.data)}.",
            f"Fitted on {found.fitted:,d}: {literal(found.fitted_on)}." if found.fitted else "",
            "Bars and brackets are 95% intervals: Wilson's of each bin, the bootstrap's of the "
            "ECE.",
        ]
        st.caption(sentences(parts))
        st.caption(tr(told_where(found)))
        if found.notes:
            st.caption(tr("  \n".join(map(literal, found.notes))))
        with st.container(horizontal=True):
            key, stem = f"calibration-{drawn_before()}", file_stem("calibration", found.model)
            download("CSV", found.to_csv, f"{stem}.csv", f"{key}-csv", "A row a bin.")
            download("JSON", partial(found.to_dict), f"{stem}.json", f"{key}-json")


def _rows(found: ClassifierCalibration) -> list[dict[str, str]]:
    """A measure a row, as it is and with the temperature."""
    sides = {"As it is": _measures(found.before)}
    if found.fitted:
        sides[f"Temperature {found.temperature:.2f}"] = _measures(found.after)
    names = sides["As it is"]
    return [{"Measure": tr(name), **{k: side[name] for k, side in sides.items()}} for name in names]


def _measures(scores: CalibrationScores) -> dict[str, str]:
    return {
        "ECE": f"{scores.ece:.3f} [{scores.ece_low:.3f}, {scores.ece_high:.3f}]",
        "ECE by chance": f"{scores.chance:.3f}",
        "NLL": f"{scores.nll:.3f}",
        "Brier": f"{scores.brier:.3f}",
    }
