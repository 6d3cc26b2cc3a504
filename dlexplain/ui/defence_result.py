"""What a defence was found to be worth; no torch here."""

import streamlit as st

from dlexplain.figures.defences import plot_defence
from dlexplain.language import tr
from dlexplain.results.defences import DefenceResult
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.live import drawn_before
from dlexplain.ui.markdown import literal


def show_result(result: DefenceResult) -> None:
    told = literal(tr(result.told))
    if result.holds:
        st.info(f"**{told}**", icon=":material/shield:")
    else:
        st.warning(f"**{told}**", icon=":material/warning:")
    chart(plot_defence(result), "defence", told=result.told)
    for note in result.notes:
        st.caption(literal(tr(note)))
    st.caption(
        tr(
            f"{literal(result.examples)}, n = {result.n:,}, 95% intervals; "
            f"{result.evaluations:,d} evaluations in {result.seconds:.1f} s. A picture that is "
            "misclassified as it is counts as lost."
        )
    )
    download("JSON", result.to_dict, "defence.json", f"defence-{drawn_before()}-json")
