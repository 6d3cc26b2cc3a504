"""The film in README: twenty seconds of the dashboard, taken in a real Chromium.

python scripts/readme_film.py [FILE]    (CHROMIUM names the browser)
"""

import io
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.dashboard import FLAGS, serving

FILE = Path(__file__).parents[1] / "docs" / "dashboard.webp"
SIZE, SHOWN = {"width": 1200, "height": 750}, (800, 500)
FRAME_MS = 250
QUALITY = 60
LIMIT_MS = 120_000


class Film:
    """Frames of a page, as it looks now."""

    def __init__(self, page: Page) -> None:
        self.page, self.frames = page, list[Image.Image]()

    def hold(self, seconds: float, live: bool = False) -> None:
        """A still, or what happens meanwhile."""
        count = round(1000 * seconds / FRAME_MS)
        for at in range(count):
            if live or at == 0:
                shot = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
                frame = shot.resize(SHOWN, Image.Resampling.LANCZOS)
                self.page.wait_for_timeout(FRAME_MS)
            self.frames.append(frame)

    def save(self, file: Path) -> None:
        first, *rest = self.frames
        first.save(file, "WEBP", save_all=True, append_images=rest, duration=FRAME_MS, loop=0,
                   quality=QUALITY, method=6)  # fmt: skip


def main() -> int:
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FILE
    with (
        tempfile.TemporaryDirectory() as home, serving(Path(home)) as address,
        sync_playwright() as playwright,
    ):  # fmt: skip
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS)
        page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
        page.set_default_timeout(LIMIT_MS)
        # The answers are in the server's memory before the film begins.
        for path, done in (("image", "It says"), ("text", "It says")):
            page.goto(f"{address}/{path}")
            page.get_by_text(done).first.wait_for()
        film = Film(page)
        play(page, film, address)
        browser.close()
    film.save(file)
    seconds = len(film.frames) * FRAME_MS / 1000
    print(f"{file}: {seconds:.0f} s, {file.stat().st_size / 1e6:.1f} MB")
    return 0


def play(page: Page, film: Film, address: str) -> None:
    page.goto(address)
    page.get_by_text("Where does it look?").wait_for()
    page.wait_for_timeout(1500)
    film.hold(3, live=True)
    page.get_by_role("link", name="Open in Picture").click()
    page.get_by_text("It says").first.wait_for()
    film.hold(1.5)
    page.mouse.move(500, 500)
    page.mouse.wheel(0, 330)
    page.wait_for_timeout(800)
    film.hold(3.5)
    page.goto(f"{address}/text")
    page.get_by_text("It says").first.wait_for()
    page.wait_for_timeout(800)
    film.hold(3.5)
    page.goto(f"{address}/forecast")
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_timeout(6000)
    film.hold(3)
    page.goto(f"{address}/trust")
    page.wait_for_timeout(4000)
    film.hold(3)
    page.goto(f"{address}/robustness")
    page.wait_for_timeout(4000)
    film.hold(2.5)


if __name__ == "__main__":
    sys.exit(main())
