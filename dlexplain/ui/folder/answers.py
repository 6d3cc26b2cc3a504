"""The answers about many pictures, as they grow: how often right, maps, a table, downloads."""

from functools import lru_cache, partial

import streamlit as st

from dlexplain.figures.folder_report import folder_report, map_address, tiles_html
from dlexplain.figures.folders import contact_sheet, jpeg_address, plot_folder, view_tile
from dlexplain.language import in_words, joined, shown_by, tr
from dlexplain.results import ExplainedFolder, PictureAnswer
from dlexplain.results.folders import ORDERS, Order
from dlexplain.results.words import duration
from dlexplain.services.pictures.folder_bundle import folder_zip, has_maps
from dlexplain.ui.cards import download
from dlexplain.ui.charts import chart
from dlexplain.ui.jobs import Asked, result_of
from dlexplain.ui.live import live
from dlexplain.ui.markdown import literal

MAPS, TABLE = "maps", "table"
VIEWS = {MAPS: ":material/grid_view: Maps", TABLE: ":material/table_rows: Table"}
ORDER, VIEW = "many-order", "many-view"
EVERY_SECONDS = 2.0
"""Between two drawings of answers that are still coming."""
TILES, ROWS = 60, 300
"""Pictures that the page shows at once."""
DISAGREEMENT = " Disagreement of the models: Jensen-Shannon divergence, 0 to 1 bit."
NAMED = 10
"""Files that could not be read of which the page says why."""


def show_answers(found: Asked[ExplainedFolder], orders: tuple[Order, ...]) -> None:
    """All of it; orders  that tell something here, see ExplainedFolder"""
    live(
        partial(_progress, found),
        version=lambda: found.active,
        active=lambda: found.active,
    )
    view, order = _options(orders)
    live(
        partial(_grown, found, view, order),
        version=lambda: (found.active, id(_latest(found))),
        active=lambda: found.active,
        every=EVERY_SECONDS,
    )
    live(partial(_downloads, found), lambda: found.active, lambda: found.active)


def _latest(found: Asked[ExplainedFolder]) -> ExplainedFolder | None:
    """What there is so far."""
    return found.so_far[-1] if found.so_far else None


def _progress(found: Asked[ExplainedFolder]) -> None:
    result = result_of(found, "pictures", starting="Reading the pictures", again="Go on")
    if result is not None:
        parts = [f"{result.total:,d} files"]
        parts += [f"{result.earlier:,d} of them done earlier"] if result.earlier else []
        parts += [duration(max(1, result.seconds))]
        st.caption(f"{literal(tr(result.source))}: {joined(parts)}")
    st.empty()  # over the button of an earlier drawing


def _options(orders: tuple[Order, ...]) -> tuple[str, Order]:
    state = st.session_state
    state[ORDER] = state[ORDER] if state.get(ORDER) in orders else _first(orders)
    left, right = st.columns([1, 1], vertical_alignment="bottom")
    view = left.segmented_control(
        tr("View"),
        list(VIEWS),
        default=MAPS,
        format_func=shown_by(VIEWS.__getitem__),
        key=VIEW,
        required=True,
        label_visibility="collapsed",
    )
    order = right.selectbox(
        tr("Order"),
        orders,
        format_func=shown_by(ORDERS.__getitem__),
        key=ORDER,
        label_visibility="collapsed",
    )
    return view or MAPS, order


def _first(orders: tuple[Order, ...]) -> Order:
    return "wrong" if "wrong" in orders else "least"


def _grown(found: Asked[ExplainedFolder], view: str, order: Order) -> None:
    now = _latest(found)
    if now is None or not now.answers:
        return
    answers = now.ordered(order)
    _verdict(now)
    if view == TABLE:
        _table(now, answers)
    else:
        _tiles(now, answers)
    chart(plot_folder(now), "many-sure")
    _left_out(now)


def _verdict(now: ExplainedFolder) -> None:
    """How often the model is right, and under it how often the rival is."""
    st.markdown(f"**{literal(tr(now.told))}**")
    if rival := now.rival_accuracy_told:
        st.caption(tr(f"Accuracy of {literal(now.rival)}: {rival}"))


def _tiles(now: ExplainedFolder, answers: list[PictureAnswer]) -> None:
    shown = answers[:TILES]
    st.html(tiles_html(now, shown, _map))
    st.caption(
        tr(_part(len(shown), len(answers)))
        + tr(
            f"Each map, by {literal(now.title)}, explains its picture's class on a scale of its "
            "own."
        )
        + (tr(" Blue frames are right, orange ones wrong.") if now.known else "")
    )


def _table(now: ExplainedFolder, answers: list[PictureAnswer]) -> None:
    rows = [_row(now, answer) for answer in answers[:ROWS]]
    share = st.column_config.NumberColumn(format="%.1f%%")
    bits = st.column_config.NumberColumn(format="%.2f")
    picture = st.column_config.ImageColumn(width="small")
    st.dataframe(
        in_words(rows),
        hide_index=True,
        row_height=52,
        height=min(560, 52 * len(rows) + 40),
        column_config=in_words({
            "Picture": picture, "Map": picture, "Probability": share, "Entropy": bits,
            "Rival": share, "Disagreement": bits,
        }),
    )  # fmt: skip
    st.caption(
        tr(_part(len(rows), len(answers)))
        + tr(
            "A click on a heading sorts. Entropy of all classes' "
            "probabilities: 0 bits where the model is certain."
        )
        + (tr(DISAGREEMENT) if now.rival else "")
    )


def _part(shown: int, count: int) -> str:
    return (
        f"The first {shown:,d} of {count:,d}; all are in the downloads. " if shown < count else ""
    )


def _row(now: ExplainedFolder, answer: PictureAnswer) -> dict[str, object]:
    row: dict[str, object] = {
        "Picture": _view(now, answer),
        "Map": _map(now, answer),
        "Class": answer.top.name.label,
        "Probability": 100 * answer.top.probability,
        "Entropy": answer.entropy,
    }
    if now.known:
        row |= {"Actual": answer.truth.label if answer.truth else "", "Verdict": answer.verdict}
    if answer.rival is not None:
        row |= {
            "Rival's class": answer.rival.name.label,
            "Rival": 100 * answer.rival.probability,
            "Disagreement": answer.disagreement,
        }
    return row | {"File": answer.name}


def _left_out(now: ExplainedFolder) -> None:
    """What could not be read, each told, up to a number."""
    problems = [*now.refused, *now.skipped]
    if not problems:
        return
    more = f"\n- and {len(problems) - NAMED:,d} more" if len(problems) > NAMED else ""
    lines = "".join(f"\n- {literal(one)}" for one in problems[:NAMED])
    st.warning(tr(f"Left out:\n{lines}{more}"), icon=":material/broken_image:")


def _downloads(found: Asked[ExplainedFolder]) -> None:
    now = _latest(found)
    if found.active or now is None or not now.answers:
        return
    order = _first(now.orders)
    with st.container(horizontal=True):
        download("Table", now.to_csv, "answers.csv", "many-csv")
        download("Report", partial(folder_report, now, draw=_map), "report.html", "many-report")
        sheet = partial(contact_sheet, now, order)
        download("Contact sheet", sheet, "contact-sheet.png", "many-sheet")
        what = (
            "The table, the report, the contact sheet and a JSON with all it takes to repeat it, "
            "and every map as NPY."
            if has_maps(now)
            else "The table, the report, the contact sheet and a JSON with all it takes to repeat "
            "it; the maps are too many for a ZIP."
        )
        download("Everything", partial(_all, now, order), "many-pictures.zip", "many-zip", what)


def _all(now: ExplainedFolder, order: Order) -> bytes:
    return folder_zip(now, contact_sheet(now, order), folder_report(now, draw=_map))


def _map(found: ExplainedFolder, answer: PictureAnswer) -> str:
    return _drawn(_Key(found, answer), MAPS)


def _view(found: ExplainedFolder, answer: PictureAnswer) -> str:
    return _drawn(_Key(found, answer), TABLE)


class _Key:
    """Tells one map of a folder from others, however often the result is made anew."""

    def __init__(self, found: ExplainedFolder, answer: PictureAnswer) -> None:
        self.found, self.answer = found, answer
        self.of = (str(found.folder), answer.group, answer.row, answer.digest)

    def __hash__(self) -> int:
        return hash(self.of)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.of == self.of


@lru_cache(maxsize=2048)
def _drawn(key: _Key, what: str) -> str:
    if what == MAPS:
        return map_address(key.found, key.answer)
    return jpeg_address(view_tile(key.found, key.answer))
