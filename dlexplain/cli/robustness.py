"""The command robustness: how a classifier withstands attacks and corruptions over a data set."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from dlexplain.cli.attacking import fraction
from dlexplain.cli.saying import Told, kept_when_stopped, tell_shipped
from dlexplain.cli.writing_files import write_text

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import Robustness

NONE = "none"


def declare(command: "Commands") -> None:
    """Add this file's command to the parser."""
    added = command(
        "robustness", _robustness, "Measure a classifier under attack and corruption, over data."
    )
    added.add_argument("model", metavar="MODEL", help="a picture classifier")
    added.add_argument(
        "--data",
        default="",
        metavar="PATH",
        help="where the model's own data set lies, or a folder or ZIP of pictures, in folders "
        "named after its classes; default: the model's own test data",
    )
    added.add_argument("--count", type=int, metavar="N", help="examples; default: 100 pictures")
    added.add_argument(
        "--attack",
        action="append",
        metavar="NAME",
        help=f'may be given several times; "{NONE}" for none; default: fgsm, pgd and square',
    )
    added.add_argument(
        "--budget",
        action="append",
        type=fraction,
        metavar="E",
        help="in linf, such as 8/255; may be given several times; default: 1, 2, 4 and 8 of 255",
    )
    added.add_argument(
        "--corruption",
        action="append",
        metavar="NAME",
        help=f'may be given several times; "{NONE}" for none; default: all fifteen',
    )
    added.add_argument(
        "--severity", action="append", type=int, metavar="S", help="1 to 5; default: 1, 3 and 5"
    )
    added.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is drawn")
    added.add_argument(
        "--out", metavar="DIR", help="where what is done is kept, with robustness.json and .csv"
    )
    added.add_argument(
        "--resume", action="store_true", help="go on with what an earlier call has left in DIR"
    )
    added.add_argument(
        "--ship",
        action="store_true",
        help="put the result beside the model, so that it comes along with dlexplain",
    )


def _robustness(args: argparse.Namespace) -> int:
    from dlexplain.services.attack.robustness import robustness
    from dlexplain.services.attack.robustness_shipped import ship
    from dlexplain.services.jobs import Progress

    with kept_when_stopped(args.out):
        found = robustness(
            args.model,
            args.data,
            _names(args.attack),
            args.budget,
            _names(args.corruption),
            args.severity,
            args.count,
            args.seed,
            args.out,
            args.resume,
            Progress(report=Told("answers")),
        )
    if args.out:
        write_text(Path(args.out, "robustness.csv"), found.to_csv())
    print(json.dumps(found.to_dict(), indent=1) if args.json else _told(found))
    if args.ship:
        tell_shipped(ship(found), args.json)
    return 0


def _names(given: list[str] | None) -> list[str] | None:
    return [] if given == [NONE] else given


def _told(found: "Robustness") -> str:
    from dlexplain.results.attacks import budget_told
    from dlexplain.results.robustness_words import verdict

    lines = [f"{found.model}: {found.done:,} {found.noun}, {found.data}"]
    lines.append(f"  {'as they are':28}{found.clean}")
    for curve in found.attacks:
        for budget, accuracy in zip(found.budgets, curve.accuracy, strict=True):
            lines.append(f"  {f'{curve.title}, {budget_told(found.norm, budget)}':28}{accuracy}")
        if curve.unbounded is not None:
            lines.append(f"  {f'{curve.title}, any change':28}{curve.unbounded}")
    for level in found.severities[1:]:
        ece = "" if level.ece.value is None else f", ECE {level.ece.value:.3f}"
        maps = level.map_correlation.value
        alike = "" if maps is None else f", maps {maps:.2f} alike"
        lines.append(f"  {f'corrupted, severity {level.severity}':28}{level.accuracy}{ece}{alike}")
    if found.corruptions:
        lines.append(f"  {'corrupted, mean':28}{found.corrupted}")
    return "\n".join([*lines, verdict(found), *(f.told for f in found.flags), *found.notes])
