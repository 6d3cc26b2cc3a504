"""The page on latent space: seconds from a slider to its picture.

python benchmarks/latent.py [--json FILE] [--rounds N]

First what the server does for it: decoding, and the PNG that goes to the browser. Then, where
CHROMIUM names a browser, what a person would clock: from the key that moves the slider to the new
picture, by the browser's own clock, on a real server as `make run` starts it.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as `make run` sets it
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from benchmarks.table import arguments, at_most, in_turn, median, report
from dlexplain.figures.latent_sheets import png
from dlexplain.services.latent.codes import decode
from dlexplain.services.latent.models import LatentModel
from dlexplain.services.loading import load

MODELS = ("mnist-autoencoder", "mnist-vae", "mnist-gan", "cifar10-gan")
BOUND = 0.2
LIMIT_MS = 120_000
WATCH = """() => {
    const picture = () => [...document.querySelectorAll('[data-testid="stImage"] img')]
        .find((each) => each.width >= 300);
    window.before = picture().src;
    document.addEventListener('keydown', () => {
        const pressed = performance.now();
        const look = () => picture() && picture().complete && picture().src !== window.before
            ? window.taken = (performance.now() - pressed) / 1000 : requestAnimationFrame(look);
        look();
    }, {capture: true, once: true});
    window.taken = null;
}"""


def main() -> int:
    args = arguments(__doc__)
    sides = [(name, decoding(name)) for name in MODELS]
    rows = [
        at_most(f"Decode and PNG, {name}", median(taken), BOUND)
        for name, taken in in_turn(sides, args.rounds).items()
    ]
    if "CHROMIUM" in os.environ:
        taken = by_slider(args.rounds)
        rows.append(at_most("Slider to picture in a browser, mnist-vae", median(taken), BOUND))
    else:
        print("CHROMIUM is not set: the browser is left out", file=sys.stderr)
    return report(rows, args.json)


def decoding(name: str) -> Callable[[], float]:
    """What the server does when a slider is moved."""
    model = load(LatentModel, name)
    code = np.zeros((1, model.latent), np.float32)

    def once() -> float:
        code[0, 0] += 0.05
        started = time.perf_counter()
        png(decode(model, code)[0])
        return time.perf_counter() - started

    return once


def by_slider(rounds: int) -> list[float]:
    """Seconds of each move, after a first one that is not counted."""
    from playwright.sync_api import sync_playwright

    from tests.browser.dashboard import FLAGS, serving

    found = []
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS)
        with serving(Path(home)) as address:
            page = browser.new_page(
                viewport={"width": 1440, "height": 1000}, bypass_csp=True
            )  # what is waited for is evaluated in the page
            page.set_default_timeout(LIMIT_MS)
            page.goto(f"{address}/latent?model=mnist-vae&view=dimensions")
            page.get_by_text("nats in all").wait_for()
            page.wait_for_timeout(8000)  # warm-up and maps come to rest
            slider = page.get_by_role("slider").first
            for _ in range(rounds + 1):
                slider.focus()
                page.evaluate(WATCH)
                page.keyboard.press("ArrowRight")
                page.wait_for_function("window.taken !== null", polling="raf")
                found.append(float(page.evaluate("window.taken")))
                page.wait_for_timeout(1000)
            page.close()
        browser.close()
    return found[1:]


if __name__ == "__main__":
    sys.exit(main())
