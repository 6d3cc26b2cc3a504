"""The command shortcuts: which methods point at a mark that was planted in the training."""

import argparse
import json
from typing import TYPE_CHECKING

from dlexplain.cli.saying import tell_shipped

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results.shortcuts import ShortcutTest


def declare(command: "Commands") -> None:
    """Add this file's command to the parser."""
    lab = command(
        "shortcuts",
        _shortcuts,
        "Which methods point at a mark that was planted in a run's training; "
        "train one with --preset shortcut-pictures, shortcut-text or shortcut-series.",
    )
    lab.add_argument(
        "wanted", metavar="RUN", help="its id, a unique beginning of it, or its folder"
    )
    lab.add_argument("--examples", type=int, metavar="N", help="that are explained; default: 20")
    lab.add_argument(
        "--method", action="append", default=[], metavar="NAME", help="may be given again"
    )
    lab.add_argument(
        "--ship", action="store_true", help="put it where the page Shortcut lab finds it"
    )


def _shortcuts(args: argparse.Namespace) -> int:
    from dlexplain.errors import UnknownName
    from dlexplain.services.quality.lab import USUAL, lab_of, shortcut_run
    from dlexplain.services.quality.lab_shipped import ship
    from dlexplain.services.quality.shortcuts import measure_shortcut

    try:
        name = shortcut_run(args.wanted).id
    except UnknownName:
        name = args.wanted  # a folder, or what the lab says something of
    found = measure_shortcut(name, USUAL if args.examples is None else args.examples, args.method)
    if args.ship:
        tell_shipped(ship(found, lab_of(found.kind).name), args.json)
    if args.json:
        print(json.dumps(found.to_dict(), indent=1))
    else:
        _print(found)
    return 0


def _print(found: "ShortcutTest") -> None:
    print(f"{found.title}: {found.planted}")
    for score in found.scores:
        print(f"  {score.title}: {score.told}")
    print(f"  the mark turned {found.turned:,} of {found.against:,} answers")
    for note in (*found.notes, *found.refused):
        print(f"  {note}")
    if not found.methods:
        return
    print(
        f"relevance mass in the mark, mean of {len(found.names)} examples that it turned; "
        f"chance {found.chance:.1%}"
    )
    wide = max(len(one.method) for one in found.methods)
    for one in found.methods:
        silent = f", {one.silent} maps point nowhere" if one.silent else ""
        print(
            f"  {one.method:{wide}}  {one.mean:6.1%} [{100 * one.low:.1f}–{one.high:.1%}]{silent}"
        )
