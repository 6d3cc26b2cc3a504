"""One glossary for docs and pages: read, found, shown, and nothing in it that no page says."""

import ast
import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dlexplain.errors import UnknownName
from dlexplain.explainers.base import METHODS
from dlexplain.services.explaining import infos_for  # noqa: F401  registers the methods
from dlexplain.ui import glossary as shown
from dlexplain.ui.glossary import explained, find, glossary, read_terms, search, term, terms

ROOT = Path(__file__).parents[1]
ASKING = {"glossary", "term"}
SAID = ("pages", "dlexplain/ui", "dlexplain/results", "dlexplain/explainers/methods",
        "dlexplain/evaluation", "dlexplain/services/sweeps", "dlexplain/compression",
        "dlexplain/tasks", "dlexplain/attacks", "dlexplain/params.py")  # fmt: skip
"""Where the words that pages show are written."""


def trees(*places: str) -> list[ast.Module]:
    files = [f for place in places for f in [ROOT / place, *(ROOT / place).rglob("*.py")]]
    return [ast.parse(file.read_text()) for file in files if file.is_file()]


def asked() -> set[str]:
    """Names that the code asks the glossary for."""
    return {
        str(argument.value)
        for tree in trees("pages", "dlexplain/ui", "app.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        and node.func.id in ASKING
        for argument in node.args
        if isinstance(argument, ast.Constant)
    }  # fmt: skip


def test_the_glossary_is_read() -> None:
    assert len(terms()) >= 60
    titles = [one.title for one in terms()]
    assert len(set(titles)) == len(titles)
    names = [name.casefold() for one in terms() for name in one.names]
    assert sorted({name for name in names if names.count(name) > 1}) == []
    for one in terms():
        assert 30 <= len(one.told) <= 330, one.title
        assert one.told.endswith("."), one.title
        assert one.told.count(". ") <= 2, f"{one.title}: one or two sentences, and a third short"


def test_headings_brackets_and_other_names_are_read() -> None:
    text = (
        "# Glossary\n\nFirst.\n\n## Big thing (BT)\nIt is\nbig.\n*Also: a, b c.*\n\n## Small\nNo.\n"
    )
    big, small = read_terms(text)
    assert (big.title, big.names, big.told) == ("Big thing (BT)", ("Big thing", "BT", "a", "b c"),
                                                "It is big.")  # fmt: skip
    assert (small.names, small.told) == (("Small",), "No.")


def test_what_the_code_asks_for_is_there() -> None:
    assert len(asked()) >= 30
    for name in asked():
        find(name)


def test_every_term_is_said_by_a_page_or_asked_for() -> None:
    texts = "\n".join(
        node.value
        for tree in trees(*SAID)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    found = {find(one[0]).title for one in shown._mentions().finditer(texts)
             if one.lastgroup == "word"}  # fmt: skip
    found |= {find(name).title for name in asked()}
    assert [one.title for one in terms() if one.title not in found] == []


def test_a_name_that_is_unknown_is_told_with_those_that_are() -> None:
    with pytest.raises(UnknownName, match='the glossary has no "faithfulnes"; it has Attribution'):
        glossary("faithfulnes")


def test_a_term_is_reached_by_pointer_key_and_tap_and_escaped() -> None:
    html = term("PGD", "<b>")
    assert html.startswith('<span class="dlx-term" tabindex="0">&lt;b&gt;<span class="dlx-told"')
    assert find("PGD").told in html
    assert "model&#x27;s" in term("faithfulness")


def test_the_first_mention_of_each_term_is_explained() -> None:
    text = explained("Calibrated or not: calibration, `calibration`, [PGD](x) and https://a/PGD.")
    assert text.count("dlx-term") == 1
    assert text.startswith('<span class="dlx-term" tabindex="0">Calibrated<')
    assert "`calibration`, [PGD](x) and https://a/PGD." in text
    assert explained("a piece of lime") == "a piece of lime"  # LIME is a method
    assert "dlx-term" not in explained("ungraded-loss_value $loss$ <b title='loss'>")


def test_without_its_docs_nothing_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "terms", lambda: ())
    assert shown.glossary("PGD") is None
    assert shown.term("PGD", "a<b") == "a&lt;b"
    assert shown.explained("PGD") == "PGD"


def test_those_whose_name_has_the_word_come_first() -> None:
    found = [one.title for one in search("calibration")]
    assert found[:2] == ["Calibration", "Expected calibration error (ECE)"]
    assert search("no such word") == ()
    assert len(search("")) == len(terms())


def test_descriptions_of_methods_hold_no_html() -> None:
    """They are shown with their terms explained, which is HTML."""
    for method in METHODS.values():
        assert not re.search(r"<[a-zA-Z/!]", method.description()), method.name


def test_the_page_finds_a_term() -> None:
    page = AppTest.from_file(str(ROOT / "pages/home/1_glossary.py")).run()
    assert page.title[0].value == "Glossary"
    assert len(page.markdown) == len(terms()) + 1
    page.text_input(key="glossary-find").set_value("shapley").run()
    assert page.markdown[1].value.startswith("**SHAP value**  \n")
    page.text_input(key="glossary-find").set_value("zzz*").run()
    assert page.info[0].value == r"No term has zzz\* in it. Try a shorter word."
    assert not page.exception
