"""The page on many pictures: it says what to do, answers, goes on, and tells bad input."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import dlexplain.ui.folder.choice
from dlexplain.data.samples import SAMPLES
from dlexplain.services.pictures.folder_work import FolderWork
from dlexplain.settings import Settings
from tests.digit_files import digits_folder, digits_zip
from tests.pages.apps import said
from tests.pages.test_pages import ROOT

PAGE = str(ROOT / "pages/explain/7_many_pictures.py")


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=60)
    page.query_params.update({"model": "digits-cnn", **query})
    return page.run()


def uploaded(page: AppTest, content: bytes, name: str = "digits.zip") -> AppTest:
    page.file_uploader(key="many-upload").set_value((name, content, "application/zip"))
    return page.run()


def started(page: AppTest) -> AppTest:
    next(button for button in page.button if button.label.startswith("Explain")).click().run()
    return finished(page)


def finished(page: AppTest) -> AppTest:
    stop = time.monotonic() + 60
    while page.session_state["many"].active:
        assert time.monotonic() < stop, "the job did not end"
        time.sleep(0.05)
    page.run()
    assert not page.exception
    return page


def test_an_empty_page_says_what_to_do() -> None:
    page = opened()
    assert not page.exception
    assert "Give a ZIP of pictures" in page.info[0].value
    assert not [button for button in page.button if button.label.startswith("Explain")]


def test_the_samples_are_explained_until_something_is_given() -> None:
    page = AppTest.from_file(PAGE, default_timeout=60).run()
    page = finished(page)
    assert f"a different class for each of {len(SAMPLES)} pictures" in said(page)
    page = uploaded(page, digits_zip(2))
    assert [button.label for button in page.button][-1] == "Explain 2 pictures"
    assert "Press Explain to answer the changed question" in said(page)


def test_a_zip_is_explained() -> None:
    more = {"3/[x](https://evil.example).png": b"no picture", "notes.txt": b"x"}
    page = uploaded(opened(), digits_zip(30, more))
    assert [button.label for button in page.button][-1] == "Explain 31 pictures"
    page = started(page)
    told = said(page)
    assert "of 30 pictures right: " in told and "n = 30" in told
    assert "digits.zip: 31 files" in told
    assert r"3/\[x\](https:/evil.example).png is text" in page.warning[0].value
    orders = page.selectbox(key="many-order")
    assert orders.value == "wrong" and len(orders.options) == 5
    page.session_state["many-view"] = "table"
    page = page.run()
    table = page.dataframe[0].value
    assert list(table) == [
        "Picture", "Map", "Class", "Probability", "Entropy", "Actual", "Verdict", "File",
    ]  # fmt: skip
    assert len(table) == 30
    assert set(table["Verdict"]) <= {"right", "wrong"}
    assert all(src.startswith("data:image/jpeg") for src in [*table["Map"], *table["Picture"]])
    page = orders.set_value("least").run()
    shown = list(page.dataframe[0].value["Probability"])
    assert shown == sorted(shown)


def test_the_address_asks_and_a_rival_is_compared() -> None:
    page = uploaded(opened(method="saliency", rival="mnist-cnn"), digits_zip(8))
    assert page.selectbox(key="many-method").value == "saliency"
    page = started(page)
    question = page.session_state["many"].question
    assert (question.what.method, question.what.rival) == ("saliency", "mnist-cnn")
    assert "mnist-cnn says the same of " in said(page)
    assert "Most disagreement first" in page.selectbox(key="many-order").options
    assert (page.query_params["rival"], page.query_params["method"]) == ("mnist-cnn", "saliency")


def test_methods_of_one_pass_come_first() -> None:
    page = uploaded(opened(), digits_zip(2))
    titles = page.selectbox(key="many-method").options
    slow = [title.endswith("many passes a picture") for title in titles]
    assert slow == sorted(slow) and any(slow) and not slow[0]
    assert page.selectbox(key="many-method").value == "grad-cam"


def test_another_question_waits_for_the_button() -> None:
    page = started(uploaded(opened(), digits_zip(5)))
    page.selectbox(key="many-method").set_value("saliency").run()
    assert page.session_state["many"].question.what.method == "grad-cam"
    assert "Press Explain to answer the changed question" in said(page)
    page = started(page)
    assert page.session_state["many"].question.what.method == "saliency"
    assert "Press Explain" not in said(page)


def test_a_job_that_was_cancelled_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    answer: Callable[..., object] = FolderWork.answer
    asked: list[str] = []

    def slow(self: FolderWork, batch: list, progress: object) -> object:  # type: ignore[type-arg]
        if len(asked) >= 3:
            page.session_state["many"].job.cancel()
        asked.extend(seen.name for seen in batch)
        return answer(self, batch, progress)

    page = uploaded(opened(), digits_zip(11))
    with monkeypatch.context() as patched:
        patched.setattr(FolderWork, "answer", slow)
        patched.setattr(FolderWork, "at_once", 1)
        page = started(page)
    assert page.session_state["many"].job.state == "cancelled"
    assert "Cancelled." in said(page) and "of 3 pictures right" in said(page)
    next(button for button in page.button if button.label == "Go on").click().run()
    page = finished(page)
    assert page.session_state["many"].job.result.earlier == 3
    assert "of 11 pictures right" in said(page)


def test_a_folder_on_the_server(tmp_path: Path) -> None:
    page = opened()
    page.segmented_control[0].set_value("folder").run()
    box = page.text_input(key="many-path")
    box.set_value(str(tmp_path / "nowhere")).run()
    assert "is not there; a folder or ZIP of pictures is accepted" in page.error[0].value
    box.set_value(str(digits_folder(tmp_path / "in", 6))).run()
    page = started(page)
    assert "of 6 pictures right" in said(page)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"no zip", "digits.zip is no ZIP that can be read"),
        (b"PK\x05\x06" + bytes(18), "digits.zip has no picture; looked for"),
    ],
)
def test_a_bad_zip_is_one_sentence(content: bytes, words: str) -> None:
    page = uploaded(opened(), content)
    assert not page.exception
    assert len(page.error) == 1 and words in page.error[0].value


def test_too_many_pictures_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    few = Settings(max_folder_pictures=3)
    for module in (dlexplain.ui.folder.choice, dlexplain.data.picture_files):
        monkeypatch.setattr(module, "settings", lambda: few)
    page = uploaded(opened(), digits_zip(4))
    assert "digits.zip has more than 3 pictures; up to 3 are accepted" in page.error[0].value
