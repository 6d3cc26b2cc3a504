"""The command that tries a defence against attacks: defence."""

import argparse
import json
from typing import TYPE_CHECKING

from dlexplain.cli.attacking import fraction
from dlexplain.cli.saying import tell_shipped

if TYPE_CHECKING:
    from dlexplain.cli import Commands


def declare(command: "Commands") -> None:
    """Add this file's command to the parser."""
    added = command(
        "defence", _defence, "Try a preprocessing of pictures as a defence against attacks."
    )
    added.add_argument("model", metavar="MODEL", help="a picture classifier")
    added.add_argument("--defence", default="jpeg", help="jpeg or bit-depth; default: %(default)s")
    added.add_argument(
        "--strength", type=int, metavar="N", help="JPEG's quality, or the bits; default: the usual"
    )
    added.add_argument(
        "--epsilon", type=fraction, default=8 / 255, metavar="E", help="in linf; default: 8/255"
    )
    added.add_argument("--steps", type=int, default=20, metavar="N", help="of PGD; default: 20")
    added.add_argument(
        "--data", default="", metavar="PATH", help="as robustness takes it; default: the model's"
    )
    added.add_argument("--count", type=int, default=50, metavar="N", help="pictures; default: 50")
    added.add_argument("--seed", type=int, default=0, metavar="N", help="of all that is drawn")
    added.add_argument(
        "--ship", action="store_true", help="put the result where the page Defence finds it"
    )


def _defence(args: argparse.Namespace) -> int:
    from dlexplain.results.defences import COUNTS
    from dlexplain.services.attack.defence_shipped import ship
    from dlexplain.services.attack.defending import try_defence
    from dlexplain.services.models import load

    found = try_defence(
        load(args.model), args.defence, args.strength, args.epsilon, args.steps, args.data,
        args.count, args.seed,
    )  # fmt: skip
    if args.ship:
        tell_shipped(ship(found), args.json)
    if args.json:
        print(json.dumps(found.to_dict(), indent=1))
        return 0
    print(found.told)
    for key, what in COUNTS.items():
        print(f"  {found.told_share(key):>18}  {what}")
    for note in found.notes:
        print(f"  {note}")
    return 0
