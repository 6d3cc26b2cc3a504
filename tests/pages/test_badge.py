"""Three facts under an explanation, the curves behind them, and which of two to believe."""

from typing import Any

from streamlit.testing.v1 import AppTest

from tests.pages.test_text_page import SENTENCE, finished, text_page

BADGE = "badge-answers-0-0"


def judged(page: AppTest) -> AppTest:
    for key in (BADGE, "badge-answers-0-1"):
        page = finished(page, key)
    return page


def explained() -> AppTest:
    return judged(finished(text_page(text=SENTENCE, by="leave-one-out,saliency")))


def curve(page: AppTest) -> Any:
    return next(group for group in page.get("button_group") if group.label == "Curve")


def markdowns(page: AppTest) -> list[str]:
    return [element.value for element in page.markdown]


def test_each_answer_has_its_facts_and_they_are_ranked() -> None:
    page = explained()
    assert not page.exception
    told = markdowns(page)
    faithful = [text for text in told if text.startswith("**Faithful.** Removing the ")]
    assert len(faithful) == 2
    assert all("points of probability; as many at random" in text for text in faithful)
    assert "Which should I believe?" in [element.value for element in page.subheader]
    assert any("are the least alike (rank correlation" in text for text in told)


def test_a_curve_is_measured_when_it_is_chosen_and_stays() -> None:
    page = explained()
    control = curve(page)
    assert next(option.content for option in control.proto.options) == "Deletion"
    page = finished(control.select("Deletion").run(), f"{BADGE}-measured")
    assert not page.exception
    assert any(text.startswith("**Deletion: ") for text in markdowns(page))
    assert any("How soon the answer falls" in caption.value for caption in page.caption)
    again = page.run()
    assert any(text.startswith("**Deletion: ") for text in markdowns(again))


def test_another_text_has_no_curve_of_the_one_before() -> None:
    page = explained()
    page = finished(curve(page).select("Insertion").run(), f"{BADGE}-measured")
    page.text_area(key="text").set_value("A warm and clever film.").run()
    page = judged(finished(page))
    assert not page.exception
    assert not any(text.startswith("**Insertion: ") for text in markdowns(page))


def test_the_model_decides_between_two() -> None:
    page = explained()
    (button,) = [b for b in page.button if b.label.startswith("Let the model decide")]
    page = button.click().run()
    page = finished(page, "settle-answers-0")
    assert not page.exception
    assert any(
        text.startswith("Covering what ") or text.startswith("The two maps rank all parts alike")
        for text in markdowns(page)
    )


def test_facts_that_would_take_too_long_are_measured_on_demand() -> None:
    """Leave one out of a long text takes an evaluation a word, and has no samples to save."""
    text = f"{SENTENCE} " * 8
    page = finished(finished(text_page(text=text, by="leave-one-out")), BADGE)
    assert any("measure it on demand" in told for told in markdowns(page))
    (button,) = [b for b in page.button if b.label == "Measure all three"]
    page = finished(button.click().run(), BADGE)
    assert not page.exception
    assert not any("measure it on demand" in told for told in markdowns(page))
    assert not [b for b in page.button if b.label == "Measure all three"]


def test_the_method_that_is_recommended_over_many_is_a_press_away() -> None:
    page = explained()
    (button,) = [b for b in page.button if b.label.startswith("Explain by ")]
    title = button.label.removeprefix("Explain by ").removesuffix(" too")
    assert any(f"{title} is recommended" in caption.value for caption in page.caption)
    page = judged(finished(button.click().run()))
    assert not page.exception
    assert len(page.multiselect(key="by").value) == 3
    page = finished(page, "badge-answers-0-2")
    assert not [b for b in page.button if b.label.startswith("Explain by ")]
