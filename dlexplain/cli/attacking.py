"""The command that looks how easily a model is fooled: attack."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlexplain.cli.explaining import DEFAULT_MODEL, key_value
from dlexplain.errors import BadInput

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import AttackResult


def declare(command: "Commands") -> None:
    """Add this file's command to the parser."""
    added = command("attack", _attack, "Change a picture by little, so that its class changes.")
    added.add_argument("path", metavar="PATH", help="a picture")
    added.add_argument("--model", default=DEFAULT_MODEL, help="default: %(default)s")
    added.add_argument("--method", default="pgd", help="an attack; default: %(default)s")
    added.add_argument(
        "--epsilon",
        type=fraction,
        metavar="E",
        help="such as 8/255 or 0.5; in l0 a number of pixels; default: the usual one",
    )
    added.add_argument("--norm", default="", help="linf, l2 or l0; default: the attack's own")
    added.add_argument(
        "--label", metavar="INDEX|LABEL", help="the right class; default: what the model says"
    )
    added.add_argument(
        "--target", metavar="INDEX|LABEL", help="the class to be reached; default: any other"
    )
    added.add_argument(
        "--smallest", action="store_true", help="look for the smallest budget that suffices"
    )
    added.add_argument("--seed", type=int, default=0, help="of what is drawn; default: %(default)s")
    added.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="an attack's parameter"
    )
    added.add_argument("--png", metavar="FILE", help="write the changed picture, in 256 levels")


def fraction(text: str) -> float:
    """ "8/255" or "0.03" """
    above, slash, below = text.partition("/")
    try:
        return float(above) / float(below) if slash else float(above)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f'"{text}" is no number, such as 8/255 or 0.03') from None


def _attack(args: argparse.Namespace) -> int:
    from dlexplain.services.attack.pictures import attack
    from dlexplain.services.models import load

    params: dict[str, Any] = dict(map(key_value, args.set))
    found = attack(
        load(args.model), args.path, args.method, args.epsilon, args.norm, args.label, args.target,
        args.smallest, args.seed, **params,
    )  # fmt: skip
    if args.png:
        _write(found, Path(args.png))
    if args.json:
        print(json.dumps(found.to_dict(), indent=1))
        return 0
    print(found.told)
    far = f"{255 * found.linf:.3g}/255 at most, length {found.l2:.3g}, {found.pixels:,d} pixels"
    print(f"  change: {far}")
    if found.success and not found.saved_success:
        print("  saved in 256 levels, the picture fools it no more")
    if args.smallest:
        print(f"  {smallest_told(found)}")
    return 0


def smallest_told(found: "AttackResult") -> str:
    """The smallest budget, in words."""
    from dlexplain.results.attacks import budget_told

    if found.smallest is None:
        return "no budget that was tried suffices"
    low, high = found.smallest
    least = budget_told(found.norm, high)
    return f"{least} suffices" + (f", {budget_told(found.norm, low)} does not" if low else "")


def _write(found: "AttackResult", file: Path) -> None:
    from PIL import Image

    try:
        Image.fromarray(found.saved).save(file, format="PNG")
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror or error}") from error
