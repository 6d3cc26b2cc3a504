"""Signing in, in a real browser at a real identity provider: who gets in, as what, and who not."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.dashboard import SLOW
from tests.browser.provider import SHORT_SECONDS, log_in, signing_in

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif("CHROMIUM" not in os.environ, reason="make test sets CHROMIUM"),
]
expect.set_options(timeout=SLOW)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A dashboard into which people sign in; a provider beside it."""
    with signing_in(tmp_path_factory.mktemp("home")) as address:
        yield address


def text(said: str) -> re.Pattern[str]:
    """As `literal` shows it: an address has a sign in it that keeps it from becoming a link."""
    return re.compile(re.escape(said).replace("@", "\u2060?@"))


def corner(page: Page, name: str) -> None:
    """Open what stands in the corner under a person's name."""
    page.get_by_test_id("stPopover").filter(has_text=name).get_by_role("button").first.click()


def test_nothing_is_shown_to_who_has_not_signed_in(page: Page, server: str) -> None:
    for path in ("/", "/runs", "/image?model=tiny", "/reports"):
        page.goto(f"{server}{path}")
        expect(page.get_by_role("heading", name="Log in to dlexplain")).to_be_visible()
        expect(page.get_by_text("It is open to people who sign in")).to_be_visible()
        assert page.get_by_role("link", name="Runs").count() == 0


def test_a_person_logs_in_and_comes_to_the_page_that_was_asked_for(page: Page, server: str) -> None:
    log_in(page, server, "ada", "/glossary?find=loss")
    page.wait_for_url(re.compile(r"/glossary\?find=loss"))
    log_in_names = page.get_by_test_id("stPopover").filter(has_text="Ada Lovelace")
    expect(log_in_names).to_be_visible()
    page.goto(server)
    corner(page, "Ada Lovelace")
    expect(page.get_by_text(text("ada@example.org"))).to_be_visible()
    expect(page.get_by_text("Your role here: admin.")).to_be_visible()


def test_who_comes_by_a_link_to_a_page_for_admins_can_log_in(page: Page, server: str) -> None:
    """It is in nobody's menu before, and a dialog of Streamlit's said that it does not exist."""
    page.set_viewport_size({"width": 400, "height": 900})
    log_in(page, server, "ada", "/audit")
    expect(page.get_by_role("heading", level=1)).to_have_text("Audit log")


@pytest.mark.parametrize(("who", "role"), [("cleo", "member"), ("vic", "viewer")])
def test_everybody_has_their_role(page: Page, server: str, who: str, role: str) -> None:
    log_in(page, server, who)
    corner(page, who.capitalize())
    expect(page.get_by_text(f"Your role here: {role}.")).to_be_visible()


def test_who_logs_out_is_out_in_every_tab(browser: Browser, server: str) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    context.set_default_timeout(SLOW)
    page, other = context.new_page(), context.new_page()
    log_in(page, server, "cleo", "/glossary")
    other.goto(f"{server}/glossary")
    expect(other.get_by_test_id("stPopover").filter(has_text="Cleo")).to_be_visible(timeout=SLOW)
    corner(page, "Cleo")
    cookies = context.cookies()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(re.compile("/oauth2/end_session"))  # the provider asks too
    page.get_by_role("button").first.click()
    page.wait_for_url(re.compile(re.escape(server)))
    expect(page.get_by_role("heading", name="Log in to dlexplain")).to_be_visible()
    other.get_by_role("button", name="中文").click()
    expect(other.get_by_role("heading", name="dlexplain")).to_be_visible(timeout=SLOW)
    assert other.get_by_test_id("stPopover").count() == 0
    # A copy of the cookie is worth nothing either.
    context.add_cookies([one for one in cookies if one["name"].startswith("_streamlit_user")])
    page.goto(f"{server}/glossary")
    expect(page.get_by_text("You have logged out; log in again.")).to_be_visible()
    context.close()


@pytest.mark.parametrize(
    ("who", "said"),
    [
        ("nobody", "nobody@elsewhere.example has no role here; ask who runs this dashboard"),
        ("silent", "The identity provider tells no e-mail address of yours"),
        ("hasty", "has not verified the e-mail address hasty@example.org"),
        ("mallory", "The identity provider's answer was not taken"),
        ("trudy", 'signed you in to another application, "another-application", not to this one'),
    ],
)
def test_who_may_not_come_in_is_told_why(page: Page, server: str, who: str, said: str) -> None:
    log_in(page, server, who, "/runs")
    expect(page.get_by_text(text(said))).to_be_visible()
    assert page.get_by_test_id("stPopover").count() == 0
    page.goto(f"{server}/runs")
    expect(page.get_by_role("heading", name="Log in to dlexplain")).to_be_visible()


def test_a_sign_in_that_expires_ends(page: Page, server: str) -> None:
    log_in(page, server, "brief", "/glossary")
    expect(page.get_by_test_id("stPopover").filter(has_text="brief")).to_be_visible()
    page.wait_for_timeout(1000 * SHORT_SECONDS)
    page.goto(f"{server}/glossary")
    expect(page.get_by_text("Your sign-in has expired; log in again.")).to_be_visible()


def test_nothing_is_uploaded_without_a_sign_in(server: str) -> None:
    for method, path in (("PUT", "/_stcore/upload_file/a/b"), ("GET", "/media/a.png")):
        refused = httpx.request(method, f"{server}{path}", headers={"Origin": server})
        assert refused.status_code == 401 and "log in first" in refused.text
    fonts = httpx.get(f"{server}/static/media/none.woff2")
    assert fonts.status_code != 401  # they are everybody's
    forged = httpx.get(f"{server}/media/a.png", cookies={"_streamlit_user": '{"is_logged_in":1}'})
    assert forged.status_code == 401


def test_no_answer_leads_elsewhere(server: str) -> None:
    """A log-in that was begun on another site comes back to this one's first page."""
    for referrer in ("https://evil.example/x", f"{server}//evil.example", ""):
        asked = httpx.get(f"{server}/auth/login", headers={"Referer": referrer} if referrer else {})
        assert "dlexplain_going_to" not in asked.headers.get("set-cookie", "")
    asked = httpx.get(f"{server}/auth/login", headers={"Referer": f"{server}/runs?run=a"})
    assert "dlexplain_going_to=%2Fruns%3Frun%3Da" in asked.headers["set-cookie"]


def test_the_log_tells_no_secret(server: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    homes = list(tmp_path_factory.getbasetemp().glob("home*/server.log"))
    assert homes and all("kkkk" not in Path(log).read_text() for log in homes)
