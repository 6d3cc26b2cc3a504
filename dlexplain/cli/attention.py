"""The command that shows where a model looks in a text or a picture: attention."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from dlexplain.errors import BadInput

if TYPE_CHECKING:
    from dlexplain.cli import Commands

DEFAULT_MODEL, PICTURES_MODEL = "sst2-minilm", "cifar10-vit"


def declare(command: "Commands") -> None:
    """Add this file's command to the parser."""
    added = command(
        "attention",
        _attention,
        "Where each token of a text, or each patch of a picture, looks, by layer and head.",
    )
    given = added.add_mutually_exclusive_group(required=True)
    given.add_argument("--text", help="the text")
    given.add_argument("--picture", metavar="FILE", help="the picture, for a vision Transformer")
    added.add_argument(
        "--model",
        help=f"default: {DEFAULT_MODEL} for a text, {PICTURES_MODEL} for a picture",
    )
    added.add_argument(
        "--window",
        type=int,
        default=1,
        metavar="N",
        help="which stretch of a text that is longer than the model reads; default: %(default)s",
    )
    added.add_argument("--hide-marks", action="store_true", help="leave out marks such as [CLS]")
    added.add_argument(
        "--out",
        metavar="FILE.npz",
        help="write the weights, layers x heads x tokens x tokens, and the tokens or the picture",
    )


def _attention(args: argparse.Namespace) -> int:
    return _of_text(args) if args.picture is None else _of_picture(args)


def _of_picture(args: argparse.Namespace) -> int:
    from dlexplain.services.pictures.attention import patch_head_facts, picture_attention

    if args.hide_marks or args.window != 1:
        raise BadInput("--hide-marks and --window are of texts; a picture is read whole")
    maps = picture_attention(args.model or PICTURES_MODEL, args.picture)
    facts = patch_head_facts(maps)
    if args.out:
        _write(Path(args.out), maps.to_npz())
    layers, heads, _, tokens = maps.weights.shape
    if args.json:
        about = {
            "model": maps.model,
            "picture": maps.path,
            "front": maps.front,
            "side": maps.side,
            "shape": [layers, heads, tokens, tokens],
        }
        print(json.dumps(about | facts.to_dict(), indent=1))
        return 0
    print(
        f"{maps.model}: {layers} layers x {heads} heads, {maps.side} x {maps.side} patches and "
        f"{maps.front} tokens that are none"
    )
    for layer in range(layers):
        for head in range(heads):
            place = layer, head
            print(
                f"  {layer + 1}.{head + 1:<4}{facts.entropy[place]:.2f} bits, "
                f"{facts.distance[place]:.1f} patches away"
            )
    return 0


def _of_text(args: argparse.Namespace) -> int:
    from dlexplain.services.loading import load
    from dlexplain.services.texts.attention import reading_maps, text_windows
    from dlexplain.services.texts.attention_facts import KINDS, head_facts, without_marks
    from dlexplain.services.texts.models import TextModel

    model = load(TextModel, args.model or DEFAULT_MODEL)
    window = text_windows(model, args.text).get(args.window)
    maps = reading_maps(model, window.reading)
    maps = without_marks(maps) if args.hide_marks else maps
    facts = head_facts(maps)
    if args.out:
        _write(Path(args.out), maps.to_npz())
    if args.json:
        about = {
            "model": model.name,
            "tokens": list(maps.tokens),
            "window": window.number,
            "windows": window.of,
            "shape": list(maps.weights.shape),
        }
        print(json.dumps(about | facts.to_dict(), indent=1))
        return 0
    layers, heads, _, tokens = maps.weights.shape
    print(f"{model.name}: {layers} layers x {heads} heads, {tokens} tokens")
    if window.of > 1:
        print(
            f"  window {window.number} of {window.of}, which overlap: tokens {window.first} to "
            f"{window.last} of {window.total}"
        )
    for layer in range(layers):
        for head in range(heads):
            looks = "" if maps.pooled else f"looks {KINDS[facts.kinds[layer, head]]}, "
            print(f"  {layer + 1}.{head + 1:<4}{looks}{facts.entropy[layer, head]:.2f} bits")
    return 0


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise BadInput(f"{path} cannot be written: {error.strerror}") from error
