"""The page of language models: it writes, reads, looks inside and back, and says what is wrong."""

import math
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dlexplain.ui.words import large

PAGE = str(Path(__file__).parents[2] / "pages/generate/2_writing.py")
SLOTS = {"write": "writing-written", "read": "writing-why", "reach": "writing-reach"}
TEXT = 'he said "the cat (a small one) sat on the mat" and she said "no"\nand so it went on\n'


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=60)
    for key, value in query.items():
        page.query_params[key.replace("_", "-")] = value
    return ended(page.run(), query.get("view", "write"))


def told(**query: str) -> str:
    """What is said of an address when it is opened; torch is there."""
    page = AppTest.from_file(PAGE, default_timeout=60)
    for key, value in query.items():
        page.query_params[key.replace("_", "-")] = value
    page.run()
    assert not page.exception
    return " ".join(warning.value for warning in page.warning)


def ended(page: AppTest, view: str, seconds: float = 60) -> AppTest:
    """Run again until the view's job is done, as the page's fragment does by itself."""
    stop = time.monotonic() + seconds
    slot = SLOTS.get(view)
    while slot in page.session_state and page.session_state[slot].job.active:
        assert time.monotonic() < stop, "the job did not end"
        time.sleep(0.1)
    page.run()
    assert not page.exception
    return page


def html(page: AppTest) -> str:
    """The coloured tokens; the span that a link leads to is none of them."""
    bodies = [element.proto.body for element in page.get("html")]
    return " ".join(body for body in bodies if 'id="settings"' not in body)


def said(page: AppTest) -> str:
    return " ".join(e.value for e in [*page.caption, *page.markdown, *page.info])


def test_it_writes_at_once_and_the_same_again_from_its_address() -> None:
    page = opened()
    assert "Wrote 100 tokens" in said(page)
    assert page.session_state["writing-model"] == "shakespeare-lstm"
    written = page.session_state["writing-written"].job.result
    assert html(page).count("<span") == 101  # the prompt and each token
    assert "title=" in html(page)
    again = opened(**{k: v[0] if isinstance(v, list) else v for k, v in page.query_params.items()})
    assert again.session_state["writing-written"].job.result.text == written.text


def test_the_address_has_the_settings() -> None:
    page = opened(model="ptb-rnn", prompt="the bank", count="12", top_k="5", seed="7")
    written = page.session_state["writing-written"].job.result
    assert (written.model, written.prompt, len(written.tokens)) == ("ptb-rnn", "the bank", 12)
    assert (written.params["top_k"], written.params["seed"]) == (5, 7)
    assert page.query_params["top-k"] in ("5", ["5"])
    assert "Wrote 12 tokens" in said(page)


def test_a_changed_prompt_waits_for_the_button() -> None:
    page = opened(count="3")
    first = page.session_state["writing-written"].job.result
    page.text_area(key="writing-prompt").set_value("HERO\n").run()
    assert page.session_state["writing-written"].job.result is first
    assert "Press Write" in said(page)
    next(b for b in page.button if b.label == "Write").click().run()
    page = ended(page, "write")
    assert page.session_state["writing-written"].job.result.prompt == "HERO\n"


def test_writing_can_be_stopped_and_what_was_written_stays() -> None:
    page = AppTest.from_file(PAGE, default_timeout=60)
    page.query_params["count"] = "1000"
    page.query_params["model"] = "ptb-rnn"
    page.run()
    work = page.session_state["writing-written"]
    stop = time.monotonic() + 60
    while len(work.so_far) < 3:
        assert time.monotonic() < stop
        time.sleep(0.01)
    work.job.cancel()
    page = ended(page, "write")
    assert work.job.state == "cancelled"
    assert 3 <= len(work.so_far) < 1000
    assert f"Stopped after {len(work.so_far):,} tokens" in said(page)
    assert html(page).count("<span") == len(work.so_far) + 1


def test_a_text_is_read_and_a_token_asked_about() -> None:
    page = opened(view="read", model="ptb-rnn", text=TEXT, token="4", method="leave-one-out")
    assert [metric.label for metric in page.metric] == ["Perplexity", "Tokens", "Unknown"]
    found = page.session_state["writing-why"].job.result
    assert (found.method, found.target, len(found.earlier)) == ("leave-one-out", " <unk>", 4)
    assert "5 evaluations" in said(page)
    page.segmented_control(key="writing-method").set_value("integrated-gradients").run()
    page = ended(page, "read")
    assert page.session_state["writing-why"].job.result.method == "integrated-gradients"
    assert "completeness error" in said(page)


def test_units_that_follow_quotes_are_searched() -> None:
    page = opened(view="inside", text=TEXT)
    parts = page.segmented_control(key="writing-part-lstm").options
    assert [part.split()[0] for part in parts] == [
        "Hidden", "Input", "Forget", "Output", "Candidate", "Cell",
    ]  # fmt: skip
    page.selectbox(key="writing-property").set_value("quotes").run()
    assert "follows the **inside quotes** best" in said(page)
    page.text_area(key="writing-text").set_value("no such thing here at all").run()
    assert not page.exception
    assert "The text has nothing between quotation marks" in said(page)
    page.segmented_control(key="writing-part-lstm").set_value("forget").run()
    assert "**Forget gate** of layer 1" in said(page)


def test_the_gradient_of_an_rnn_and_an_lstm_are_compared() -> None:
    page = opened(view="reach", model="ptb-lstm")
    names = [reach.model for reach in page.session_state["writing-reach"].job.result]
    assert names == ["ptb-lstm", "ptb-gru", "ptb-rnn", "ptb-transformer"]
    assert all(f"**{name} (zoo)**: the gradient" in said(page) for name in names)
    assert "does not know" not in said(page)
    # No other was trained on Shakespeare; what nobody chose goes.
    page.selectbox(key="writing-model").set_value("shakespeare-lstm").run()
    assert page.multiselect(key="writing-others").value == []
    page.text_area(key="writing-text").set_value("Thou liest, JAQUES! " * 5)
    page.multiselect(key="writing-others").set_value(["ptb-rnn"]).run()
    page = ended(page, "reach")
    found = page.session_state["writing-reach"].job.result
    assert [reach.model for reach in found] == ["shakespeare-lstm", "ptb-rnn"]
    assert found[1].unfamiliar / found[1].tokens > 0.5
    assert f"not know {found[1].unfamiliar} of the text's {found[1].tokens} tokens" in said(page)


@pytest.mark.parametrize("view", ["read", "inside", "reach"])
@pytest.mark.parametrize(
    "text", ["", "   \n ", "猫", "\x00\x07\x1b", "שלום עולם שלום", "🐈‍⬛", "a"]
)
def test_hard_texts_are_read_or_refused_in_one_sentence(view: str, text: str) -> None:
    page = opened(view="read", model="ptb-rnn")
    page.segmented_control(key="writing-view").set_value(view).run()
    page.text_area(key="writing-text").set_value(text).run()
    page = ended(page, view)
    assert all("\n" not in error.value and "Error" not in error.value for error in page.error)
    if not text.strip() and view != "reach":
        assert "finds no token in this text; type a word or more" in said(page)


def test_another_script_is_told() -> None:
    page = opened(view="read", text="猫と犬がいる")
    assert "not in the model's vocabulary" in page.warning[0].value


def test_markup_of_a_text_stays_text() -> None:
    page = opened(view="read", model="ptb-rnn", text="the <script>alert(1)</script> & \"'")
    assert "<script" not in html(page)


def test_fifty_thousand_words_are_read_at_their_beginning() -> None:
    page = opened(view="read", model="ptb-rnn")
    page.text_area(key="writing-text").set_value("the bank " * 25_000).run()
    page = ended(page, "read")
    assert "The first 2,000 tokens were read; 48,000 more were left out." in said(page)


def test_an_address_that_asks_for_what_is_not_there_is_told() -> None:
    opened(count="1")
    said = told(model="gpt", view="dream", top_p="7")
    for part in ('unknown language model "gpt"', 'unknown view "dream"', 'top_p is "7"'):
        assert part in said
    said = told(view="read", token="x", method="magic")
    assert 'token is "x"; it takes a whole number from 1 to' in said
    assert 'unknown method "magic"' in said


def test_a_prompt_may_be_emptied() -> None:
    page = opened(model="shakespeare-lstm")
    prompt = page.text_area(key="writing-prompt")
    assert prompt.value
    page = prompt.input("").run()
    assert not page.exception
    assert page.text_area(key="writing-prompt").value == ""


def test_surprise_and_influence_are_in_one_unit() -> None:
    page = opened(view="read", model="ptb-rnn", text=TEXT, token="4", method="leave-one-out")
    found = page.session_state["writing-why"].job.result
    bits, nats = -found.log_probability / math.log(2), -found.log_probability
    assert f"Surprise {bits:.2f} bits (log p = −{nats:.2f} nats)" in said(page)
    assert "nats" not in html(page)


@pytest.mark.parametrize("view", ["write", "read"])
def test_one_view_is_always_marked(view: str) -> None:
    """A browser that lost the choice is given it again, and knows it as the default, too."""
    page = opened(view=view, count="3", model="ptb-rnn", text=TEXT)
    control = page.segmented_control(key="writing-view")
    assert (control.value, list(control.proto.default)) == (view, [["write", "read"].index(view)])
    page.session_state["writing-view"] = None
    page = page.run()
    assert not page.exception
    assert not page.warning
    assert page.segmented_control(key="writing-view").value == "write"
    page.segmented_control(key="writing-view").set_value("inside").run()
    control = page.segmented_control(key="writing-view")
    assert (control.value, list(control.proto.default)) == ("inside", [2])


@pytest.mark.parametrize(
    ("number", "text"),
    [(4.04, "4.0"), (999.94, "999.9"), (1000.0, "1,000"), (881_835.8, "882,000"),
     (float("inf"), "inf")],
)  # fmt: skip
def test_large_perplexities_have_three_digits(number: float, text: str) -> None:
    assert large(number) == text
