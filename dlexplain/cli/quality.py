"""The command that says how far an explanation can be believed: quality."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from dlexplain.cli import explaining_texts, forecasting
from dlexplain.cli.explaining import DEFAULT_MODEL, key_value
from dlexplain.errors import BadInput, ParamError
from dlexplain.params import Value

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import Quality

NAMED = "METRIC.KEY=VALUE"


def declare(command: "Commands") -> None:
    """Add this file's command to the parser."""
    added = command("quality", _quality, "Measure how far explanations can be believed.")
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
        help=f"default: {DEFAULT_MODEL}, {explaining_texts.DEFAULT_MODEL} for texts, "
        f"{forecasting.DEFAULT_MODEL} for series",
    )
    added.add_argument(
        "--method", action="append", default=[], help="several may be given; default: the usual one"
    )
    added.add_argument(
        "--metric", action="append", default=[], help="several may be given; default: all that suit"
    )
    added.add_argument("--target", metavar="INDEX|LABEL", help="default: as explain has it")
    added.add_argument(
        "--rival", metavar="MODEL", help="one that learnt random labels, for label-randomisation"
    )
    added.add_argument("--seed", type=int, default=0, help="of what is drawn; default: %(default)s")
    added.add_argument(
        "--set", action="append", default=[], metavar=NAMED, help="a metric's parameter"
    )


def _quality(args: argparse.Namespace) -> int:
    given = [args.path, args.text, args.series]
    if given.count(None) != 2:
        raise BadInput("quality takes a picture, or --text, or --series, one of the three")
    params = named_params(args.set, NAMED)
    from dlexplain.services.models import explain, load
    from dlexplain.services.quality.judging import quality

    defaults = (DEFAULT_MODEL, explaining_texts.DEFAULT_MODEL, forecasting.DEFAULT_MODEL)
    place = next(i for i, one in enumerate(given) if one is not None)
    model = load(args.model or defaults[place])
    rival = load(args.rival) if args.rival else None
    found = []
    for method in args.method or [""]:
        explanation = explain(model, given[place], method, args.target)
        measured = quality(
            model, given[place], explanation, args.metric, rival=rival, seed=args.seed,
            params=params,
        )  # fmt: skip
        found.append((explanation, measured))
        if not args.json:
            print(f"{explanation.title}")
            for one in measured:
                print(f"  {_line(one)}")
    if args.json:
        rows = [
            {"method": explanation.method, "quality": [one.to_dict() for one in measured]}
            for explanation, measured in found
        ]
        print(json.dumps(rows, indent=1))
    return 0


def _line(one: "Quality") -> str:
    found = one.found
    interval = "" if found.low is None else f" [{found.low:.3g} to {found.high:.3g}], n = {found.n}"
    unit = f" {one.unit}" if one.unit else ""
    note = f"  {found.note}" if found.note else ""
    return f"{one.title:28}{found.value:10.4g}{interval}{unit}{note}"


def named_params(given: list[str], accepted: str) -> dict[str, dict[str, Value]]:
    """NAME.KEY=VALUE by name; raises ParamError, which says what is accepted."""
    found: dict[str, dict[str, Any]] = {}
    for text in given:
        name, value = key_value(text)
        whose, dot, key = name.partition(".")
        if not dot:
            raise ParamError(f'--set takes {accepted}, such as deletion.points=32; given: "{text}"')
        found.setdefault(whose, {})[key] = value
    return found
