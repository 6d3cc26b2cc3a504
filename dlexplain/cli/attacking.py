"""The command that looks how easily a model is fooled: attack."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlexplain.cli import explaining_texts, forecasting
from dlexplain.cli.explaining import DEFAULT_MODEL, key_value, positive
from dlexplain.errors import BadInput

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import AttackResult, SeriesAttackResult, TextAttackResult

PICTURE, TEXT, SERIES = "picture", "text", "series"
MODELS = {
    PICTURE: DEFAULT_MODEL,
    TEXT: explaining_texts.DEFAULT_MODEL,
    SERIES: forecasting.DEFAULT_MODEL,
}
OF_KINDS = {
    "epsilon": (PICTURE, SERIES),
    "norm": (PICTURE,),
    "label": (PICTURE, TEXT),
    "target": (PICTURE, TEXT, SERIES),
    "smallest": (PICTURE,),
    "png": (PICTURE,),
    "queries": (TEXT,),
    "direction": (SERIES,),
    "origin": (SERIES,),
    "horizon": (SERIES,),
    "draws": (SERIES,),
}
"""Options that not every kind of input has, and the kinds that have them."""
NAMES = {"horizon": "step"}
"""Of options, as dx.attack calls them where that is otherwise."""


def declare(command: "Commands") -> None:
    """Add this file's command to the parser."""
    added = command("attack", _attack, "Change an input by little, so that the answer changes.")
    added.add_argument("path", nargs="?", metavar="PATH", help="a picture")
    added.add_argument("--text", help="a text instead of a picture")
    added.add_argument(
        "--series",
        nargs="?",
        const="",
        metavar="FILE.csv",
        help="a forecast instead of a picture; the series that the model learnt from where no file "
        "is named",
    )
    added.add_argument(
        "--model",
        help=f"default: {MODELS[PICTURE]}, {MODELS[TEXT]} for texts, {MODELS[SERIES]} for series",
    )
    added.add_argument(
        "--method",
        default="",
        help="an attack; default: pgd, embedding-substitution for texts, forecast-pgd for series",
    )
    added.add_argument("--seed", type=int, default=0, help="of what is drawn; default: %(default)s")
    added.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="an attack's parameter"
    )
    added.add_argument(
        "--target",
        metavar="INDEX|LABEL|SERIES",
        help="the class to be reached, default: any other; of a forecast the series, default: the "
        "model's first",
    )
    added.add_argument(
        "--label",
        metavar="INDEX|LABEL",
        help="of a picture or text: the right class; default: what the model says",
    )
    added.add_argument(
        "--epsilon",
        type=fraction,
        metavar="E",
        help="the budget: of a picture such as 8/255 or 0.5, in l0 a number of pixels, default: "
        "the usual one; of a forecast in standard deviations of each series, default: 0.1",
    )
    _declare_pictures(added)
    added.add_argument(
        "--queries",
        type=positive,
        metavar="N",
        help="of a text: changed texts that may be sent through the model; default: 500",
    )
    _declare_series(added)


def _declare_pictures(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--norm", metavar="NORM", help="of a picture: linf, l2 or l0; default: the attack's own"
    )
    added.add_argument(
        "--smallest",
        action="store_true",
        help="of a picture: look for the smallest budget that suffices",
    )
    added.add_argument(
        "--png", metavar="FILE", help="of a picture: write the changed one, in 256 levels"
    )


def _declare_series(added: argparse.ArgumentParser) -> None:
    added.add_argument(
        "--direction",
        metavar="WAY",
        help="of a forecast: up, down, or either, whichever moves it further; default: either",
    )
    added.add_argument("--origin", metavar="DATE", help=f"of a forecast: {forecasting.ORIGIN}")
    added.add_argument(
        "--horizon",
        type=int,
        metavar="N",
        help="of a forecast: periods ahead; default: the mean of all",
    )
    added.add_argument(
        "--draws",
        type=int,
        metavar="N",
        help="of a forecast: random changes that it is compared with; default: 200",
    )


def fraction(text: str) -> float:
    """ "8/255" or "0.03" """
    above, slash, below = text.partition("/")
    try:
        return float(above) / float(below) if slash else float(above)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f'"{text}" is no number, such as 8/255 or 0.03') from None


def _attack(args: argparse.Namespace) -> int:
    given = {PICTURE: args.path, TEXT: args.text, SERIES: args.series}
    kinds = [kind for kind, one in given.items() if one is not None]
    if len(kinds) != 1:
        raise BadInput("attack takes a picture, or --text, or --series, one of the three")
    kind = kinds[0]
    asked = _asked(args, kind)
    from dlexplain.services.attack.attacking import ATTACKS, attack
    from dlexplain.services.models import load, modality_of

    model = load(args.model or MODELS[kind])
    if (reads := modality_of(model)) != kind and reads in ATTACKS:
        raise BadInput(f"{model.name} reads {_noun(reads)}, and {_noun(kind)} is given")
    params: Mapping[str, Any] = dict(map(key_value, args.set))
    found = attack(model, given[kind], args.method, seed=args.seed, **asked, **params)
    if args.png:
        _write(found, Path(args.png))
    if args.json:
        print(json.dumps(found.to_dict(), indent=1))
        return 0
    print(found.told)
    if kind == PICTURE:
        _tell_picture(found, args.smallest)
    elif kind == TEXT:
        _tell_text(found)
    else:
        _tell_series(found)
    return 0


def _noun(modality: str) -> str:
    return modality if modality == SERIES else f"a {modality}"


def _asked(args: argparse.Namespace, kind: str) -> dict[str, Any]:
    """What was given, as dx.attack calls it; raises BadInput for what is of another kind."""
    found = {}
    for name, kinds in OF_KINDS.items():
        value = getattr(args, name)
        if value is None or value is False:
            continue
        if kind not in kinds:
            accepted = " or ".join(f"a {one}" if one != SERIES else "a forecast" for one in kinds)
            raise BadInput(f"--{name} is for {accepted}, not for {_noun(kind)}")
        if name != "png":
            found[NAMES.get(name, name)] = value
    return found


def _tell_picture(found: "AttackResult", smallest: bool) -> None:
    far = f"{255 * found.linf:.3g}/255 at most, length {found.l2:.3g}, {found.pixels:,d} pixels"
    print(f"  change: {far}")
    if found.success and not found.saved_success:
        print("  saved in 256 levels, the picture fools it no more")
    if smallest:
        from dlexplain.results.attacks import smallest_told

        print(f"  {smallest_told(found.norm, found.smallest)}")


def _tell_text(found: "TextAttackResult") -> None:
    if found.already:
        return
    for one in found.changes:
        alike = "" if one.similarity is None else f"  similarity {one.similarity:.2f}"
        print(f"  {one.old} -> {one.new or '(left out)'}{alike}")
    print(f"  {found.moved}")
    print(f"  {found.queries:,} of {found.budget:,} queries in {found.seconds:.2f} s")


def _tell_series(found: "SeriesAttackResult") -> None:
    print(f"  {found.random_told}")
    print(f"  {found.evaluations:,} evaluations in {found.seconds:.2f} s")


def _write(found: "AttackResult", file: Path) -> None:
    from PIL import Image

    try:
        Image.fromarray(found.saved).save(file, format="PNG")
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror or error}") from error
