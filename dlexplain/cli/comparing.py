"""The command compare-models: for which reasons two models decide, with a limit that a pipeline
watches."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from dlexplain.cli.reporting import check_report, declare_report, write_report
from dlexplain.cli.saying import Told, complain, kept_when_stopped, tell_shipped
from dlexplain.cli.writing_files import write_text

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import ModelComparison

MOST_LISTED = 5
NAME = 48
"""Letters of an example's name."""


def declare(command: "Commands") -> None:
    """Add this file's command to the parser."""
    added = command(
        "compare-models", _compare, "Compare the reasons of two models on the same examples."
    )
    added.add_argument("first", metavar="A", help="a picture or text classifier, or forecaster")
    added.add_argument(
        "second", metavar="B", help="another of the same task and classes; a checkpoint's path too"
    )
    added.add_argument(
        "--max-drift",
        type=float,
        metavar="D",
        help="exit with status 1 where the mean drift, 1 - Spearman's correlation of the maps, 0 "
        "to 2, is above it",
    )
    added.add_argument(
        "--control",
        metavar="C",
        help="a third model, such as A from another seed; default: the method's own random draws",
    )
    added.add_argument(
        "--data",
        default="",
        metavar="PATH",
        help="where A's own data set lies, a folder or ZIP of pictures, a CSV of texts or of "
        "series; default: A's own test data",
    )
    added.add_argument(
        "--method",
        default="",
        metavar="NAME",
        help="default: grad-cam of pictures, else integrated-gradients, where these suit",
    )
    added.add_argument("--count", type=int, metavar="N", help="examples; default: 100")
    added.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is drawn")
    added.add_argument("--csv", metavar="FILE", help="write a row an example; - for stdout")
    added.add_argument(
        "--out", metavar="DIR", help="where what is done is kept, with comparison.json and .csv"
    )
    added.add_argument(
        "--resume", action="store_true", help="go on with what an earlier call has left in DIR"
    )
    added.add_argument(
        "--ship",
        action="store_true",
        help="put the result into the zoo, so that it comes along with dlexplain",
    )
    declare_report(added)


def _compare(args: argparse.Namespace) -> int:
    from dlexplain.results.model_comparison_words import check_limit, exceeds
    from dlexplain.services.comparing.comparing import compare_models
    from dlexplain.services.comparing.shipped import ship
    from dlexplain.services.jobs import Progress

    check_report(args)
    limit = None if args.max_drift is None else check_limit(args.max_drift)
    with kept_when_stopped(args.out):
        found = compare_models(
            args.first,
            args.second,
            args.data,
            args.control,
            args.method,
            args.count,
            args.seed,
            args.out,
            args.resume,
            Progress(report=Told("examples")),
        )
    if args.out:
        write_text(Path(args.out, "comparison.csv"), found.to_csv())
    if args.csv and args.csv != "-":
        write_text(Path(args.csv), found.to_csv())
    write_report(args, found)
    _print(found, args.json, args.csv == "-")
    if args.ship:
        tell_shipped(ship(found), args.json)
    if limit is None:
        return 0
    above, told = exceeds(found, limit)
    if above:
        complain(told)  # on stderr, so that JSON and CSV stay as they are
    elif not args.json and args.csv != "-":
        print(told)
    return int(above)


def _print(found: "ModelComparison", as_json: bool, as_csv: bool) -> None:
    if as_json:
        print(json.dumps(found.to_dict(), indent=1))
    elif as_csv:
        print(found.to_csv(), end="")
    else:
        print(_told(found))


def _told(found: "ModelComparison") -> str:
    from dlexplain.results.model_comparison_words import number, verdict

    lines = [f"{found.model} and {found.other}: {found.done:,} {found.noun}, {found.data}"]
    lines += [f"  {name:30}{number(value)}" for name, value in found.means()]
    lines += [f"  {change.title:30}{change.share}" for change in found.changes]
    if len(found.classes) > 1:
        lines.append("classes that drift most:")
        lines += [
            f"  {one.label:30}{number(one.drift)}, n = {one.drift.n}"
            for one in found.classes[:MOST_LISTED]
        ]
    lines.append("examples that drift most:")
    for one in found.lost_most[:MOST_LISTED]:
        says = " and ".join(dict.fromkeys(one.said[:2]))
        said = f", said to be {says}" if says else ""
        lines.append(f"  {one.name[:NAME]:{NAME + 2}}{one.drift:.2f}{said}")
    return "\n".join([*lines, verdict(found), *found.notes])
