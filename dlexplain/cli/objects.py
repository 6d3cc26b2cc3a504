"""Commands on detectors and segmenters: detect, segment, and what explain does with them."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from dlexplain.cli.saying import check_params
from dlexplain.errors import BadInput

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import Attribution

MODEL_HELP = "its folder in Hugging Face's form, or its name on the hub"
FIT_HELP = "how a picture is made into the model's square: squash, crop, crop:X,Y or pad"


def declare(command: "Commands") -> None:
    """Add this file's commands to the parser."""
    detect = command("detect", _detect, "Find the boxes of objects in a picture by a detector.")
    detect.add_argument(
        "--threshold", type=float, default=0.5, help="least probability; default: %(default)s"
    )
    segment = command("segment", _segment, "Give each place of a picture a class by a segmenter.")
    for added in (detect, segment):
        added.add_argument("path", metavar="PICTURE", help="a picture")
        added.add_argument("--model", required=True, metavar="FOLDER", help=MODEL_HELP)
        added.add_argument("--fit", metavar="FIT", help=FIT_HELP)


def declare_explain(explain: argparse.ArgumentParser) -> None:
    """Add to `explain` what it asks of a detector or a segmenter."""
    explain.add_argument(
        "--box",
        type=int,
        metavar="N",
        help="explain this box of a detector, numbered as detect prints them; needs --model",
    )
    explain.add_argument(
        "--region",
        metavar="INDEX|LABEL",
        help="explain where a segmenter sees this class; needs --model",
    )


def asks_part(args: argparse.Namespace) -> bool:
    """Whether `explain` is asked of a box or a region."""
    return args.box is not None or args.region is not None


def explained(args: argparse.Namespace, method: str, params: dict[str, Any]) -> "Attribution":
    """The answer to `explain PICTURE --box N` or `--region CLASS`."""
    if args.path is None:
        raise BadInput("--box and --region are of a picture; a text or a series has none")
    if args.box is not None and args.region is not None:
        raise BadInput("--box is of a detector, --region of a segmenter; give one of them")
    if not args.model:
        raise BadInput("--box and --region need --model, a detector's or a segmenter's folder")
    from dlexplain.services.explaining import infos_for
    from dlexplain.services.loading import load
    from dlexplain.services.objects.explain import explain_box, explain_region
    from dlexplain.services.objects.models import LoadedDetector, LoadedSegmenter

    check_params(params, method, infos_for("picture" if args.box is None else "box"))
    asked = (args.path, method, args.target, args.contrast, None, args.fit, args.alone)
    if args.box is not None:
        detector = load(LoadedDetector, args.model)
        return explain_box(detector, *asked, box=args.box, **params)
    segmenter = load(LoadedSegmenter, args.model)
    return explain_region(segmenter, *asked, region=args.region, **params)


def _detect(args: argparse.Namespace) -> int:
    from dlexplain.services.loading import load
    from dlexplain.services.objects.detecting import detect
    from dlexplain.services.objects.models import LoadedDetector

    found = detect(load(LoadedDetector, args.model), args.path, args.threshold, args.fit)
    if args.json:
        print(json.dumps(found.to_dict() | {"path": args.path}, indent=1))
        return 0
    print(args.path)
    for box in found.boxes:
        place = ", ".join(f"{side:.0f}" for side in (box.left, box.top, box.right, box.bottom))
        print(f"  {box.number:3}  {box.score.probability:7.2%}  {box.score.name.label} ({place})")
    if not found.boxes:
        best = found.best.score
        print(
            f"  no box reaches {args.threshold:.0%}; the most probable is {best.name.label}, "
            f"{best.text}"
        )
    return 0


def _segment(args: argparse.Namespace) -> int:
    from dlexplain.services.loading import load
    from dlexplain.services.objects.models import LoadedSegmenter
    from dlexplain.services.objects.segmenting import segment

    found = segment(load(LoadedSegmenter, args.model), args.path, args.fit)
    if args.json:
        print(json.dumps(found.to_dict() | {"path": args.path}, indent=1))
        return 0
    print(args.path)
    for region in found.regions:
        print(f"  {region.share:7.2%}  {region.name.label} ({region.name.index})")
    return 0
