"""Several visitors at once: each gets the answer to its own picture.

benchmarks/sessions.py measures fifty.
"""

import threading
from pathlib import Path

from dlexplain.data.samples import sample_path
from tests.browser.dashboard import serving, told
from tests.load.visitor import Visitor

CLASSES = {
    "coffee": "espresso",
    "chelsea": "tiger cat",
    "rocket": "missile",
}
"""Sample -> a word of what it is taken for."""


def test_each_gets_the_answer_to_its_own_picture(tmp_path: Path) -> None:
    found: dict[str, str] = {}

    def visit(server: str, sample: str, says: str) -> None:
        with Visitor(server, "image", {"methods": "grad-cam"}) as visitor:
            visitor.until(lambda page: "file_uploader" in page.kinds() and not page.running)
            visitor.upload((f"{sample}.png", sample_path(sample).read_bytes()))
            visitor.until(lambda page: says in page.text())
            visitor.until(lambda page: page.pictures(f"Grad-CAM: {says}"))
            found[sample] = visitor.text()

    with serving(tmp_path) as server:
        threads = [threading.Thread(target=visit, args=(server, *one)) for one in CLASSES.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(found) == set(CLASSES)
    assert "Traceback" not in told(tmp_path)
