"""Whether a classifier notices pictures unlike its own: the answer, AUROC by score and set."""

from functools import partial

import streamlit as st

from dlexplain.figures.reliability import plot_outside
from dlexplain.language import in_words, tr
from dlexplain.results import OutOfDistribution, OutsideCell
from dlexplain.results.reliability import SCORE_TITLES
from dlexplain.results.words import capital
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.live import drawn_before
from dlexplain.ui.markdown import literal
from dlexplain.ui.reliability.question import file_stem, told_where

IN_A_ROW = 2
GOOD = 0.9
"""Mean AUROC from which the answer is drawn as good news."""
MEANING = """
Every score is high for what is like the training data. **Maximum softmax**: the largest
probability (Hendrycks and Gimpel 2017). **Energy**: the negative energy, log Σ exp of the
logits (Liu et al. 2020). **Mahalanobis distance**: how far the features of the last layer but
one are from the nearest class, in units of the classes' common spread (Lee et al. 2018); the
**relative** one subtracts how far they are from all classes together (Ren et al. 2021).

**AUROC**: the chance that a test picture has a higher score than one of the other set; 0.5 is a
coin. **FPR at 95% TPR**: the part of the other set that passes a threshold which 95% of the
test pictures pass.

These sets are far from natural photographs. Pictures that are nearer to the training data, such
as another kind of animal, are harder to tell, and nothing here says how hard.
"""


def show_outside(found: OutOfDistribution) -> None:
    told, best = f"**{literal(tr(found.told))}**", found.best
    if found.mean_auroc(best) >= GOOD:
        st.success(tr(told), icon=":material/troubleshoot:")
    else:
        st.warning(tr(told), icon=":material/troubleshoot:")
    st.dataframe(
        in_words([_row(found, outside) for outside in found.sets]),
        hide_index=True,
        height="content",
    )
    st.caption(
        tr(
            "AUROC with its bootstrap 95% interval; in parentheses the FPR at 95% TPR. "
            f"{literal(found.data)}. {told_where(found)}"
        )
    )
    if found.notes:
        st.caption(tr("  \n".join(map(literal, found.notes))))
    for place, score in enumerate(found.scores):
        if place % IN_A_ROW == 0:
            columns = st.columns(IN_A_ROW)
        with columns[place % IN_A_ROW]:
            st.markdown(f"**{tr(SCORE_TITLES[score])}**")
            chart(plot_outside(found, score), f"outside-{score}", told=found.told)
    with st.container(horizontal=True):
        key, stem = f"outside-{drawn_before()}", file_stem("out-of-distribution", found.model)
        download("CSV", found.to_csv, f"{stem}.csv", f"{key}-csv", "A row a score and set.")
        download("JSON", partial(found.to_dict), f"{stem}.json", f"{key}-json")


def _row(found: OutOfDistribution, outside: str) -> dict[str, object]:
    cells = {SCORE_TITLES[score]: found.cell(score, outside) for score in found.scores}
    first = next(iter(cells.values()))
    told: dict[str, object] = {"Shown": capital(found.sets[outside]), "Pictures": first.n}
    return told | {title: _cell(cell) for title, cell in cells.items()}


def _cell(cell: OutsideCell) -> str:
    interval = f"[{cell.auroc_low:.3f}, {cell.auroc_high:.3f}]"
    return f"{cell.auroc:.3f} {interval} ({cell.fpr:.0%})"
