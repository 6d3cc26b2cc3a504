"""What pages show is translated: all of it, known again with its values, and nothing else."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from dlexplain.language import LANGUAGES, SOURCE, in_words, language, only, shown_by, speaking, tr
from dlexplain.language.catalogue import PLACE, Catalogue, Template, catalogue, file_of
from dlexplain.language.messages import is_message, messages, of_source
from tests.outside_texts import MARKDOWN

ROOT = Path(__file__).parents[1]
OTHERS = sorted(set(LANGUAGES) - {SOURCE})
SMALL = Catalogue.of(
    [
        ("{count} of {total} pictures are right", "{total} 张图片中 {count} 张正确"),
        ("{what} is gone; {why}", "{what} 不见了；{why}"),
        ("the disk is full", "磁盘已满"),
        ("Pictures", "图片"),
        ("It is done.", "完成。"),
        ("Look again.", "再看看。"),
        ("{a} x {b}", "{b} 乘 {a}"),
        ("epoch {number}", "第 {number} 轮"),
        ("It is ({what})", "是（{what}）"),
        ("{count} {noun}", "{count} 个{noun}"),
        ("pictures", "图片"),
        ("Look at {what}", "请看{what}这里"),
        (", of which {count} are mine", "，其中 {count} 个是我的"),
    ]
)


@pytest.mark.parametrize("spoken", OTHERS)
def test_every_message_has_its_translation(spoken: str) -> None:
    with file_of(spoken).open("rb") as file:
        known = {str(one.id): str(one.string) for one in read_po(file) if one.id}
    there = messages()
    assert [m.place for s, m in there.items() if not known.get(s)] == []  # scripts/translations.py
    assert set(known) == set(there)
    strange = [s for s, t in known.items() if set(PLACE.findall(t)) - set(PLACE.findall(s))]
    assert strange == []


def test_the_glossary_is_whole_too() -> None:
    from dlexplain.ui.glossary import DOCS, read_terms, terms

    for spoken in OTHERS:
        told = read_terms((DOCS / f"glossary.{spoken}.md").read_text("utf-8"))
        assert [one.title for one in told] == [one.title for one in terms()]
        assert all(one.told for one in told)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Pictures", "图片"),
        ("  Pictures ", "  图片 "),
        ("12 of 1,000 pictures are right", "1,000 张图片中 12 张正确"),
        ("run 7 is gone; the disk is full", "run 7 不见了；磁盘已满"),
        ("run 7 is gone; (nobody knows)", "run 7 不见了；(nobody knows)"),
        ("It is done. Look again.", "完成。再看看。"),
        ("12 of 20 pictures are right; the disk is full.", "20 张图片中 12 张正确；磁盘已满。"),
        ("Pictures, of which 3 are mine", "图片，其中 3 个是我的"),
        (
            "8 of 9 pictures are right, of which 3 are mine.",
            "9 张图片中 8 张正确，其中 3 个是我的。",
        ),
        ("**It is done.**", "**完成。**"),
        ("a cat x a dog", "a cat x a dog"),  # a template of no words could be anything
        ("cats", "cats"),
        ("40 pictures", "40 个图片"),
        ("40 cats", "40 cats"),
        ("Look at Grad-CAM", "请看 Grad-CAM 这里"),
        ("Look at 40 pictures", "请看 40 个图片这里"),
        ("epoch 7", "第 7 轮"),
        ("epoch of the moon", "epoch of the moon"),
        ("epoch (7)", "第 (7) 轮"),
        ("It is (7), and again (8)", "是（7），and again (8)"),
        (
            "%{y:,} of %{customdata[0]:.1%} pictures are right",
            "%{customdata[0]:.1%} 张图片中 %{y:,} 张正确",
        ),
        ("", ""),
    ],
)
def test_a_sentence_is_known_again(said: str, told: str) -> None:
    assert SMALL.translated(said) == told


@pytest.mark.parametrize(
    "said",
    [
        "Grad-CAM is recommended: its mean rank of 2.1 among 9 methods is the best, by 3 metrics "
        "of faithfulness over 40 pictures, after Saliency, which hardly depends on the model's "
        "weights; of the others none is as good.",
        "It says positive (90%) because of “gorgeous”, “loved”, which SHAP marks most: without "
        "them, it would say negative (95%); without as many other words it still says positive in "
        "20 of 20 random draws.",
        "It says espresso (71%). Without the 30% of the picture that SHAP marks most it still says "
        "so (55%).",
        "resnet gets 93 of 100 pictures right as they are; under PGD: 80.0% [70, 90] within 0.01 "
        "and 20.0% within 0.03; corrupted, 60% on average.",
        "On 40 pictures the reasons of a and b (SHAP, each of the right class) drift apart by 0.39 "
        "[0.34, 0.44]; they say the same class of 90%.",
        "resnet and the control cnn drift apart by 0.65 [0.58, 0.73]: the drift is 0.31 less [0.2, "
        "0.4] than the control's.",
        "Removing the tenth that it marks most costs 33.3 points of probability; a random tenth "
        "costs 17.1 ± 26.2 (n = 16 random maps of the same smoothness).",
        "Removing the 2 of 19 words that it marks most costs 2.31 nats; as many at random cost "
        "−1.5 ± 3.4 (n = 16 random maps of the same smoothness).",
        "With noise of 2% on the input the order of its places stays to 0.53 (rank correlation, n "
        "= 1, too few for an interval, with a quarter of the samples). From 0.7 on it counts as "
        "stable.",
        "Its probabilities are off by 3.4 percentage points on average (95% interval 1.1 to 4.4, n "
        "= 872). It is too sure: on average it says 92.4% and is right in 89.3%. A temperature of "
        "1.38 brings that to 5.2 points, which does not help.",
        "Under noise of deviation 0.25 the smoothed cnn is right in 44.6% [40.3%, 49.0%] of 500 "
        "pictures, and certified within an L2 distance of 0.5 in 28.4% [24.6%, 32.5%]. Without "
        "noise the model is right in 99.0%; of 1.0% the smoothed one says nothing. An empty chart.",
        "It says espresso (95%). Grad-CAM, LIME and Superpixel ablation have 49% of their most "
        "marked tenth in common, two by two; by chance it would be 10%.",
        "resnet says a different class for each of 7 pictures; of 5 it is less than half sure.",
        "Beyond chance agree: mean of the last layer together with SHAP; layer 1, head 3 together "
        "with LIME.",
        "positive rather than negative (difference of logits)",
    ],
    ids=lambda said: said[:16],
)
def test_a_sentence_put_together_of_parts_is_translated_whole(said: str) -> None:
    told = catalogue("zh").translated(said)
    assert re.findall(r"[A-Za-z]+ [A-Za-z]+", told) == []
    for number in re.findall(r"\d[\d.]*\d%?", said):
        assert told.count(number) == said.count(number)


def test_a_list_is_one_of_names() -> None:
    known = Catalogue.of(
        [("{what} have little in common", "{what}几乎没有共同之处"), ("Pictures", "图片")]
    )
    for said, told in {
        "SHAP, Pictures and LIME": "SHAP、图片 与 LIME",
        "a picture or Pictures": "a picture or Pictures",
        "Cats and the dogs that run": "Cats and the dogs that run",
    }.items():
        assert known.translated(f"{said} have little in common").startswith(told)
        assert known.translated(said) == said


@pytest.mark.parametrize(
    "text",
    ["." * 5000, ", " * 3000 + "x", "**" * 2000, ":a[" * 2000 + "]" * 2000, "It is (" * 600,
     "run is gone; " * 600, "run is gone. " * 600, "It is (" * 600 + ")" * 600],
    ids=lambda text: text[:6],
)  # fmt: skip
def test_a_long_text_of_signs_or_of_our_own_words_is_shown(text: str) -> None:
    for known in (SMALL, catalogue("zh")):
        assert known.translated(text)


@pytest.mark.parametrize(
    ("source", "text", "values"),
    [
        ("{a} of {b} are right", "1 of 2 are right", ["1", "2"]),
        ("{a} of {b} are right", "1 of 2 of 3 are right", ["1", "2 of 3"]),
        ("{a}{b} are", "12 are", ["", "12"]),
        ("all {a}", "all ", [""]),
        ("no {a} no", "no no", None),  # the two may not share what they are made of
        ("{a} of {b} of {c} of {d}!", " of " * 20_000, None),
        ("{a} of {b}", "none", None),
    ],
)
def test_values_of_a_template(source: str, text: str, values: list[str] | None) -> None:
    assert Template(source, source).values(text) == values


def test_messages_are_found_in_a_source() -> None:
    source = '''
"""A module."""
import re
def show(found):
    """Of a function."""
    st.info("Two words " f"and {len(found.files):,d} files; {found.files}")
    _log.info("for nobody to read")
    noun, usual = "pictures", 3
    return {"key one": "Title", "kind": "a-name", "more": "and so on"}
'''
    found = [text for text, _ in of_source(source, words=True)]
    told = {"Two words and {files} files; {files_2}", "Title", "and so on", "key one", "pictures"}
    assert set(found) == told
    hover = 'tr("%{x} tokens back: %{y:.2%}"); tr(f"%{{customdata[0]}}: %{{y}} {unit}s of %{{y}}")'
    assert [text for text, _ in of_source(hover, words=True)] == [
        "{x} tokens back: {y}",
        "{customdata}: {y} {unit}s of {y_2}",
    ]
    label = 'x = choice("a", "Corner", CORNERS, help=about)'
    assert [text for text, _ in of_source(label, words=False)] == ["Corner"]
    assert not is_message("SELECT id FROM runs WHERE a", True)
    assert not is_message("Title", False)


def test_whose_language_it_is() -> None:
    assert language() == SOURCE
    assert tr("Pictures") == "Pictures" and tr(None) is None
    with speaking("zh"):
        assert tr("Model") == "模型"
        assert shown_by({"a": "Model"}.__getitem__)("a") == "模型"
        assert in_words([{"Model": "Model"}]) == [{"模型": "Model"}]
        assert tr("a name of somebody's own") == "a name of somebody's own"
        with only(SOURCE):
            assert tr("Model") == "Model"
    assert tr("Model") == "Model"


def test_the_whole_catalogue_translates_its_own_templates() -> None:
    """Each template with values of no meaning is known again as itself or as one with as much of
    its own, so that what is said is said in the language."""
    known = catalogue("zh")
    lost = []
    for _, _, template in known.templates:
        filled = PLACE.sub("7", template.source)
        if known.translated(filled) == filled and template.target != template.source:
            lost.append(template.source)
    assert lost == []


def test_no_text_of_ours_is_shown_as_it_is() -> None:
    """Every literal that Streamlit is given goes through `tr`."""
    bare = []
    for path in [*ROOT.glob("pages/*/*.py"), *ROOT.glob("dlexplain/ui/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                given = [*node.args[:1], *(k.value for k in node.keywords if k.arg == "help")]
                if node.func.attr in MARKDOWN and ast.unparse(node.func.value) != "_log":
                    bare += [
                        f"{path.name}:{one.lineno}"
                        for one in given
                        if isinstance(one, ast.Constant)
                        and isinstance(one.value, str)
                        and is_message(one.value, True)
                    ]
    assert bare == []


def test_no_word_of_ours_in_a_figure_is_shown_as_it_is() -> None:
    """Titles of axes and colour bars, names of lines and what is under the pointer."""
    bare = []
    for path in sorted(ROOT.glob("dlexplain/figures/**/*.py")):
        for shown, hovered in _figure_words(ast.parse(path.read_text("utf-8"))):
            for one in _as_they_are(shown):
                said = MARKS.sub(" ", one.value)
                own = r"[A-Za-z]{2,}" if hovered else r"[a-z-]{3,}"
                found = re.search(own, said) if hovered else re.fullmatch(own, said.strip())
                if found or is_message(said, True):
                    bare.append(f"{path.name}:{one.lineno}: {one.value}")
    assert bare == []


MARKS = re.compile(r"%\{[^{}]*\}?|<[^<>]*>?|^[^{}<>]*[}>]")
"""Plotly's values and tags, and what is left of one that is put together of parts."""


def _figure_words(tree: ast.AST) -> Iterator[tuple[ast.expr, bool]]:
    """What a figure shows, and whether it is under the pointer."""
    for node in ast.walk(tree):
        match node:
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    match key, value:
                        case ast.Constant(value="hovertemplate"), _:
                            yield value, True
                        case ast.Constant(value="name"), _:
                            yield value, False
                        case ast.Constant(value="title"), ast.Dict():
                            texts = zip(value.keys, value.values, strict=True)
                            yield from (
                                (text, False)
                                for name, text in texts
                                if isinstance(name, ast.Constant) and name.value == "text"
                            )
            case ast.keyword(arg="hovertemplate", value=value):
                yield value, True
            case ast.Call(func=ast.Attribute(attr="update_xaxes" | "update_yaxes")):
                yield from ((one.value, False) for one in node.keywords if one.arg == "title")
            case ast.Call(func=ast.Name(id="share_axis"), args=[first, *_]):
                yield first, False


def _as_they_are(shown: ast.expr) -> Iterator[ast.Constant]:
    """The literals of which it is made, but for those that `tr` or something else is given."""
    match shown:
        case ast.Constant(value=str()):
            yield shown
        case ast.IfExp(body=body, orelse=orelse):
            yield from (*_as_they_are(body), *_as_they_are(orelse))
        case ast.BinOp(left=left, right=right):
            yield from (*_as_they_are(left), *_as_they_are(right))
        case ast.BoolOp(values=values) | ast.JoinedStr(values=values):
            for one in values:
                yield from _as_they_are(one)


def test_words_that_plotly_reads_are_not_translated() -> None:
    for path in ROOT.glob("dlexplain/figures/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Dict):
                for key, value in zip(node.keys, node.values, strict=True):
                    if isinstance(key, ast.Constant) and key.value in ("textposition", "symbol"):
                        assert "tr(" not in ast.unparse(value).replace("str(", ""), path.name
