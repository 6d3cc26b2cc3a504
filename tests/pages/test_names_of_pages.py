"""Names of pages, and the front page leads to all of them."""

from dlexplain.ui.home import WAYS
from dlexplain.ui.pages import NAMES, PAGES, address_of, named

THERE = {f"{one.parent.name}/{one.stem}" for one in PAGES.glob("*/*.py")}


def test_each_name_is_of_a_page_and_of_one_only() -> None:
    assert set(NAMES) <= {address_of(page) for page in THERE}
    assert len({name for name, _ in NAMES.values()}) == len(NAMES)
    assert named("train/7_learning_rates") == ("Learning rates", "article")


def test_the_front_page_leads_to_all_that_are_not_beside_it() -> None:
    linked = [page for _, _, pages in WAYS for page in pages]
    assert sorted(linked) == sorted(page for page in THERE if not page.startswith("home/"))
