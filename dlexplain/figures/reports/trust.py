"""The report of a table of trust: which explanations can be believed on a model."""

from dlexplain.figures.reports.making import chart_of
from dlexplain.figures.trust import plot_cells, plot_ranks
from dlexplain.figures.trust_cost import plot_cost
from dlexplain.language import tr
from dlexplain.results import TrustMethod, TrustTable
from dlexplain.results.reports import About, Part, Report, Rows, Section, Words, report_of
from dlexplain.results.trust_words import RULE, cell_told, failing, verdict


@report_of.register
def report_trust(table: TrustTable, about: About) -> Report:
    """What is recommended, the tests behind it, every number."""
    answer = " ".join(filter(None, (verdict(table), failing(table))))
    if table.done < table.found:
        answer = tr(f"Of {table.found:,} {table.noun} so far {table.done:,} are judged. {answer}")
    return Report(
        "trust",
        tr(f"Trust on {table.model}"),
        tr(f"Which explanation can be believed on {table.model}?"),
        answer,
        (*_ranks(table), _cells(table)),
        about,
    )


def _ranks(table: TrustTable) -> tuple[Section, ...]:
    found = table.ranking
    if found is None:
        return ()
    told = tr(
        "A bar on the right joins methods that are not told apart. Friedman's test over "
        f"{found.n:,} {table.noun}: chi-squared {found.friedman:.1f}, p = {found.p:.2g}; critical "
        f"difference {found.critical_difference:.2f} at 5%."
    )
    cost = tr(
        "The time of one map on that machine; bars: the middle half of the maps, and the 95% "
        "interval of the mean rank."
    )
    return (
        Section(
            tr("Who is told apart"),
            (
                chart_of(plot_ranks(table), tr("Mean rank of each method, 1 is best"), told),
                chart_of(plot_cost(table), tr("Seconds a map against the mean rank"), cost),
                Words(RULE),
            ),
        ),
    )


def _cells(table: TrustTable) -> Section:
    caption = tr(
        "Each column has its own colours, from its worst method (orange) to its best (blue), "
        "whichever end of it is the better one."
    )
    columns = (
        tr("Method"),
        tr("Mean rank"),
        *(m.title for m in table.metrics),
        tr("Seconds a map"),
    )
    rows = tuple(_row(table, method) for method in table.ranked)
    notes = (*table.notes, *(f"{m.title}: {m.note}" for m in table.methods if m.note))
    parts: tuple[Part, ...] = (
        chart_of(
            plot_cells(table), tr("Methods down, metrics across, the mean in each cell"), caption
        ),
        Rows(
            columns,
            rows,
            tr(
                f"Means over {table.done:,} {table.noun} with their bootstrap 95% intervals. "
                f"{table.data}."
            ),
        ),
        *(Words(note) for note in notes),
    )
    return Section("Methods × metrics", parts)


def _row(table: TrustTable, method: TrustMethod) -> tuple[str, ...]:
    rank = "–" if method.rank is None else f"{method.rank:.2f}"
    mark = " ✗" if table.fails(method.name) else ""
    cells = (cell_told(table.cell(method.name, m.name), table.done) for m in table.metrics)
    return (method.title + mark, rank, *cells, f"{method.seconds:.4g}")
