"""What if: words dropped, masked or replaced, and the search for the fewest that turn the class."""

from collections.abc import Sequence

import streamlit as st

from dlexplain.errors import BadInput
from dlexplain.figures.text_prediction import plot_before_after
from dlexplain.language import shown_by, tr
from dlexplain.results import TextPrediction, Turning
from dlexplain.services.jobs import Progress
from dlexplain.services.question import usual_contrast
from dlexplain.services.texts.changes import Way, changed, find_turning, ways_of, words_of
from dlexplain.services.texts.explain import classify_reading
from dlexplain.services.texts.models import Reading, TextModel
from dlexplain.ui.charts import chart
from dlexplain.ui.jobs import Asked, asked, known, result_of, show_live
from dlexplain.ui.markdown import literal
from dlexplain.ui.methods import Ask, Request
from dlexplain.ui.texts.answers import show_answers
from dlexplain.ui.texts.cache import digest

TURNING = "turning"
LABELS = {"drop": "Drop", "mask": "Mask", "replace": "Replace"}
MOST_PILLS = 80
"""Words that are offered to click; a longer text is edited above."""
BUDGETS = (200, 1000, 5000)


def show_changes(
    model: TextModel, reading: Reading, prediction: TextPrediction, asks: tuple[Ask, ...]
) -> None:
    """Widgets, and prediction and attributions before and after."""
    st.subheader(tr("What if?"))
    words = words_of(reading)
    ways, state = ways_of(model), st.session_state
    state["way"] = state["way"] if state.get("way") in ways else ways[0]
    way: Way = st.segmented_control(
        tr("Change"), ways, format_func=shown_by(LABELS.__getitem__), key="way", required=True,
        persist_state="session",
        help=tr("Drop takes a word out; Mask hides it and keeps its place; Replace puts others "
            "there. "
        "Where one word's label is asked, words are masked only, so that it keeps its place."),
    ) or ways[0]  # fmt: skip
    labels = distinct(words)
    places = (
        st.pills(
            tr("Words"),
            range(min(len(words), MOST_PILLS)),
            selection_mode="multi",
            format_func=shown_by(labels.__getitem__),
            key=f"words-{digest(reading.text)}-{model.name}",
            persist_state="session",
            help=tr("Click the words to change."),
        )
        or []
    )
    if len(words) > MOST_PILLS:
        st.caption(
            tr(
                f"The first {MOST_PILLS} of {len(words):,} words; change the others in the text "
                "above. "
                "The search below tries all of them."
            )
        )
    new = ""
    if way == "replace":
        new = st.text_input(
            tr("With"),
            key="new-word",
            persist_state="session",
            placeholder=tr("one or several words"),
        )
    if not places or (way == "replace" and not new.strip()):
        what = "type what stands there instead" if places else "click one or several words"
        st.caption(tr(f"To see what becomes of the prediction, {what}."))
    else:
        _before_after(model, reading, prediction, list(places), way, new, asks)
    if model.activation != "identity":  # a regression has no class to turn
        _search(model, reading, way)


def distinct(words: Sequence[str]) -> list[str]:
    """Labels that look like the words; those that occur again end with unseen letters, since
    Streamlit tells options apart by their labels."""
    seen: dict[str, int] = {}
    labels = []
    for word in words:
        label = literal(word) or "▢"
        labels.append(label + "\N{ZERO WIDTH SPACE}" * seen.get(label, 0))
        seen[label] = seen.get(label, 0) + 1
    return labels


def _before_after(
    model: TextModel,
    reading: Reading,
    before: TextPrediction,
    places: list[int],
    way: Way,
    new: str,
    asks: tuple[Ask, ...],
) -> None:
    try:
        after_reading = changed(model, reading, places, way, new)
        after = classify_reading(model, after_reading)
    except BadInput as error:
        st.error(literal(tr(error)))
        return
    chart(plot_before_after(before, after), "before-after")
    _said(before, after)
    if not asks:
        return
    target = before.scores[0].name.index
    other = usual_contrast(model, target)
    contrast = None if other is None else other.index
    left, right = st.columns(2)
    for column, title, which, key in (
        (left, "Before", reading, "before"),
        (right, "After", after_reading, "after"),
    ):
        with column:
            st.markdown(tr(f"**{title}**, for {literal(before.scores[0].name.label)}"))
            request = Request(
                model.name,
                digest(f"{key}{which.text}{which.ids.tolist()}{model.place}"),
                target,
                contrast,
                asks[:1],
            )
            show_answers(model, which, request, f"answers-{key}")


def _said(before: TextPrediction, after: TextPrediction) -> None:
    best, now = before.scores[0], after.scores[0]
    same = next(score for score in after.scores if score.name == best.name)
    step = f"{best.name.label} from {best.text} to {same.text}"
    if before.activation != "softmax":
        st.caption(literal(tr(f"{step}.")))
    elif now.name == best.name:
        st.caption(tr(f"The class stays: {literal(step)}."))
    else:
        st.markdown(
            f":orange[:material/swap_horiz:] The class turns to "
            f"**{literal(now.name.label)}**: {literal(step)}."
        )


def _search(model: TextModel, reading: Reading, way: Way) -> None:
    """The fewest words, as a job with progress and cancel."""
    about = (model.name, digest(f"{reading.text}{reading.ids.tolist()}{model.place}"), way)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        budget = st.selectbox(
            tr("Most trials"),
            BUDGETS,
            index=1,
            key="budget",
            width=140,
            persist_state="session",
            help=tr("Changed texts that the search may send through the model."),
            format_func=tr,
        )
        # By callback: a rerun that an answer above asks for would lose the click.
        st.button(
            tr(f"Find the fewest words to {LABELS[way].lower()}"),
            icon=":material/manage_search:",
            on_click=_start_search,
            args=(about, model, reading, way, budget),
            help=tr("Looks for the smallest set of words that turns the class."),
        )
    found = known(TURNING, about)
    if found is not None:
        show_live(_found, found)


def _start_search(
    about: tuple[str, str, Way], model: TextModel, reading: Reading, way: Way, budget: int
) -> None:
    def work(progress: Progress) -> Turning:
        return find_turning(model, reading, way, budget, progress)

    asked(TURNING, about, "The search", work, anew=True)


def _found(found: Asked[Turning]) -> None:
    result = result_of(found, "trials at most")
    if result is None:
        return
    show = st.success if result.after is not None else st.info
    show(literal(result.sentence))
    st.caption(tr(f"{result.tried:,} trials in {result.seconds:.1f} s"))
