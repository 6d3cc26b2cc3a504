"""Runs in groups on the page that compares them: bands, means with intervals, differences."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from dlexplain.language import in_words, shown_by, tr
from dlexplain.results import Curve, RunRecord
from dlexplain.results.run_groups import LEAST, Band, GroupDifference, GroupScore, RunGroup
from dlexplain.results.words import capital, metric_name, written
from dlexplain.services.shipped_examples import example_runs
from dlexplain.services.training import grouping
from dlexplain.ui.charts import chart
from dlexplain.ui.glossary import glossary
from dlexplain.ui.markdown import literal

TITLES = {grouping.NOTHING: "nothing", grouping.FAMILY: "family", grouping.SPEC: "spec, any seed"}
ABOUT = (
    "The line is the mean of a group's runs, the band its 95% interval (Student's t over the "
    "runs), thin lines are the runs."
)
OF_SEEDS = (
    "Runs of the same data are tested on the same examples, so the intervals say how much a mean "
    "moves with the seed, not how well it holds on other data."
)


def choose_grouping(chosen: Sequence[RunRecord]) -> str:
    """By what the runs are grouped; of the same runs it stays what was chosen."""
    choices = grouping.group_choices(chosen)
    default = grouping.default_grouping(chosen)
    key = f"group-by-{','.join(sorted(record.id for record in chosen))}"
    asked = st.query_params.get("group", "")
    first = asked if asked in choices else default
    found = st.selectbox(
        tr("Group by"),
        choices,
        choices.index(first),
        format_func=lambda by: tr(TITLES.get(by, by)),
        key=key,
        persist_state="session",
        help=tr(
            "Runs of a group are drawn and told as their mean with its interval: the seeds of one "
            "spec, a family that was started together, or all with the same value of a parameter."
        ),
    )
    st.query_params["group"] = str(found)
    return str(found)


def show_example() -> None:
    """Runs that came along, as the page shows the user's own; nothing where they are damaged."""
    found = example_runs()
    if found is None:
        return
    st.caption(tr("Until then the page shows runs that came along."))
    st.subheader(literal(tr(found.about)))
    measure = next(iter(found.tests))
    scores = grouping.scores(found.groups, measure, dict(found.tests[measure]))
    st.markdown(tr(f"**{capital(metric_name(measure))}**"))
    show_scores(scores)
    key = st.segmented_control(
        tr("Metric"),
        found.keys,
        default=found.keys[0],
        format_func=shown_by(metric_name),
        key="compare-example",
        required=True,
        label_visibility="collapsed",
    )
    shown = [curve for curve in found.curves if curve.key == key]
    draw_bands(found.groups, shown, 0.0, False, False, "step")


def draw_bands(
    groups: Sequence[RunGroup],
    curves: Sequence[Curve],
    smoothing: float,
    log_x: bool,
    log_y: bool,
    over: str,
) -> None:
    """The figure, and what must be known to read it."""
    from dlexplain.figures.curves import smooth
    from dlexplain.figures.run_groups import plot_bands

    found = grouping.bands(groups, curves, over, partial(smooth, strength=smoothing))
    if not found:
        st.info(tr("These runs share no step at which a mean could be taken."))
        return
    shown = [
        replace(
            band, curves=tuple(replace(c, values=smooth(c.values, smoothing)) for c in band.curves)
        )
        for band in found
    ]
    places = partial(grouping.places_of, over=over)
    chart(plot_bands(shown, places, over, log_x, log_y), "bands")
    st.caption(tr(" ".join([ABOUT, *_of_alignment(found, over)])))


def _of_alignment(found: Sequence[Band], over: str) -> list[str]:
    told = []
    if any(band.interpolated for band in found):
        apart = "minutes" if over == "minutes" else "steps"
        told.append(
            f"Runs of a group were measured at different {apart}: each is interpolated linearly "
            "between its own points."
        )
    if any(band.cut for band in found):
        told.append("A mean ends where the first of its runs does.")
    return told


def show_scores(found: Sequence[GroupScore]) -> None:
    """Means of one metric as a figure, and the differences of the groups."""
    from dlexplain.figures.run_groups import plot_scores

    if not found:
        st.info(tr("None of these runs has this metric."))
        return
    chart(plot_scores(found), "group-scores")
    st.caption(tr("Dots are runs; the diamond is their mean, with its 95% interval."))
    if len(found) > 1:
        show_differences(grouping.group_differences(found))


def show_differences(found: Sequence[GroupDifference]) -> None:
    st.subheader(tr("Do the groups differ?"), help=glossary("p-value", "confidence interval"))
    tested = [each for each in found if not each.why_not]
    apart = [each for each in tested if each.told_apart]
    if not tested:
        why = dict.fromkeys(each.why_not for each in found)
        st.info(tr(f"{capital('; '.join(why))}. Train {LEAST} seeds or more of each."))
    else:
        pairs = "pair" if len(tested) == 1 else "pairs"
        st.markdown(
            tr(
                f"{len(apart)} of {len(tested)} tested {pairs} of groups can be told apart at "
                "the 5% "
                "level."
            )
        )
    st.dataframe(
        in_words([_row(each) for each in found]),
        hide_index=True,
        height="content" if len(found) < 10 else 380,
        column_config=in_words(
            {
                "p": st.column_config.TextColumn(
                    help=tr(
                        "Of Welch's t-test, two-sided: how often means at least this far apart "
                        "would "
                        "come of groups that do not differ."
                    )
                ),
                "p, Holm": st.column_config.TextColumn(
                    help=tr("The same, corrected by Holm for how many pairs are tested.")
                ),
            }
        ),
    )
    st.caption(tr(OF_SEEDS))


def _row(each: GroupDifference) -> dict[str, str]:
    tested = not each.why_not
    within = f"[{signed(each.low)}, {signed(each.high)}]" if tested else ""
    return {
        "Groups": f"{each.second} minus {each.first}",
        "Difference": signed(each.difference),
        "95% interval": within,
        "p": f"{each.p:.2g}" if tested else "",
        "p, Holm": f"{each.p_holm:.2g}" if tested else "",
        "n": f"{each.n[1]} and {each.n[0]}",
        "So": tr(each.verdict),
    }


def signed(value: float) -> str:
    return written(value, signed=True, digits=3)


def scores_table(found: Sequence[GroupScore]) -> None:
    """A row a metric and group."""
    st.dataframe(
        in_words(
            [
                {
                    "Metric": metric_name(each.key),
                    "Group": each.group,
                    "Mean": f"{each.mean:.5g}",
                    "SD": f"{each.sd:.2g}" if each.n > 1 else "",
                    "95% interval": f"[{each.low:.5g}, {each.high:.5g}]" if each.n > 1 else "",
                    "n": each.n,
                }
                for each in found
            ]
        ),
        hide_index=True,
        height="content" if len(found) < 13 else 460,
        column_config=in_words(
            {
                "Metric": st.column_config.TextColumn(pinned=True),
                "Group": st.column_config.TextColumn(width="medium"),
                "SD": st.column_config.TextColumn(help=tr("Of the runs, with n - 1.")),
                "95% interval": st.column_config.TextColumn(
                    help=tr("Of the mean: Student's t over runs.")
                ),
            }
        ),
    )


def offer_csv(label: str, text: Callable[[], str], file: str) -> None:
    st.download_button(
        tr(label), text, file, "text/csv", icon=":material/download:", on_click="ignore"
    )


def said_once(found: Sequence[GroupScore]) -> str:
    """Where some group has a single run, that it has no interval."""
    alone = list(dict.fromkeys(each.group for each in found if each.n < 2))
    if not alone:
        return ""
    return f"A single run has no interval: {literal(', '.join(alone))}."
