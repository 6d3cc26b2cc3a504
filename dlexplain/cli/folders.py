"""The command explain-folder: a folder or ZIP of pictures, classified and explained."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlexplain.cli.explaining import DEFAULT_METHOD, DEFAULT_MODEL, FIT_HELP, key_value
from dlexplain.cli.saying import Told, check_params, complain, kept_when_stopped
from dlexplain.errors import BadInput

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import ExplainedFolder


def declare(command: "Commands") -> None:
    """Add this file's command to the parser."""
    folder = command(
        "explain-folder", _explain_folder, "Classify and explain the pictures of a folder or ZIP."
    )
    folder.add_argument("source", metavar="FOLDER_OR_ZIP")
    folder.add_argument("--model", help=f"default: {DEFAULT_MODEL}")
    folder.add_argument("--method", help=f"see: dlexplain methods; default: {DEFAULT_METHOD}")
    folder.add_argument(
        "--rival", metavar="MODEL2", help="a second model of the same classes to compare with"
    )
    folder.add_argument("--fit", metavar="FIT", help=FIT_HELP)
    folder.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a method's parameter"
    )
    folder.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        help="where answers and maps are kept as they come, and at the end answers.csv, "
        "contact-sheet.png, report.html and recipe.json",
    )
    folder.add_argument(
        "--resume", action="store_true", help="go on with what an earlier call has left in DIR"
    )


def _explain_folder(args: argparse.Namespace) -> int:
    from dlexplain.services.jobs import Progress
    from dlexplain.services.pictures.explain import method_infos
    from dlexplain.services.pictures.folder import explain_folder

    params: dict[str, Any] = dict(key_value(text) for text in args.set)
    check_params(params, args.method or DEFAULT_METHOD, method_infos())
    with kept_when_stopped(args.out):
        found = explain_folder(
            args.model or DEFAULT_MODEL,
            args.source,
            args.method or "",
            args.out,
            rival=args.rival,
            fit=args.fit,
            resume=args.resume,
            progress=Progress(report=Told("pictures")),
            **params,
        )
    _write(found)
    for problem in (*found.refused, *found.skipped):
        complain(problem)
    if args.json:
        print(json.dumps(found.to_dict(), indent=1))
    else:
        _print(found)
    return 1 if found.refused else 0


def _write(found: "ExplainedFolder") -> None:
    from dlexplain.figures.folder_report import folder_report
    from dlexplain.figures.folders import contact_sheet
    from dlexplain.services.pictures.folder_bundle import recipe

    order = "wrong" if found.known else "name"
    files = {
        "answers.csv": found.to_csv().encode(),
        "contact-sheet.png": contact_sheet(found, order),
        "report.html": folder_report(found),
        "recipe.json": json.dumps(recipe(found), indent=2).encode(),
    }
    for name, content in files.items():
        file = Path(found.folder, name)
        try:
            file.write_bytes(content)
        except OSError as error:
            raise BadInput(f"{file} cannot be written: {error.strerror or error}") from error


def _print(found: "ExplainedFolder") -> None:
    from dlexplain.figures.folder_report import summary

    earlier = f", {found.earlier:,} of them done earlier" if found.earlier else ""
    print(f"{found.source}: {found.total:,} pictures{earlier}, {found.title} by {found.model}")
    for line in summary(found):
        print(f"  {line}")
    print(f"  {found.folder}: answers.csv, report.html, contact-sheet.png, recipe.json, maps/")
