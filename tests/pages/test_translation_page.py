"""The page of translation: what it answers at once, what its widgets change, and bad input."""

import json
import time
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from dlexplain.services.translation.translating import translate
from dlexplain.ui.translation.choice import DATES, SENTENCES
from dlexplain.ui.translation.written import _how_many
from tests.pages.apps import said
from tests.pages.test_pages import ROOT
from tests.translators import LONGEST, translator_run

DATE = "dates-gru-attention"


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(str(ROOT / "pages/explain/5_translation.py"), default_timeout=60)
    for key, value in query.items():
        page.query_params[key] = value
    return finished(page.run())


def finished(page: AppTest) -> AppTest:
    """Run again until the job is done, as the fragments do by themselves."""
    stop = time.monotonic() + 60
    while "translation" in page.session_state and page.session_state["translation"].job.active:
        assert time.monotonic() < stop, "the job did not end"
        time.sleep(0.1)
    page.run()
    assert not page.exception
    return page


def test_something_alive_is_there_at_once() -> None:
    page = opened(model=DATE)
    assert page.text_area[0].value == DATES[0]
    assert page.subheader[0].value == "1987-05-03"
    card = "Test set, n = 1,000: BLEU **97.8** · exact **93.1%** [91.4–94.5%] · loss **0.0255**"
    assert card in [line.value for line in page.markdown]
    candidates, correlations = page.table[0].value, page.table[1].value
    assert list(candidates) == ["Rank", "ISO 8601", "log p", "Score", "Tokens"]
    assert candidates["ISO 8601"][0] == "1987-05-03"
    assert list(candidates["Score"]) == sorted(candidates["Score"], reverse=True)
    assert list(correlations[""]) == ["Integrated Gradients", "Input × Gradient", "Leave one out"]
    assert correlations["Leave one out"][2] == "–"
    assert correlations["Attention, all tokens"][0] == "–"
    told = said(page)
    assert "Attention is not by itself an explanation" in told
    assert "chance alone reaches ±0.48" in told
    assert "completeness error" in told
    assert not page.error
    assert not any(box.label in ("Layer", "Head") for box in page.selectbox)


def test_the_address_reproduces_the_question() -> None:
    run = translator_run()
    page = opened(model=run, text="A dog.", beam="3", candidate="2", token="1", layer="3", head="2")
    values = {box.label: box.value for box in page.selectbox}
    assert (values["Translator"], values["Candidate to look into"]) == (run, 1)
    assert (values["Token written"], values["Layer"], values["Head"]) == (0, 3, 2)
    assert page.number_input[0].value == 3
    kept = page.query_params
    wanted = {"model": run, "text": "A dog.", "beam": "3", "candidate": "2",
              "token": "1", "layer": "3", "head": "2"}  # fmt: skip
    assert {key: kept[key] for key in wanted} == wanted


def test_an_example_and_another_model() -> None:
    run = translator_run()
    page = opened(model=DATE)
    page.button_group[0].set_value(DATES[2])
    finished(page.run())
    assert page.text_area[0].value == DATES[2]
    assert page.subheader[0].value == "1999-12-31"
    page.selectbox(key="translation-model").set_value(run)
    finished(page.run())
    assert page.text_area[0].value == SENTENCES[0]
    assert "English to German" in said(page)
    page.toggle(key="translation-words").set_value(True)
    page.toggle(key="translation-all").set_value(True)
    finished(page.run())


def test_another_text_begins_with_its_best_candidate() -> None:
    page = opened(model=DATE, candidate="3")
    box = page.selectbox(key="translation-candidate")
    assert box.value == 2
    assert page.subheader[0].value == "1947-05-03"
    page.text_area[0].set_value("4 May 1990")
    finished(page.run())
    assert page.selectbox(key="translation-candidate").value == 0
    assert page.subheader[0].value == "1990-05-04"


@pytest.mark.parametrize(
    ("model", "label"),
    [
        ("dates-gru-attention", "Translate with it"),
        ("shakespeare-lstm", "Write with it"),
        ("sst2-cnn", "Explain texts with it"),
    ],
)
def test_the_zoos_cards_lead_to_the_pages_that_look_inside(model: str, label: str) -> None:
    page = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    page.query_params["zoo"] = model
    page.switch_page("pages/train/2_runs.py").run()
    assert not page.exception
    assert page.title[0].value == model
    button = page.button(key="zoo-explain")
    assert button.label == label
    button.click().run()
    assert not page.exception
    assert model in [box.value for box in page.selectbox]


def test_an_empty_text_says_what_to_do() -> None:
    page = opened(model=DATE)
    page.text_area[0].set_value("  ").run()
    assert [info.value for info in page.info] == ["Type a sentence above, or choose an example."]
    assert not page.exception
    assert not page.error


def test_long_and_unknown_texts_are_told() -> None:
    page = opened(model=translator_run("gru-attention"), text="dog " * 100, beam="1")
    assert f"The first {LONGEST} tokens are translated; " in said(page)
    page = opened(model=DATE, text="今日は晴れです")
    assert "100% of the tokens are not in the model's vocabulary" in said(page)
    assert "was not trained on this language or script" in said(page)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"model": "x"}, 'unknown translator "x"; known: '),
        ({"beam": "99"}, 'beam is "99"; it takes a whole number from 1 to 32'),
        ({"token": "0"}, 'token is "0"; it takes a number from 1 to'),
        ({"candidate": "z"}, 'candidate is "z"; it takes a number from 1 to'),
    ],
)
def test_an_address_that_asks_for_nothing_known_is_one_sentence(
    query: dict[str, str], words: str
) -> None:
    page = AppTest.from_file(str(ROOT / "pages/explain/5_translation.py"), default_timeout=60)
    for key, value in query.items():
        page.query_params[key] = value
    page.run()
    assert not page.exception
    assert any(words in warning.value for warning in page.warning)


@pytest.mark.parametrize(
    ("ended", "beam", "words"),
    [
        (
            6,
            5,
            "6 translations with beam width 5: the search is over when 5 paths have ended, and ",
        ),
        (5, 5, ""),
        (3, 5, "Only 3 of 5 paths ended within the length that is allowed."),
    ],
)
def test_more_or_fewer_candidates_than_paths_are_explained(
    ended: int, beam: int, words: str
) -> None:
    known = translate(translator_run(), "A dog.", beam=2)
    one = replace(known.best, ended=True)
    told = _how_many(replace(known, candidates=(one,) * ended, beam=beam))
    assert told.startswith(words)
    assert bool(told) == bool(words)
    cut = replace(one, ended=False)
    assert "2 paths that were open" in _how_many(replace(known, candidates=(cut,) * 2))


def test_tokens_that_are_bytes_have_names_that_differ() -> None:
    page = opened(model=translator_run(), text="好")
    found = page.session_state["translation"].job.result
    assert found.influences[0].tokens == ("", "", "好", "(end)")
    bars = json.loads(page.get("plotly_chart")[-1].proto.spec)
    assert bars["layout"]["xaxis"]["ticktext"] == ["好 1/3", "好 2/3", "好 3/3", "(end)"]
