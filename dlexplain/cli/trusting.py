"""The command trust: which explanation methods can be believed on a model."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from dlexplain.cli.reporting import check_report, declare_report, write_report
from dlexplain.cli.saying import Told, kept_when_stopped, tell_shipped
from dlexplain.cli.writing_files import write_text

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import TrustTable


def declare(command: "Commands") -> None:
    """Add this file's command to the parser."""
    trust = command(
        "trust", _trust, "Judge explanation methods on a model by metrics, over a data set."
    )
    trust.add_argument("model", metavar="MODEL", help="a picture or text classifier, or forecaster")
    trust.add_argument(
        "--data",
        default="",
        metavar="PATH",
        help="where the model's own data set lies, a folder or ZIP of pictures, a CSV with a "
        "column text, a CSV of series; default: the model's own test data",
    )
    trust.add_argument(
        "--methods", type=_names, default=[], metavar="A,B", help="default: a set that suits"
    )
    trust.add_argument(
        "--metrics", type=_names, default=[], metavar="A,B", help="default: a set that suits"
    )
    trust.add_argument(
        "--count",
        type=int,
        metavar="N",
        help="examples; default: 100 pictures, 200 texts or 50 forecasts",
    )
    trust.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is drawn")
    trust.add_argument(
        "--out", metavar="DIR", help="where what is done is kept, with trust.json and trust.csv"
    )
    trust.add_argument(
        "--resume", action="store_true", help="go on with what an earlier call has left in DIR"
    )
    trust.add_argument(
        "--ship",
        action="store_true",
        help="put the table beside the model, so that it comes along with dlexplain",
    )

    declare_report(trust)


def _names(text: str) -> list[str]:
    return [name for name in text.split(",") if name]


def _trust(args: argparse.Namespace) -> int:
    from dlexplain.services.jobs import Progress
    from dlexplain.services.quality.shipped import ship
    from dlexplain.services.quality.trust import trust

    check_report(args)
    with kept_when_stopped(args.out):
        table = trust(
            args.model,
            args.data,
            args.methods,
            args.metrics,
            args.count,
            args.seed,
            args.out,
            args.resume,
            Progress(report=Told("maps")),
        )
    if args.out:
        write_text(Path(args.out, "trust.csv"), table.to_csv())
    write_report(args, table)
    print(json.dumps(table.to_dict(), indent=1) if args.json else _told(table))
    if args.ship:
        tell_shipped(ship(table), args.json)
    return 0


def _told(table: "TrustTable") -> str:
    from dlexplain.results.trust_words import failing, number, verdict

    lines = [f"{table.model}: {table.done:,} {table.noun}, {table.data}"]
    titles = [metric.title for metric in table.metrics]
    lines.append(f"{'':26}{'rank':>6}{'seconds':>10}" + "".join(f"  {title}" for title in titles))
    for method in table.ranked:
        rank = "–" if method.rank is None else f"{method.rank:.1f}"
        cells = []
        for metric in table.metrics:
            cell = table.cell(method.name, metric.name)
            cells.append(f"  {number(cell.mean):>{len(metric.title)}}")
        lines.append(f"{method.title:26}{rank:>6}{method.seconds:>10.2g}" + "".join(cells))
    lines += [verdict(table), failing(table)]
    lines += [*table.notes, *(f"{m.title}: {m.note}" for m in table.methods if m.note)]
    if table.ranking is not None:
        found = table.ranking
        lines.append(
            f"Friedman's test: chi-squared {found.friedman:.2f}, p = {found.p:.2g}; critical "
            f"difference {found.critical_difference:.2f} at 5%, n = {found.n:,}"
        )
    return "\n".join(line for line in lines if line)
