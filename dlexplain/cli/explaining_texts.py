"""classify and explain with texts: --text "...", or --texts FILE.csv --column NAME."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlexplain.cli.reporting import write_report
from dlexplain.cli.saying import check_params, complain
from dlexplain.errors import BadInput, TextError
from dlexplain.results.words import evaluations_told
from dlexplain.settings import local_path

if TYPE_CHECKING:
    from dlexplain.results import LabelledText, TextPrediction

DEFAULT_MODEL = "sst2-minilm"
DEFAULT_METHOD = "integrated-gradients"
TASKS = ("classify-text", "classify-token")
BAR = 24
"""Letters of the widest bar."""


def classify(args: argparse.Namespace) -> int:
    """Print each text's classes; 1 where a row of the CSV has no text."""
    model = _load(args.model or DEFAULT_MODEL)
    if args.text is not None:
        found, lost = _said(model, [args.text]), 0
    else:
        found, lost = _of_file(model, args.texts, args.column)
    if args.json:
        print(json.dumps([prediction.to_dict() for prediction in found], indent=1))
        return 1 if lost else 0
    for prediction in found:
        _print(prediction, args.top)
    return 1 if lost else 0


def _load(name: str) -> Any:
    """A TextModel, or a TokenModel where the user's own model is one."""
    from dlexplain.services.loading import class_of, load
    from dlexplain.services.texts.models import TextModel
    from dlexplain.trained.catalogue import find
    from dlexplain.trained.hugging_face import is_own_model

    if not is_own_model(name):
        return load(TextModel, name)
    return load(class_of(find(name, *TASKS)), name)


def _said(model: Any, texts: "list[str]") -> "list[TextPrediction] | list[LabelledText]":
    if model.modality == "token":
        from dlexplain.services.texts.labelling import label_words

        return [label_words(model, text) for text in texts]
    from dlexplain.services.texts.explain import classify_texts

    return classify_texts(model, texts)


def _of_file(
    model: Any, path: str, column: str
) -> "tuple[list[TextPrediction] | list[LabelledText], int]":
    """The predictions, and how many rows were left out, each told on stderr."""
    from dlexplain.services.texts.tables import read_text_column

    _, texts = read_text_column(local_path(path), column)
    kept, lost = [], 0
    for row, text in enumerate(texts, 1):
        try:
            model.read(text)
        except TextError as error:
            complain(f"row {row}: {error}")
            lost += 1
            continue
        kept.append(text)
    return _said(model, kept), lost


def _print(prediction: "TextPrediction | LabelledText", top: int | None) -> None:
    from dlexplain.results import LabelledText

    print(prediction.text if len(prediction.text) <= 100 else prediction.text[:99] + "…")
    if isinstance(prediction, LabelledText):
        for number, (word, score) in enumerate(zip(prediction.words, prediction.said, strict=True)):
            print(f"  {number:>4}  {score.probability:7.2%}  {score.name.label:12} {word}")
    else:
        for score in prediction.scores[: top or 5]:
            said = score.text if prediction.activation == "identity" else f"{score.probability:.2%}"
            print(f"  {said:>7}  {score.name.label}")
        if prediction.activation == "sigmoid":
            print("  the probability of each label by itself")
    if prediction.left:
        print(f"  the last {prediction.left:,} tokens were left out")
    if prediction.unknown:
        print(f"  {prediction.unknown:.0%} of the tokens are unknown to the model")


def _said_for_report(args: argparse.Namespace, model: Any) -> "list[TextPrediction]":
    """What the model says of the text, where a report is wanted; of a token's label nothing."""
    if not (args.report or args.keep_report) or model.place >= 0:
        return []
    from dlexplain.services.texts.explain import classify_text

    return [classify_text(model, args.text)]


def explain(args: argparse.Namespace, params: dict[str, Any]) -> int:
    """Print each token's value, or all of it as JSON; with --out the text in colours too."""
    from dlexplain.figures.coloured_text import text_page
    from dlexplain.services.texts.explain import explain_text, precision_warning, text_method_infos

    if args.png:
        raise BadInput("--png is for pictures; --out FILE.html keeps a text in colours")
    if args.out and Path(args.out).suffix.lower() not in (".html", ".htm"):
        raise BadInput(f'--out is "{args.out}"; of a text it takes a name that ends in .html')
    method = args.method or DEFAULT_METHOD
    check_params(params, method, text_method_infos())
    model = _load(args.model or DEFAULT_MODEL)
    if model.modality == "token":
        from dlexplain.services.texts.labelling import of_word

        model = of_word(model, model.read(args.text), args.word)
    elif args.word is not None:
        raise BadInput(f"--word is for token classifiers; {model.name} says a class of the text")
    if slow := precision_warning(model, method, params):
        complain(slow)  # before the work, which it makes long
    found = explain_text(
        model, args.text, method, args.target, args.contrast, None, args.alone, **params
    )
    write_report(args, *_said_for_report(args, model), found)
    if args.out:
        local_path(args.out).write_text(text_page(found.of_words()), encoding="utf-8")
    if args.json:
        print(json.dumps(found.to_dict(), indent=1))
        return 0
    explained = f" ({found.explains})" if found.explains else ""
    print(f"{found.title}, why {found.class_question}{explained}")
    words = found.of_words()
    top = max((abs(float(value)) for value in words.values), default=0.0) or 1.0
    for token, value in zip(words.tokens, words.values.tolist(), strict=True):
        bar = ("+" if value > 0 else "-") * round(BAR * abs(value) / top)
        print(f"  {value:+9.3g}  {token:20} {bar}")
    if found.way:
        print(f"  {found.way}")
    error = found.completeness_error
    print(f"  {evaluations_told(found.evaluations)} in {found.seconds:.2f} s")
    if error is not None:
        print(f"  completeness error {error:.2%}")
    if found.note:
        print(f"  {found.note}")
    return 0
