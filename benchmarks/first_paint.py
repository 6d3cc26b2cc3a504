"""First paint of each page and of its example against Streamlit's empty page, and what jumps.

python benchmarks/first_paint.py [--json FILE] [--rounds N]

Two servers, warm: the dashboard, and Streamlit with a page of one title. In each round a fresh
browser context opens the empty page and then every page, so that a busy minute falls on all. What a
chart takes where Streamlit has nothing else to show is a row without a bound: a browser that has
never been there fetches and reads Plotly's 5 MB first.
The title is painted when the heading is in the document; the example when a drawing, a table or a
message stands under it. The layout shift is the browser's own (https://web.dev/articles/cls), of
five seconds, in the last round.
"""

import os
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from playwright.sync_api import Browser, sync_playwright

from benchmarks.table import Row, arguments, at_most, median, report
from dlexplain.ui.pages import NAMES
from tests.browser.dashboard import FLAGS, serving

BOUND, SHIFT_BOUND = 1.5, 0.05
OF_TEXT = ("glossary", "writing", "launch", "sweep")
"""Pages whose answer is text, or a form."""
EXAMPLE = (
    "img, svg.main-svg, .stDataFrame, .stAlert, [data-testid=stBidiComponentRegular] svg, "
    ".st-key-kept-answer p"
)
EMPTY = """
import streamlit as st
st.title("Empty")
if "chart" in st.query_params:
    st.plotly_chart({"data": [{"y": [1, 2]}]})
"""
SHIFTS = """
() => { window.shift = 0; new PerformanceObserver(list => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) window.shift += one.value;
}).observe({type: "layout-shift", buffered: true}) }
"""
SEEN_MS = 5000
LIMIT_MS = 60_000


@contextmanager
def empty() -> Iterator[str]:
    """Streamlit with a page of one title, as it comes; at ?chart=1 with a chart under it."""
    with tempfile.TemporaryDirectory() as name:
        script = Path(name) / "empty.py"
        script.write_text(EMPTY)
        program = ("-m", "streamlit", "run", str(script), "--server.headless", "true",
                   "--browser.gatherUsageStats", "false")  # fmt: skip
        with serving(Path(name), program) as address:
            yield address


def painted(
    browser: Browser, address: str, example: str = "", shifts: bool = False
) -> tuple[float, float, float]:
    """Seconds to the title and to the example, and the shift; 0 of what is not asked for.

    example  a selector of what it is
    """
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.add_init_script(f"({SHIFTS})()")
    started = time.perf_counter()
    page.goto(address)
    page.get_by_role("heading", level=1).first.wait_for(timeout=LIMIT_MS)
    title = time.perf_counter() - started
    drawn = shift = 0.0
    if example:
        inside = page.locator("[data-testid=stMain]").locator(example).locator("visible=true").first
        inside.wait_for(timeout=LIMIT_MS)
        drawn = time.perf_counter() - started
    if shifts:
        page.wait_for_timeout(SEEN_MS)
        shift = float(page.evaluate("window.shift"))
    context.close()
    return title, drawn, shift


def main() -> int:
    args = arguments(__doc__)
    if "CHROMIUM" not in os.environ:
        print("set CHROMIUM to the path of a Chromium, or run: make bench", file=sys.stderr)
        return 2
    titles: dict[str, list[float]] = defaultdict(list)
    examples: dict[str, list[float]] = defaultdict(list)
    shifts: dict[str, list[float]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory() as home, serving(Path(home)) as ours, empty() as theirs,
        sync_playwright() as playwright,
    ):  # fmt: skip
        browser = playwright.chromium.launch(executable_path=os.environ["CHROMIUM"], args=FLAGS)
        for round_ in range(args.rounds + 1):  # the first loads models and warms the disk
            base = painted(browser, theirs)[0], painted(browser, f"{theirs}/?chart=1", EXAMPLE)[1]
            for page in NAMES:
                path = "" if page == "home" else page
                last = round_ == args.rounds
                example = f"{EXAMPLE}, .stMarkdown p" if page in OF_TEXT else EXAMPLE
                found = painted(browser, f"{ours}/{path}", example, shifts=last)
                if round_:
                    titles[page].append(found[0])
                    examples[page].append(found[1])
                if last:
                    shifts[page].append(found[2])
            if round_:
                titles[""].append(base[0])
                examples[""].append(base[1])
        browser.close()
    floor, chart = median(titles[""]), median(examples[""])
    rows = [
        Row("Streamlit's empty page", floor, "s"),
        Row("Streamlit's page of one chart", chart, "s", floor, chart / floor),
    ]
    for page, (name, _) in NAMES.items():
        rows.append(at_most(f"{name}: title", median(titles[page]), BOUND, floor))
        rows.append(at_most(f"{name}: example", median(examples[page]), BOUND, floor))
        moved = median(shifts[page])
        rows.append(Row(f"{name}: layout shift", moved, "", None, moved, SHIFT_BOUND,
                        moved <= SHIFT_BOUND))  # fmt: skip
    return report(rows, args.json)


if __name__ == "__main__":
    sys.exit(main())
