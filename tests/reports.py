"""Reports of results that are written by hand, with names from outside that are mark-up."""

import re
from html.parser import HTMLParser

import numpy as np

from dlexplain.results import Attribution, ClassName, ClassScore, Prediction, TextAttribution
from dlexplain.results.explained import ExplainedPicture, ExplainedText, MeasuredFact
from dlexplain.results.reports import About, Card, MethodTold, Report, report_of

EVIL = "</script></style><script>alert(1)</script><img src=https://example.org/x onerror=alert(2)>"
"""A name that would run and fetch something where it is not escaped."""
SIDE = 448


def picture_map(title: str, seed: int = 0, name: str = EVIL, side: int = SIDE) -> Attribution:
    """Noise over noise: what compresses worst."""
    draw = np.random.default_rng(seed)
    return Attribution(
        method="saliency", params={"absolute": True}, signed=True, seconds=0.2, evaluations=3,
        values=draw.normal(size=(1, side, side)).astype(np.float32), title=title, path=name,
        target=ClassName(1, "", name), model="a-model", unit="logits",
        picture=draw.integers(0, 256, (side, side, 3), dtype=np.uint8),
    )  # fmt: skip


def about(name: str = EVIL) -> About:
    return About(
        cards=(Card(name, {name: name}),),
        methods=(
            MethodTold(name, f"One.\n\n{name}", f"{name} https://arxiv.org/abs/1", {name: name}),
        ),
        seed=name, versions={"numpy": "2"}, commands=(f"python -m dlexplain {name}",),
        python=("import dlexplain as dx", f"text = {name!r}"), date="2026-11-30T10:00:00+00:00",
        machine=name,
    )  # fmt: skip


def picture_report(maps: int = 2, name: str = EVIL, charts: int = 1, side: int = SIDE) -> Report:
    """With as many maps, and as many bar charts of what models say."""
    scores = tuple(ClassScore(ClassName(i, "", f"{name} {i}"), 1 / (i + 2)) for i in range(3))
    said = tuple(Prediction(name, f"model {i}", scores) for i in range(charts))
    shown = tuple(picture_map(f"{name} {i}", i, name, side) for i in range(maps))
    measured = (MeasuredFact(name, "Faithful 0.31", f"{name}, n = 16."),)
    return report_of(ExplainedPicture(shown, said, measured), about(name))


def text_report(text: str = f"a warm {EVIL} 你好") -> Report:
    words = text.split(" ")
    starts = np.cumsum([0] + [len(word) + 1 for word in words[:-1]])
    offsets = np.stack([starts, starts + [len(word) for word in words]], 1)
    found = TextAttribution(
        method="lime", title=EVIL, params={}, signed=True,
        values=np.linspace(-1, 1, len(words), dtype=np.float32),
        seconds=0.1, evaluations=2, unit="logits", text=text, tokens=tuple(words),
        offsets=offsets, words=np.arange(len(words)), model="a-model",
        target=ClassName(0, "", EVIL),
    )  # fmt: skip
    return report_of(ExplainedText((found,)), about())


class Fetching(HTMLParser):
    """What a browser would fetch or run of a page, and its text.

    fetched  addresses of src, href (but of links to click) and url(), scripts that run
    """

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.scripts: list[str] = []
        self.handlers: list[str] = []
        self.tags: list[str] = []
        self.text = ""
        self._in = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self._in = tag if tag in ("script", "style") else ""
        if tag == "script":
            self.scripts.append(told.get("type", "runs"))
        self.handlers += [name for name in told if name.startswith("on")]
        kinds = ("src", "srcset", "data", "poster", "action", "href", "xlink:href", "formaction")
        self.fetched += [told[k] for k in kinds if k in told and (tag, k) != ("a", "href")]
        self.fetched += re.findall(r"url\(([^)]*)\)", told.get("style", ""))

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in == "style":
            self.fetched += re.findall(r"url\(([^)]*)\)", data) + re.findall(r"@import.*", data)
        elif self._in != "script":
            self.text += data
