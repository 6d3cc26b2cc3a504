"""The page Attack: it says what to do, attacks a sample, shows the maps, and tells bad input."""

import pytest
from streamlit.testing.v1 import AppTest

from tests.pages.apps import said
from tests.pages.test_pages import ROOT
from tests.pages.waiting import ended

PAGE = str(ROOT / "pages/secure/1_attack.py")


def opened(**query: str) -> AppTest:
    page = AppTest.from_file(PAGE, default_timeout=90)
    page.query_params.update({"model": "digits-cnn", **query})
    page.run()
    assert not page.exception
    return page


def finished(page: AppTest) -> AppTest:
    """Until the attack and the maps are there."""
    return ended(page, "attack", "attack-maps")


def test_the_page_opens_with_an_attack_on_a_sample() -> None:
    page = finished(opened())
    assert page.session_state["attack"].job.result.attack == "pgd"
    assert "Until there is a picture of yours, the page shows a sample." in said(page)


def test_a_sample_is_attacked_and_explained_before_and_after() -> None:
    page = finished(opened(sample="coffee", method="fgsm"))
    result = page.session_state["attack"].job.result
    assert result.attack == "fgsm"
    assert result.linf <= 8 / 255 + 1e-6
    assert result.told in said(page).replace("\\", "")
    maps = page.session_state["attack-maps"].job.result
    assert f"rank correlation {maps.correlation:.2f}".replace("-", "−") in said(page)
    assert page.query_params["method"] == "fgsm"


def test_another_attack_and_its_norm() -> None:
    page = finished(opened(sample="coffee", method="carlini-wagner"))
    assert page.selectbox(key="attack-norm").options == ["L2"]
    page.selectbox(key="attack-method").select("square").run()
    page = finished(page)
    assert page.session_state["attack"].job.result.norm == "linf"


@pytest.mark.parametrize(
    ("query", "words"),
    [({"method": "pdg"}, 'unknown attack "pdg"'), ({"norm": "l7"}, 'unknown norm "l7"')],
)
def test_an_address_of_nonsense_is_told(query: dict[str, str], words: str) -> None:
    assert words in said(opened(sample="coffee", **query))


def test_the_map_is_moved_where_that_is_asked_for() -> None:
    page = finished(opened(sample="coffee", method="fgsm"))
    assert "attack-moved" not in page.session_state
    page.toggle(key="attack-moved-wanted").set_value(True).run()
    ended(page, "attack-moved")
    moved = page.session_state["attack-moved"].job.result
    assert moved.told in said(page).replace("\\", "")


def test_pixels_are_asked_for_by_their_number() -> None:
    page = finished(opened(sample="coffee", method="patch"))
    result = page.session_state["attack"].job.result
    assert result.norm == "l0"
    assert 1 <= result.pixels <= result.epsilon


def test_the_address_asks_for_the_same_attack_again() -> None:
    asked = {"method": "pgd", "norm": "linf", "epsilon": "12.5", "target": "3", "smallest": "yes"}
    page = finished(opened(sample="coffee", **asked))
    result = page.session_state["attack"].job.result
    assert result.epsilon * 255 == pytest.approx(12.5)
    assert result.target.index == 3
    assert {key: page.query_params[key] for key in asked} == asked
    assert 'epsilon is "a lot"' in said(opened(sample="coffee", epsilon="a lot"))
