"""Commands of models that make pictures: sample and reconstruct."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlexplain.errors import BadInput
from dlexplain.params import specs
from dlexplain.services.latent.sampling_settings import SamplingParams

if TYPE_CHECKING:
    from dlexplain.cli import Commands

MODEL = "a zoo model or a run's id; default: mnist-vae"


def declare(command: "Commands") -> None:
    """Add this file's commands to the parser."""
    sample = command("sample", _sample, "Make pictures of random numbers.")
    sample.add_argument("--model", default="", metavar="NAME", help=MODEL)
    for key, spec in specs(SamplingParams).items():
        sample.add_argument(
            f"--{key}",
            default=spec.default,
            metavar="N",
            help=f"{spec.help} {spec.accepts}; default: %(default)s",
        )
    sample.add_argument(
        "--class",
        dest="label",
        default="",
        metavar="INDEX|LABEL",
        help="of models that can be asked for one; default: all by turns",
    )
    sample.add_argument("--out", metavar="FILE.png", help="write the pictures as one")

    reconstruct = command("reconstruct", _reconstruct, "Put a picture through an autoencoder.")
    reconstruct.add_argument("path", metavar="PICTURE")
    reconstruct.add_argument("--model", default="", metavar="NAME", help=MODEL)
    reconstruct.add_argument(
        "--compare", action="store_true", help="how unusual it is among the data set's pictures"
    )
    reconstruct.add_argument(
        "--data-path", default="", metavar="PATH", help="where that data set lies; for --compare"
    )
    reconstruct.add_argument("--as-is", action="store_true", help="do not centre handwriting")
    reconstruct.add_argument(
        "--out", metavar="FILE.png", help="write what the model saw and the copy, side by side"
    )


def _sample(args: argparse.Namespace) -> int:
    from dlexplain.figures.latent_sheets import png, sheet
    from dlexplain.services.latent.sampling import sample

    params: dict[str, Any] = {key: getattr(args, key) for key in specs(SamplingParams)}
    made = sample(args.model, args.label, **params)
    if args.out:
        _write(args.out, png(sheet(made.pixels)))
    if args.json:
        print(json.dumps(made.to_dict(), indent=1))
    else:
        where = f" to {args.out}" if args.out else "; --out FILE.png writes them"
        print(f"{len(made.pixels)} pictures of {made.model}, seed {made.seed}{where}")
    return 0


def _reconstruct(args: argparse.Namespace) -> int:
    import numpy as np

    from dlexplain.figures.latent_sheets import png, sheet
    from dlexplain.services.latent.codes import reconstruct
    from dlexplain.services.latent.map import encode_data
    from dlexplain.services.latent.models import LatentModel
    from dlexplain.services.latent.unusual import how_unusual
    from dlexplain.services.loading import load

    model = load(LatentModel, args.model)
    known = encode_data(model, args.data_path) if args.compare else None
    found = reconstruct(model, args.path, known, centre=not args.as_is)
    if args.out:
        _write(args.out, png(sheet(np.stack([found.seen.pixels, found.copy]))))
    if args.json:
        print(json.dumps(found.to_dict(), indent=1))
        return 0
    print(f"{found.seen.name} by {found.model}: mean squared error {found.error:.5f}")
    if known is not None:
        unusual = how_unusual(found, known)
        for finding in unusual.findings:
            print(f"{finding.measured}: {finding.follows}")
        if unusual.beware:
            print(unusual.beware)
    if found.seen.changes:
        print(f"what was done to it: {'; '.join(found.seen.changes)}")
    return 0


def _write(path: str, content: bytes) -> None:
    try:
        Path(path).write_bytes(content)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror or error}") from error
