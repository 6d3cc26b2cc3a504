"""Commands that look at models and explain: models, methods, doctor, classify, explain.

What they do with texts is in cli/explaining_texts.py.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlexplain.cli import explaining_texts, forecasting, objects
from dlexplain.cli.reporting import check_report, declare_report, write_report
from dlexplain.cli.saying import check_params, complain
from dlexplain.errors import BadInput, PictureError
from dlexplain.results.words import evaluations_told

if TYPE_CHECKING:
    from dlexplain.cli import Commands
    from dlexplain.results import Attribution

DEFAULT_MODEL = "efficientnet-lite0"
DEFAULT_METHOD = "grad-cam"
"""The first that the page offers; a test compares them."""
MODEL_HELP = f"default: {DEFAULT_MODEL}, or {explaining_texts.DEFAULT_MODEL} for texts"
NAMED = 3
"""Files of a folder that are named where some were skipped; of the rest the number."""
KINDS = ("picture", "box", "text", "token", "series", "next-token", "translation")
FIT_HELP = (
    "how a picture is made into the model's square: crop (default), crop:X,Y (0,0 from the left "
    "and top, 1,1 from the right and bottom), pad or squash"
)
HEAD_HELP = "of a model that learned several labels, the one that is asked; default: its first"


def positive(text: str) -> int:
    """A whole number from 1; raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is no whole number from 1')
    return int(text)


def declare(command: "Commands") -> None:
    """Add this file's commands to the parser."""
    command("models", _models, "List the models.")
    methods = command("methods", _methods, "List the explanation methods and their parameters.")
    methods.add_argument(
        "--for", dest="kind", default="picture", choices=KINDS, help="kind of input they explain"
    )
    for kind, option in (("text", "--texts"), ("series", "--series")):
        methods.add_argument(
            option, dest="kind", action="store_const", const=kind, help=f"the same as --for {kind}"
        )
    command("doctor", _doctor, "Check this machine and say what to mend.")

    classify = command("classify", _classify, "Name the classes of pictures or texts.")
    classify.add_argument("paths", nargs="*", metavar="PATH", help="pictures or folders of them")
    classify.add_argument("--text", help="a text instead of pictures")
    classify.add_argument("--texts", metavar="FILE.csv", help="a CSV with a column of texts")
    classify.add_argument("--column", default="", help='of the CSV; by default "text"')
    classify.add_argument("--model", help=MODEL_HELP)
    classify.add_argument(
        "--top", type=positive, help="classes to print (default 5, or all where there are fewer)"
    )

    classify.add_argument("--fit", metavar="FIT", help=FIT_HELP)
    classify.add_argument("--head", default="", metavar="LABEL", help=HEAD_HELP)

    explain = command("explain", _explain, "Explain a picture's or text's class, or a forecast.")
    explain.add_argument("path", nargs="?", metavar="PATH", help="a picture")
    explain.add_argument("--text", help="a text instead of a picture")
    forecasting.declare_explain(explain)
    objects.declare_explain(explain)
    explain.add_argument(
        "--method",
        help="see: dlexplain methods [--texts] [--series]; "
        f"default: {DEFAULT_METHOD}, occlusion where the model has no gradients, or "
        f"{explaining_texts.DEFAULT_METHOD} for texts and forecasts",
    )
    explain.add_argument("--model", help=MODEL_HELP)
    explain.add_argument("--target", metavar="INDEX|LABEL", help="default: the top class")
    explain.add_argument(
        "--contrast",
        metavar="INDEX|LABEL",
        help="why the target rather than this class; default: the other one where there are two",
    )
    explain.add_argument(
        "--alone",
        action="store_true",
        help="the target's score by itself, also where there are two classes",
    )
    explain.add_argument(
        "--word",
        metavar="NUMBER|WORD",
        help="of a token classifier, whose label is explained, from 0; default: the first that is "
        "labelled as something",
    )
    explain.add_argument("--fit", metavar="FIT", help=FIT_HELP)
    explain.add_argument(
        "--segments",
        metavar="FILE.png",
        help="of the picture's size, each colour a segment that stands for a superpixel of LIME, "
        "Kernel SHAP, Shapley values and others",
    )
    explain.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a method's parameter"
    )
    explain.add_argument(
        "--out",
        metavar="FILE",
        help="write the attribution, FILE.npz; of a text FILE.html, of a forecast FILE.csv",
    )
    explain.add_argument("--png", metavar="FILE.png", help="write the map over the picture")
    declare_report(explain)
    explain.add_argument("--head", default="", metavar="LABEL", help=HEAD_HELP)
    explain.add_argument(
        "--heads",
        action="store_true",
        help="of a model that learned several labels, explain what each head says of a picture, "
        "and how alike their maps are",
    )


def _models(args: argparse.Namespace) -> int:
    from dlexplain.services.pictures.cards import picture_specs

    rows = [
        {
            "name": spec.name,
            "title": spec.title,
            "task": spec.task,
            "input_shape": list(spec.input_shape),
            "labels": spec.labels,
            "paper": spec.paper,
            "licence": spec.licence,
        }
        for spec in picture_specs()
    ]
    if args.json:
        print(json.dumps(rows, indent=2))
    else:
        for row in rows:
            print(f"{row['name']:24}{row['title']}, {row['labels']}, {row['licence']}")
    return 0


def _methods(args: argparse.Namespace) -> int:
    from dlexplain.services.explaining import infos_for

    infos = infos_for(args.kind)
    if args.json:
        print(json.dumps([info.to_dict() for info in infos], indent=2))
        return 0
    for info in infos:
        facts = [info.family, "signed" if info.signed else "unsigned"]
        facts += ["complete"] if info.complete else []
        print(f"{info.name:22}{info.title} ({', '.join(facts)})")
        for key, spec in info.params.items():
            print(f"{'':24}--set {key}={spec.default}  {spec.label}: {spec.accepts}")
    return 0


def _doctor(args: argparse.Namespace) -> int:
    from dlexplain.services.cluster import ask_cluster, choice_problem
    from dlexplain.services.health import keeper_problem, remade_told, store_problem
    from dlexplain.services.integrity import check_installation
    from dlexplain.services.machine import (
        alert_problem,
        compute_device,
        home_problem,
        package_versions,
        this_machine,
        weights_installed,
    )
    from dlexplain.settings import settings

    machine, problems = this_machine(), []
    versions = package_versions()
    missing = [name for name, version in versions.items() if version == "missing"]
    if missing:
        problems.append(f"{', '.join(missing)} not installed; run: pip install -r requirements.txt")
    files = check_installation()
    problems += files.problems
    problems += [home_problem()] if home_problem() else []
    problems += [told for told in (alert_problem(), store_problem(), keeper_problem()) if told]
    device, threads = "unknown", 0
    if "torch" not in missing:
        try:
            device, threads = compute_device()
        except BadInput as error:
            problems.append(str(error))
    problems += [choice_problem()] if choice_problem() else []
    cluster = {}
    if settings().ray:
        asked = ask_cluster()
        cluster = {"cluster": asked.told}
        problems += [asked.problem] if asked.problem else []
    facts = {
        "python": machine.python,
        "system": machine.system,
        "processor": machine.processor,
        "cores": machine.cores,
        "memory_gb": round(machine.memory / 1e9, 1),
        "device": device,
        "threads": threads,
        "home": str(settings().home),
        **cluster,
        **({"remade": remade_told()} if remade_told() else {}),
        "weights": weights_installed(),
        "files": f"{files.sound} as they were shipped, {len(files.problems)} not",
        "versions": versions,
        "problems": problems,
    }
    if args.json:
        print(json.dumps(facts, indent=2))
    else:
        for key, value in facts.items():
            if key not in ("versions", "problems"):
                print(f"{key:12}{value}")
        print(f"{'versions':12}" + ", ".join(f"{k} {v}" for k, v in versions.items()))
        for problem in problems:
            print(f"mend        {problem}")
        if not problems:
            print("all well")
    return 1 if problems else 0


def _asked_head(args: argparse.Namespace) -> None:
    """Put the head into the model's name, as whoever loads it takes it; raises BadInput."""
    if args.head:
        if args.model is None:
            raise BadInput("--head is a label of a model; name the model by --model")
        args.model = f"{args.model}:{args.head}"


def _classify(args: argparse.Namespace) -> int:
    _asked_head(args)
    given = [bool(args.paths), args.text is not None, args.texts is not None]
    if sum(given) != 1:
        raise BadInput("classify takes pictures, or --text, or --texts, one of the three")
    if not args.paths:
        _no_fit(args)
        return explaining_texts.classify(args)
    from dlexplain.services.loading import load
    from dlexplain.services.pictures.explain import classify
    from dlexplain.services.pictures.models import LoadedModel

    model = load(LoadedModel, args.model or DEFAULT_MODEL)
    predictions, failed = [], 0
    for path in _pictures(args.paths):
        try:
            prediction = replace(classify(model, path, args.top, args.fit), path=str(path))
        except PictureError as error:
            complain(error)
            failed += 1
            continue
        predictions.append(prediction.to_dict())
        if not args.json:
            print(path)
            for score in prediction.scores:
                name = score.name
                place = ", ".join(filter(None, (str(name.index), name.wnid)))
                print(f"  {score.probability:7.2%}  {name.label} ({place})")
    if args.json:
        print(json.dumps(predictions, indent=1))
    return 1 if failed else 0


def _pictures(paths: Sequence[str]) -> list[Path]:
    """Folders are searched for pictures; a file named outright is taken whatever its ending."""
    from dlexplain.services.pictures.sources import ENDINGS

    found: list[Path] = []
    for path in map(Path, paths):
        if path.is_dir():
            inside = [p for p in sorted(path.rglob("*")) if p.is_file()]
            pictures = [p for p in inside if p.suffix.lower()[1:] in ENDINGS]
            if not pictures:
                endings = ", ".join(f".{ending}" for ending in ENDINGS)
                raise PictureError(f"the folder {path} has no picture; looked for {endings}")
            _tell_skipped(path, inside, pictures)
            found += pictures
        else:
            found.append(path)
    return found


def _tell_skipped(folder: Path, inside: Sequence[Path], pictures: Sequence[Path]) -> None:
    """One line on stderr about files that were not tried; of hidden ones nothing is said."""
    taken = set(pictures)
    parts = {p: p.relative_to(folder).parts for p in inside}
    files = [p for p in inside if p in taken or not any(q.startswith(".") for q in parts[p])]
    skipped = [str(p.relative_to(folder)) for p in files if p not in taken]
    if skipped:
        more = f" and {len(skipped) - NAMED:,} more" if len(skipped) > NAMED else ""
        complain(
            f"skipped {len(skipped):,} of {len(files):,} files in {folder}, which are not named as "
            f"pictures are: {', '.join(skipped[:NAMED])}{more}"
        )


def _explain(args: argparse.Namespace) -> int:
    params: dict[str, Any] = dict(key_value(text) for text in args.set)
    _asked_head(args)
    if [args.path, args.text, args.series].count(None) != 2:
        raise BadInput("explain takes a picture, or --text, or --series, one of the three")
    check_report(args)
    if args.path is None:
        _no_fit(args)
    if args.text is None and args.word is not None:
        raise BadInput("--word is about texts; a picture or a series takes none")
    if args.path is None and args.segments is not None:
        raise BadInput("--segments are of a picture; a text or a series takes none")
    if args.heads:
        return _explain_heads(args, params)
    if objects.asks_part(args):
        of_part = objects.explained(args, args.method or DEFAULT_METHOD, params)
        write_report(args, replace(of_part, path=args.path))
        return _tell(args, of_part)
    if args.series is not None:
        return forecasting.explain(args, params)
    if args.text is not None:
        return explaining_texts.explain(args, params)
    from dlexplain.services.loading import load
    from dlexplain.services.pictures.explain import classify, explain, method_infos
    from dlexplain.services.pictures.models import LoadedModel

    method = args.method or DEFAULT_METHOD
    check_params(params, method, method_infos())
    # Unknown method and target are told before the model is loaded and the file is read.
    model = load(LoadedModel, args.model or DEFAULT_MODEL)
    path = Path(args.path)
    attribution = explain(
        model, path, args.method or "", args.target, args.contrast, None, args.fit, args.alone,
        args.segments, **params
    )  # fmt: skip
    status = _tell(args, attribution)
    if args.report or args.keep_report:
        said = replace(classify(model, path, None, args.fit), path=args.path)
        write_report(args, said, replace(attribution, path=args.path))
    return status


def _explain_heads(args: argparse.Namespace, params: dict[str, Any]) -> int:
    """The maps of all heads, which are not written, and their rank correlations."""
    from dlexplain.services.pictures.explain import method_infos
    from dlexplain.services.pictures.heads import head_maps

    given = {"--text": args.text, "--series": args.series, "--target": args.target,
             "--out": args.out, "--png": args.png, "--head": args.head or None,
             "--report": args.report or None}  # fmt: skip
    if wrong := [option for option, value in given.items() if value is not None]:
        raise BadInput(f"--heads explains all heads of a picture; {wrong[0]} does not go with it")
    if args.model is None:
        raise BadInput("--heads is about a model that learned several labels; name it by --model")
    check_params(params, args.method or DEFAULT_METHOD, method_infos())
    found = head_maps(args.model, Path(args.path), args.method or "", fit=args.fit, **params)
    if args.json:
        print(json.dumps(found.to_dict(), indent=2))
        return 0
    print(f"{args.path}: {next(iter(found.maps.values())).title}")
    for head, one in found.maps.items():
        print(f"  {head:20}why {one.class_question}")
    print("Spearman's rank correlation of the maps:")
    for row, head in enumerate(found.heads):
        for column in range(row):
            print(f"  {head} and {found.heads[column]}: {found.spearman[row, column]:.2f}")
    return 0


def _tell(args: argparse.Namespace, attribution: "Attribution") -> int:
    attribution = replace(attribution, path=args.path)
    _write(args, attribution)
    if args.json:
        print(json.dumps(attribution.to_dict(), indent=2))
        return 0
    error = attribution.completeness_error
    print(f"{args.path}: {attribution.title}, why {attribution.class_question}")
    print(f"  {evaluations_told(attribution.evaluations)} in {attribution.seconds:.2f} s")
    if attribution.way:
        print(f"  {attribution.way}")
    if error is not None:
        print(f"  completeness error {error:.2%}")
    if attribution.note:
        print(f"  {attribution.note}")
    return 0


def _no_fit(args: argparse.Namespace) -> None:
    if args.fit is not None:
        raise BadInput("--fit is about pictures; a text or a series takes none")


def _write(args: argparse.Namespace, attribution: "Attribution") -> None:
    from dlexplain.figures.overlay import attribution_png

    files = ((args.out, attribution.to_npz), (args.png, partial(attribution_png, attribution)))
    for name, content in files:
        if name:
            try:
                Path(name).write_bytes(content())
            except OSError as error:
                raise BadInput(f"{name} cannot be written: {error.strerror}") from error
            print(f"wrote {name}", file=sys.stderr)


def key_value(text: str) -> tuple[str, str]:
    """What --set takes; raises BadInput."""
    key, equals, value = text.partition("=")
    if not (key and equals):
        raise BadInput(f'--set takes KEY=VALUE, such as steps=50; given: "{text}"')
    return key, value
