"""Take the pictures of docs/security.md: signing in, by a provider for tests, as Chromium shows it.

CHROMIUM=/usr/bin/chromium python scripts/sign_in_pictures.py
"""

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SIZE = {"width": 1100, "height": 620}


def main() -> int:
    from playwright.sync_api import expect, sync_playwright

    from dlexplain.execution import paths
    from dlexplain.execution.spec import RunSpec
    from dlexplain.execution.states import States
    from tests.browser.dashboard import FLAGS, SLOW, settled
    from tests.browser.provider import log_in, signing_in

    expect.set_options(timeout=SLOW)
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        home = Path(place)
        states = States(paths.states_file(home))
        run = states.add(
            RunSpec("forecast", "lstm-forecaster", "macrodata"), owner="ada@example.org"
        )
        states.cancel(run.id)
        states.share(run.id, "viewer")
        chromium = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS)
        with signing_in(home) as server:
            for who, file, path in (
                ("", "sign-in", "/"),
                ("hasty", "sign-in-refused", "/"),
                ("vic", "sign-in-viewer", f"/runs?run={run.id}"),
            ):
                page = chromium.new_page(viewport=SIZE)
                page.set_default_timeout(SLOW)
                if who:
                    log_in(page, server, who, path)
                else:
                    page.goto(f"{server}{path}")
                expect(page.get_by_role("heading", level=1).first).to_be_visible()
                settled(page)
                page.screenshot(path=ROOT / "docs" / f"{file}.png")
                page.close()
        chromium.close()
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
