"""The command film: the map of one input at each epoch of a run that kept its weights."""

import argparse
import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlexplain.cli.explaining import DEFAULT_METHOD, key_value
from dlexplain.cli.saying import Told, check_params
from dlexplain.errors import BadInput

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import Film

FORMS = (".webp", ".gif", ".png")
OTHER_METHOD = "integrated-gradients"
"""Of texts and forecasts."""


def declare(command: "Commands") -> None:
    """Add this file's command to the parser."""
    added = command("film", _film, "Show how the map of one input changed while a run was trained.")
    added.add_argument(
        "id", metavar="RUN", help="the id of a run that was trained with --set keep_every=1"
    )
    added.add_argument(
        "input",
        nargs="?",
        metavar="INPUT",
        help="a picture, a text, or a CSV of series; default: a test picture or text that the run "
        "has kept, or its own series",
    )
    added.add_argument(
        "--method",
        help=f"see: dlexplain methods; default: {DEFAULT_METHOD}, or {OTHER_METHOD} for texts and "
        "forecasts",
    )
    added.add_argument(
        "--target",
        metavar="INDEX|LABEL",
        help="the class explained in every frame; default: the right one of a test picture, else "
        "the one that the last weights name; of a forecast a series",
    )
    added.add_argument("--origin", metavar="DATE", help="of a forecast: the last row that is seen")
    added.add_argument(
        "--horizon", type=int, metavar="N", help="of a forecast: periods ahead; default: the last"
    )
    added.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a method's parameter"
    )
    added.add_argument(
        "--out",
        metavar="FILE",
        help="write the film: .webp or .gif moves, .png shows all frames side by side",
    )


def _film(args: argparse.Namespace) -> int:
    out = Path(args.out) if args.out else None
    if out is not None and out.suffix.lower() not in FORMS:
        raise BadInput(f'--out is "{args.out}"; a name that ends in {", ".join(FORMS)} is accepted')
    from dlexplain.services.explaining import infos_for
    from dlexplain.services.film import MODALITIES, chosen_files, film
    from dlexplain.services.jobs import Progress
    from dlexplain.services.training.runs import run

    record = run(args.id)
    chosen_files(record)  # what cannot be filmed is told first
    modality = MODALITIES[record.task]
    params: dict[str, Any] = dict(key_value(text) for text in args.set)
    method = args.method or (DEFAULT_METHOD if modality == "picture" else OTHER_METHOD)
    check_params(params, method, infos_for(modality))
    ahead = {"origin": args.origin, "step": args.horizon}
    given = {key: value for key, value in ahead.items() if value is not None}
    if given and modality != "series":
        raise BadInput(
            f"--origin and --horizon are of a forecast; run {record.id} reads a {modality}"
        )
    found = film(
        record.id, args.input, args.method or "", args.target,
        progress=Progress(report=Told("epochs")), **given, **params,
    )  # fmt: skip
    if out is not None:
        _write(out, found)
    print(json.dumps(found.to_dict(), indent=1) if args.json else _told(found))
    return 0


def _write(out: Path, found: "Film") -> None:
    from dlexplain.figures.film import film_gif, film_strip, film_webp

    content = {".webp": film_webp, ".gif": film_gif, ".png": film_strip}[out.suffix.lower()]
    try:
        out.write_bytes(content(found))
    except OSError as error:
        raise BadInput(f"{out} cannot be written: {error.strerror}") from error
    print(f"wrote {out}", file=sys.stderr)


def _told(found: "Film") -> str:
    lines = [f"run {found.run}, {found.name}: {found.title} of {found.of}"]
    lines.append(f"  {'epoch':>6}  {'map like the last':18}  {found.what}")
    for frame in found.frames:
        likeness = "–" if math.isnan(frame.likeness) else f"{frame.likeness:.2f}"
        value = f"{frame.value:+.4g}" if found.modality == "series" else f"{frame.value:.1%}"
        said = f"  says {frame.said}" if frame.said else ""
        lines.append(f"  {frame.epoch:>6}  {likeness:18}  {value}{said}")
    return "\n".join([*lines, found.answer, *found.notes])
