"""Parts of a page: drawn once, again when their version changes, and waited for while active."""

import time
from typing import Any

from streamlit.testing.v1 import AppTest


def counted() -> None:
    """Three parts: one that never changes, one with five versions, one with a button at the end."""
    import time

    import streamlit as st

    from dlexplain.services.jobs import Job, start
    from dlexplain.ui.live import following, live

    state = st.session_state
    state["drawn"] = {"still": 0, "counting": 0, "end": 0}

    def work(progress: object) -> int:
        for count in range(5):
            now[0] = count
            time.sleep(0.25)
        return 7

    now = [-1]
    job: Job[int] = Job("Counting", work)
    start([job])

    def still() -> None:
        state["drawn"]["still"] += 1
        st.markdown("still")

    def counting() -> None:
        state["drawn"]["counting"] += 1
        st.markdown(f"count {now[0]}")

    def end() -> None:
        state["drawn"]["end"] += 1
        if job.active:
            st.markdown("working")
        else:
            st.button(f"Result {job.result}", key="result")

    with following():
        live(still, lambda: "always", lambda: job.active)
        live(counting, lambda: now[0], lambda: job.active)
        live(end, lambda: job.active, lambda: job.active)
        st.markdown("below")


def test_only_what_has_changed_is_drawn_again() -> None:
    began = time.monotonic()
    page = AppTest.from_function(counted, default_timeout=60).run()
    assert not page.exception
    assert time.monotonic() - began > 1.2  # it waited for the job
    drawn: dict[str, int] = page.session_state["drawn"]
    assert drawn["still"] == 1
    assert drawn["end"] == 2
    assert 3 <= drawn["counting"] <= 7
    texts = [element.value for element in page.markdown]
    assert texts == ["still", "count 4", "below"]  # in their places; "working" is gone
    assert [button.label for button in page.button] == ["Result 7"]


def charted() -> None:
    import plotly.graph_objects as go
    import streamlit as st

    from dlexplain.services.jobs import Job, start
    from dlexplain.ui.live import drawn_before, following, live

    now = [0]

    def work(progress: object) -> None:
        import time

        for count in range(3):
            now[0] = count
            time.sleep(0.3)

    job: Job[None] = Job("Charting", work)
    start([job])

    def draw() -> None:  # the same figure each time, as of a metric that has no new step
        st.plotly_chart(go.Figure({"type": "bar", "y": [1]}), key=f"chart-{drawn_before()}")

    with following():
        live(draw, lambda: now[0], lambda: job.active)


def test_a_chart_can_be_drawn_again() -> None:
    page = AppTest.from_function(charted, default_timeout=60).run()
    assert not page.exception
    assert len(page.get("plotly_chart")) == 1


def nested() -> None:
    import streamlit as st

    from dlexplain.services.jobs import Job, Progress, start
    from dlexplain.ui.live import following, live
    from dlexplain.ui.progress import show_progress

    def work(progress: Progress) -> str:
        import time

        progress.plan(4)
        for _ in range(4):
            time.sleep(0.3)
            progress.advance(1)
        return "answer"

    job: Job[str] = Job("Nested", work)
    start([job])

    def draw() -> None:
        if job.active:
            show_progress(job, "nested")
        else:
            st.markdown(job.result or "none")

    with following():
        live(draw, lambda: job.active, lambda: job.active)


def test_progress_goes_when_the_answer_comes() -> None:
    page = AppTest.from_function(nested, default_timeout=60).run()
    assert not page.exception
    assert [element.value for element in page.markdown] == ["answer"]
    assert not page.button and not page.get("progress")


def rerunning() -> None:
    import streamlit as st

    from dlexplain.ui.live import following, rerun_when

    state: Any = st.session_state
    state["runs"] = state.get("runs", 0) + 1

    def version() -> int:
        state["asked"] = state.get("asked", 0) + 1
        return int(state["asked"] > 3 or state["runs"] > 1)

    with following():
        rerun_when(version, lambda: state["runs"] == 1)


def test_a_page_can_be_run_anew_by_a_change() -> None:
    page = AppTest.from_function(rerunning, default_timeout=60).run()
    assert not page.exception
    assert page.session_state["runs"] == 2


def shrinking() -> None:
    """A part and a change that is waited for, where blocks stood that had more."""
    import streamlit as st

    from dlexplain.ui.live import following, live, rerun_when

    looks = [0]

    def active() -> bool:
        looks[0] += 1
        return looks[0] < 9

    with following():
        live(lambda: st.markdown("one"), lambda: 0, active)
        rerun_when(lambda: 0, active)


def test_what_stood_in_a_part_before_is_covered_while_it_is_waited_for() -> None:
    page = AppTest.from_function(shrinking, default_timeout=60).run()
    assert not page.exception
    part, change = page.main.children[0], page.main.children[1]
    kinds = [child.type for child in part.children.values()]
    assert kinds[0] == "markdown"
    assert len(kinds) > 2 and set(kinds[1:]) == {"empty"}
    assert not hasattr(change, "children")  # a block would keep what stood in it


def hasty() -> None:
    """A job that ends between the look at the version and the drawing is drawn as ended twice."""
    import plotly.graph_objects as go
    import streamlit as st

    from dlexplain.ui.charts import chart
    from dlexplain.ui.live import drawn_before, following, live

    looks = [0]

    def version() -> bool:
        looks[0] += 1
        return looks[0] == 1

    def within() -> None:
        chart(go.Figure({"type": "bar", "y": [1]}), "bars")

    def ended() -> None:
        st.button("Again", key=f"again-{drawn_before()}")
        live(within, lambda: 0, lambda: False)

    with following():
        live(ended, version, lambda: looks[0] < 3)
        st.session_state["looks"] = looks


def test_what_is_drawn_as_ended_twice_has_keys_of_its_own() -> None:
    page = AppTest.from_function(hasty, default_timeout=60).run()
    assert not page.exception
    assert page.session_state["looks"][0] >= 2
    assert [button.label for button in page.button] == ["Again"]


def ends_meanwhile() -> None:
    """The job ends after the look at the version, while the part is drawn."""
    import threading
    import time

    import streamlit as st

    from dlexplain.services.jobs import Job, start
    from dlexplain.ui.live import following, live

    drawing = threading.Event()
    job: Job[bool] = Job("Ends", lambda progress: drawing.wait(10))
    start([job])

    def draw() -> None:
        drawing.set()
        while job.state != "done":
            time.sleep(0.01)
        if job.active:
            st.markdown("working")
        else:
            st.button("Result", key="result")

    with following():
        live(draw, lambda: job.active, lambda: job.active)


def test_a_job_that_ends_while_it_is_drawn_is_drawn_as_ended_once() -> None:
    page = AppTest.from_function(ends_meanwhile, default_timeout=60).run()
    assert not page.exception
    assert [button.label for button in page.button] == ["Result"]
    assert not page.markdown
