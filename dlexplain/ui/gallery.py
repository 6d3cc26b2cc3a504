"""The front page's examples, a card each: the drawing, its answer, and the page that opens on it.

Nothing here imports torch or plotly, so that all of it is there with the first paint.
"""

import time
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

import streamlit as st

from dlexplain.figures import gallery as drawn
from dlexplain.language import language, tr
from dlexplain.results.attacks import budget_told
from dlexplain.results.gallery import GalleryExample
from dlexplain.results.gallery_words import TITLES, answer
from dlexplain.results.robustness_words import verdict as robust
from dlexplain.results.trust_words import verdict as trusted
from dlexplain.services.attack import robustness_shipped
from dlexplain.services.gallery import examples, picture_of
from dlexplain.services.quality import shipped as trust_shipped
from dlexplain.ui.drawn import show_drawn
from dlexplain.ui.live import LATER_SECONDS, followed, live
from dlexplain.ui.markdown import literal
from dlexplain.ui.pages import link_to, named

COLUMNS = (
    ("picture", "robustness"), ("text", "attention", "walk"), ("forecast", "trust", "training"),
)  # fmt: skip
"""What stands in each column, from above."""
JUDGED = "cifar10-resnet"
"""The model whose table of trust, and whose robustness, are shown."""
METHODS = 6
STANDS_SECONDS = 1.2
"""That a kept answer stands at least: about what a browser needs for what follows."""
Draw = Callable[[GalleryExample, str], str]
Draws = Mapping[str, Draw]
ROOM = "padding-bottom:.9rem"
"""Below a drawing: Markdown has none."""


def show_gallery() -> None:
    """In three columns, each filled from above."""
    cards: dict[str, Callable[[], None]] = {one.kind: partial(_example, one) for one in examples()}
    cards |= {"trust": _trust, "robustness": _robustness}
    for column, kinds in zip(st.columns(len(COLUMNS)), COLUMNS, strict=True):
        for kind in kinds:
            if kind in cards:
                with column, st.container(border=True):
                    cards[kind]()


def show_first(kind: str, query: Mapping[str, str], model: str) -> None:
    """In a page's answer, above all else there: what the gallery has, where a visit opens the page
    on just that, until its model has been asked anew.

    It is sent before the page's widgets, and so painted before a browser that has never been here
    reads what draws them. What follows in the answer stays hidden meanwhile, see look.css.
    """
    seen = f"first-{kind}"
    found = None if seen in st.session_state or not followed() else _kept(kind, query, model)
    st.session_state[seen] = True
    begun = time.monotonic()

    def over() -> bool:
        return found is None or time.monotonic() - begun >= STANDS_SECONDS

    def draw() -> None:
        if found is not None and not over():
            _show_kept(found)
        else:
            st.empty()  # in its place: a block that is drawn anew with less keeps what it had

    live(draw, over, lambda: not over())
    if found is not None:
        time.sleep(LATER_SECONDS)


def _kept(kind: str, query: Mapping[str, str], model: str) -> GalleryExample | None:
    for one in examples():
        asks = query.items() <= one.query.items() and model in one.models
        if one.kind == kind and asks and _html(one, FIRST):
            return one
    return None


def _show_kept(one: GalleryExample) -> None:
    with st.container(key="kept-answer"):
        left, right = st.columns(2)
        with left:
            _draw(_html(one, FIRST), f"first-{one.page}")
        right.markdown(literal(tr(answer(one))))
        right.caption(tr("An answer that was kept; the model is being loaded to be asked anew."))


def drawing(one: GalleryExample, key: str) -> None:
    """The drawing alone; nothing of one that is damaged."""
    if html := _html(one):
        _draw(html, f"{key}-{one.page}")


def _example(one: GalleryExample) -> None:
    html = _html(one)
    if not html:
        st.caption(tr("This example is damaged; install dlexplain anew."))
        return
    _card(TITLES[one.kind], html, answer(one), one.page, one.query)


def _card(title: str, html: str, told: str, page: str, query: Mapping[str, str]) -> None:
    st.markdown(f"**{tr(title)}**")
    with st.container(key=f"drawn-{page.rpartition('/')[2]}"):  # whose room is in look.css
        _draw(html, page)
    st.caption(literal(tr(told)))
    link_to(page, f"Open in {named(page)[0]}", dict(query))


def _draw(html: str, key: str) -> None:
    """What answers to the pointer is SVG, which Markdown leaves out; other HTML is Markdown, which
    is there at once, where st.html is loaded later and moves what stands below it."""
    if "<svg" in html:
        show_drawn(html, f"gallery-{key}", drawn.LINKS_HIGH)
    else:
        st.markdown(f'<div style="{ROOM}">{html}</div>', unsafe_allow_html=True)


@lru_cache(maxsize=16)
def _drawing(one: GalleryExample, draw: Draw, spoken: str) -> str:
    """Drawn once a process and language."""
    return draw(one, tr(answer(one)))


def _html(one: GalleryExample, draws: Draws | None = None) -> str:
    """ "" of one that is damaged, or whose pictures are gone."""
    try:
        return _drawing(one, (draws or DRAWS)[one.kind], language())
    except (OSError, KeyError, TypeError, ValueError):
        return ""


def _picture(one: GalleryExample, alt: str) -> str:
    names = [tr("the picture"), *(method["title"] for method in one.facts["methods"])]
    return drawn.morphing([picture_of(name) for name in one.pictures], names, alt)


def _first_map(one: GalleryExample, alt: str) -> str:
    """Alone: four pictures take a fifth of a second to arrive and be read."""
    return drawn.morphing([picture_of(one.pictures[1])], [one.facts["methods"][0]["title"]], alt)


def _text(one: GalleryExample, alt: str) -> str:
    return drawn.words_in_colour(one.facts["words"], one.facts["unit"])


def _attention(one: GalleryExample, alt: str) -> str:
    return drawn.links(one.facts["tokens"], one.facts["weights"], alt)


def _forecast(one: GalleryExample, alt: str) -> str:
    facts: Mapping[str, Any] = one.facts
    lines = drawn.forecast_lines(
        facts["past"],
        facts["ahead"],
        facts["low"],
        facts["high"],
        facts["came"],
        facts["level"],
        alt,
    )
    return lines + drawn.parts(facts["drivers"], facts["driver_unit"], alt)


def _walk(one: GalleryExample, alt: str) -> str:
    film, still = (picture_of(name) for name in one.pictures)
    return drawn.moving(film, still, alt)


def _training(one: GalleryExample, alt: str) -> str:
    return drawn.curve(one.facts["validation"], alt)


DRAWS: Draws = {
    "picture": _picture, "text": _text, "attention": _attention, "forecast": _forecast,
    "walk": _walk, "training": _training,
}  # fmt: skip
FIRST: Draws = {**DRAWS, "picture": _first_map}
"""What is painted soonest."""


def _trust() -> None:
    table = trust_shipped.shipped(JUDGED)
    if table is None:
        st.caption(tr("No table of trust comes along."))
        return
    rows = [
        (one.title, one.rank, one.rank_low or one.rank, one.rank_high or one.rank)
        for one in table.ranked[:METHODS]
        if one.rank is not None
    ]
    told = tr(trusted(table))
    html = drawn.ranks(rows, len(table.methods), told)
    _card("Which explanation to believe?", html, told, "explain/9_trust", {"model": JUDGED})


def _robustness() -> None:
    found = robustness_shipped.shipped(JUDGED)
    if found is None or not found.attacks:
        st.caption(tr("No measurement of robustness comes along."))
        return
    estimates = (found.clean, *found.attacks[-1].accuracy)
    budgets = (budget_told(found.norm, one).partition(" in ")[0] for one in found.budgets)
    marks = (tr("as it is"), *budgets)
    known = [(one.value, mark) for one, mark in zip(estimates, marks, strict=True)
             if one.value is not None]  # fmt: skip
    told = tr(robust(found))
    html = drawn.falling(known, told)
    _card("How easily is it fooled?", html, told, "secure/2_robustness", {"model": JUDGED})
